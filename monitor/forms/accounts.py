"""allauth's forms with this product's manners: plain sentences for errors, and the first bad field in focus.

Only their words differ. What is checked, and what follows, stays allauth's.
"""

from __future__ import annotations

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp

from monitor.forms.base import Form


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
