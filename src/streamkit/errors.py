"""Every error streamkit raises.

    StreamkitError
    ├── RequestError                  yours: change something, then try again
    │   ├── ConfigurationError            no key, unknown model prefix, bad base URL, bad option
    │   ├── UnsupportedError              this dialect cannot carry what the request asks for
    │   ├── AuthenticationError           401: the key is wrong
    │   ├── PermissionDeniedError         403
    │   ├── BillingError                  402, or a used-up quota
    │   ├── NotFoundError                 404: no such model or path
    │   ├── InvalidRequestError           400, 413, 415, 422 …
    │   └── ContentFilterError            the prompt was blocked
    ├── VendorError                   theirs: retryable
    │   ├── RateLimitError                429
    │   ├── OverloadedError               503, 529
    │   ├── ServerError                   500, 502 …
    │   └── VendorTimeoutError            408, 504
    ├── LineError                     the line's: nobody answered, or the answer broke off
    │   ├── ConnectError                  no connection: refused, DNS, TLS
    │   ├── ConnectionLostError           the connection broke
    │   ├── TruncatedError                the line ended cleanly, but without the end mark
    │   └── StreamTimeoutError            one of the timers of `streamkit.Timeouts` fired
    └── ProtocolError                 the adapter's: bytes that break the dialect's rules

    StreamInterrupted                 any of these, after part of the answer was shown

An error that ends a stream in mid-answer is both what broke (`TruncatedError`, `OverloadedError`,
…) and a `StreamInterrupted`, which carries a ``token`` to go on from.

Every message says what happened, after how much of the answer, and what to do next.

Attributes of every error: ``kind``, ``retryable``, ``retry_after`` (seconds), ``status`` (HTTP),
``code`` and ``request_id`` (the vendor's), ``body`` (the vendor's words), ``attempts`` (how often
it was tried), ``partial`` (the answer so far, a `ChatResponse`, or None).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from streamkit.values import FaultInfo, FaultKind

if TYPE_CHECKING:
    from streamkit.messages import ChatResponse


class StreamkitError(Exception):
    """The root. Catch a branch to act on whose fault it is; see the module's drawing."""

    kind: ClassVar[FaultKind]
    public_text: str = "The answer could not be produced."
    advice: str = ""
    retryable_by_default: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.retry_after = retry_after
        self.request_id = request_id
        self.body = body
        self.attempts = 0
        self.partial: ChatResponse | None = None

    def public(self) -> str:
        """One sentence that is safe to show to an end user: no vendor text, no prompt, no key."""
        return self.public_text

    def info(self) -> FaultInfo:
        """The error as plain data, as events carry it."""
        return FaultInfo(
            kind=self.kind,
            message=self.message,
            status=self.status,
            code=self.code,
            retryable=self.retryable,
            retry_after=self.retry_after,
            request_id=self.request_id,
        )


class StreamInterrupted(StreamkitError):
    """The answer broke off after part of it was shown, and did not go on.

    Raised as a class that is also the one of what broke last, so ``except TruncatedError`` and
    ``except VendorError`` see it too. ``__cause__`` is the error that broke the answer first.

    Attributes:
        token: JSON for ``client.resume``, in this process or another; None if nobody could go on
            with the answer, for the reason that the message tells. Holds the prompt and the
            answer; no key. Made when it is asked for, so that nothing that shows or pickles the
            error shows the prompt; None in an error that was pickled.
    """

    _token: Callable[[], str] | None = None

    @property
    def token(self) -> str | None:
        return None if self._token is None else self._token()

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "_token"}
        return _rebuilt, (type(self).__mro__[2], self.args, state)


def interrupted(error: StreamkitError) -> StreamInterrupted:
    """The same error, as one that ended a stream in mid-answer."""
    return _rebuilt(type(error), error.args, error.__dict__)


def _rebuilt(
    kind: type[StreamkitError], args: tuple[Any, ...], state: dict[str, Any]
) -> StreamInterrupted:
    both = _both(kind)
    error = both.__new__(both, *args)
    error.__dict__.update(state)
    return error


_BOTH: dict[type[StreamkitError], type[StreamInterrupted]] = {}


