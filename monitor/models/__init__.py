"""The rows of the product, by noun. Everything but users and workspaces lies inside one workspace."""

from monitor.models.alerts import Alert, AlertKind, AlertRecipient, AlertRule
from monitor.models.base import WorkspaceModel
from monitor.models.brands import Brand, BrandKind, BrandSet
from monitor.models.corrections import CorrectedPart, Correction, Review, ReviewReading
from monitor.models.crawling import CrawlTarget, TargetKind, TargetState
from monitor.models.credentials import Credential, Gate, RateLimit, RateUnit, TestResult
from monitor.models.deltas import Delta
from monitor.models.extraction import (
    DayCounts,
    Extraction,
    ExtractionStatus,
    Mention,
    MentionRole,
    Pointers,
    ResponseSource,
    Sentiment,
)
from monitor.models.mail import Mail, MailKind, MailStatus
from monitor.models.money import Budget, Charge, ChargeState, OwnPrice, SpendingLimit
from monitor.models.pages import IndexGeneration, Job, JobKind, JobStatus, Page, PageVersion, Passage
from monitor.models.panels import Panel, PanelRevision, Prompt, Suite, asked_prompts
from monitor.models.people import Digest, Membership, Role, User, Workspace
from monitor.models.personas import Persona
from monitor.models.prompt_ideas import IdeaState, PromptIdea
from monitor.models.redirects import Redirect, RedirectState
from monitor.models.reports import (
    IssueStatus,
    ReportFile,
    ReportIssue,
    ReportPeriod,
    ReportSettings,
    SavedReport,
    ShareLink,
)
from monitor.models.runs import (
    OPEN,
    UNDER_WAY,
    VALID,
    Attempt,
    AttemptStatus,
    Body,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
)
from monitor.models.saved_views import SavedView
from monitor.models.source_types import SourceType
from monitor.models.support import SupportCheck, SupportVerdict
from monitor.models.tracing import DeepRanks

__all__ = [
    "OPEN",
    "UNDER_WAY",
    "VALID",
    "Alert",
    "AlertKind",
    "AlertRecipient",
    "AlertRule",
    "Attempt",
    "AttemptStatus",
    "Body",
    "Brand",
    "BrandKind",
    "BrandSet",
    "Budget",
    "Charge",
    "ChargeState",
    "CorrectedPart",
    "Correction",
    "CrawlTarget",
    "Credential",
    "DayCounts",
    "DeepRanks",
    "Delta",
    "Digest",
    "Extraction",
    "ExtractionStatus",
    "Gate",
    "IdeaState",
    "IndexGeneration",
    "IssueStatus",
    "Job",
    "JobKind",
    "JobStatus",
    "Mail",
    "MailKind",
    "MailStatus",
    "Membership",
    "Mention",
    "MentionRole",
    "OwnPrice",
    "Page",
    "PageVersion",
    "Panel",
    "PanelRevision",
    "Passage",
    "Persona",
    "Pointers",
    "Prompt",
    "PromptIdea",
    "RateLimit",
    "RateUnit",
    "Redirect",
    "RedirectState",
    "ReportFile",
    "ReportIssue",
    "ReportPeriod",
    "ReportSettings",
    "Response",
    "ResponseSource",
    "ResponseStatus",
    "Review",
    "ReviewReading",
    "Role",
    "Run",
    "RunStatus",
    "SavedReport",
    "SavedView",
    "Sentiment",
    "ShareLink",
    "SpendingLimit",
    "Suite",
    "SourceType",
    "SupportCheck",
    "SupportVerdict",
    "TargetKind",
    "TargetState",
    "TestResult",
    "Trigger",
    "User",
    "Workspace",
    "WorkspaceModel",
    "asked_prompts",
]
