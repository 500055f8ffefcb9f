"""What a provider's error means: the one table from status, codes and words to the kinds of `AssistantError`.

Knows the forms in which providers wrap an error and when they say to come back. Does not know what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from inference.answer import AssistantError, ErrorKind, RawBody
from inference.wire import Json, Payload, items, mapping, string

#: Keys under which an answer comes; what has one of them and no `error` is no error, whatever else it says.
_ANSWERS = ("choices", "output", "content", "candidates", "steps", "outputs", "data", "promptFeedback")
_CODES = ("code", "type", "status", "reason", "__type", "error_type", "statusCode", "status_code")


def _name(code: str) -> str:
    """A code in one spelling: `com.amazon#ThrottlingException:http://...` is `throttlingexception`."""
    return _APART.sub("", code.partition(":")[0].rpartition("#")[2]).lower()


def _names(codes: str) -> frozenset[str]:
    return frozenset(map(_name, codes.split()))


_APART = re.compile(r"[\s_-]+")
_BLOCKED = _names(
    """content_filter ResponsibleAIPolicyViolation content_policy_violation image_content_policy_violation
    moderation_blocked"""
)
_QUOTA = _names(
    """insufficient_quota insufficient_user_quota insufficient_balance insufficient_credits billing_error
    billing_not_active billing_hard_limit_reached payment_required ServiceQuotaExceededException"""
)
_AUTH = _names(
    """invalid_api_key incorrect_api_key missing_api_key authentication_error invalid_authentication permission_error
    api_key_invalid unauthenticated permission_denied unauthorized forbidden account_deactivated
    UnrecognizedClientException AccessDeniedException ExpiredTokenException InvalidSignatureException
    MissingAuthenticationTokenException"""
)
_RATE = _names(
    """rate_limit_error rate_limit_exceeded rate_limited too_many_requests resource_exhausted
    service_tier_capacity_exceeded ThrottlingException TooManyRequestsException"""
)
_SERVER_NAMED = _names("overloaded_error server_error api_error")
_SERVER = _SERVER_NAMED | _names(
    """internal_server_error internal_error internal unavailable service_unavailable deadline_exceeded timeout_error
    InternalServerException ServiceUnavailableException ModelTimeoutException ModelNotReadyException
    ModelStreamErrorException"""
)
_INVALID = re.compile(r"invalid|notfound|validation|unsupported|badrequest|failedpre|toolarge|contextlength")

_SAYS_BLOCKED = re.compile(
    r"content (?:management |filtering )?polic(?:y|ies)|content[ _]filter|(?:input|prompt) was flagged"
    r"|requires moderation|violat\w+ (?:our |the )?(?:usage|content|safety) (?:guidelines|polic)|our safety system"
    r"|blocked by (?:the )?(?:guardrail|safety)|blocked (?:in|out)put|content exists risk",
    re.I,
)
_SAYS_QUOTA = re.compile(
    r"insufficient (?:balance|credits?|funds|quota)|credit balance is too low|used all (?:of )?(?:your |the )?"
    r"(?:available )?credits|spending limit|usage limits? for this (?:month|organization|workspace)"
    r"|specified api usage limits|(?:requires|buy|purchase) more credits|have any credits|calls */ *month"
    r"|monthly (?:usage )?limit|run out of (?:searches|credits)|searches for the month|check your billing",
    re.I,
)
#: Some say this also of a limit by the minute, and then when to come back.
_SAYS_CURRENT_QUOTA = re.compile(r"exceeded your current quota", re.I)
_SAYS_AUTH = re.compile(
    r"(?:incorrect|invalid|missing|expired|no) (?:x-)?api[ -]?(?:key|token)|api[ -]?key (?:is )?(?:not valid|invalid"
    r"|missing|expired)|(?:missing|no) auth(?:entication|orization)?\b|authentication (?:fail|error|header)"
    r"|unauthorized|security token included in the request",
    re.I,
)
_SAYS_FORBIDDEN = re.compile(
    r"forbidden|(?:permission|access) (?:was )?denied|not (?:have permission|authorized)", re.I
)
_SAYS_RATE = re.compile(r"rate[ -]?limit|too many requests|resource (?:has been )?exhausted", re.I)
_SAYS_SERVER = re.compile(
    r"overloaded|internal (?:server )?error|temporarily unavailable|timed out|try again later", re.I
)
_SAYS_INVALID = re.compile(
    r"not found|does not exist|not supported|unsupported|too (?:long|large)|maximum context|context (?:length|window)"
    r"|invalid|required|must (?:be|have)|not allowed|unknown (?:model|parameter|field)",
    re.I,
)

#: `error`, `conversation.response.error`, and `invalid_request_error` where an error comes without a wrapping.
_ERROR_TYPE = re.compile(r"(?:^|[._])error$")
_TAG = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^<>]*>", re.I | re.S)
_DURATION = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m(?!s))?(?:(?P<s>[\d.]+)s)?(?:(?P<ms>[\d.]+)ms)?")
#: A number of seconds above this is a moment, not a time to wait; above its thousandfold, one in milliseconds.
_EPOCH = 1_000_000_000
_LONGEST_MESSAGE = 2000


def check(payload: Payload, body: RawBody) -> None:
    """Raises AssistantError for a body that is an error, by its status or by what it says."""
    found = _error_object(payload)
    if found is None and body.status < 400:
        return
    said = found if found is not None else payload.document or {}
    raise _error(said, body)


def failure(error: Any) -> AssistantError:
    """An error object that stands inside an answer of a successful status."""
    return _error({"error": error}, RawBody(b""))


def _error(said: Json, body: RawBody) -> AssistantError:
    codes = set(_codes(said))
    named = string(_header(body.headers, "x-amzn-errortype"))
    if named:
        codes.add(_name(named))
    message = _message(said) or _plain(body) or f"The service answered with status {body.status} and no message."
    status = body.status if body.status >= 400 else next(_numbers(said), None)
    hint = _time_to_wait(said, body.headers)
    kind = _kind(status, codes, message, told_when=hint is not None)
    if hint is None and (status == 429 or (status is None and kind == "rate_limited")):
        hint = _reset(said, body.headers)
    return AssistantError(kind, message[:_LONGEST_MESSAGE], retry_after=hint)


def _kind(status: int | None, codes: set[str], message: str, *, told_when: bool) -> ErrorKind:
    """The first line of the table that fits; what the error says of itself stands in where there is no status."""
    if codes & _BLOCKED or _SAYS_BLOCKED.search(message):
        return "blocked"
    spent = _SAYS_QUOTA.search(message) or (not told_when and _SAYS_CURRENT_QUOTA.search(message))
    if status == 402 or codes & _QUOTA or spent:
        return "quota"
    if status in {401, 403} or codes & _AUTH or _SAYS_AUTH.search(message):
        return "auth"
    if status is None and _SAYS_FORBIDDEN.search(message):
        return "auth"
    if status == 429 or (status is None and (codes & _RATE or _SAYS_RATE.search(message))):
        return "rate_limited"
    if codes & _SERVER_NAMED or status == 408 or (status or 0) >= 500:
        return "server"
    if status is not None:
        return "invalid_request"
    if codes & _SERVER or _SAYS_SERVER.search(message):
        return "server"
    return "invalid_request" if any(map(_INVALID.search, codes)) or _SAYS_INVALID.search(message) else "malformed"


def _error_object(payload: Payload) -> Json | None:
    """What holds the error in a body that is one."""
    if payload.document is not None:
        return payload.document if _is_error(payload.document) else None
    for event in payload.events:
        if event.get("type") == "response.failed":
            return mapping(event.get("response"))
        if _is_error(event):
            return event
    return None


def _is_error(row: Json) -> bool:
    if row.get("error"):
        return True
    if row.get("object") == "error" or _ERROR_TYPE.search(string(row.get("type"))):
        return True
    if row.get("object") == "response" and row.get("status") == "failed":
        return True
    # An object without a type of its own that only talks: {"message"}, {"detail"}. A `message` object is an answer.
    return not any(key in row for key in (*_ANSWERS, "type", "object")) and bool(
        string(row.get("message")) or any(row.get(key) for key in ("detail", "errors", "msg", "Message"))
    )


def _objects(said: Json) -> Iterator[Json]:
    """The error object and those it wraps, outermost first."""
    yield said
    for key in ("error", "innererror", "inner_error", "details", "detail", "errors", "metadata", "response"):
        inner = said.get(key)
        for row in items(inner) if isinstance(inner, list) else [mapping(inner)]:
            if row:
                yield from _objects(row)


def _codes(said: Json) -> Iterator[str]:
    for row in _objects(said):
        for key in _CODES:
            if name := string(row.get(key)):
                yield _name(name)


def _numbers(said: Json) -> Iterator[int]:
    """HTTP statuses that the error itself states, as numbers or as text, the outermost first."""
    for row in _objects(said):
        for key in ("code", "status", "statusCode", "status_code", "raw_status_code"):
            value = row.get(key)
            number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
            if isinstance(number, int) and not isinstance(number, bool) and 400 <= number <= 599:
                yield number


def _message(said: Json) -> str:
    """The provider's own words."""
    for key in ("message", "msg", "Message", "detail", "error_description", "title"):
        if words := string(said.get(key)).strip():
            return words
    for key in ("error", "response", "detail", "errors"):
        inner = said.get(key)
        if words := string(inner).strip():
            return words
        parts = [_message(row) for row in (items(inner) if isinstance(inner, list) else [mapping(inner)]) if row]
        if words := "; ".join(filter(None, parts)):
            return words
    return ""


