"""What kinds of sources answers cite: each domain's kind, and the citation share of every kind. Reads alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from monitor import metrics
from monitor.models import SourceType, Workspace
from monitor.queries import counts
from monitor.queries.counts import BrandInfo
from monitor.queries.filters import Filter
from monitor.source_types import COMPETITOR, LABELS, OWN, kind_of

#: The kind of a domain, given the brand whose it is.
KindOf = Callable[[str, BrandInfo | None], str]


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of source: its domains that were cited, and its citation share now and before (None: not measured)."""

    label: str
    domains: int
    share: float | None
    share_before: float | None


def kinds(workspace: Workspace) -> KindOf:
    """How domains are told apart here: brands' own first, then what the workspace says, then what their names say."""
    said = dict(SourceType.objects.for_workspace(workspace).values_list("domain", "kind"))

    def kind(domain: str, owner: BrandInfo | None) -> str:
        if owner:
            return OWN if owner.own else COMPETITOR
        return said.get(domain) or kind_of(domain)

    return kind


def by_kind(workspace: Workspace, chosen: Filter, owners: dict[str, BrandInfo]) -> dict[str, tuple[KindRow, ...]]:
    """The citation share of each kind by section key, the largest first. Shares of all kinds sum to one."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return {}
    values, where = counts.values_of(workspace, extraction, chosen), counts.conditions(chosen)
    kind = kinds(workspace)
    citing = {
        (assistant, stratum): (now, before)
        for assistant, stratum, now, before in counts.fetch(_CITING.format(where=where), values)
    }
    found: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for assistant, stratum, domain, now, before in counts.fetch(_SHARES.format(where=where), values):
        found[assistant, stratum][kind(domain, owners.get(domain))].append((now, before))
    return {
        "-".join(key): tuple(
            sorted(
                (
                    KindRow(
                        label=LABELS[name],
                        domains=sum(now > 0 for now, _ in shares),
                        share=metrics.citation_share(sum(now for now, _ in shares), citing[key][0]),
                        share_before=metrics.citation_share(sum(before for _, before in shares), citing[key][1]),
                    )
                    for name, shares in of_kind.items()
                ),
                key=lambda row: (-(row.share or 0), row.label),
            )
        )
        for key, of_kind in found.items()
    }


_NOW, _BEFORE = (f"FILTER (WHERE c.day {given} %(start)s AND %(end)s)" for given in ("BETWEEN", "NOT BETWEEN"))
_CITING = f"""
SELECT c.assistant, c.stratum, coalesce(sum(c.with_citation) {_NOW}, 0)::int,
       coalesce(sum(c.with_citation) {_BEFORE}, 0)::int
FROM monitor_daycell c WHERE {{where}} GROUP BY 1, 2
"""  # noqa: S608 - constants
_SHARES = f"""
SELECT c.assistant, c.stratum, d.domain, coalesce(sum(d.share) {_NOW}, 0), coalesce(sum(d.share) {_BEFORE}, 0)
FROM monitor_daycell c JOIN monitor_daydomain d ON d.cell_id = c.id WHERE {{where}}
GROUP BY 1, 2, 3 HAVING sum(d.cited) > 0
"""  # noqa: S608 - constants
