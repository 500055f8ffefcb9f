"""How people get in: allauth with e-mail addresses, sign-up only where the operator opened it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from monitor import environment

_WRONG_CODE = "This code is not right. Codes change every half minute: write the one shown now, or a recovery code."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is switched off. Ask whoever runs this server.",
        "duplicate_email": "This account has this address already.",
        "email_password_mismatch": "This address and password do not go together. Check both, or set a new password.",
        "email_taken": "There is an account with this address already. Sign in to it, or set a new password.",
        "enter_current_password": "This is not your password of now. Write it again.",
        "incorrect_code": _WRONG_CODE,
        "incorrect_password": "This is not your password. Write it again.",
        "max_email_addresses": "An account has %d addresses at most. Remove one first.",
        "rate_limited": "Too many tries in a short time. Wait a minute, then try again.",
        "too_many_login_attempts": "Too many tries in a short time. Wait five minutes, then try again.",
        "unknown_email": "No account has this address. Check how it is written.",
    }

    def is_open_for_signup(self, request: Any) -> bool:
        return bool(environment.get("SIGN_UP"))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": _WRONG_CODE}
