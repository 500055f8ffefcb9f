"""Wrong forms: plain sentences that say what to do, beside the field, the first in focus, and nothing typed lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from monitor import urls
from monitor.forms.base import Form
from monitor.models import Workspace
from tests.factories import make_brand, make_member, make_workspace

assert urls  # the views bring in every form
WRONG = ("", "nonsense", "-1", "1e30", "0.1234567", "a\x00b", "long " * 20_000)


def every(kind: type[forms.Form]) -> Iterator[type[forms.Form]]:
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


def ours() -> list[type[forms.Form]]:
    return [one for one in every(forms.Form) if one.__module__.startswith("monitor.") and one is not Form]


def says(field: forms.Field, value: Any) -> str:
    """What a form of this field alone says of the value."""
    made = type("Made", (Form,), {"field": field})({"field": value}, {"field": value})
    return " ".join(made.errors.get("field", ()))


def test_every_form_of_the_product_is_of_the_kind_that_says_what_to_do() -> None:
    assert len(ours()) >= 20
    assert [one for one in ours() if not issubclass(one, Form)] == []


def test_no_field_of_any_form_speaks_as_django_does() -> None:
    django = re.compile("This field|Enter a|Ensure |Select a valid|Null char|available choices|submitted")
    said = {
        says(field, value)
        for one in ours()
        for field in one.base_fields.values()
        for value in (WRONG if not isinstance(field, forms.MultipleChoiceField) else ("", "nonsense", ["nonsense"]))
    }
    assert len(said) > 10
    assert [words for words in said if django.search(words)] == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (forms.CharField(), " ", "Fill this in."),
        (forms.CharField(max_length=3), "four", "Shorten this to 3 characters. It has 4."),
        (forms.CharField(), "a\x00b", "This has a character that cannot be kept. Type it anew."),
        (forms.IntegerField(min_value=1, max_value=1000), "x", "Write a whole number from 1 to 1,000."),
        (forms.IntegerField(min_value=1, max_value=1000), "0", "Write a whole number from 1 to 1,000."),
        (forms.IntegerField(min_value=1), "", "Write a whole number of 1 or more."),
        (forms.IntegerField(required=False), "x", "Write a whole number, or leave this empty."),
        (forms.DecimalField(max_value=Decimal(9), min_value=0), "NaN", "Write a number from 0 to 9."),
        (forms.DecimalField(decimal_places=2), "0.123", "Write at most 2 digits behind the point."),
        (forms.EmailField(), "me", "Write an e-mail address, such as name@example.com."),
        (forms.DateField(), "tomorrow", "Choose a day, or write it as 2026-11-28."),
        (forms.ChoiceField(choices=[("a", "A")]), "", "Choose one of these."),
        (forms.ChoiceField(choices=[("a", "A")]), "b", "This is not on offer, or no longer. Choose again."),
        (forms.MultipleChoiceField(choices=[("a", "A")]), [], "Choose at least one."),
        (forms.FileField(), None, "Choose a file first."),
        (forms.CharField(error_messages={"required": "Paste it first."}), "", "Paste it first."),
    ],
)
def test_each_flaw_is_said_in_a_sentence_that_says_what_to_do(field: forms.Field, value: Any, said: str) -> None:
    assert says(field, value) == said


# --- on the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


def sent(workspace: Workspace, route: str, data: dict[str, Any], query: str = "") -> str:
    client = Client()
    client.force_login(make_member(workspace))
    answer = client.post(reverse(route, args=[workspace.slug]) + query, data)
    assert answer.status_code == 422
    return answer.content.decode()


def tag_of(page: str, name: str) -> str:
    """The control of that name as the page has it."""
    found = re.search(rf'<(?:input|textarea|select)[^>]*\bname="{name}"[^>]*>', page)
    assert found, name
    return found[0]


def test_an_error_stands_by_its_field_which_is_in_focus_and_described_by_it(workspace: Workspace) -> None:
    page = sent(workspace, "persona_new", {"name": "Baker", "words": ""})
    name, words = tag_of(page, "name"), tag_of(page, "words")
    assert "autofocus" in words and 'aria-invalid="true"' in words
    described = re.search(r'aria-describedby="([^"]+)"', words)
    assert described and described[1].split() == ["id_words_helptext", "id_words_error"]
    assert '<span class="error" id="id_words_error" data-error>Fill this in.</span>' in page
    assert 'value="Baker"' in name and "autofocus" not in name and "aria-invalid" not in name
    assert page.count("autofocus") == 1


def test_of_several_errors_the_first_has_the_focus_and_what_was_typed_stays(workspace: Workspace) -> None:
    page = sent(workspace, "crawl_new", {"url": "", "pages": "many", "depth": "3"})
    assert "autofocus" in tag_of(page, "url") and "autofocus" not in tag_of(page, "pages")
    assert 'value="many"' in tag_of(page, "pages") and 'value="3"' in tag_of(page, "depth")


def test_a_group_of_boxes_takes_focus_and_description_as_a_whole(workspace: Workspace) -> None:
    brand = make_brand(workspace, kind="own")
    data = {"name": "Ups and downs", "brand": brand.pk, "days": 7, "percent": 0}
    page = sent(workspace, "alert_rule_new", data, "?kind=change")
    group = re.search(r"<fieldset[^>]*autofocus[^>]*>", page)
    assert group and 'aria-describedby="id_watches_error"' in group[0] and 'tabindex="-1"' in group[0]
    assert page.count("autofocus") == 1
    assert 'value="Ups and downs"' in tag_of(page, "name")


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"login": "me", "password": "x"}, "login", "Write an e-mail address, such as name@example.com."),
        ({"login": "me@example.com", "password": ""}, "password", "Fill this in."),
        ({"login": "me@example.com", "password": "wrong"}, "", "This address and password do not go together."),
    ],
)
def test_signing_in_says_what_to_do_as_all_other_forms_do(
    db: None, data: dict[str, str], field: str, said: str
) -> None:
    page = Client().post(reverse("account_login"), data).content.decode()
    assert said in page and "This field is required" not in page
    if field:
        assert "autofocus" in tag_of(page, field)
        assert f'id="id_{field}_error" data-error>{said}' in page


@pytest.mark.parametrize(
    "name",
    [
        "account_inactive",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_email_verification_sent",
    ],
)
def test_pages_of_the_way_in_lead_back_to_signing_in_and_repeat_no_label(db: None, name: str) -> None:
    page = Client().get(reverse(name)).content.decode()
    assert f'href="{reverse("account_login")}' in page
    assert "placeholder" not in page and not re.search(r"\bemail (us|address)|contact us", page, re.IGNORECASE)


def test_mail_to_an_address_without_account_invites_nobody_to_sign_up(db: None, mailoutbox: list[Any]) -> None:
    Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    (mail,) = mailoutbox
    assert "no account in Citescope has this address" in mail.body and "signup" not in mail.body
