"""Keys to assistants, sealed, and how fast each may be used. What seals them lies outside the database.

The limits of a credential are shared by all workers: rows that `services.limits` alone moves, each by one UPDATE.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace


class TestResult(models.TextChoices):
    """What a credential's last test said; `detail` of the row has it in words."""

    __test__ = False  # no test of pytest's

    NONE = "", "Not tested"
    OK = "ok", "Works"
    FAILED = "failed", "Does not work"


class Credential(WorkspaceModel):
    """What a workspace entered to use an assistant: all its fields in one ciphertext, bound to this row.

    `shown` has the fields that are no secret, for the page alone; what is used comes out of the ciphertext.
    """

    assistant = models.CharField(max_length=40)
    name = models.CharField(max_length=80, blank=True, default="")
    ciphertext = models.BinaryField(default=b"")
    nonce = models.BinaryField(default=b"")
    key_id = models.CharField(max_length=16, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    shown = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    test_result = models.CharField(max_length=10, choices=TestResult.choices, blank=True, default=TestResult.NONE)
    test_detail = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["assistant"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "assistant"], name="credential_once"),
        ]

    def __str__(self) -> str:
        return f"key of {self.assistant}"


class RateUnit(models.TextChoices):
    REQUESTS = "requests", "Requests"
    TOKENS = "tokens", "Tokens"


class RateLimit(WorkspaceModel):
    """A bucket of requests or tokens: `level` was in it at `at`, and it fills up with time."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="rate_limits")
    unit = models.CharField(max_length=10, choices=RateUnit.choices)
    per_minute = models.PositiveIntegerField()
    level = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("credential"),
            models.UniqueConstraint(fields=["credential", "unit"], name="ratelimit_unit_once"),
            models.CheckConstraint(condition=Q(per_minute__gte=1), name="ratelimit_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.per_minute} {self.unit} a minute"


class Gate(WorkspaceModel):
    """Whether a credential may be used now: a cooldown that its service asked for, and a breaker.

    `failures` in a row open the breaker until `open_until`; after that one probe goes through, and `probe_until` is
    how long the others wait for it. `max_in_flight` caps the calls that wait for an answer at one time.
    """

    credential = models.OneToOneField(Credential, on_delete=models.CASCADE, related_name="gate")
    cool_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    opened = models.PositiveSmallIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True)
    max_in_flight = models.PositiveIntegerField(default=256)

    class Meta:
        constraints = [
            *within_workspace("credential"),
            models.CheckConstraint(condition=Q(max_in_flight__gte=1), name="gate_lets_something_through"),
        ]

    def __str__(self) -> str:
        return f"gate of credential {self.credential_id}"
