"""Which of two dialects a server answers in.

Some servers listen at Ollama's address and answer there as OpenAI does: llama.cpp's gives
``/api/chat`` to the handler of its chat completions (``tools/server/server.cpp``). A chat
completion has ``choices``, a line of Ollama's never.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamkit.adapter import Decoder, Frame, parse_json
from streamkit.chunks import Chunk


class EitherDecoder(Decoder):
    """Reads with ``lines``, or with ``completions`` if such a frame comes first."""

    def __init__(self, lines: Decoder, completions: Decoder) -> None:
        self._chosen = lines
        self._completions = completions
        self._sure = False

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        if not self._sure:
            self._choose(frame)
        return self._chosen.feed(frame)

    def close(self) -> Sequence[Chunk]:
        return self._chosen.close()

    def _choose(self, frame: Frame) -> None:
        try:
            body = parse_json(frame.data)
        except (ValueError, RecursionError):
            return
        if isinstance(body, dict):
            if "choices" in body:
                self._chosen = self._completions
            self._sure = not body.keys().isdisjoint({"choices", "message", "done"})
