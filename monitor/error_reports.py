"""What an error page may show. Requests that carry secrets show no variables at all, also where DEBUG is on.

Django hides marked variables only while DEBUG is off, and only in the functions that are marked.
"""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class HidingFilter(SafeExceptionReporterFilter):
    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        """All names and no values, where the view said that everything posted to it is secret."""
        if getattr(request, "sensitive_post_parameters", None) == "__ALL__":
            return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
        return super().get_traceback_frame_variables(request, tb_frame)
