"""The vendors' own Python SDKs, each asked for a stream, and what their answers come to.

Every reader takes the URL of a server and returns an `Answer`, or raises what its SDK raises. Where
an SDK assembles the answer (OpenAI's, Anthropic's) its assembled answer is taken, else its typed
chunks are added up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import anthropic
import botocore.session
import cohere
import httpx
import mistralai.client
import ollama
import openai
from botocore.config import Config
from google import genai
from google.genai import types as google

from tests.vendors.answers import Answer

KEY = "sk-test"
MODEL = "m-1"
HELLO = [{"role": "user", "content": "Hello"}]

Reader = Callable[[str], Answer]


def arguments(told: str | dict[str, Any]) -> Any:
    """Arguments as an object; none at all are an empty one."""
    return json.loads(told or "{}") if isinstance(told, str) else told


def total(*counts: int | None) -> int | None:
    """A sum of what was told; None if nothing was."""
    told = [x for x in counts if x is not None]
    return sum(told) if told else None


def openai_chat(url: str) -> Answer:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        options = {"include_usage": True}
        with client.chat.completions.stream(
            model=MODEL, messages=HELLO, stream_options=options
        ) as stream:
            final = stream.get_final_completion()
    choice, usage = final.choices[0], final.usage
    calls = [x.function for x in choice.message.tool_calls or () if x.type == "function"]
    return Answer(
        text=choice.message.content or "",
        calls=tuple((x.name, arguments(x.arguments)) for x in calls),
        finish=choice.finish_reason,
        usage=usage and (usage.prompt_tokens, usage.completion_tokens),
    )


def openai_responses(url: str) -> Answer:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        with client.responses.stream(model=MODEL, input="Hello") as stream:
            final = stream.get_final_response()
    calls: list[tuple[str, Any]] = []
    reasoning = ""
    for item in final.output:
        if item.type == "function_call":
            calls.append((item.name, arguments(item.arguments)))
        elif item.type == "custom_tool_call":
            calls.append((item.name, item.input))
        elif item.type == "reasoning":
            reasoning += "".join(x.text for x in [*item.summary, *(item.content or ())])
    reason = final.incomplete_details and final.incomplete_details.reason
    usage = final.usage
    return Answer(
        text=final.output_text,
        reasoning=reasoning,
        calls=tuple(calls),
        finish=reason or final.status,
        usage=usage and (usage.input_tokens, usage.output_tokens),
    )


def anthropic_messages(url: str) -> Answer:
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        return _messages(client)


def vertex_messages(url: str) -> Answer:
    place: dict[str, Any] = {"region": "global", "project_id": "p", "access_token": KEY}
    with anthropic.AnthropicVertex(base_url=url, max_retries=0, **place) as client:
        return _messages(client)


def _messages(client: anthropic.Anthropic | anthropic.AnthropicVertex) -> Answer:
    with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
        final = stream.get_final_message()
    usage, blocks = final.usage, final.content
    cached = (usage.cache_read_input_tokens, usage.cache_creation_input_tokens)
    return Answer(
        text="".join(x.text for x in blocks if x.type == "text"),
        reasoning="".join(x.thinking for x in blocks if x.type == "thinking"),
        calls=tuple((x.name, x.input) for x in blocks if x.type == "tool_use"),
        finish=final.stop_reason,
        usage=(total(usage.input_tokens, *cached), usage.output_tokens),
    )


def gemini(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: list[tuple[str, Any]] = []
    with genai.Client(api_key=KEY, http_options=google.HttpOptions(base_url=url)) as client:
        for chunk in client.models.generate_content_stream(model=MODEL, contents="Hello"):
            usage = chunk.usage_metadata or usage
            for candidate in chunk.candidates or ():
                if candidate.index:
                    continue
                finish = candidate.finish_reason or finish
                for part in (candidate.content and candidate.content.parts) or ():
                    if part.function_call:
                        calls.append((part.function_call.name, part.function_call.args or {}))
                    elif part.text and part.thought:
                        reasoning += part.text
                    elif part.text:
                        text += part.text
    return Answer(
        text,
        reasoning,
        tuple(calls),
        finish and finish.value,
        usage
        and (
            total(usage.prompt_token_count, usage.tool_use_prompt_token_count),
            total(usage.candidates_token_count, usage.thoughts_token_count),
        ),
    )


def gemini_interactions(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: dict[int, list[Any]] = {}
    with genai.Client(api_key=KEY, http_options=google.HttpOptions(base_url=url)) as client:
        for event in client.interactions.create(model=MODEL, input="Hello", stream=True):
            match event.event_type:
                case "step.start" if event.step.type == "function_call":
                    calls[event.index] = [event.step.name, event.step.arguments, ""]
                case "step.start":
                    content = getattr(event.step, "content", None) or ()
                    text += "".join(x.text for x in content if x.type == "text")
                    summary = getattr(event.step, "summary", None) or ()
                    reasoning += "".join(x.text for x in summary if x.type == "text")
                case "step.delta" if event.delta.type == "text":
                    text += event.delta.text
                case "step.delta" if event.delta.type == "thought_summary":
                    reasoning += event.delta.content.text
                case "step.delta" if event.delta.type == "arguments_delta":
                    if event.index in calls:  # else of a tool that runs at the vendor's
                        calls[event.index][2] += event.delta.arguments
                case "interaction.status_update":
                    finish, usage = event.status, event.usage or usage
                case "interaction.completed":
                    finish, usage = event.interaction.status, event.interaction.usage
                case "error":
                    raise RuntimeError(event.error.message)
    return Answer(
        text,
        reasoning,
        tuple((name, json.loads(told) if told else whole) for name, whole, told in calls.values()),
        finish,
        usage
        and (
            total(usage.total_input_tokens, usage.total_tool_use_tokens),
            total(usage.total_output_tokens, usage.total_thought_tokens),
        ),
    )


def mistral(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: list[dict[str, Any]] = []
    client = mistralai.client.Mistral(api_key=KEY, server_url=url)
    with client, client.chat.stream(model=MODEL, messages=HELLO) as stream:
        for event in stream:
            usage = event.data.usage or usage
            for choice in event.data.choices:
                if choice.index:
                    continue
                finish = choice.finish_reason or finish
                content = choice.delta.content or ""
                if isinstance(content, str):
                    text += content
                else:
                    text += "".join(x.text for x in content if x.type == "text")
                    thoughts = [y for x in content if x.type == "thinking" for y in x.thinking]
                    reasoning += "".join(x.text for x in thoughts if x.type == "text")
                for call in choice.delta.tool_calls or ():
                    told = call.function.arguments
                    if call.id != "null" or isinstance(
                        told, dict
                    ):  # "null": what the SDK makes of a piece without an id
                        calls.append({"name": call.function.name, "arguments": told})
                    else:
                        calls[-1]["arguments"] += told
    return Answer(
        text,
        reasoning,
        tuple((x["name"], arguments(x["arguments"])) for x in calls),
        finish,
        usage and (usage.prompt_tokens, usage.completion_tokens),
    )


def mistral_conversations(url: str) -> Answer:
    text, reasoning, usage = "", "", None
    calls: dict[str, list[str]] = {}
    client = mistralai.client.Mistral(api_key=KEY, server_url=url)
    with client, client.beta.conversations.start_stream(model=MODEL, inputs="Hello") as stream:
        for event in stream:
            said = event.data
            match said.type:
                case "message.output.delta" if isinstance(said.content, str):
                    text += said.content
                case "message.output.delta" if said.content.type == "text":
                    text += said.content.text
                case "message.output.delta" if said.content.type == "thinking":
                    reasoning += "".join(x.text for x in said.content.thinking)
                case "function.call.delta":
                    calls.setdefault(said.tool_call_id, [said.name, ""])[1] += said.arguments
                case "conversation.response.done":
                    usage = said.usage
                case "conversation.response.error":
                    raise RuntimeError(said.message)
    return Answer(
        text,
        reasoning,
        tuple((name, arguments(told)) for name, told in calls.values()),
        usage=usage and (usage.prompt_tokens, usage.completion_tokens),
    )


def cohere_chat(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: list[list[str]] = []
    with httpx.Client() as line:
        client = cohere.ClientV2(api_key=KEY, base_url=url, httpx_client=line)
        for event in client.chat_stream(model=MODEL, messages=HELLO):
            match event.type:
                case "content-start" | "content-delta":
                    content = event.delta.message.content
                    text += content.text or ""
                    reasoning += content.thinking or ""
                case "tool-call-start":
                    call = event.delta.message.tool_calls
                    calls.append([call.function.name, call.function.arguments or ""])
                case "tool-call-delta":
                    calls[-1][1] += event.delta.message.tool_calls.function.arguments
                case "message-end":
                    finish, usage = event.delta.finish_reason, event.delta.usage
    counts = usage and (usage.tokens or usage.billed_units)
    return Answer(
        text,
        reasoning,
        tuple((name, arguments(told)) for name, told in calls),
        finish,
        counts and (int(counts.input_tokens), int(counts.output_tokens)),
    )


def converse(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: dict[int, list[str]] = {}
    client = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        messages = [{"role": "user", "content": [{"text": "Hello"}]}]
        with closing(client.converse_stream(modelId=MODEL, messages=messages)["stream"]) as stream:
            for event in stream:
                for name, said in event.items():
                    block = said.get("contentBlockIndex", 0)
                    delta = said.get("delta", {})
                    text += delta.get("text", "")
                    reasoning += delta.get("reasoningContent", {}).get("text", "")
                    tool = said.get("start", {}).get("toolUse")
                    if tool and tool.get("type") != "server_tool_use":
                        calls[block] = [tool["name"], ""]
                    if "toolUse" in delta and block in calls:
                        calls[block][1] += delta["toolUse"]["input"]
                    if name == "messageStop":
                        finish = said["stopReason"]
                    if name == "metadata":
                        usage = said["usage"]
    finally:
        client.close()
    cached = usage and (usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens"))
    return Answer(
        text,
        reasoning,
        tuple((name, arguments(told)) for name, told in calls.values()),
        finish,
        usage and (total(usage["inputTokens"], *cached), usage["outputTokens"]),
    )


def ollama_chat(url: str) -> Answer:
    text, reasoning, finish, usage = "", "", None, None
    calls: list[tuple[str, Any]] = []
    client = ollama.Client(url)
    try:
        for chunk in client.chat(MODEL, messages=HELLO, stream=True):
            text += chunk.message.content or ""
            reasoning += chunk.message.thinking or ""
            asked = [x.function for x in chunk.message.tool_calls or ()]
            calls += [(x.name, x.arguments) for x in asked]
            if chunk.done:
                finish = chunk.done_reason
            if chunk.eval_count is not None:
                usage = (chunk.prompt_eval_count, chunk.eval_count)
    finally:
        client.close()
    return Answer(text, reasoning, tuple(calls), finish, usage)