def _both(kind: type[StreamkitError]) -> type[StreamInterrupted]:
    if kind not in _BOTH:
        names = {"__module__": kind.__module__, "__doc__": kind.__doc__}
        _BOTH[kind] = type(kind.__name__, (StreamInterrupted, kind), names)
    return _BOTH[kind]


class RequestError(StreamkitError):
    """Yours: the same request will fail again unless you change something."""


class VendorError(StreamkitError):
    """Theirs: the vendor could not serve the request this time."""

    public_text = "The service is busy right now. Please try again in a moment."
    retryable_by_default = True


class LineError(StreamkitError):
    """The line's: no answer came, or it broke off."""

    public_text = "The connection to the service was lost. Please try again."
    retryable_by_default = True


class ConfigurationError(RequestError):
    """Something is missing or wrong before anything was sent; the message says what to set."""

    kind = "configuration"


class UnsupportedError(ConfigurationError):
    """The dialect cannot carry what was asked for; raised before anything is sent."""


class AuthenticationError(RequestError):
    """The vendor does not accept the key."""

    kind = "authentication"
    advice = "Check the API key: the vendor's environment variable, or Client(api_key=...)."


class PermissionDeniedError(RequestError):
    """The key is valid but may not do this."""

    kind = "permission"
    advice = "Check what the key's account may use."


class BillingError(RequestError):
    """No credit, or the quota is used up; waiting does not help."""

    kind = "billing"
    advice = "Check the account's credit and quota; waiting does not help."


class NotFoundError(RequestError):
    """The vendor knows no such model or path."""

    kind = "not_found"
    advice = "Check the model's name and the base URL."


class InvalidRequestError(RequestError):
    """The vendor rejects the request as it stands."""

    kind = "invalid_request"
    advice = "Change the request; sent again as it is, it fails again."


class ContentFilterError(RequestError):
    """The vendor's content filter blocked the request."""

    kind = "content_filter"
    advice = "Change the prompt; sent again as it is, it is blocked again."
    public_text = "The request was declined by the service's content filter."


class RateLimitError(VendorError):
    """Too many requests; ``retry_after`` says how many seconds to wait, if the vendor did."""

    kind = "rate_limit"
    advice = "Send fewer requests, or have the limit raised."


class OverloadedError(VendorError):
    """The vendor is overloaded."""

    kind = "overloaded"
    advice = "Try again later."


class ServerError(VendorError):
    """The vendor failed."""

    kind = "server"
    advice = "Try again later."


class VendorTimeoutError(VendorError):
    """The vendor gave up on its own work."""

    kind = "vendor_timeout"
    advice = "Try again, or ask for a shorter answer."


class ConnectError(LineError):
    """No connection could be made: refused, no such host, TLS."""

    kind = "connect"
    advice = "Check the base URL, the network and any proxy."


class ConnectionLostError(LineError):
    """The connection broke before the end mark."""

    kind = "connection_lost"
    advice = "Ask again for the whole."


class TruncatedError(LineError):
    """The body ended, without an error and without the end mark: the answer is not whole."""

    kind = "truncated"
    advice = "Ask again for the whole."
    public_text = "The answer was cut short. Please try again."


class StreamTimeoutError(LineError):
    """A timer of `streamkit.Timeouts` fired; ``timer`` is its name."""

    kind = "timeout"
    advice = "Raise the timer if the model may be that slow."
    public_text = "The service took too long to answer. Please try again."

    def __init__(self, message: str, *, timer: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.timer = timer


class ProtocolError(StreamkitError):
    """The adapter's: the vendor sent what its dialect does not allow (bad JSON, wrong type)."""

    kind = "protocol"
    advice = "Report it with a recording of the stream."
    public_text = "The service sent an answer that could not be read."


BY_KIND: dict[FaultKind, type[StreamkitError]] = {
    cls.kind: cls
    for cls in (
        ConfigurationError,
        AuthenticationError,
        PermissionDeniedError,
        BillingError,
        NotFoundError,
        InvalidRequestError,
        ContentFilterError,
        RateLimitError,
        OverloadedError,
        ServerError,
        VendorTimeoutError,
        ConnectError,
        ConnectionLostError,
        TruncatedError,
        StreamTimeoutError,
        ProtocolError,
    )
}
