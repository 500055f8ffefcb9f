"""When a brand's name counts: the rules in the form, history that follows them, and the trial before they are saved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitor import extract, matching
from monitor.models import (
    Brand,
    BrandSet,
    Job,
    JobKind,
    Mention,
    Pointers,
    Response,
    ResponseStatus,
    Role,
    Run,
    Trigger,
    Workspace,
)
from monitor.queries.brand_trial import Place, compare
from monitor.services import brands, jobs, reading
from tests.factories import make_brand, make_member, make_workspace

pytestmark = pytest.mark.django_db

ORCHARD = "Pears are cheap. On Harvest morning we sell pie."
WORK = "For software teams **Harvest** is a fine choice. [Prices](https://harvest.example/morning)"
TYPED = {"name": "Harvest", "kind": "own", "aliases": "", "domains": "", "needs": "", "excludes": "", "colour": "0"}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace))
    return client


def answered(workspace: Workspace, *texts: str) -> list[Response]:
    """A run with these answers, read under the present brands."""
    brand_set = brands.current_brand_set(workspace=workspace)
    run = Run.objects.create(workspace=workspace, brand_set=brand_set, trigger=Trigger.MANUAL, day="2026-11-20")
    made = [
        Response.objects.create(
            workspace=workspace,
            run=run,
            prompt_text=f"Which is best, number {number}?",
            assistant="local",
            repeat=number,
            seed=1,
            queue="local",
            stratum="local",
            status=ResponseStatus.ANSWERED,
            text=text,
        )
        for number, text in enumerate(texts)
    ]
    reading.recompute(workspace=workspace)
    return made


def send(client: Client, view: str, workspace: Workspace, *args: int, htmx: bool = True, **typed: str) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse(view, args=[workspace.slug, *args]), {**TYPED, **typed}, headers=headers)


def words(reply: Any) -> str:
    """The page as it reads: tags gone, blanks single."""
    return " ".join(re.sub(r"<[^>]+>", "", reply.content.decode()).split())


# --- the form --------------------------------------------------------------------------------------------------------


def test_rules_are_saved_clean_and_stand_in_the_form(owner: Client, workspace: Workspace) -> None:
    typed = {"needs": " software \n\nSoftware\nwork  platform\n", "excludes": "Harvest morning", "exact_case": "on"}
    assert send(owner, "brand_new", workspace, **typed).status_code == 302
    brand = Brand.objects.for_workspace(workspace).get()
    assert (brand.needs, brand.excludes, brand.exact_case) == (["software", "work platform"], ["Harvest morning"], True)
    page = owner.get(reverse("brand", args=[workspace.slug, brand.pk])).content.decode()
    assert "<details open>" in page  # folded where nothing is said
    assert "software\nwork platform</textarea>" in page
    assert re.search(r'name="exact_case"[^>]* checked', page)
    again = brands.save_brand(workspace=workspace, brand=brand, fields={"name": "Harvest", "kind": "own"})
    assert again.needs == brand.needs  # who says nothing of rules leaves them


@pytest.mark.parametrize(
    ("field", "typed", "aliases", "said"),
    [
        ("needs", "x" * 121, "", "120 characters"),
        ("excludes", "\n".join(map(str, range(51))), "", "There may be 50 words or phrases; these are 51."),
        ("excludes", "...", "", "“...” has no letter or digit to look for."),
        ("excludes", "pie\nHARVEST", "", "“HARVEST” is a name of this brand, which would then never count. Write the"),
        ("excludes", "day plan", "Day Plan App", "“day plan” is part of “Day Plan App”, a name of this brand"),
        (
            "needs",
            "harvest",
            "Harvest.com",
            "“harvest” stands in every name of this brand, so it would always be near.",
        ),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_field(
    owner: Client, workspace: Workspace, field: str, typed: str, aliases: str, said: str
) -> None:
    for view, status in (("brand_new", 422), ("brand_new_try", 200)):
        reply = send(owner, view, workspace, **{"aliases": aliases, field: typed})
        assert reply.status_code == status
        assert reply.context["form"].errors.keys() == {field}
        assert said in words(reply)
    assert not Brand.objects.for_workspace(workspace).exists()


# --- history ---------------------------------------------------------------------------------------------------------


def test_history_follows_a_changed_rule(
    owner: Client, workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    brand = make_brand(workspace, name="Harvest", kind="own")
    orchard, work = answered(workspace, ORCHARD, WORK)

    def naming() -> set[int]:
        current = Pointers.objects.get(workspace=workspace).extraction
        return set(
            Mention.objects.for_workspace(workspace).filter(extraction=current).values_list("response", flat=True)
        )

    assert naming() == {orchard.pk, work.pk}
    for typed in ({"needs": "software"}, {"excludes": "harvest morning"}):
        with django_capture_on_commit_callbacks(execute=True):
            assert send(owner, "brand", workspace, brand.pk, **typed).status_code == 302
        job = Job.objects.for_workspace(workspace).filter(kind=JobKind.RECOMPUTE).latest("pk")
        assert jobs.run(job_id=job.pk)
        assert naming() == {work.pk}
    assert not reading.needs_recompute(workspace=workspace)


def test_brands_without_rules_are_the_set_that_was_frozen_before_there_were_any(workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Harvest", kind="own")
    old = [{"id": brand.pk, "name": "Harvest", "aliases": [], "domains": [], "kind": "own"}]
    frozen = BrandSet.objects.create(workspace=workspace, number=1, brands=old)
    assert brands.current_brand_set(workspace=workspace) == frozen
    assert len(matching.matcher(frozen.pk).mentions(ORCHARD)) == 1
    brands.save_brand(workspace=workspace, brand=brand, fields={"name": "Harvest", "kind": "own", "exact_case": True})
    assert brands.current_brand_set(workspace=workspace).brands == [{**old[0], "exact_case": True}]


# --- the trial -------------------------------------------------------------------------------------------------------


def test_a_trial_shows_what_is_gained_and_lost_and_writes_nothing(owner: Client, workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Harvest", kind="own")
    make_brand(workspace, name="Pear", kind="competitor")
    orchard, work = answered(workspace, ORCHARD, WORK + "\n\n- Try **DaPulse** today.")
    before = (*BrandSet.objects.values_list(), *Brand.objects.for_workspace(workspace).values_list())

    reply = send(owner, "brand_try", workspace, brand.pk, aliases="Dapulse", excludes="Harvest morning")
    page = reply.content.decode()
    assert "<html" not in page
    assert "Of the newest 2 answers, 2 name Harvest as it is saved, and 1 would name Harvest as typed above." in words(
        reply
    )
    assert "1 mention would be gained and 1 lost." in words(reply)
    gained, lost = page.index(">Gained<"), page.index(">Lost<")
    assert gained < page.index(">DaPulse</mark></strong> today.") < lost
    assert lost < page.index('On <mark class="mention" title="Harvest">Harvest</mark> morning we sell pie.')
    assert "Pears are cheap" not in page
    assert page.index(reverse("answer", args=[workspace.slug, work.pk])) < lost
    assert page.index(reverse("answer", args=[workspace.slug, orchard.pk])) > lost

    whole = send(owner, "brand_try", workspace, brand.pk, htmx=False, excludes="Harvest morning", name="Harvest App")
    assert "Harvest morning</textarea>" in whole.content.decode()
    assert "<h1>Harvest</h1>" in whole.content.decode()
    assert "would name Harvest App as typed above" in words(whole)
    assert before == (*BrandSet.objects.values_list(), *Brand.objects.for_workspace(workspace).values_list())
    assert not Job.objects.for_workspace(workspace).exists()


def test_a_trial_says_that_nothing_changes_and_that_there_is_nothing_to_try_on(
    owner: Client, workspace: Workspace
) -> None:
    brand = make_brand(workspace, name="Harvest", kind="own")
    assert "There are no answers yet" in words(send(owner, "brand_try", workspace, brand.pk))
    answered(workspace, WORK)
    reply = send(owner, "brand_try", workspace, brand.pk, aliases="Harvest is")
    assert "Of the newest 1 answer, 1 names Harvest as it is saved" in words(reply)
    assert "Nothing changes: the same mentions count." in words(reply)


def test_a_new_brand_is_tried_too_and_long_lists_and_sentences_are_cut(owner: Client, workspace: Workspace) -> None:
    long = f"| {'so ' * 200}Harvest{' or' * 200} |"
    answered(workspace, *[long] * 21)
    reply = send(owner, "brand_new_try", workspace)
    assert "Of the newest 21 answers, 21 would name Harvest as typed above." in words(reply)
    assert "The first 20 of 21 are listed." in words(reply)
    assert re.search(r"<p>… (so ){40,60}<mark [^>]+>Harvest</mark>( or){40,60} …</p>", reply.content.decode())


def test_who_may_try_what(client: Client, workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Harvest")
    other = make_brand(make_workspace(), name="Harvest")
    for role, status in ((Role.VIEWER, 403), (Role.EDITOR, 200), (Role.OWNER, 200)):
        client.force_login(make_member(workspace, role))
        assert send(client, "brand_try", workspace, brand.pk).status_code == status
        assert send(client, "brand_new_try", workspace, name="New").status_code == status
        page = client.get(reverse("brand", args=[workspace.slug, brand.pk])).content.decode()
        assert ("Try on recent answers" in page) == (status == 200)
    assert send(client, "brand_try", workspace, other.pk).status_code == 404
    assert send(client, "brand_try", workspace, brand.pk, htmx=False, name="").status_code == 422
    brands.archive_brand(brand=brand)
    assert send(client, "brand_try", workspace, brand.pk).status_code == 404


def test_a_difference_is_one_brands_own_and_a_longer_name_at_the_same_place_is_none() -> None:
    apple, plum = extract.Brand(1, "Apple"), extract.Brand(2, "Plum")
    longer = extract.Matcher([extract.Brand(1, "Apple", ("Apple Watch", "Pomme")), plum])
    found = compare(
        ["Apple Watch and Plum", "", "Pomme, Pomme", "Plum"], extract.Matcher([apple, plum]), longer, brand_id=1
    )
    assert (found.before, found.after, found.lost) == (1, 2, ())
    assert found.gained == (Place(2, 0, 5), Place(2, 7, 12))
    back = compare(["Pomme, Pomme"], longer, extract.Matcher([apple, plum]), brand_id=1)
    assert (back.gained, back.lost) == ((), (Place(0, 0, 5), Place(0, 7, 12)))


def test_two_brands_share_a_name_where_words_around_it_tell_them_apart(owner: Client, workspace: Workspace) -> None:
    new = reverse("brand_new", args=[workspace.slug])
    browser = TYPED | {"name": "Arc (browser)", "aliases": "Arc", "needs": "browser"}
    boards = TYPED | {"name": "Arc (boards)", "aliases": "Arc", "kind": "competitor", "needs": "skateboard"}
    owner.post(new, browser)
    refused = owner.post(new, boards | {"needs": ""})
    page = refused.content.decode()
    assert refused.status_code == 422 and "“Arc” already belongs to the brand “Arc (browser)”, as an alias" in page
    assert "Two brands may share a name" in page
    assert owner.post(new, boards | {"name": "ARC (browser)"}).status_code == 422, "people could not tell them apart"
    assert owner.post(new, boards).status_code == 302

    first, second = Brand.objects.for_workspace(workspace).order_by("pk")
    answered(
        workspace,
        "Arc is a browser with tabs at the side. It is free.\n\nFor the street, Arc makes a fine skateboard.",
        "Arc is well known.",
        "An Arc skateboard is no Arc browser.",
    )
    rows = Mention.objects.for_workspace(workspace).order_by("response", "start")
    assert [(row.brand_id, row.text, row.response.repeat) for row in rows] == [
        (first.pk, "Arc", 0),
        (second.pk, "Arc", 0),
        (first.pk, "Arc", 2),
        (first.pk, "Arc browser", 2),
    ], "where both fit, it counts for the own brand"
    edit = reverse("brand", args=[workspace.slug, second.pk])
    assert owner.post(edit, boards | {"needs": ""}).status_code == 422
    brands.archive_brand(brand=second)
    assert owner.post(reverse("brand", args=[workspace.slug, first.pk]), browser | {"needs": ""}).status_code == 302
    with pytest.raises(brands.NameTaken):
        brands.restore_brand(brand=Brand.objects.for_workspace(workspace).get(pk=second.pk))
