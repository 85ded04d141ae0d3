"""A vendor on this machine that speaks both dialects and always says the same.

It calls the first tool it is offered, for Oslo; answers a tool's result with that result; and says
"Blue." to everything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ARGUMENTS = '{"city": "Oslo"}'


@contextmanager
def scripted_vendor() -> Iterator[str]:
    """Serves while the block runs; gives the URL without a path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        speak = {"/v1/chat/completions": _openai, "/v1/messages": _anthropic}[self.path]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for event, data in speak(asked):
            name = f"event: {event}\n" if event else ""
            text = data if isinstance(data, str) else json.dumps(data)
            self.wfile.write(f"{name}data: {text}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        pass


def _tool_result(message: dict[str, Any]) -> str | None:
    if message["role"] == "tool":
        return str(message["content"])
    for part in message["content"] if isinstance(message["content"], list) else ():
        if part["type"] == "tool_result":
            return str(part["content"])
    return None


def _openai(asked: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    result = _tool_result(asked["messages"][-1])
    if asked.get("tools") and result is None:
        name = asked["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": ARGUMENTS}
        calls = [{"index": 0, "id": "call_1", "type": "function", "function": function}]
        yield "", _choice({"role": "assistant", "tool_calls": calls})
        yield "", _choice({}, "tool_calls")
    else:
        yield (
            "",
            _choice({"role": "assistant", "content": f"Yes: {result}." if result else "Blue."}),
        )
        yield "", _choice({}, "stop")
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    yield "", {"id": "c1", "model": asked["model"], "choices": [], "usage": usage}
    yield "", "[DONE]"


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _anthropic(asked: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    result = _tool_result(asked["messages"][-1])
    message = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": asked["model"],
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    }
    if asked.get("tools") and result is None:
        name = asked["tools"][0]["name"]
        block = {"type": "tool_use", "id": "t1", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": ARGUMENTS}
        reason = "tool_use"
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": f"Yes: {result}." if result else "Blue."}
        reason = "end_turn"
    stop = {"stop_reason": reason, "stop_sequence": None}
    for event in (
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ):
        yield event["type"], event
