"""The law about secrets: a key goes into one header and nowhere else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from copy import copy
from typing import Any

from streamkit.adapter import Adapter, Frame
from streamkit.messages import Message
from streamkit.testing import Tape

from ._case import Subject
from ._offline import ask
from ._registry import for_adapter
from ._violation import Violation

KEY = "sk-streamkit-planted-key-0123456789"
PROMPT = "streamkit-planted-prompt"
HEADER = "streamkit-planted-header"


@for_adapter(14, "secrets stay secret")
def secrets_stay_secret(subject: Subject) -> None:
    """Reprs end in logs and tracebacks, events in queues and browsers. A planted key, prompt and
    header are looked for in every repr and event; the key also in the request, for the core puts it
    into its header, and in the error when the vendor's answer repeats it.
    """
    adapter = _with_key(subject.adapter)
    request = subject.request(Message.user(PROMPT), extra_headers={"x-probe": HEADER})
    wire, decoder = adapter.request(request), adapter.decoder(request)
    decoder.feed(Frame("{}"))
    reprs = {
        "repr(adapter)": adapter,
        "repr(adapter.endpoint)": adapter.endpoint,
        "repr(request)": wire,
        "repr(decoder)": decoder,
    }
    for where, value in reprs.items():
        _look(repr(value), where, KEY, PROMPT, HEADER)
    sent = json.dumps([wire.path, dict(wire.body), dict(wire.headers)], default=str)
    _look(sent, "the WireRequest (the core adds the key by Endpoint)", KEY)
    for where, text in _told(subject, adapter):
        _look(text, where, KEY)


def _look(text: str, where: str, *secrets: str) -> None:
    for secret in secrets:
        at = text.find(secret)
        if at >= 0:
            around = text[max(0, at - 80) : at + len(secret) + 20]
            what = secret.removeprefix("sk-").split("-")[2]
            raise Violation(
                f"the {what} is in it: … {around.replace(secret, '[HERE]')} …",
                where=where,
                user="a secret in the log",
                mend="field(repr=False) for keys, __repr__ without the request; the core adds the "
                "key to the request by itself",
            )


def _with_key(adapter: Adapter) -> Adapter:
    """The adapter as its user would make it with a key."""
    names = set[str]()
    if dataclasses.is_dataclass(adapter):
        names = {f.name for f in dataclasses.fields(adapter) if f.init}
        if "api_key" in names:
            changed: Any = dataclasses.replace(adapter, api_key=KEY)
            return changed
    keyed = copy(adapter)
    for name in ("api_key", "_api_key"):
        if name in getattr(keyed, "__dict__", {}):
            object.__setattr__(keyed, name, KEY)
    object.__setattr__(keyed, "endpoint", dataclasses.replace(adapter.endpoint, api_key=KEY))
    return keyed


def _told(subject: Subject, adapter: Adapter) -> Iterator[tuple[str, str]]:
    """All that a user is told when the vendor repeats the key."""
    words = f"Incorrect API key provided: {KEY}"
    echo = json.dumps({"error": {"message": words, "details": [{"sent": KEY}]}}).encode()
    tapes = {"an error answer that repeats the key": Tape(echo, status=401)}
    for case in subject.cases:
        if case.is_stream:
            headers = {"content-type": case.recording.content_type}
            tapes[f"the recording {case.recording.name!r}"] = Tape(case.body, headers=headers)
    for where, tape in tapes.items():
        got = ask(adapter, tape, model=subject.model, key=KEY)
        for event in got.events:
            yield f"{where}: {type(event).__name__}", repr(event)
        yield f"{where}: the answer", repr(got.response)
        if got.error is not None:
            yield f"{where}: the error", f"{got.error!r} {got.error} {got.error.body!r}"
