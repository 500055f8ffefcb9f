"""The rows of the product, by noun. Everything but users and workspaces lies inside one workspace."""

from monitor.models.base import WorkspaceModel
from monitor.models.brands import Brand, BrandKind, BrandSet
from monitor.models.crawling import CrawlTarget, TargetKind, TargetState
from monitor.models.credentials import Credential, Gate, RateLimit, RateUnit, TestResult
from monitor.models.deltas import Delta
from monitor.models.extraction import (
    DayBrand,
    DayCell,
    DayDomain,
    Extraction,
    ExtractionStatus,
    Mention,
    Pointers,
    ResponseSource,
    Sentiment,
)
from monitor.models.money import Budget, Charge, ChargeState, OwnPrice, SpendingLimit
from monitor.models.pages import IndexGeneration, Job, JobKind, JobStatus, Page, PageVersion, Passage
from monitor.models.panels import Panel, PanelRevision, Prompt, Suite, asked_prompts
from monitor.models.people import Membership, Role, User, Workspace
from monitor.models.personas import Persona
from monitor.models.prompt_ideas import IdeaState, PromptIdea
from monitor.models.redirects import Redirect, RedirectState
from monitor.models.runs import (
    OPEN,
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
    "VALID",
    "Attempt",
    "AttemptStatus",
    "Body",
    "Brand",
    "BrandKind",
    "BrandSet",
    "Budget",
    "Charge",
    "ChargeState",
    "CrawlTarget",
    "Credential",
    "DayBrand",
    "DayCell",
    "DayDomain",
    "DeepRanks",
    "Delta",
    "Extraction",
    "ExtractionStatus",
    "Gate",
    "IdeaState",
    "IndexGeneration",
    "Job",
    "JobKind",
    "JobStatus",
    "Membership",
    "Mention",
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
    "Response",
    "ResponseSource",
    "ResponseStatus",
    "Role",
    "Run",
    "RunStatus",
    "SavedView",
    "Sentiment",
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
