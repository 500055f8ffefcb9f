"""Do the local engine's answers stand in their sources, and do they answer?

    python -m bench.answer_quality --workspace real --out answers.md

Reads the newest completed run of the workspace. Checks every sentence against the stored text of the page it cites,
counts domains an answer, and writes 30 answers drawn by seed into a file for a person to judge by the rubric below.

Rubric, an answer passes when all three hold:

1. It supplies what is asked.
   *Which / best / recommend*: names at least one specific product, service or option that the
   source favours or ranks. *How much*: gives a price or figure. *How to / what should*: gives two or more steps
   or items. *What is / how does*: explains it. *Is it good / worth it*: gives a verdict or evidence for one.
2. It is about what was asked: right category and, where the question sets one, the constraint (budget, place, use).
3. It can be read: at least half of its sentences are on the topic, and none is page furniture (menus, cookie notes).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any

MARKED = re.compile(r"(?P<said>.*?)\s*(?P<markers>(?:\[\d+\])+)", re.DOTALL)
BULLET = re.compile(r"^\s*(?:[-*] |\d+\. )?")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=30)
    parser.add_argument("--draw", type=int, default=30)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    from monitor import bootstrap

    bootstrap.prepare(["manage.py", "run_panel"])
    report, drawn = measure(options.workspace, options.seed, options.draw)
    options.out.write_text(written(drawn))
    print(json.dumps(report))
    return 0 if report["sentences_not_in_their_source"] == 0 else 1


def measure(workspace_name: str, seed: int, draw: int) -> tuple[dict[str, Any], list[Any]]:
    from monitor.management.arguments import workspace_named
    from monitor.models import PageVersion, Pointers, Response, ResponseSource, Run

    workspace = workspace_named(workspace_name)
    run = Run.objects.for_workspace(workspace).filter(status="completed", panel__isnull=False).order_by("-pk").first()
    if run is None:
        sys.exit("The workspace has no completed run.")
    extraction = Pointers.objects.get(workspace=workspace).extraction_id
    responses = list(Response.objects.for_workspace(workspace).filter(run=run, status="answered").order_by("pk"))
    wanted = {pk for response in responses for pk in response.page_versions}
    texts: dict[str, list[str]] = {}
    for version in PageVersion.objects.for_workspace(workspace).filter(pk__in=wanted).select_related("page"):
        texts.setdefault(version.page.page, []).append(version.text)
    cited: dict[int, list[Any]] = {}
    for source in ResponseSource.objects.for_workspace(workspace).filter(
        extraction=extraction, response__run=run, cited=True
    ):
        cited.setdefault(source.response_id, []).append(source)

    sentences = missing = 0
    domain_counts, most_cited = [], Counter[str]()
    for response in responses:
        sources = cited.get(response.pk, [])
        domains = {source.domain for source in sources}
        domain_counts.append(len(domains))
        most_cited.update(domains)
        pages = {tuple(span): source.page for source in sources for span in source.spans}
        for line in response.text.splitlines():
            offset = response.text.index(line)
            for match in MARKED.finditer(line):
                said = BULLET.sub("", match["said"]).strip()
                sentences += 1
                marker_start = offset + match.start("markers")
                page = next((pages[span] for span in pages if span[0] == marker_start), None)
                if page is None or not any(said in text for text in texts.get(page, [])):
                    missing += 1
                    print(f"not in its source ({page}): {said!r}", file=sys.stderr)
    drawn = sorted(random.Random(seed).sample(responses, min(draw, len(responses))), key=lambda r: r.pk)
    return (
        {
            "answers": len(responses),
            "sentences": sentences,
            "sentences_not_in_their_source": missing,
            "median_domains_an_answer": statistics.median(domain_counts) if domain_counts else None,
            "answers_without_a_citation": sum(count == 0 for count in domain_counts),
            "ten_most_cited_domains": most_cited.most_common(10),
        },
        [(response, cited.get(response.pk, [])) for response in drawn],
    )


def written(drawn: list[Any]) -> str:
    parts = []
    for number, (response, sources) in enumerate(drawn, 1):
        listed = "\n".join(f"    {index}. {source.url}" for index, source in enumerate(sources, 1))
        parts.append(f"## {number}. {response.prompt_text}\n\n{response.text}\n\nCited:\n{listed}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
