"""What an answer has said so far, while it is still coming: for the person who waits for it, and for nobody else."""

from __future__ import annotations

from django.db import models

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.runs import Response

#: PostgreSQL's channel of all that a person waits for; payload: the id of the response that moved.
CHANNEL = "citescope_asked"


class Delta(WorkspaceModel):
    """A piece of the text that one try at a response brought. `lease` is the fence it was written under.

    Removed when the response is stored; the answer's own text counts, never these.
    """

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="deltas")
    lease = models.PositiveIntegerField()
    sequence = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["response", "lease", "sequence"]
        constraints = [
            *within_workspace("response"),
            models.UniqueConstraint(fields=["response", "lease", "sequence"], name="delta_sequence_once"),
        ]

    def __str__(self) -> str:
        return f"piece {self.sequence} of {self.response_id}"
