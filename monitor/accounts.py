"""How people get in: allauth with e-mail addresses, sign-up only where the operator opened it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from monitor import environment

#: What pages say after an act, by the name of allauth's own text.
_SAID = {
    "account/messages/cannot_delete_primary_email.txt": "{email} is your primary address. Make another primary first.",
    "account/messages/email_confirmation_failed.txt": "Another account has confirmed {email} already.",
    "account/messages/email_confirmation_sent.txt": "A link to confirm the address was sent to {email}.",
    "account/messages/email_confirmed.txt": "{email} is confirmed.",
    "account/messages/email_deleted.txt": "{email} is removed.",
    "account/messages/logged_in.txt": "You are signed in.",
    "account/messages/logged_out.txt": "You are signed out.",
    "account/messages/password_changed.txt": "Your password is changed.",
    "account/messages/password_set.txt": "Your password is set.",
    "account/messages/primary_email_set.txt": "The primary address is changed.",
    "account/messages/unverified_primary_email.txt": "Confirm this address first; then it can be the primary one.",
    "mfa/messages/recovery_codes_generated.txt": "There are new recovery codes. Earlier ones no longer count.",
    "mfa/messages/totp_activated.txt": "Two-factor sign-in is on. Keep the recovery codes where you will find them.",
    "mfa/messages/totp_deactivated.txt": "Two-factor sign-in is off.",
}
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

    def add_message(
        self,
        request: Any,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if said := _SAID.get(message_template or ""):
            message = said.format(**(message_context or {}))
        super().add_message(request, level, message_template, message_context, extra_tags, message)

    def is_open_for_signup(self, request: Any) -> bool:
        return bool(environment.get("SIGN_UP"))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": _WRONG_CODE}
