"""Where each host stands when an index generation is ranked for a question, to the last passage."""

from __future__ import annotations

import hashlib

from django.db import models

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.pages import IndexGeneration

#: The page versions of an index generation, with the host and the domain of each.
INDEXED_PAGES = """
SELECT v.id AS version, split_part(split_part(p.page, '/', 1), '?', 1) AS host, p.domain
FROM monitor_indexgeneration g CROSS JOIN unnest(g.page_versions) AS one (id)
JOIN monitor_pageversion v ON v.id = one.id AND v.workspace_id = g.workspace_id JOIN monitor_page p ON p.id = v.page_id
WHERE g.id = %(generation)s
"""


def question_key(text: str) -> str:
    """What a question is found by: SHA-256 of its words."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class DeepRanks(WorkspaceModel):
    """The whole ranking of a generation for one question, by host; it never changes.

    `best` maps a host to `{"domain", "version", "start", "end", "rank", "score", "dense"}` of its best page: the page's
    version, the passage that counted, and what of its score is nearness in meaning. `ranked` counts the pages.
    """

    generation = models.ForeignKey(IndexGeneration, on_delete=models.CASCADE, related_name="+")
    question = models.TextField()
    key = models.CharField(max_length=64)
    best = models.JSONField(default=dict)
    ranked = models.PositiveIntegerField()

    class Meta:
        constraints = [
            *within_workspace("generation"),
            models.UniqueConstraint(fields=["generation", "key"], name="deepranks_once"),
        ]

    def __str__(self) -> str:
        return f"ranks of {self.ranked} pages for {self.question}"
