"""A workspace with something behind every URL: what the tests of access, the browser tests and the shots walk over.

`OBJECTS` names, for each route with an id, the row it is about. A new route without an entry fails loudly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import zstandard
from django.db import transaction
from django.db.models import F, Func, Value
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from monitor.fulltext import search_text
from monitor.models import (
    Alert,
    AlertRule,
    Attempt,
    AttemptStatus,
    Body,
    Brand,
    Correction,
    Credential,
    DeepRanks,
    Extraction,
    Gate,
    IndexGeneration,
    Job,
    JobKind,
    JobStatus,
    Mail,
    Membership,
    Mention,
    OwnPrice,
    Page,
    PageVersion,
    Panel,
    Persona,
    Pointers,
    Prompt,
    PromptIdea,
    ReportFile,
    ReportIssue,
    ReportSettings,
    Response,
    ResponseSource,
    Review,
    Role,
    Run,
    RunStatus,
    SavedReport,
    SavedView,
    SupportCheck,
    SupportVerdict,
    Trigger,
    User,
    Workspace,
)
from monitor.models.alerts import ABOUT_A_BRAND
from monitor.models.tracing import question_key
from monitor.queries.reviews import answer_review
from monitor.services import alert_rules, corrections, mention_rows, reviews, share_links
from monitor.services.share_links import NewLink
from tests.factories_history import History, make_history

ANSWER = (
    "**Fernwood** makes the best pen for left-handers [1].\n\n- Quillmark is cheaper: https://quillmark.example/guide\n"
)
PAYLOAD = b'{"text": "Fernwood makes the best pen.", "sources": [{"url": "https://fernwood.example/guide"}]}'


# --- the routes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    """A named URL pattern: its path as written, its arguments' names, and the view behind it."""

    name: str
    pattern: str
    arguments: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def is_ours(self) -> bool:
        return self.view.__module__.split(".")[0] == "monitor"

    @property
    def rule(self) -> Any:
        return getattr(self.view, "access_rule", None)

    @property
    def needs_object(self) -> bool:
        return bool(set(self.arguments) - {"workspace"})


def routes() -> list[Route]:
    """Every URL pattern of the product, those of other packages included."""
    return list(_walk(get_resolver(), "", ()))


