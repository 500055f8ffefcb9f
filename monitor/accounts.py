"""How people get in: allauth with e-mail addresses, sign-up only where the operator opened it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

from monitor import environment


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: Any) -> bool:
        return bool(environment.get("SIGN_UP"))
