"""Errors on the wire: RFC 9457 problem+json with `code` and `params`; the reader picks the language."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from app.domain.errors import GuideError, ProtocolFault, Refused, Rejected, Unauthorized, Unavailable

MEDIA_TYPE = "application/problem+json"

_STATUS_OF_CODE = {
    "wrong_pin": 401, "session_expired": 401, "device_revoked": 403, "forbidden": 403, "step_up_needed": 403,
    "not_found": 404, "not_yours": 404, "account_locked": 429, "rate_limited": 429, "body_too_large": 413,
    "body_malformed": 400,
    "bad_arguments": 422, "internal": 500,
}  # fmt: skip
_STATUS_OF_KIND: tuple[tuple[type[GuideError], int], ...] = (
    (Unauthorized, 401), (Unavailable, 503), (ProtocolFault, 409), (Rejected, 409), (Refused, 422),
)  # fmt: skip
_CODE_OF_STATUS = {
    400: "body_malformed",
    404: "not_found",
    405: "not_found",
    413: "body_too_large",
    415: "body_malformed",
}


def status_of(error: GuideError) -> int:
    """Return the HTTP status of an error: by its code first, then by its kind."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    return next((status for kind, status in _STATUS_OF_KIND if isinstance(error, kind)), 500)


def response_of(error: GuideError) -> JSONResponse:
    """Return the response of an error; a revoked device is also told to wipe."""
    headers = {}
    seconds = error.params.get("seconds", getattr(error, "retry_after_s", None))
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    extra = {"error": "DeviceRevoked", "wipe": True} if error.code == "device_revoked" else {}
    return problem(status_of(error), error.code, error.detail, dict(error.params), headers=headers, **extra)


def problem(
    status: int,
    code: str,
    detail: str = "",
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> JSONResponse:
    """Return a problem+json response; it is never cached."""
    body = {
        "type": f"urn:daogou:{code}",
        "title": code,
        "status": status,
        "code": code,
        "params": params or {},
        **extra,
    }
    if detail:
        body["detail"] = detail
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def of_status(status: int, detail: str = "") -> JSONResponse:
    """Return the problem for a bare HTTP status of the framework."""
    return problem(status, _CODE_OF_STATUS.get(status, "internal" if status >= 500 else "bad_arguments"), detail)