def _walk(resolver: URLResolver, prefix: str, arguments: tuple[str, ...]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        here = (*arguments, *entry.pattern.converters, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, f"{prefix}{entry.pattern}", here)
        elif isinstance(entry, URLPattern):
            yield Route(entry.name or "", f"{prefix}{entry.pattern}", tuple(dict.fromkeys(here)), entry.callback)


# --- the rows behind them --------------------------------------------------------------------------------------------


@dataclass
class World:
    """A workspace with a month in it, its people by role, and one row for every kind of id in a URL."""

    history: History
    people: dict[Role, User]
    response: Response
    page: Page
    job: Job
    crawl: Job
    credential: Credential
    price: OwnPrice
    report_file: ReportFile
    share: NewLink
    view: SavedView
    persona: Persona
    correction: Correction
    #: An answer that was drawn for review, with a confirmed one beside it.
    review: Review
    #: Questions of the Ask page: one that was answered, one whose answer broke off after some words.
    asked: Response
    broken_off: Response

    @property
    def workspace(self) -> Workspace:
        return self.history.workspace

    @cached_property
    def viewer_membership(self) -> Membership:
        return Membership.objects.for_workspace(self.workspace).get(role=Role.VIEWER)

    def url(self, route: Route) -> str:
        """The route's address in this workspace, about this workspace's own row."""
        return self.url_about(route, self)

    def url_about(self, route: Route, other: World) -> str:
        """The route's address in this workspace, about a row of another one."""
        arguments: dict[str, Any] = {"workspace": self.workspace.slug} if "workspace" in route.arguments else {}
        for name in set(route.arguments) - {"workspace"}:
            if route.name not in OBJECTS:
                raise LookupError(f"tests/world.py has no object for `{name}` of the route `{route.name}`.")
            found = OBJECTS[route.name](other)
            arguments[name] = getattr(found, "pk", found)
        return reverse(route.name, kwargs=arguments)


#: The routes of parts of pages, with the page that each leads to when it is opened alone.
PARTS = {
    "alert_rule_preview": "alert_rule_new",
    "job_progress": "job",
    "panel_tags": "panel_new",
    "run_progress": "run",
    "saved_report_issues": "saved_report",
    "schedule_preview": "panel_new",
}
#: What htmx sends, and nothing else does.
AS_PART = {"HX-Request": "true"}
#: A row goes into the address by its id, anything else as it is.
OBJECTS: dict[str, Callable[[World], Any]] = {
    **dict.fromkeys(
        ("alert_rule", "alert_rule_switch", "alert_rule_off", "alert_rule_delete", "alert_rule_restore"),
        lambda world: AlertRule.objects.for_workspace(world.workspace).order_by("pk").first(),
    ),
    "shared": lambda world: world.share.token,
    "share_revoke": lambda world: world.share.link,
    "report_file": lambda world: world.report_file,
    **dict.fromkeys(
        (
            *("saved_report", "saved_report_issues", "saved_report_edit", "saved_report_send", "saved_report_preview"),
            *("saved_report_pause", "saved_report_delete", "share_new"),
        ),
        lambda world: world.share.link.report,
    ),
    "price_delete": lambda world: world.price,
    **dict.fromkeys(("view_remove", "view_restore"), lambda world: world.view),
    **dict.fromkeys(
        ("credential_test", "credential_delete", "credential_limits"),
        lambda world: world.credential,
    ),
    **dict.fromkeys(("answer", "answer_raw", "answer_compare", "trace_prompt"), lambda world: world.response),
    **dict.fromkeys(("persona_edit", "persona_archive", "persona_restore"), lambda world: world.persona),
    "answer_correct": lambda world: world.response,
    "correction_undo": lambda world: world.correction,
    **dict.fromkeys(("review_answer", "review_confirm", "review_reopen"), lambda world: world.review),
    "crawl_again": lambda world: world.crawl,
    "ask_stream": lambda world: world.asked,
    **dict.fromkeys(("member_role", "member_remove"), lambda world: world.viewer_membership),
    **dict.fromkeys(("page", "page_take_out", "page_put_back"), lambda world: world.page),
    **dict.fromkeys(("job", "job_progress", "job_cancel", "job_pause", "job_resume"), lambda world: world.job),
    **dict.fromkeys(
        ("suite", "suite_edit", "suite_archive", "suite_restore", "prompts_add", "prompts_archive", "prompts_restore"),
        lambda world: world.history.panel.suite,
    ),
    **dict.fromkeys(("prompt", "prompt_archive", "prompt_restore"), lambda world: world.history.prompts[0]),
    **dict.fromkeys(
        ("brand", "brand_try", "brand_archive", "brand_restore", "brand_delete"), lambda world: world.history.brands[0]
    ),
    **dict.fromkeys(
        ("panel", "panel_edit", "panel_run", "panel_pause", "panel_archive", "panel_restore", "panel_budget"),
        lambda world: world.history.panel,
    ),
    **dict.fromkeys(
        ("run", "run_progress", "run_pause", "run_resume", "run_cancel", "run_retry", "trace_rank"),
        lambda world: world.history.runs[-1],
    ),
}


def make_world(workspace: Workspace, *, days: int = 1, prompts: int = 2) -> World:
    history = make_history(workspace=workspace, days=days, prompts=prompts, repeats=1)
    people = {role: _person(workspace, role) for role in Role}
    page = _page(workspace)
    generation = IndexGeneration.objects.create(
        workspace=workspace, number=1, page_versions=[page.current_id], passages=1, manifest={"model": "minilm"}
    )
    Pointers.objects.filter(workspace=workspace).update(generation=generation)
    _idea(page)
    response = _response(history)
    _checked_and_ranked(response, page, generation)
    _alerts(history)
    _read_again(history.extraction, response)
    here = Mention.objects.for_workspace(workspace).filter(response=response)
    here.update(sentiment="recommended", judge=1)
    return World(
        history,
        people,
        response,
        page,
        _job(workspace),
        _crawl(workspace),
        _credential(workspace),
        _price(workspace),
        *_report(workspace),
        _view(workspace),
        _persona(workspace),
        *_corrected(response, people[Role.EDITOR]),
        *_asked(history),
    )


def world_of(workspace: Workspace) -> World:
    """The world of a workspace that has a history already, such as the demo."""
    panel = Panel.objects.for_workspace(workspace).select_related("suite").order_by("pk")[0]
    extraction = Pointers.objects.get(workspace=workspace).extraction
    answered = Response.objects.for_workspace(workspace).filter(status="answered", mentions__isnull=False)
    response = answered.order_by("-pk")[0]
    page = Page.objects.for_workspace(workspace).filter(current__isnull=False)[0]
    history = History(
        workspace,
        panel,
        list(Brand.objects.for_workspace(workspace)),
        list(Prompt.objects.for_workspace(workspace).filter(suite=panel.suite)),
        extraction,
        list(Run.objects.for_workspace(workspace).filter(panel=panel).order_by("pk")),
    )
    people = {role: _person(workspace, role) for role in Role}
    _idea(page)
    _alerts(history)
    return World(
        history,
        people,
        response,
        page,
        _job(workspace),
        _crawl(workspace),
        _credential(workspace),
        _price(workspace),
        *_report(workspace),
        _view(workspace),
        _persona(workspace),
        *_corrected(response, people[Role.EDITOR]),
        *_asked(history),
    )


def _alerts(history: History) -> None:
    """A rule of every kind, and one thing told by each; the demo has its own."""
    if AlertRule.objects.for_workspace(history.workspace).exists():
        return
    pages = {"change": "overview", "citations": "answers", "sentiment": "brands", "silence": "panels", "budget": "cost"}
    for kind, page in pages.items():
        given = {**alert_rules.blank(kind), "panel": None, "assistants": [], "recipients": []}
        brand = history.brands[0] if kind in ABOUT_A_BRAND else None
        rule = alert_rules.save_rule(workspace=history.workspace, rule=None, fields={**given, "brand": brand})
        Alert.objects.create(
            workspace=history.workspace,
            rule=rule,
            subject=kind,
            starts_on=history.runs[-1].day,
            ends_on=history.runs[-1].day,
            words=f"{rule.name}: 8 of 12 answers on that day, 2 of 12 in the week before.",
            good=kind == "citations",
            page=page,
        )


def _corrected(response: Response, editor: User) -> tuple[Correction, Review]:
    """The response's first mention with a sentiment by hand; and answers drawn, the first other one with a mention that
    is none, all but the last confirmed.
    """
    workspace = response.workspace
    correction = _said(response, editor, what="sentiment", value="negative")
    reviews.draw(workspace=workspace, after=0)
    drawn = list(Review.objects.for_workspace(workspace).select_related("response__workspace", "response__run"))
    extraction = Pointers.objects.get(workspace=workspace).extraction
    assert extraction is not None
    for review in [review for review in drawn if review.response_id != response.pk][:1]:
        _read_again(extraction, review.response)
        _said(review.response, editor, what="mention", value="no")
    for review in drawn[:-1]:
        reviews.confirm(review=review, seen=answer_review(review).seen, by=editor)
    return correction, drawn[-1]


def _read_again(extraction: Extraction, response: Response) -> None:
    """The mentions that stand in its text, in place of invented ones."""
    with transaction.atomic():
        mention_rows.rewrite(extraction=extraction, response=response, said=())


def _said(response: Response, editor: User, *, what: str, value: str) -> Correction:
    """Of the response's first mention."""
    mention = Mention.objects.for_workspace(response.workspace).select_related("brand").filter(response=response)[0]
    place: dict[str, Any] = {"brand": mention.brand, "start": mention.start, "end": mention.end}
    made = corrections.correct(response=response, what=what, value=value, by=editor, **place).made
    assert made is not None
    return made


def _credential(workspace: Workspace) -> Credential:
    """A key that nothing opens, so that no test of it goes anywhere."""
    row = Credential.objects.create(workspace=workspace, assistant="kagi", last4="a1b2", key_id="gone")
    Gate.objects.create(workspace=workspace, credential=row)
    return row


def _price(workspace: Workspace) -> OwnPrice:
    return OwnPrice.objects.create(
        workspace=workspace,
        assistant="openai",
        model="gpt-private",
        input=2,
        output=8,
        entered_on=timezone.now().date(),
    )


def _report(workspace: Workspace) -> tuple[ReportFile, NewLink]:
    """A saved report that was made and sent to one of two, with a link, under a letterhead."""
    ReportSettings.objects.create(
        workspace=workspace,
        name="Pens & Partners",
        accent="#7a1f3d",
        footer="Confidential",
        addresses=["b@out.example"],
    )
    report = SavedReport.objects.create(
        workspace=workspace,
        name="Monday report",
        formats=["pdf", "xlsx"],
        cron="0 6 * * 1",
        recipients=["a@out.example", "b@out.example"],
    )
    now = timezone.now()
    issue = ReportIssue.objects.create(
        workspace=workspace,
        report=report,
        moment=now,
        slot_at=now,
        status="made",
        start=now.date() - timedelta(days=28),
        end=now.date() - timedelta(days=1),
        made_at=now,
    )
    refused = "The mail server did not take it (550 no such mailbox)."
    for address, status, error in (("a@out.example", "failed", refused), ("b@out.example", "sent", "")):
        Mail.objects.create(
            workspace=workspace, issue=issue, address=address, kind="report", status=status, error=error, tries=1
        )
    content = b"%PDF-1.7 of a test"
    file = ReportFile.objects.create(
        workspace=workspace,
        issue=issue,
        format="pdf",
        name="citescope-home.pdf",
        content_type="application/pdf",
        size=len(content),
        content=content,
    )
    return file, share_links.make(report=report, name="The board", days=30, texts=True, by="owner@home.example")


def _idea(page: Page) -> PromptIdea:
    return PromptIdea.objects.create(
        workspace_id=page.workspace_id,
        version_id=page.current_id,
        text="Which pen dries fast enough for left-handed writers?",
        start=0,
        end=200,
        rank=1,
        asked=True,
    )


def _view(workspace: Workspace) -> SavedView:
    return SavedView.objects.create(
        workspace=workspace, name="Pens by the month", page="overview", query="tag=pens&compare=month"
    )


def _persona(workspace: Workspace) -> Persona:
    words = "I run a bakery with six employees in Leeds and know little about software."
    return Persona.objects.create(workspace=workspace, name="Bakery owner", words=words)


def _job(workspace: Workspace) -> Job:
    return Job.objects.create(
        workspace=workspace,
        kind=JobKind.IMPORT_PAGES,
        status=JobStatus.RUNNING,
        total=40,
        done=18,
        result={"phase": "Reading pages"},
        problems=[{"where": "pages.jsonl, line 3", "reason": "it has no url."}],
        lease=1,
        lease_until=timezone.now() + timedelta(hours=1),
        started_at=timezone.now() - timedelta(seconds=30),
    )


def _crawl(workspace: Workspace) -> Job:
    return Job.objects.create(
        workspace=workspace,
        kind=JobKind.CRAWL,
        status=JobStatus.DONE,
        input={"url": "https://fernwood.example/", "pages": 500, "depth": 5, "stage": "index"},
        total=12,
        done=12,
        result={
            "visited": 9,
            "added": 6,
            "changed": 1,
            "unchanged": 1,
            "skipped": 1,
            "barred": 2,
            "left": 0,
            "pages": 8,
        },
        problems=[{"where": "https://fernwood.example/a.pdf", "reason": "It is application/pdf, not an HTML page."}],
        started_at=timezone.now() - timedelta(seconds=90),
        finished_at=timezone.now() - timedelta(seconds=60),
    )


def _person(workspace: Workspace, role: Role) -> User:
    user = User.objects.create_user(f"{role.value}@{workspace.slug}.example")
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def _page(workspace: Workspace) -> Page:
    text = "Fernwood makes a pen for left-handers.\n\nIt costs 30 dollars."
    page = Page.objects.create(
        workspace=workspace,
        page="fernwood.example/guide",
        url="https://fernwood.example/guide",
        domain="fernwood.example",
    )
    html = f"<html><body><p>{text}</p></body></html>".encode()
    page.current = PageVersion.objects.create(
        workspace=workspace,
        page=page,
        number=1,
        html=zstandard.ZstdCompressor().compress(html),
        sha256=hashlib.sha256(html).hexdigest(),
        title="A pen for left-handers",
        text=text,
        seen_at=timezone.now(),
    )
    page.save()
    return page


def _asked(history: History) -> tuple[Response, Response]:
    said = "The connection was lost before the answer was whole."
    return (
        _question(history, status="answered", text=ANSWER, finish="complete", latency_ms=4200),
        _question(history, status="unknown", text=ANSWER[:40], error_kind="unknown", error_message=said),
    )


def _question(history: History, **fields: Any) -> Response:
    workspace, last = history.workspace, history.runs[-1]
    run = Run.objects.create(
        workspace=workspace, trigger=Trigger.ASK, status=RunStatus.COMPLETED, brand_set=last.brand_set, day=last.day
    )
    return Response.objects.create(
        workspace=workspace,
        run=run,
        prompt_text="Which pen is best for left-handers?",
        assistant="openai",
        model="gpt-5-mini",
        repeat=0,
        seed=1,
        queue="asking",
        stratum="api",
        first_text_ms=840,
        answered_at=timezone.now(),
        **fields,
    )


def _checked_and_ranked(response: Response, page: Page, generation: IndexGeneration) -> None:
    """The response's citations checked, and its run's pages ranked for its question."""
    workspace = response.workspace
    Run.objects.for_workspace(workspace).filter(pk=response.run_id).update(generation=generation)
    check = SupportCheck.objects.create(
        workspace=workspace,
        response=response,
        version="1",
        recall=0.5,
        precision=1,
        sentences=2,
        citations=1,
        unknown=1,
        checked_at=timezone.now(),
    )
    for source in ResponseSource.objects.for_workspace(workspace).filter(response=response, cited=True):
        known = source.page == page.page
        SupportVerdict.objects.create(
            workspace=workspace,
            of_check=check,
            start=0,
            end=53,
            url=source.url,
            page=source.page,
            version=page.current if known else None,
            score=0.81 if known else None,
            supported=True if known else None,
        )
    place = {"domain": page.domain, "version": page.current_id, "start": 0, "end": 38, "score": 0.8, "dense": 0.3}
    far = {"domain": "far.example", "version": 0, "start": 0, "end": 0, "score": 0.1, "dense": 0.1}
    DeepRanks.objects.create(
        workspace=workspace,
        generation=generation,
        question=response.prompt_text,
        key=question_key(response.prompt_text),
        best={page.domain: {**place, "rank": 1}, "far.example": {**far, "rank": 212}},
        ranked=240,
    )


def _response(history: History) -> Response:
    """An answer with its attempt and body, and with words to search for."""
    workspace = history.workspace
    response = Response.objects.for_workspace(workspace).filter(run=history.runs[-1], status="answered").first()
    assert response is not None
    response.text, response.latency_ms, response.input_tokens, response.output_tokens = ANSWER, 38, 2400, 96
    response.searches = ["best pen for left-handers"]
    response.save()
    vector = Func(
        Value("simple"), Value(search_text(ANSWER)), function="to_tsvector", template="%(function)s(%(expressions)s)"
    )
    Response.objects.for_workspace(workspace).filter(pk=response.pk).update(search=vector, tries=F("tries") + 1)
    attempt = Attempt.objects.create(
        workspace=workspace,
        response=response,
        lease=1,
        status=AttemptStatus.ANSWERED,
        sent_at=timezone.now(),
        ended_at=timezone.now(),
    )
    Body.objects.create(
        workspace=workspace,
        attempt=attempt,
        sequence=0,
        status=200,
        headers={"content-type": "application/json"},
        content=zstandard.ZstdCompressor().compress(PAYLOAD),
        size=len(PAYLOAD),
        sha256=hashlib.sha256(PAYLOAD).hexdigest(),
    )
    return response
