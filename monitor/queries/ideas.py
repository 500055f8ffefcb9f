"""Ideas for prompts as their page lists them. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from monitor.models import IdeaState, PromptIdea, Workspace

PAGE_SIZE = 50
#: Characters of the passage that are shown.
EXCERPT = 280


@dataclass(frozen=True, slots=True)
class IdeaRow:
    """An idea with the page that answers it, and the beginning of the passage that does."""

    pk: int
    text: str
    asked: bool
    page_pk: int
    title: str
    page: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Ideas:
    rows: tuple[IdeaRow, ...]
    page: Page[PromptIdea]
    dismissed: int


def listed(workspace: Workspace, number: str | None, *, dismissed: bool = False) -> Ideas:
    """A page of the ideas that wait, or of those let go."""
    ideas = PromptIdea.objects.for_workspace(workspace)
    state = IdeaState.DISMISSED if dismissed else IdeaState.NEW
    found = ideas.filter(state=state).select_related("version__page").defer("version__html", "version__structured")
    page = Paginator(found, PAGE_SIZE).get_page(number)
    return Ideas(
        rows=tuple(_row(idea) for idea in page.object_list),
        page=page,
        dismissed=ideas.filter(state=IdeaState.DISMISSED).count(),
    )


def _row(idea: PromptIdea) -> IdeaRow:
    version = idea.version
    passage = " ".join(version.text[idea.start : idea.end].split())
    return IdeaRow(
        pk=idea.pk,
        text=idea.text,
        asked=idea.asked,
        page_pk=version.page_id,
        title=version.title or version.page.page,
        page=version.page.page,
        excerpt=passage if len(passage) <= EXCERPT else f"{passage[:EXCERPT].rsplit(' ', 1)[0]} …",
    )
