"""What providers' errors mean, line by line of the table, in the forms each of them uses; and when to come back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference.answer import AssistantError, RawBody
from inference.assistants.openai_compatible import OpenAICompatible

READER = OpenAICompatible.__new__(OpenAICompatible)


def error_of(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> AssistantError:
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    with pytest.raises(AssistantError) as caught:
        READER.parse(RawBody(content, status, headers or {}))
    return caught.value


def openai(message: str, code: Any = None, kind: Any = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def google(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


def reason(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": name, "domain": "googleapis.com"}


BAD = "invalid_request"
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}
QUOTA_WORDS = "You exceeded your current quota, see your plan."

#: (body, HTTP status, kind): each is read with its status; those of `ALONE` also without
ALONE: list[tuple[Any, int, str]] = [
    # a content policy stopped the prompt
    (openai("The prompt set off a filter.", "content_filter"), 400, "blocked"),
    ({"error": {"code": "x", "message": "No", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, 400, "blocked"),
    (openai("Rejected by our safety system.", "moderation_blocked"), 400, "blocked"),
    (openai("Your prompt was flagged.", "invalid_prompt"), 400, "blocked"),
    (anthropic("invalid_request_error", "Output blocked by content filtering policy"), 400, "blocked"),
    (openai("Content Exists Risk", "invalid_request_error"), 400, "blocked"),
    ({"detail": "Content Exists Risk"}, 400, "blocked"),
    ({"code": "Forbidden", "error": "Content violates usage guidelines. Team: t"}, 403, "blocked"),
    ({"error": {"code": 403, "message": "The model requires moderation and your input was flagged"}}, 403, "blocked"),
    # money or plan is used up
    (openai(QUOTA_WORDS, "insufficient_quota", "insufficient_quota"), 429, "quota"),
    (openai("Your account is not active, please check your billing.", "billing_not_active"), 429, "quota"),
    (openai("Billing hard limit has been reached", "billing_hard_limit_reached"), 400, "quota"),
    (anthropic("billing_error", "Pay first."), 402, "quota"),
    (anthropic("invalid_request_error", "Your credit balance is too low to use this."), 400, "quota"),
    (anthropic("invalid_request_error", "You have reached your specified API usage limits."), 400, "quota"),
    (openai("Insufficient Balance", "invalid_request_error", "unknown_error"), 402, "quota"),
    ({"code": "exhausted", "error": "The team has used all available credits or met a spending limit."}, 429, "quota"),
    ({"code": "denied", "error": "Your new team doesn't have any credits or licenses yet."}, 403, "quota"),
    ({"code": "denied", "error": "You have run out of credits."}, 403, "quota"),
    ({"error": {"code": 402, "message": "This asks for more than is left."}}, 402, "quota"),
    ({"message": "This trial key is limited to 1000 API calls / month."}, 429, "quota"),
    ({"meta": {}, "data": None, "error": [{"code": 101, "msg": "Insufficient credit to do this."}]}, 400, "quota"),
    ({"error": "Your account has run out of searches."}, 429, "quota"),
    (google(429, "RESOURCE_EXHAUSTED", QUOTA_WORDS), 429, "quota"),
    # a bad key
    (openai("Incorrect API key provided: sk-***.", "invalid_api_key"), 401, "auth"),
    (openai("Authentication Fails (no such user)", "invalid_request_error", "authentication_error"), 401, "auth"),
    ({"error": {"code": "401", "message": "Access denied due to an invalid subscription key."}}, 401, "auth"),
    ({"statusCode": 401, "message": "Access token is missing, invalid or expired."}, 401, "auth"),
    ({"code": "invalid-argument", "error": "Incorrect API key provided."}, 400, "auth"),
    ({"code": "The caller lacks the right", "error": "Permission denied for this team."}, 403, "auth"),
    ({"error": {"message": "No auth credentials found", "code": 401}}, 401, "auth"),
    ({"error": {"message": "Invalid API Key", "type": "invalid_request", "code": "invalid_api_key"}}, 401, "auth"),
    ({"error": {"message": "Invalid API key provided.", "type": "invalid_api_key", "code": 401}}, 401, "auth"),
    (anthropic("authentication_error", "invalid x-api-key"), 401, "auth"),
    (anthropic("permission_error", "This key may not use this."), 403, "auth"),
    (google(400, "INVALID_ARGUMENT", "Pass another key.", reason("API_KEY_INVALID")), 400, "auth"),
    (google(400, "INVALID_ARGUMENT", "API key not valid. Pass a valid one."), 400, "auth"),
    (google(400, "INVALID_ARGUMENT", "API key expired. Renew it."), 400, "auth"),
    (google(403, "PERMISSION_DENIED", "This was switched off for the project."), 403, "auth"),
    ([google(401, "UNAUTHENTICATED", "Expected an OAuth token.")], 401, "auth"),
    ({"message": "The security token included in the request is expired"}, 403, "auth"),
    ({"__type": "com.amazon.coral.service#UnrecognizedClientException", "message": "Who?"}, 403, "auth"),
    ({"message": "Unauthorized", "request_id": "r"}, 401, "auth"),
    ({"detail": "Unauthorized"}, 401, "auth"),
    ({"id": "i", "message": "invalid api token"}, 401, "auth"),
    ({"message": "no api key supplied"}, 401, "auth"),
    ({"meta": {}, "data": None, "error": [{"code": 2, "msg": "Unauthorized", "ref": None}]}, 401, "auth"),
    ({"error": "Invalid API key. Yours is shown under your account."}, 401, "auth"),
    # too many at once
    (openai("Rate limit reached for requests", "rate_limit_exceeded", "requests"), 429, "rate_limited"),
    ({"error": {"code": "429", "message": "Requests exceeded the call rate limit of this tier."}}, 429, "rate_limited"),
    ({"code": "exhausted", "error": "Too many requests for this team."}, 429, "rate_limited"),
    ({"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "busy"}}}, 429, "rate_limited"),
    (anthropic("rate_limit_error", "This would exceed the tokens of this minute."), 429, "rate_limited"),
    (google(429, "RESOURCE_EXHAUSTED", QUOTA_WORDS, RETRY), 429, "rate_limited"),
    (google(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Come back."), 429, "rate_limited"),
    ({"object": "error", "message": "Slow", "type": "rate_limited", "code": "1300"}, 429, "rate_limited"),
    ({"object": "error", "message": "Slow", "type": "x", "code": "1300", "raw_status_code": 429}, 429, "rate_limited"),
    ({"message": "Requests rate limit exceeded"}, 429, "rate_limited"),
    ({"__type": "ThrottlingException", "message": "Too many tokens per day, wait."}, 429, "rate_limited"),
    # the provider's own trouble
    (openai("The server had an error.", None, "server_error"), 500, "server"),
    (openai("The engine is currently overloaded.", None, "overloaded_error"), 503, "server"),
    (anthropic("overloaded_error", "Overloaded"), 529, "server"),
    (anthropic("api_error", "Internal server error"), 500, "server"),
    (anthropic("timeout_error", "It took too long here."), 504, "server"),
    (google(503, "UNAVAILABLE", "The model is overloaded."), 503, "server"),
    (google(500, "INTERNAL", "Something broke."), 500, "server"),
    (google(504, "DEADLINE_EXCEEDED", "Not done in time."), 504, "server"),
    ({"error": {"code": 502, "message": "The provider answered with nonsense."}}, 502, "server"),
    ({"error": {"code": 408, "message": "Took too long."}}, 408, "server"),
    ({"__type": "InternalServerException", "message": "Something broke."}, 500, "server"),
    # the request itself
    (openai("The model `x` does not exist.", "model_not_found"), 404, "invalid_request"),
    (openai("This model's maximum context length is 8 tokens.", "context_length_exceeded"), 400, "invalid_request"),
    (openai("Invalid 'temperature'.", "decimal_above_max_value"), 400, "invalid_request"),
    ({"error": {"code": "DeploymentNotFound", "message": "There is none of this name."}}, 404, "invalid_request"),
    (openai("Tool calls failed to match.", "tool_use_failed"), 400, "invalid_request"),
    ({"error": {"message": "max_tokens must be positive", "type": "invalid_max_tokens", "code": 400}}, 400, BAD),
    (anthropic("not_found_error", "model: x"), 404, "invalid_request"),
    (anthropic("request_too_large", "Too much."), 413, "invalid_request"),
    (google(404, "NOT_FOUND", "models/x is unknown."), 404, "invalid_request"),
    (google(400, "FAILED_PRECONDITION", "Not from where you are."), 400, "invalid_request"),
    ({"object": "error", "message": "Bad.", "type": "BadRequestError", "code": 400}, 400, "invalid_request"),
    ({"detail": [{"loc": ["body", "n"], "msg": "field required", "type": "value_error.missing"}]}, 422, BAD),
    ({"detail": "Not Found"}, 404, "invalid_request"),
    ({"message": "model 'x' not found, make sure the right one is used"}, 404, "invalid_request"),
    ({"__type": "ValidationException", "message": "The given model id is wrong."}, 400, "invalid_request"),
    ({"error": "model 'x' not found"}, 404, "invalid_request"),
]  # fmt: skip

#: Bodies that say too little by themselves: their status tells.
WITH_STATUS: list[tuple[Any, int, str]] = [
    (b"", 500, "server"),
    (b"", 429, "rate_limited"),
    (b"", 401, "auth"),
    (b"", 403, "auth"),
    (b"", 402, "quota"),
    (b"", 404, "invalid_request"),
    (b"", 408, "server"),
    (b"", 413, "invalid_request"),
    (b"", 529, "server"),
    (b"<html><head><title>401 Authorization Required</title></head><body>nginx</body></html>", 401, "auth"),
    (b"<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>", 502, "server"),
    (b"upstream connect error", 503, "server"),
    (b"[]", 400, "invalid_request"),
    (b"null", 500, "server"),
    (b'{"choices":[{"message":{"content":"fine"}}]}', 500, "server"),
    (openai("Request too large: tokens per minute.", "rate_limit_exceeded", "tokens"), 413, "invalid_request"),
    ({"message": "Model failed."}, 424, "invalid_request"),
    ({"error": {"message": "?", "type": "api_error"}}, 400, "server"),
    ({"error": {"code": 429, "message": "Said inside."}}, 400, "invalid_request"),
    ({"Message": "User is not allowed to do this."}, 403, "auth"),
    ({"fault": {"faultstring": "Rate"}}, 429, "rate_limited"),
]


@pytest.mark.parametrize(("body", "status", "kind"), ALONE + WITH_STATUS)
def test_an_error_with_its_status_is_of_its_kind(body: Any, status: int, kind: str) -> None:
    error = error_of(body, status)
    assert error.kind == kind
    assert error.permanent == (kind in {"blocked", "quota", "auth", "invalid_request"})
    assert error.message


@pytest.mark.parametrize(("body", "status", "kind"), ALONE)
def test_an_error_without_its_status_says_enough(body: Any, status: int, kind: str) -> None:
    assert error_of(body).kind == kind


@pytest.mark.parametrize(("body", "status", "kind"), ALONE)
def test_an_error_in_a_stream_is_the_same(body: Any, status: int, kind: str) -> None:
    inner = body[0] if isinstance(body, list) else body
    assert error_of(f"event: error\ndata: {json.dumps(inner)}\n\n").kind == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/", "rate_limited"),
        ("com.amazon.coral.service#AccessDeniedException", "auth"),
        ("ServiceQuotaExceededException", "quota"),
        ("ValidationException", "invalid_request"),
        ("ModelTimeoutException", "server"),
    ],
)
def test_bedrock_names_its_error_in_a_header(name: str, kind: str) -> None:
    assert error_of({"message": "?"}, headers={"X-Amzn-ErrorType": name}).kind == kind


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        ("event: error\ndata: upstream hung up, internal error\n\n", "server", "upstream hung up, internal error"),
        ('event: error\ndata: {"type":"overloaded_error","message":"Busy."}\n\n', "server", "Busy."),
        ('data: {"type":"conversation.response.error","message":"Slow.","code":429}\n\n', "rate_limited", "Slow."),
        ('data: {"type":"error","code":"server_error","message":"Oh."}\n\n', "server", "Oh."),
        ('data: {"choices":[],"error":{"code":502,"message":"Gone."}}\n\n', "server", "Gone."),
    ],
)
def test_an_error_event_is_known_in_every_form(stream: str, kind: str, words: str) -> None:
    error = error_of(stream)
    assert (error.kind, error.message) == (kind, words)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"true", b"[]", b"{}", b"Hello.", b"<html></html>", b"\xff\xfe\x00", b'{"a":1}', b"{", b"data: x"],
)
def test_what_is_no_answer_under_a_good_status_is_malformed(body: bytes) -> None:
    error = error_of(body)
    assert (error.kind, error.permanent) == ("malformed", False)


def test_the_message_is_the_provider_s_own() -> None:
    assert error_of(openai("Just so.", "x"), 400).message == "Just so."
    assert error_of({"detail": [{"msg": "one"}, {"msg": "two"}]}, 422).message == "one; two"
    assert error_of(b"<title>t</title><style>a{}</style><h1>Bad  Gateway</h1>", 502).message == "t Bad Gateway"
    assert error_of(b"", 503).message == "The service answered with status 503 and no message."
    assert len(error_of(b"x" * 1_000_000, 500).message) <= 2000


DATE = {"Date": "Wed, 19 Aug 2026 14:00:00 GMT"}
EPOCH = 1787148000  # the same moment


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Wed, 19 Aug 2026 14:01:30 GMT", **DATE}, 90.0),
        ({"Retry-After": "Wed, 19 Aug 2026 13:00:00 GMT", **DATE}, 0.0),
        ({"Retry-After-Ms": "2500"}, 2.5),
        ({"Retry-After": "1", "retry-after-ms": "2500"}, 2.5),
        ({"Retry-After": "4", "retry-after-ms": "2500"}, 4.0),
        ({"Retry-After": "2", "x-ratelimit-reset": "60"}, 2.0),
        ({"x-ratelimit-reset": "1m30s"}, 90.0),
        ({"x-ratelimit-reset": "1h0m0.5s"}, 3600.5),
        ({"x-ratelimit-reset": "250ms"}, 0.25),
        ({"x-ratelimit-reset": "33.119s"}, 33.119),
        ({"x-ratelimit-reset": "45"}, 45.0),
        ({"x-ratelimit-reset": str(EPOCH + 20), **DATE}, 20.0),
        ({"X-RateLimit-Reset": str((EPOCH + 20) * 1000), **DATE}, 20.0),
        ({"x-ratelimit-reset": str(EPOCH - 20), **DATE}, 0.0),
        ({"x-ratelimit-reset-requests": "12ms", "x-ratelimit-reset-tokens": "33.119s"}, 33.119),
        (
            {
                "x-ratelimit-reset-requests": "50s",
                "x-ratelimit-remaining-requests": "9",
                "x-ratelimit-reset-tokens": "3s",
                "x-ratelimit-remaining-tokens": "0",
            },
            3.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"x-ratelimit-reset": "inf"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back(headers: dict[str, str], wait: float | None) -> None:
    error = error_of(openai("Slow down.", "rate_limit_exceeded"), 429, headers)
    assert (error.kind, error.retry_after) == ("rate_limited", wait)


def test_a_reset_is_no_wait_for_what_is_no_429() -> None:
    headers = {"x-ratelimit-reset": "60"}
    assert error_of(openai("Broken."), 500, headers).retry_after is None
    assert error_of(openai("Broken."), 500, {"Retry-After": "5", **headers}).retry_after == 5.0


def test_the_longest_of_all_waits_counts() -> None:
    body = google(429, "RESOURCE_EXHAUSTED", QUOTA_WORDS, RETRY)
    assert error_of(body, 429, {"Retry-After": "3"}).retry_after == 17.5
    assert error_of(body, 429, {"Retry-After": "30"}).retry_after == 30.0


def test_openrouter_tells_in_the_body_what_the_provider_s_headers_said() -> None:
    inner = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((EPOCH + 8) * 1000)}
    body = {"error": {"code": 429, "message": "Rate limit exceeded: per day", "metadata": {"headers": inner}}}
    assert error_of(body, 429, DATE).retry_after == 8.0
    assert error_of(body, 200, DATE).retry_after == 8.0
