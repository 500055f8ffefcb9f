"""allauth's forms with this product's manners: plain words for fields and errors, and the first bad field in focus.

Only their words differ. What is checked, and what follows, stays allauth's.
"""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp

from monitor.forms import base

_NEW_PASSWORD = "At least ten characters; neither a common password nor close to your address."  # noqa: S105
#: Labels by the field's name; allauth writes them like titles.
_LABELS = {
    "code": "Code",
    "email": "E-mail address",
    "login": "E-mail address",
    "oldpassword": "Current password",
    "password": "Password",
    "password1": "New password",
    "password2": "New password again",
}


class Form(base.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)  # it says the label once more
            if name == "password1":
                field.help_text = _NEW_PASSWORD


class LoginForm(Form, account.LoginForm):  # type: ignore[misc]
    pass


class SignupForm(Form, account.SignupForm):  # type: ignore[misc]
    pass


class AddEmailForm(Form, account.AddEmailForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(Form, account.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(Form, account.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(Form, account.ResetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(Form, account.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(Form, account.ReauthenticateForm):  # type: ignore[misc]
    pass


class CodeForm(Form, second_factor.AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(Form, second_factor.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTOTPForm(Form, totp.ActivateTOTPForm):  # type: ignore[misc]
    pass
