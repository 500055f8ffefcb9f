"""Which pages the browser visits: every named URL that can be opened, over a filled workspace and an empty one.

The shots and the accessibility test walk the same list. A new route joins it by being there, or fails loudly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import is_mfa_enabled
from django.urls import reverse

from monitor.models import User, Workspace
from tests.world import PARTS, Route, World, routes

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: Named URLs that are no page, with what they are.
NO_PAGE = {
    "health": "plain text for supervisors",
    "report_download": "a file",
    "review_labels": "a file",
    "saved_report_preview": "a file",
    "report_file": "a file",
    "ask_stream": "a stream of events",
    "mfa_download_recovery_codes": "a file",
    **dict.fromkeys(PARTS, "a part of a page, which its address leads to"),
}
#: Pages of the way in, opened by people who are not signed in.
ENTRANCE = {
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_trust",
}
#: Pages about a second factor that the visitor must have; walked last.
TWO_FACTOR = {"mfa_deactivate_totp", "mfa_view_recovery_codes"}
#: The windows that pages are looked at in.
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
#: What axe calls what nobody may find.
SERIOUS = {"serious", "critical"}


@dataclass(frozen=True)
class Stop:
    """A page to visit. `state` is filled, empty, account for pages outside workspaces, or a page's own."""

    name: str
    url: str
    state: str
    signed_in: bool


def can_be_opened(route: Route) -> bool:
    """Whether a GET of the route gives a page."""
    if route.name in NO_PAGE:
        return False
    return route.rule is None or route.rule.kind != "workspace" or route.rule.read is not None


def stops(filled: World, empty: Workspace, invited: User) -> list[Stop]:
    """The walk. `invited` is a person whose first password a link may set."""
    return sorted(_stops(filled, empty, invited), key=lambda stop: stop.name in TWO_FACTOR)


def enable_two_factor(user: User) -> None:
    """A second factor for somebody who is signed in already."""
    if not is_mfa_enabled(user):
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        RecoveryCodes.activate(user)


def disable_two_factor(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()


def _stops(filled: World, empty: Workspace, invited: User) -> Iterator[Stop]:
    for route in routes():
        if not can_be_opened(route):
            continue
        if route.name == "ask":
            for state, response in (("answered", filled.asked), ("broken-off", filled.broken_off)):
                yield Stop(route.name, f"{filled.url(route)}?answer={response.pk}", state, True)
        if route.name == "job":
            yield Stop(route.name, reverse("job", args=[filled.workspace.slug, filled.crawl.pk]), "crawled", True)
        if "workspace" in route.arguments:
            yield Stop(route.name, filled.url(route), "filled", True)
            if not route.needs_object:
                yield Stop(route.name, reverse(route.name, args=[empty.slug]), "empty", True)
        elif route.is_ours:
            yield Stop(route.name, filled.url(route), "account", True)
        else:
            url = reverse(route.name, kwargs=_arguments(route, invited))
            yield Stop(route.name, url, "account", route.name not in ENTRANCE)


def _arguments(route: Route, invited: User) -> dict[str, Any]:
    if route.name == "account_reset_password_from_key":
        return {"uidb36": user_pk_to_url_str(invited), "key": default_token_generator.make_token(invited)}
    if route.name == "account_confirm_email":
        return {"key": "an-old-link"}
    if route.arguments:
        raise LookupError(f"tests/browser/walk.py does not know what {route.name} is about.")
    return {}


def sign_in(page: Any, base: str, email: str, password: str) -> None:
    """Through the form, as people do."""
    page.goto(f"{base}{reverse('account_login')}")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def axe_violations(page: Any, options: dict[str, Any] | None = None) -> list[str]:
    """What is serious or critical for axe, which is loaded into a page once."""
    from axe_playwright_python.sync_playwright import Axe

    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    # without a list of all that is well, which takes most of its time
    options = {"resultTypes": ["violations"], **(options or {})}
    violations = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in violations if item["impact"] in SERIOUS]
