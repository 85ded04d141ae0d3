"""Broken adapters: the toy with one defect each, and the law that must catch it.

A mutant is a list of replacements in the text of ``acme.py``, so that it can break anything, the
imports included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mutation import Change

from streamkit import _flow
from streamkit._framing import sse

SAY = "                return [Text(text)] if text else []\n"
ARGS = "                return [ToolArguments(i, text)]\n"
USAGE = "Usage(input_tokens=i, output_tokens=o, raw=event)"
UNKNOWN = '        return [Opaque(str(event.get("t")), event)]\n'
BYE = "                self.done = True\n                return [End()]\n"
CLOSE = "    def close(self) -> Sequence[Chunk]:\n        return []\n"
REQUEST = "        body.update(copy.deepcopy(request.extra_body))\n"
IMPORT = "import copy\n"
DECODER = "        return AcmeDecoder()\n"
FAULT = """
    def fault(self, status, headers, body):
        {}

    def decoder("""

MUTANTS: dict[str, tuple[str, Sequence[Change]]] = {
    "maps a stop reason wrong": ("L01", [('"finished": "stop"', '"finished": "length"')]),
    "swaps ids": ("L01", [("ToolOpened(i, name, id_)", 'ToolOpened(i, name, f"c{2 - i}")')]),
    "says a word twice": ("L01", [(SAY, SAY.replace("[Text(text)]", "[Text(text), Text(text)]"))]),
    "passes thinking off as the answer": (
        "L01",
        [('Reasoning(text, key="thought")', "Text(text)")],
    ),
    "loses the seal": ("L01", [('Signature(seal, "acme", key="thought"), ', "")]),
    "swallows an error in the stream": (
        "L01",
        [('return self.fail(fault_from_error(event.get("error")))', "return []")],
    ),
    "drops every 97th event": (
        "L02",
        [
            ("class AcmeDecoder(Decoder):\n", "class AcmeDecoder(Decoder):\n    read_so_far = 0\n"),
            (
                '        match event:\n            case {"t": "hello"}',
                "        AcmeDecoder.read_so_far += 1\n"
                "        if AcmeDecoder.read_so_far % 97 == 0:\n            return []\n"
                '        match event:\n            case {"t": "hello"}',
            ),
        ],
    ),
    "fails on an unknown event": (
        "L04",
        [(UNKNOWN, '        return self.fail(malformed(Frame(""), "unknown"))\n')],
    ),
    "drops unknown events": ("L04", [(UNKNOWN, "        return []\n")]),
    "takes a ping for a word": (
        "L04",
        [
            (
                'case {"t": "ping"}:\n                return []',
                'case {"t": "ping"}:\n                return [Text("…")]',
            )
        ],
    ),
    "knows only the fields of today": (
        "L04",
        [
            (
                'case {"t": "say", "d": str(text)}:',
                'case {"t": "say", "d": str(text)} if len(event) == 2:',
            )
        ],
    ),
    "takes a clean close for the end": ("L05", [(CLOSE, CLOSE.replace("[]", "[End()]"))]),
    "closes open calls at the end of the body": (
        "L05",
        [(CLOSE, CLOSE.replace("[]", "[Closed(i) for i in self.calls]"))],
    ),
    "closes a call as soon as its arguments parse": (
        "L05",
        [
            (
                "        self.calls: set[int] = set()\n",
                "        self.calls: set[int] = set()\n        self.texts = {}\n",
            ),
            (
                ARGS,
                "                self.texts[i] = self.texts.get(i, '') + text\n"
                "                try:\n                    parse_json(self.texts[i])\n"
                "                except ValueError:\n"
                "                    return [ToolArguments(i, text)]\n"
                "                return [ToolArguments(i, text), Closed(i)]\n",
            ),
        ],
    ),
    "takes a cut for an error": (
        "L05",
        [
            (
                CLOSE,
                CLOSE.replace(
                    "return []",
                    'return [] if self.done else self.fail(malformed(Frame(""), "cut"))',
                ),
            )
        ],
    ),
    "shares one decoder": (
        "L06",
        [
            (DECODER, "        SHARED.__init__()\n        return SHARED\n"),
            ("def _text(", "SHARED = AcmeDecoder()\n\n\ndef _text("),
        ],
    ),
    "keeps the calls of all streams in one set": (
        "L06",
        [
            ("        self.calls: set[int] = set()\n", ""),
            (
                "class AcmeDecoder(Decoder):\n",
                "class AcmeDecoder(Decoder):\n    calls: set[int] = set()\n",
            ),
        ],
    ),
    "reads on behind the end": ("L07", [(BYE, "                return [End()]\n")]),
    "says the end before the rest": (
        "L07",
        [(BYE, BYE.replace("[End()]", '[End(), Meta(vendor={"t": "bye"})]'))],
    ),
    "one key for thoughts and arguments": (
        "L09",
        [(', Closed("thought")]', "]"), (ARGS, ARGS.replace("i, text", '"thought", text'))],
    ),
    "counts each report for itself": (
        "L10",
        [(USAGE, USAGE.replace("output_tokens=o", "output_tokens=o % 4"))],
    ),
    "forgets a count": (
        "L10",
        [(USAGE, USAGE.replace("output_tokens=o", "output_tokens=o if o < 4 else None"))],
    ),
    "makes up the usage": ("L10", [(USAGE, USAGE.replace(", raw=event", ""))]),
    "drops a word": ("L11", [(SAY, SAY.replace("if text", 'if text != "is bl"'))]),
    "ends at the stop reason": (
        "L11",
        [
            (
                'return [Stop(FINISH_REASONS.get(why, "other"), why)]',
                'self.done = True\n                return [Stop("stop", why), End()]',
            ),
        ],
    ),
    "hands on what JSON has not": (
        "L12",
        [(UNKNOWN, UNKNOWN.replace(", event)", ", {len(event)})"))],
    ),
    "hands on an object of its own": (
        "L12",
        [(UNKNOWN, UNKNOWN.replace(", event)", ', Frame(data="unknown"))'))],
    ),
    "looks at the clock": ("L13", [(IMPORT, "import copy\nimport time\n")]),
    "reads the environment, late": (
        "L13",
        [(DECODER, "        from os import environ\n\n        assert environ\n" + DECODER)],
    ),
    "uses a library that speaks HTTP": ("L13", [(IMPORT, "import copy\n\nimport httpx\n")]),
    "reads a file by a way around": (
        "L13",
        [
            (IMPORT, "import codecs\nimport copy\n"),
            (DECODER, "        codecs.open(__file__).close()\n" + DECODER),
        ],
    ),
    "opens a file": ("L13", [(DECODER, "        open(__file__).close()\n" + DECODER)]),
    "shows the key in its repr": ("L14", [("field(default=None, repr=False)", "None")]),
    "sends the key itself": (
        "L14",
        [(REQUEST, REQUEST + '        body["auth"] = str(self.api_key)\n')],
    ),
    "shows the prompt in its repr": (
        "L14",
        [
            (
                DECODER,
                "        made = AcmeDecoder()\n        made.talk = request.messages\n"
                "        return made\n",
            ),
            (
                "    def fail(",
                "    def __repr__(self):\n        return f'Decoder({self.talk})'\n\n    def fail(",
            ),
        ],
    ),
    "writes into the caller's dict": (
        "L15",
        [(REQUEST, '        request.extra_body.setdefault("model", request.model)\n' + REQUEST)],
    ),
    "numbers its requests": (
        "L15",
        [
            (REQUEST, REQUEST + '        LOG.append(1)\n        body["nr"] = len(LOG)\n'),
            ("ENDPOINT =", "LOG = []\nENDPOINT ="),
        ],
    ),
    "sends what JSON has not": ("L15", [('body["stop"] = list(', 'body["stop"] = set(')]),
    "claims an option that it drops": (
        "L16",
        [('"temperature", "stop"}', '"temperature", "stop", "seed"}')],
    ),
    "claims an option that does not exist": ("L16", [('"stop"}', '"stop", "creativity"}')]),
    "drops extra_body": ("L16", [(REQUEST, "")]),
    "lets its own fields win over extra_body": (
        "L16",
        [(REQUEST, REQUEST + '        body["model"] = request.model\n')],
    ),
    "takes every error for its own": (
        "L17",
        [("\n    def decoder(", FAULT.format('return fault_from_error({"type": "api_error"})'))],
    ),
    "cannot read an HTML error": (
        "L17",
        [
            (
                "\n    def decoder(",
                FAULT.format("return fault_from_error(parse_json(body.decode()), status=status)"),
            )
        ],
    ),
    "changes a seal on its way back": ("L18", [('"seal": seal}', '"seal": seal.rstrip("=")}')]),
    "refuses its own answer": (
        "L18",
        [
            (
                "case ReasoningPart():\n            warnings",
                "case ReasoningPart() if False:\n            warnings",
            ),
            ('scheme="acme"', 'scheme="emca"'),
        ],
    ),
    "keeps quiet about thinking": ("L19", [("    reasoning=True,\n", "")]),
    "claims counts that no recording shows": ("L19", [(f"[UsageReport({USAGE})]", "[]")]),
    "claims several answers that no recording shows": (
        "L19",
        [('"temperature", "stop"}', '"temperature", "stop", "n"}')],
    ),
    "claims log probabilities that no recording shows": (
        "L19",
        [('"temperature", "stop"}', '"temperature", "stop", "logprobs"}')],
    ),
    "sends one text of each turn": (
        "L19",
        [
            (
                "for part in message.content if (p",
                "for part in message.content[-1:] if (p",
            )
        ],
    ),
    "drops documents in silence": (
        "L19",
        [("    raise UnsupportedError(", "    return None\n    raise UnsupportedError(")],
    ),
    "drops images though it claims them": (
        "L19",
        [
            (
                '            return {"image": part.data_url or part.file_id}',
                '            raise UnsupportedError("no images")',
            )
        ],
    ),
    "forgets the words to go on from": (
        "L21",
        [
            (
                "\n    def decoder(",
                "\n    def prefix_request(self, request):\n"
                '        last = {"messages": request.messages[:-1]}\n'
                "        return self.request(request.model_copy(update=last))\n"
                "\n    def decoder(",
            )
        ],
    ),
    "claims a replay that it cannot ask for": (
        "L21",
        [('        return (ResumeBy("prefix"', '        return (ResumeBy("replay"')],
    ),
    "claims a way to go on without saying how it is known": (
        "L21",
        [("https://acme.invalid/docs/turns, the last may be ours", "")],
    ),
    "claims to go on, every second time": (
        "L21",
        [
            (
                "        return (ResumeBy(",
                "        LOG.append(1)\n        if len(LOG) % 2:\n            return ()\n"
                "        return (ResumeBy(",
            ),
            ("ENDPOINT =", "LOG = []\nENDPOINT ="),
        ],
    ),
    "hands on True as a count": (
        "L20",
        [("if type(i) is type(o) is int", "if isinstance(i, int) and isinstance(o, int)")],
    ),
    "gives two calls one id": (
        "L09",
        [("ToolOpened(i, name, id_)", 'ToolOpened(i, name, "call")')],
    ),
    "says nothing in many words": ("L11", [(UNKNOWN, "        return [Meta(vendor={})]\n")]),
    "drops the counts and claims none": (
        "L11",
        [
            (f"[UsageReport({USAGE})]", "[]"),
            ("    reasoning=True,\n", "    reasoning=True,\n    usage=False,\n"),
        ],
    ),
    "tells one id of two": ("L11", [(', _text(event.get("model")))', ")")]),
    "keeps the words until the stop": (
        "L22",
        [
            ("        self.done = False\n", "        self.done = False\n        self.words = []\n"),
            (SAY, "                self.words.append(text)\n                return []\n"),
            (
                "return [Stop(",
                'return [Text("".join(self.words)), Stop(',
            ),
        ],
    ),
    "says no word twice": (
        "L22",
        [
            (
                "        self.done = False\n",
                "        self.done = False\n        self.last = None\n",
            ),
            (
                SAY,
                "                again, self.last = text == self.last, text\n"
                "                return [Text(text)] if text and not again else []\n",
            ),
        ],
    ),
    "drops unknown kinds of events, and those alone": (
        "L23",
        [
            (
                UNKNOWN,
                '        return [Opaque("event", event)] if event.keys() - FIELDS else []\n',
            ),
        ],
    ),
    "fails on an unknown kind of event": (
        "L23",
        [
            (
                UNKNOWN,
                '        if event.get("t") not in (None, "mood"):\n'
                '            return self.fail(malformed(Frame(""), "unknown"))\n' + UNKNOWN,
            ),
        ],
    ),
    "drops a new field beside known ones": (
        "L23",
        [("        return [Meta(vendor=new), *chunks]\n", "        return chunks\n")],
    ),
    "takes an unknown reason for a good end": (
        "L23",
        [('FINISH_REASONS.get(why, "other")', 'FINISH_REASONS.get(why, "stop")')],
    ),
    "sends no model": ("L24", [('{"model": request.model, ', "{")]),
    "swaps two options": (
        "L24",
        [
            (
                "                body[name] = getattr(request, name)\n",
                '                body[{"max_tokens": "temperature"}.get(name, "max_tokens")] = '
                "getattr(request, name)\n",
            )
        ],
    ),
    "describes no tool": ("L24", [("t.model_dump()", 't.model_dump(exclude={"description"})')]),
    "requires no parameter": (
        "L24",
        [
            (
                "t.model_dump()",
                't.model_dump() | {"parameters": {**t.parameters, "required": []}}',
            )
        ],
    ),
    "stops at other words": (
        "L24",
        [("list(request.stop)", "[word.title() for word in request.stop]")],
    ),
    "sends the turns backwards": (
        "L25",
        [("in request.messages:", "in reversed(request.messages):")],
    ),
    "puts the user's words into the model's mouth": (
        "L25",
        [
            (
                '{"who": message.role,',
                '{"who": {"user": "assistant", "assistant": "user"}.get(message.role, "tool"),',
            )
        ],
    ),
    "tells nobody who speaks": ("L25", [('{"who": message.role, ', "{")]),
    "gives a result to another call": (
        "L25",
        [
            (
                "        for message in request.messages:\n",
                "        for message in request.messages:\n"
                "            calls = [p.id for p in message.content if isinstance(p, ToolCall)]\n"
                "            LATEST[:] = LATEST[:] if not calls else calls\n",
            ),
            ('"call": part.call_id, "failed"', '"call": LATEST[0], "failed"'),
            ("ENDPOINT =", "LATEST = []\nENDPOINT ="),
        ],
    ),
    "leaves out a call's arguments where its result is": (
        "L25",
        [
            (
                '"call": part.call_id, "failed": part.is_error}',
                '"call": part.call_id, "name": part.name, "args": {}}',
            )
        ],
    ),
    "refuses a result of several texts": (
        "L25",
        [("case ToolResult(content=content):", "case ToolResult(content=str(content)):")],
    ),
    "refuses what another vendor said": (
        "L25",
        [(" | ProviderItem() | IncompleteToolCall()", " | IncompleteToolCall()")],
    ),
    "drops what another vendor said in silence": (
        "L25",
        [
            (
                '            warnings.append(Warned("part_dropped", part.type, '
                '"acme takes no such part back"))\n',
                "",
            )
        ],
    ),
    "sends another vendor's seal": (
        "L25",
        [('signature=str(seal), scheme="acme"', "signature=str(seal)")],
    ),
    "leaves the id out of results": ("L25", [(', "call": part.call_id', "")]),
    "leaves the id out of calls": ("L25", [('"call": part.id, ', "")]),
    "sends no ids though the vendor does": (
        "L25",
        [(', "call": part.call_id', ""), ('"call": part.id, ', "")],
    ),
    "has one id for all results": ("L25", [('"call": part.call_id', '"call": "call"')]),
    "sends a call that was cut": (
        "L25",
        [
            (" | IncompleteToolCall()", ""),
            (
                "        case ToolCall():\n",
                "        case IncompleteToolCall():\n"
                '            return {"call": part.id}\n        case ToolCall():\n',
            ),
        ],
    ),
    "takes a failed result for a good one": ("L26", [(', "failed": part.is_error', "")]),
    "tells of failed results unclaimed": ("L26", [("    tool_errors=True,\n", "")]),
    "trusts the type of what it is sent": (
        "L20",
        [('"t": "say", "d": str(text)}', '"t": "say", "d": text}')],
    ),
    "trusts that a call was opened": (
        "L20",
        [('"d": str(text)} if i in self.calls:', '"d": str(text)}:')],
    ),
}


def _twice(end: Any) -> Any:
    def ends_twice(*arguments: Any) -> None:
        end(*arguments)
        end(*arguments)

    return ends_twice


OF_THE_CORE: dict[str, tuple[str, tuple[Any, str, Any]]] = {
    "L03": (
        "drops a CR that stands alone",
        (sse.ServerSentEvents, "_with_lf", lambda _old: lambda _self, d: d.replace(b"\r", b"")),
    ),
    "L08": ("ends every stream twice", (_flow.Flow, "_end", _twice)),
}
"""No adapter can break these laws, but the core could: what it does then, and the patch."""
