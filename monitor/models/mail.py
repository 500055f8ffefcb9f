"""The one table of outgoing e-mail: what alerts, digests and saved reports send. `services.mailing` alone moves a row.

Knows neither what an e-mail says (`services.letters`) nor how a mail server is spoken to (`services.delivery`).
"""

from __future__ import annotations

from email.utils import make_msgid, parseaddr
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.people import Membership
from monitor.models.reports import ReportIssue


class MailKind(models.TextChoices):
    ALERTS = "alerts", "Alerts"
    DIGEST = "digest", "Digest"
    REPORT = "report", "Report"


class MailStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    EMPTY = "empty", "Nothing to say"
    FAILED = "failed", "Not sent"
    UNKNOWN = "unknown", "Sent or not, nobody knows"


def new_message_id() -> str:
    """A name that no other e-mail has, of the sender's own host."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return make_msgid(domain=address.rpartition("@")[2] or "localhost")


class Mail(WorkspaceModel):
    """One e-mail to one address, `key` what it is about, so that it is written once. Alerts and digests go to a member,
    a report is of an issue. `message_id` stays through every try: by it a second copy is known as one.

    `unsure`: a try ended without a word from the mail server; one more is made, and no third.
    """

    MAX_TRIES: ClassVar[int] = 5

    address = models.EmailField()
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="mails", null=True)
    issue = models.ForeignKey(ReportIssue, on_delete=models.CASCADE, related_name="mails", null=True)
    message_id = models.CharField(max_length=400, default=new_message_id)
    kind = models.CharField(max_length=10, choices=MailKind.choices)
    key = models.CharField(max_length=80)
    alerts = ArrayField(models.BigIntegerField(), default=list)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=MailStatus.choices, default=MailStatus.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    unsure = models.BooleanField(default=False)
    next_try_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("membership", "issue"),
            models.UniqueConstraint(fields=["workspace", "address", "key"], name="mail_once"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="mail_due", condition=Q(status="waiting")),
            models.Index(fields=["lease_until"], name="mail_leased", condition=Q(status="sending")),
            models.Index(fields=["workspace", "-id"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"
