"""Bytes of a response body → `Frame`s: incremental, linear in the bytes, bounded, without I/O.

One framer reads one body, from its first byte. Where the reads of the network happen to fall makes
no difference to the frames.
"""

from __future__ import annotations

from typing import Protocol

from streamkit.adapter import Frame, Framing


class Framer(Protocol):
    """Cuts one body into frames."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by the next bytes of the body, in order.

        Raises:
            ProtocolError: a frame is longer than the limit. Frames before it are returned first;
                from then on every call raises.
        """

    def end(self) -> Frame | None:
        """The body has ended: what was left without its terminator, as a frame, or None.

        Whether such a frame may be believed is not for the framing to say: it may have been cut.

        Raises:
            ProtocolError: as `feed`.
        """


def framer(framing: Framing, *, max_bytes: int = 64 * 2**20) -> Framer:
    """A framer for one body. ``max_bytes`` bounds one frame, and so what is ever held back."""
    match framing:
        case "sse":
            from streamkit._framing.sse import ServerSentEvents

            return ServerSentEvents(max_bytes)
        case "jsonl":
            from streamkit._framing.jsonl import JsonLines

            return JsonLines(max_bytes)
        case "json-array":
            from streamkit._framing.json_array import JsonArray

            return JsonArray(max_bytes)
        case "aws-event-stream":
            from streamkit._framing.aws_event_stream import AwsEventStream

            return AwsEventStream(max_bytes)
    raise ValueError(f"unknown framing: {framing!r}")