def _plain(body: RawBody) -> str:
    """The words of a body that is no JSON, tags aside."""
    text = body.content[: 16 * _LONGEST_MESSAGE].decode("utf-8", "replace")
    if text.lstrip()[:1] in {"{", "["}:
        return ""
    return " ".join(_TAG.sub(" ", text).split())


def _time_to_wait(said: Json, headers: Mapping[str, str]) -> float | None:
    """Seconds: the longest of what the headers and the error itself ask for."""
    waits = [
        _seconds(_header(headers, "retry-after"), headers),
        _scaled(_header(headers, "retry-after-ms"), 0.001),
        *(_duration(string(row.get("retryDelay"))) for row in _objects(said)),
    ]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _reset(said: Json, headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit is full again: of the limits that are used up, where that is told, else of all."""
    known = {name.lower(): value for name, value in headers.items()}
    for row in _objects(said):
        known |= {name.lower(): str(value) for name, value in mapping(row.get("headers")).items()}
    resets = {
        name: wait
        for name, value in known.items()
        if name.startswith("x-ratelimit-reset") and (wait := _seconds(value, known)) is not None
    }
    used_up = [
        wait for name, wait in resets.items() if known.get(name.replace("-reset", "-remaining", 1), "").strip() == "0"
    ]
    if "x-ratelimit-reset" in resets:
        return resets["x-ratelimit-reset"]
    return max(used_up or resets.values(), default=None)


def _seconds(value: str, headers: Mapping[str, str]) -> float | None:
    """Seconds from a number of them, a duration, an epoch time or a date."""
    wait = _scaled(value, 1)
    if wait is None:
        wait = _duration(value)
    if wait is None:
        moment = _moment(value)
        return None if moment is None else max((moment - _now(headers)).total_seconds(), 0.0)
    if wait >= _EPOCH:
        epoch = wait / 1000 if wait >= _EPOCH * 1000 else wait
        return max(epoch - _now(headers).timestamp(), 0.0)
    return wait


def _scaled(value: str, by: float) -> float | None:
    try:
        number = float(value) * by
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _duration(value: str) -> float | None:
    """Seconds of `1m30s`, `2h`, `48.9s` or `250ms`."""
    match = _DURATION.fullmatch(value.strip())
    if not match or not any(match.groups()):
        return None
    sizes = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    try:
        wait = sum(float(number) * sizes[unit] for unit, number in match.groupdict().items() if number)
    except ValueError:
        return None
    return wait if wait < float("inf") else None


def _now(headers: Mapping[str, str]) -> datetime:
    """When the body was sent: waits are counted from there, so that reading it again gives the same."""
    return _moment(_header(headers, "date")) or datetime.now(UTC)


def _moment(value: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")
