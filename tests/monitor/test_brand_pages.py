"""Brands in the browser: made, changed, archived, restored, deleted, and history that follows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import (
    Brand,
    BrandSet,
    Job,
    JobKind,
    Response,
    ResponseStatus,
    Role,
    Run,
    Trigger,
    Workspace,
)
from monitor.services import brands
from monitor.services.errors import Problem
from tests.factories import make_brand, make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace))
    return client


def post(client: Client, view: str, workspace: Workspace, *args: int, **data: Any) -> Any:
    return client.post(reverse(view, args=[workspace.slug, *args]), data)


def with_answers(workspace: Workspace) -> None:
    """History to follow: an answer read under the present brands."""
    run = Run.objects.create(
        workspace=workspace,
        brand_set=brands.current_brand_set(workspace=workspace),
        trigger=Trigger.MANUAL,
        day="2026-11-20",
    )
    Response.objects.create(
        workspace=workspace,
        run=run,
        prompt_text="Which?",
        assistant="local",
        repeat=0,
        seed=1,
        queue="local",
        stratum="local",
        status=ResponseStatus.ANSWERED,
    )


def test_a_new_brand_is_taken_for_ones_own_until_there_is_one(owner: Client, workspace: Workspace) -> None:
    def chosen() -> str:
        form = owner.get(reverse("brand_new", args=[workspace.slug])).context["form"]
        return str(form["kind"].value())

    make_brand(workspace, kind="competitor")
    make_brand(workspace, kind="own", archived_at=timezone.now())
    assert chosen() == "own"
    make_brand(workspace, kind="own")
    assert chosen() == "competitor"


def test_a_brand_is_made_with_pasted_addresses_and_own_brands_come_first(owner: Client, workspace: Workspace) -> None:
    make_brand(workspace, name="Aardvark")
    reply = post(
        owner,
        "brand_new",
        workspace,
        name="  Bright   Kettle ",
        kind="own",
        aliases="BrightKettle\nbright kettle\nBK One\n",
        domains="https://www.brightkettle.co.uk/products?x=1\nshop.brightkettle.co.uk, BrightKettle.de",
        colour="",
    )
    assert reply.status_code == 302
    brand = Brand.objects.for_workspace(workspace).get(name="Bright Kettle")
    assert brand.aliases == ["BrightKettle", "BK One"]
    assert brand.domains == ["brightkettle.co.uk", "brightkettle.de"]
    assert (brand.kind, brand.colour) == ("own", 1)  # the other brand of this test has colour 0
    page = owner.get(reverse("brands", args=[workspace.slug])).content.decode()
    assert page.index("Bright Kettle") < page.index("Aardvark")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Fill this in."),
        ("name", "x" * 121, "120 characters"),
        ("name", "acme", "already belongs to a brand called “Acme”"),
        ("aliases", "Acme Corp", "already belongs to the brand “Acme”, as an alias"),
        ("domains", "not a domain", "is no domain"),
        ("domains", "10.0.0.1", "“10.0.0.1” is no domain"),
        ("domains", "co.uk", "“co.uk” is no domain"),
        ("kind", "friend", "This is not on offer"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    owner: Client, workspace: Workspace, field: str, typed: str, said: str
) -> None:
    make_brand(workspace, name="Acme", aliases=["Acme Corp"])
    fields = {"name": "New one", "kind": "competitor", "aliases": "Kept", "domains": "kept.example", "colour": ""}
    reply = post(owner, "brand_new", workspace, **{**fields, field: typed})
    assert reply.status_code == 422
    page = reply.content.decode()
    assert said in page
    for name in ("aliases", "domains"):
        if name != field:
            assert fields[name] in page
    assert Brand.objects.for_workspace(workspace).count() == 1


@pytest.mark.parametrize(("field", "typed"), [("name", "acme"), ("aliases", "Acme Corp"), ("domains", "shop.acme.com")])
def test_what_another_brand_has_is_said_at_its_field_with_the_way_there(
    owner: Client, workspace: Workspace, field: str, typed: str
) -> None:
    there = make_brand(workspace, name="Acme <b>", aliases=["Acme", "Acme Corp"], domains=["acme.com"])
    reply = post(owner, "brand_new", workspace, **{"name": "New", "kind": "competitor", "colour": "", field: typed})
    assert list(reply.context["form"].errors) == [field]
    address = reverse("brand", args=[workspace.slug, there.pk])
    assert f'<a href="{address}">Open Acme &lt;b&gt;</a>' in reply.content.decode()


def test_a_name_that_is_found_at_the_same_places_is_taken(workspace: Workspace) -> None:
    brands.save_brand(workspace=workspace, brand=None, fields={"name": "Coca-Cola", "aliases": ["The Real Thing"]})
    for fields in ({"name": "Coca Cola"}, {"name": "Pop", "aliases": ["Coca\u2011Cola Inc."]}):
        with pytest.raises(Problem, match="already belongs to a brand called “Coca-Cola”"):
            brands.save_brand(workspace=workspace, brand=None, fields=fields)
    with pytest.raises(Problem, match="as an alias"):
        brands.save_brand(workspace=workspace, brand=None, fields={"name": "Real Thing"})
    brands.save_brand(workspace=workspace, brand=None, fields={"name": "Cola"})


def test_colours_are_stable_and_each_is_used_before_one_comes_twice(workspace: Workspace) -> None:
    made = [
        brands.save_brand(workspace=workspace, brand=None, fields={"name": f"B{n}", "kind": kind})
        for n, kind in enumerate(["competitor"] * 7 + ["own"] + ["competitor"])
    ]
    assert [brand.colour for brand in made] == [1, 2, 3, 4, 5, 6, 7, 0, 1]
    again = brands.save_brand(workspace=workspace, brand=made[2], fields={"name": "Renamed", "kind": "competitor"})
    assert again.colour == 3


def test_a_version_of_the_brand_set_is_made_only_when_the_brands_changed(workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Acme")
    first = brands.current_brand_set(workspace=workspace)
    assert brands.current_brand_set(workspace=workspace) == first
    brands.save_brand(workspace=workspace, brand=brand, fields={"name": "Acme", "kind": brand.kind, "colour": 5})
    assert brands.current_brand_set(workspace=workspace) == first
    brands.save_brand(workspace=workspace, brand=brand, fields={"name": "Acme", "kind": "own", "aliases": ["A1"]})
    second = brands.current_brand_set(workspace=workspace)
    assert (second.number, second.brands[0]["aliases"]) == (2, ["A1"])
    brands.archive_brand(brand=brand)
    assert brands.current_brand_set(workspace=workspace).brands == []
    assert BrandSet.objects.for_workspace(workspace).count() == 3


def test_a_change_with_history_has_it_read_again_once_and_the_page_says_so(
    owner: Client, workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    brand = make_brand(workspace, name="Acme")
    with_answers(workspace)
    with django_capture_on_commit_callbacks(execute=True):
        reply = post(owner, "brand", workspace, brand.pk, name="Acme", kind="own", aliases="Ack", domains="", colour=2)
    with django_capture_on_commit_callbacks(execute=True):
        post(owner, "brand", workspace, brand.pk, name="Acme", kind="own", aliases="Ackme", domains="", colour=2)
    with django_capture_on_commit_callbacks(execute=True):  # nothing that readings depend on
        post(owner, "brand", workspace, brand.pk, name="Acme", kind="own", aliases="Ackme", domains="", colour=4)
    assert reply.status_code == 302
    assert Job.objects.for_workspace(workspace).filter(kind=JobKind.RECOMPUTE).count() == 1
    assert "being read again" in owner.get(reply["Location"]).content.decode()


def test_archive_offers_a_way_back(owner: Client, workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Acme")
    page = owner.post(reverse("brand_archive", args=[workspace.slug, brand.pk]), follow=True).content.decode()
    restore = reverse("brand_restore", args=[workspace.slug, brand.pk])
    assert "Acme is archived" in page
    assert f'action="{restore}"' in page
    brand.refresh_from_db()
    assert brand.archived_at
    owner.post(restore)
    brand.refresh_from_db()
    assert brand.archived_at is None


def test_restoring_a_brand_whose_name_is_taken_says_so(owner: Client, workspace: Workspace) -> None:
    brand = make_brand(workspace, name="Acme")
    brands.archive_brand(brand=brand)
    make_brand(workspace, name="Other", aliases=["ACME"])
    page = owner.post(reverse("brand_restore", args=[workspace.slug, brand.pk]), follow=True).content.decode()
    assert "“Acme” already belongs to the brand “Other”, as an alias" in page
    brand.refresh_from_db()
    assert brand.archived_at


def test_a_brand_with_history_is_archived_instead_of_deleted(owner: Client, workspace: Workspace) -> None:
    old = make_brand(workspace, name="Acme")
    with_answers(workspace)
    page = owner.post(reverse("brand_delete", args=[workspace.slug, old.pk]), follow=True).content.decode()
    assert "Acme has history, so it was archived instead of deleted" in page
    assert Brand.objects.for_workspace(workspace).get(pk=old.pk).archived_at
    fresh = make_brand(workspace, name="Never read")
    page = owner.post(reverse("brand_delete", args=[workspace.slug, fresh.pk]), follow=True).content.decode()
    assert "Never read is deleted" in page
    assert not Brand.objects.for_workspace(workspace).filter(pk=fresh.pk).exists()


def test_roles(workspace: Workspace, client: Client) -> None:
    brand = make_brand(workspace, name="Acme")
    client.force_login(make_member(workspace, Role.VIEWER))
    page = client.get(reverse("brand", args=[workspace.slug, brand.pk])).content.decode()
    assert "Save brand" not in page
    assert post(client, "brand", workspace, brand.pk, name="X").status_code == 403
    assert client.get(reverse("brand_new", args=[workspace.slug])).status_code == 403
    client.force_login(make_member(workspace, Role.EDITOR))
    assert post(client, "brand_delete", workspace, brand.pk).status_code == 403
    assert client.get(reverse("brand_archive", args=[workspace.slug, brand.pk])).status_code == 405


def test_control_characters_are_taken_out_of_names() -> None:
    assert brands.clean_name("A\x01B \u202eCo\x00") == "AB Co"


def test_a_domain_belongs_to_one_brand(owner: Client, workspace: Workspace) -> None:
    acme = make_brand(workspace, name="Acme", domains=["acme.com", "amazonaws.com", "bücher.example"])
    other = make_brand(make_workspace(), domains=["free.example"])
    assert other.domains == ["free.example"]  # another workspace's brands take nothing
    for typed, said in (
        ("https://shop.ACME.com/x", "acme.com already belongs to the brand “Acme”. Take it out"),
        # a host of its own by the Public Suffix List, whose pages are below Acme's all the same
        ("kettles.s3.amazonaws.com", "kettles.s3.amazonaws.com already belongs to the brand “Acme” with amazonaws.com"),
        ("xn--bcher-kva.example", "already belongs to the brand “Acme”"),
    ):
        reply = post(owner, "brand_new", workspace, name="Globex", kind="own", domains=f"free.example\n{typed}")
        assert reply.status_code == 422
        assert said in reply.content.decode()
        assert typed in reply.content.decode()
        assert reply.context["form"].errors.keys() == {"domains"}
    assert Brand.objects.for_workspace(workspace).count() == 1
    assert post(owner, "brand", workspace, acme.pk, name="Acme", kind="own", domains="acme.com").status_code == 302
    assert post(owner, "brand_new", workspace, name="Globex", kind="own", domains="notacme.com").status_code == 302


def test_an_archived_brand_gives_its_domains_free_and_comes_back_only_without_a_clash(
    owner: Client, workspace: Workspace
) -> None:
    acme = make_brand(workspace, name="Acme", domains=["acme.com"])
    brands.archive_brand(brand=acme)
    brands.save_brand(workspace=workspace, brand=None, fields={"name": "Globex", "domains": ["acme.com"]})
    page = owner.post(reverse("brand_restore", args=[workspace.slug, acme.pk]), follow=True).content.decode()
    assert "acme.com already belongs to the brand “Globex”. Take it out of one of the two" in page
    acme.refresh_from_db()
    assert acme.archived_at is not None
