"""The one error tree: each leaf says who acts.

    GuideError(code, params, detail)
    |- Rejected       the rules said no: tell the user; the mutation is consumed
    |- Refused        content we do not trust: keep the old, report
    |- Unavailable    network or server: keep queued, back off with jitter
    |- Unauthorized   sign in again, or wipe
    |- LocalFault     this device: stop writing, keep the outbox readable
    `- ProtocolFault  the two sides disagree: update, or resync

`code` is a key of the error catalogues (one sentence in each language), `params` fills it,
`detail` is plain English for developers and logs and never holds a personal value.
"""

from __future__ import annotations

from collections.abc import Mapping

Param = str | int


class GuideError(Exception):
    """Root of every error that may reach a user; rendered from `code` and `params`."""

    def __init__(self, code: str, detail: str = "", *, params: Mapping[str, Param] | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.params: dict[str, Param] = dict(params or {})


class Rejected(GuideError):
    """A business rule said no; trying again without a change cannot help."""


class Refused(GuideError):
    """Content from outside is not trusted or not well formed; the old one stays."""


class Unavailable(GuideError):
    """Network or server failed; what was to be sent stays queued."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        params: Mapping[str, Param] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, detail, params=params)
        self.retry_after_s = retry_after_s


class Unauthorized(GuideError):
    """The session ended (`session_expired`) or the device was revoked (`device_revoked`)."""


class LocalFault(GuideError):
    """This device cannot store or read: disk full, key lost, damaged file."""


class ProtocolFault(GuideError):
    """Client and server disagree about versions, ids or sums."""
