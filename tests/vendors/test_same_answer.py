"""The vendors' own SDKs make the same answer of the same bytes.

The bytes are the recordings of the plugins' tests, played to each SDK by a server on a loopback
socket. Where an SDK makes something else of them, `OTHERWISE` says what it does and must stay true.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamkit.adapter import Adapter
from streamkit.testing import Recording, decode
from streamkit_anthropic import AnthropicMessages
from streamkit_bedrock import Bedrock
from streamkit_cohere import CohereChat
from streamkit_gemini import Gemini, GeminiInteractions, VertexAnthropic
from streamkit_mistral import MistralChat, MistralConversations
from streamkit_ollama import OllamaChat
from streamkit_openai import OpenAIChat, OpenAIResponses
from tape_server import Answer as Tape
from tape_server import TapeServer
from tests.vendors import sdks
from tests.vendors.answers import ours

PLUGINS = Path(__file__).parents[2] / "plugins"

DIALECTS: dict[str, tuple[sdks.Reader, Adapter, str]] = {
    "openai-chat": (sdks.openai_chat, OpenAIChat(), "openai/tests/recordings/openai_*"),
    "azure-chat": (sdks.openai_chat, OpenAIChat("azure"), "openai/tests/recordings/azure_*"),
    "openai-responses": (
        sdks.openai_responses,
        OpenAIResponses(),
        "openai/tests/responses_recordings/*",
    ),
    "anthropic": (sdks.anthropic_messages, AnthropicMessages(), "anthropic/tests/recordings/*"),
    "vertex-anthropic": (
        sdks.vertex_messages,
        VertexAnthropic(),
        "gemini/tests/vertex_recordings/*",
    ),
    "gemini": (sdks.gemini, Gemini(), "gemini/tests/recordings/*"),
    "interactions": (
        sdks.gemini_interactions,
        GeminiInteractions(),
        "gemini/tests/interactions_recordings/*",
    ),
    "mistral": (sdks.mistral, MistralChat(), "mistral/tests/recordings/*"),
    "conversations": (
        sdks.mistral_conversations,
        MistralConversations(),
        "mistral/tests/conversations_recordings/*",
    ),
    "bedrock": (sdks.converse, Bedrock(), "bedrock/tests/recordings/*"),
    "cohere": (sdks.cohere_chat, CohereChat(), "cohere/tests/recordings/*"),
    "ollama": (sdks.ollama_chat, OllamaChat(), "ollama/tests/recordings/*"),
}

CONTENT_TYPES = {
    ".sse": "text/event-stream",
    ".jsonl": "application/x-ndjson",
    ".aws": "application/vnd.amazon.eventstream",
}

FOREIGN = "another server's stream, which leaves out what OpenAI's SDK counts on"
HALF_CALL = "the SDK closes the brackets of a call that was cut, and hands it out as if whole"
ONLY_COMPLETED = "the SDK's assembler knows no end but response.completed, not response.incomplete"
NO_NAMES = "the SDK passes over events without an event line"
NO_PARTS = "the SDK hands out pieces of arguments by their paths, and does not assemble them"
STRICT_LENGTH = "the SDK raises for an answer that was cut by its length, in any of its choices"
CONTINUES = "the SDK asks for the rest by itself, in a second request"
AS_TEXT = "the SDK hands out arguments as text, here half an object"
UNKNOWN = "the SDK raises for an event it does not know"

OTHERWISE = {
    "openai-chat/openai_audio": "the SDK keeps the transcript in message.audio",
    "openai-chat/openai_behind_a_proxy": "the SDK knows no reasoning in chat completions",
    "openai-chat/openai_custom_tool": "the SDK cannot assemble a custom tool's call",
    "openai-chat/openai_custom_tool_cut": STRICT_LENGTH,
    "openai-chat/openai_tool_cut_by_length": STRICT_LENGTH,
    "openai-chat/openai_two_choices": STRICT_LENGTH,
    "azure-chat/azure_filters": "the SDK trips over a choice without a delta",
    "openai-responses/azure_filtered": ONLY_COMPLETED,
    "openai-responses/call_cut_by_length": ONLY_COMPLETED,
    "openai-responses/cut_by_length": ONLY_COMPLETED,
    "openai-responses/reasoning_cut_by_length": ONLY_COMPLETED,
    "openai-responses/items_never_done": FOREIGN,
    "openai-responses/llamacpp": FOREIGN,
    "openai-responses/openrouter_in_turns": FOREIGN,
    "openai-responses/xai_own_tools": FOREIGN,
    "anthropic/bedrock_metrics": NO_NAMES,
    "anthropic/gateway_without_names": NO_NAMES,
    "anthropic/compaction": "the SDK leaves the tokens of compaction to the reader of iterations",
    "anthropic/length_inside_tool": HALF_CALL,
    "gemini/arguments_cut_by_length": NO_PARTS,
    "gemini/streamed_arguments": NO_PARTS,
    "gemini/blocked_prompt": "the SDK keeps the reason in prompt_feedback",
    "gemini/continuation": CONTINUES,
    "interactions/continuation": CONTINUES,
    "interactions/length_inside_call": AS_TEXT,
    "interactions/over_already": "the SDK drops the steps of an interaction that is over already",
    "mistral/call_cut_by_length": AS_TEXT,
    "mistral/unknown": UNKNOWN,
    "cohere/call_cut_by_length": AS_TEXT,
    "bedrock/length_inside_tool": AS_TEXT,
    "bedrock/malformed_tool": AS_TEXT,
    "ollama/chat_completions": "the SDK does not read chat completions",
    "ollama/image": "the SDK takes a picture of an answer for an object; the server sends base64",
    "ollama/text": "the SDK ends a line at U+2028, which JSON may hold",
    "ollama/unknown": UNKNOWN,
}

# Failures that an SDK tells by nothing but this finish reason; None: by nothing at all.
BY_A_WORD = {
    "anthropic/spliced_retry": None,
    "cohere/error": "ERROR",
    "cohere/timeout": "TIMEOUT",
    "interactions/failed": "failed",
    "mistral/broken_off": "error",
}


def cases() -> Iterator[tuple[str, str]]:
    for dialect, (_, _, files) in DIALECTS.items():
        for path in sorted(PLUGINS.glob(f"streamkit-{files}")):
            if path.suffix in CONTENT_TYPES:
                yield dialect, path.name


def load(dialect: str, file: str) -> Recording:
    """A recording of a dialect, with the content type it must have had."""
    path = PLUGINS / f"streamkit-{Path(DIALECTS[dialect][2]).parent}" / file
    recording = Recording.load(path)
    recording.headers = {"content-type": CONTENT_TYPES[path.suffix]} | recording.headers
    return recording


def play(server: TapeServer, dialect: str, file: str) -> Recording:
    """Have the server answer with this recording."""
    recording = load(dialect, file)
    server.play(
        Tape(
            [recording.body],
            status=recording.status,
            headers=recording.headers,
            ended=not recording.lost,
            then="close",
        )
    )
    return recording


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(("dialect", "file"), list(cases()))
def test_an_sdk_makes_the_same_answer_of_the_same_bytes(
    server: TapeServer, dialect: str, file: str
) -> None:
    """What fails here fails there; what is cut short here may pass for whole there."""
    read, adapter, _ = DIALECTS[dialect]
    recording = play(server, dialect, file)
    decoded = decode(
        adapter,
        recording.body,
        status=recording.status,
        headers=recording.headers,
        lost=recording.lost,
    )
    answer, theirs, raised = ours(decoded.response), None, None
    try:
        theirs = read(server.url)
    except Exception as error:
        raised = error

    case = f"{dialect}/{Path(file).stem}"
    match decoded.response.outcome:
        case _ if case in OTHERWISE:
            assert theirs != answer, f"no longer true: {OTHERWISE[case]}"
        case "complete":
            assert raised is None
            assert theirs == answer
        case "failed" if case in BY_A_WORD:
            assert theirs is not None
            assert theirs.finish == answer.finish == BY_A_WORD[case]
        case "failed":
            assert raised is not None
        case _:
            assert decoded.error is not None
            assert theirs is None or theirs.text == answer.text


def test_every_exception_is_about_a_recording() -> None:
    assert OTHERWISE.keys() | BY_A_WORD.keys() <= {
        f"{dialect}/{Path(file).stem}" for dialect, file in cases()
    }


def test_only_a_closed_call_is_handed_out(server: TapeServer) -> None:
    """Where the SDK hands out ``rm /tmp`` from a call that broke off behind that path."""
    recording = play(server, "anthropic", "cut_inside_tool.sse")
    half = sdks.anthropic_messages(server.url)
    assert half.calls == (("rm", {"path": "/tmp"}),)
    decoded = decode(AnthropicMessages(), recording.body, headers=recording.headers)
    assert decoded.response.tool_calls == ()
    assert [x.arguments_text for x in decoded.response.incomplete_tool_calls] != []
    assert decoded.response.outcome == "truncated"
