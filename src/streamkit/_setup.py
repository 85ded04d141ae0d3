"""What a client knows and how it makes a call of a user's words. Shared by both clients."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from pydantic import ValidationError

from streamkit import _plugins
from streamkit._call import Call
from streamkit._forms import explain
from streamkit._parts import parse_object
from streamkit._policy import Budget, Retry
from streamkit._resume import Learned, Resume
from streamkit._target import Target, check_headers, checked_base_url, encode_body
from streamkit._token import load
from streamkit.adapter import Adapter, Endpoint, KeySource, Located, Warned
from streamkit.errors import ConfigurationError, StreamkitError, UnsupportedError
from streamkit.messages import ChatRequest, Message, NamedTool, TextPart, Tool, ToolCall
from streamkit.timeouts import Timeouts

Messages = str | Message | Mapping[str, Any] | Sequence[Message | Mapping[str, Any]]
"""What may stand for a conversation: a prompt, one message, or several (dicts included)."""


class Policies(TypedDict, total=False):
    """What may be said for one call; None means as the client does."""

    retry: Retry | None
    resume: Resume | bool | None
    timeouts: Timeouts | None
    strict: bool | None


_SHORTEST_SECRET = 16
_NOT_OPTIONS = frozenset({"model", "messages", "extra_body", "extra_headers"})


class Setup:
    """Adapters, keys, base URLs and policies of one client."""

    def __init__(
        self,
        *,
        adapters: Iterable[Adapter] = (),
        api_key: Mapping[str, KeySource] | None = None,
        base_url: Mapping[str, str] | None = None,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        strict: bool = False,
        allow_http: bool = False,
        max_frame_bytes: int = 64 * 2**20,
        resume: Resume | bool | None = None,
        token_secret: str | bytes | None = None,
    ) -> None:
        if isinstance(api_key, str) or isinstance(base_url, str):
            raise ConfigurationError(
                "api_key and base_url are given per vendor: "
                'Client(api_key={"openai": "..."}, base_url={"openai": "https://..."})'
            )
        self._adapters: dict[str, Adapter] = {}
        for adapter in adapters:
            if adapter.name in self._adapters:
                raise ConfigurationError(f"two adapters named {adapter.name!r} were handed in")
            self._adapters[adapter.name] = adapter
        self._keys = dict(api_key or {})
        self._base_urls = dict(base_url or {})
        self._retry = retry or Retry()
        self._timeouts = timeouts or Timeouts()
        self._strict = strict
        self._allow_http = allow_http
        self._max_frame_bytes = max_frame_bytes
        self._resume = resume
        _policy(None, resume, self._retry)  # which refuses what is none
        secret = token_secret.encode() if isinstance(token_secret, str) else token_secret
        if secret is not None and len(secret) < _SHORTEST_SECRET:
            raise ConfigurationError(f"token_secret has fewer than {_SHORTEST_SECRET} characters")
        self._token_secret = secret or b""
        self._budgets: dict[str, Budget] = {}
        self._learned: Learned = set()

    def call(
        self,
        model: str,
        messages: Messages,
        options: Mapping[str, Any],
        **policies: Unpack[Policies],
    ) -> Call:
        """The call for a user's words. Raises ConfigurationError before anything is sent."""
        try:
            prefix, adapter, name = self._adapter(model)
            request = _request(name, messages, options)
            return self._call(model, prefix, adapter, request, **policies)
        except StreamkitError as refused:
            raise refused.with_traceback(None)  # noqa: B904
        finally:
            del messages, options  # no traceback with local variables may show these

    def resumed(
        self,
        token: str,
        given: Mapping[str, Any],
        extra_headers: Mapping[str, str],
        **policies: Unpack[Policies],
    ) -> Call:
        """The call that goes on with a token's answer. Raises ConfigurationError.

        ``given`` are fields of the request that the caller gives again; None is none.
        """
        try:
            saved = load(token, self._token_secret)
            prefix, adapter, _ = self._adapter(saved.model)
            saved.draft(deque(), adapter)  # refuse here what cannot be read
            request = saved.asked_again({k: v for k, v in given.items() if v is not None})
            request = request.model_copy(update={"extra_headers": dict(extra_headers)})
            policies = {**policies, "resume": policies.get("resume") or True}
            call = self._call(saved.model, prefix, adapter, request, **policies)
            call.saved = saved
            return call
        except StreamkitError as refused:
            raise refused.with_traceback(None)  # noqa: B904
        finally:
            del token, given, extra_headers

    def _adapter(self, model: str) -> tuple[str, Adapter, str]:
        prefix, colon, name = model.partition(":")
        if not prefix or not name:
            raise ConfigurationError(
                f"the model id {model!r} has no {'name' if prefix and colon else 'prefix'}: "
                "write vendor:model, "
                "such as 'openai:gpt-5' or 'local:smollm2'"
            )
        return prefix, self._adapters.get(prefix) or _plugins.installed().adapter(prefix), name

    def _call(
        self,
        model: str,
        prefix: str,
        adapter: Adapter,
        request: ChatRequest,
        **policies: Unpack[Policies],
    ) -> Call:
        strict = policies.get("strict")
        strict = self._strict if strict is None else strict
        retry = policies.get("retry") or self._retry
        check_headers(request.extra_headers)
        request, ignored = _honoured(adapter, request)
        wire = adapter.request(request)
        if strict and (ignored or wire.warnings):
            problems = "; ".join(_named(w) for w in (*ignored, *wire.warnings))
            raise UnsupportedError(f"{model}: {problems} (strict=True)")
        return Call(
            model=model,
            adapter=adapter,
            request=request,
            wire=wire,
            content=encode_body(wire.body),
            target=lambda located: self._target(prefix, adapter, located),
            warnings=ignored,
            retry=retry,
            budget=lambda host: self._budgets.setdefault(host, Budget()),
            timeouts=policies.get("timeouts") or self._timeouts,
            max_frame_bytes=self._max_frame_bytes,
            resume=_policy(policies.get("resume"), self._resume, retry),
            learned=self._learned,
            token_secret=self._token_secret,
        )

    def _target(self, prefix: str, adapter: Adapter, located: Located | None) -> Target:
        endpoint = adapter.endpoint
        if located is not None:
            return Target(located.base_url, endpoint, located.api_key)
        url = self._base_urls.get(prefix) or _first_set(endpoint.base_url_env)
        unset: tuple[str, ...] = ()
        if not url:
            url, unset = _filled(endpoint.base_url or "")
            host = url.partition("://")[2].partition("/")[0]
            url = url.replace(host, endpoint.hosts.get(host, host), 1)
        if not url:
            where = " or ".join(endpoint.base_url_env + unset)
            raise ConfigurationError(
                f"no base URL for {prefix!r}: pass Client(base_url={{{prefix!r}: ...}})"
                + (f" or set {where}" if where else "")
            )
        checked_base_url(url, allow_http=self._allow_http)
        key = self._keys.get(prefix) or endpoint.api_key or _first_set(endpoint.key_env)
        if not key and endpoint.key_required:
            where = " or ".join(endpoint.key_env)
            raise ConfigurationError(
                f"no API key for {prefix!r}: "
                + (f"set {where}, or " if where else "")
                + f"pass Client(api_key={{{prefix!r}: ...}})"
            )
        return Target(url, endpoint, key or None)


def _policy(
    asked: Resume | bool | None, usual: Resume | bool | None, retry: Retry
) -> Resume | None:
    """As asked for the call or the client; else by default, unless nothing is retried."""
    wanted = usual if asked is None else asked
    if wanted is None:
        wanted = not retry.is_never
    if not isinstance(wanted, Resume | bool):
        raise ConfigurationError(
            "resume is True, False or a Resume(...), such as "
            f'Resume(min_fidelity="seamless"), and not {type(wanted).__name__}'
        )
    if isinstance(wanted, Resume):
        return wanted
    return Resume() if wanted else None


def environment_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The environment variables an endpoint listens to, set or not."""
    return endpoint.key_env + endpoint.base_url_env


def _filled(url: str) -> tuple[str, tuple[str, ...]]:
    """The URL with the environment's values in its braces; "" and the variables if none is set."""
    for braces in re.finditer(r"\{([^{}]+)\}", url):
        variables, _, otherwise = braces[1].partition("=")
        names = tuple(variables.split(","))
        value = _first_set(names) or otherwise or None
        if value is None:
            return "", names
        url = url.replace(braces[0], value)
    return url, ()


def _first_set(names: Iterable[str]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


def _request(model: str, messages: Messages, options: Mapping[str, Any]) -> ChatRequest:
    if isinstance(messages, str):
        messages = [Message.user(messages)]
    elif isinstance(messages, Message | Mapping):
        messages = [messages]
    fields = {k: v for k, v in options.items() if v is not None}
    if isinstance(fields.get("stop"), str):
        fields["stop"] = (fields["stop"],)
    unknown = sorted(set(fields) - set(ChatRequest.model_fields))
    if unknown:
        raise ConfigurationError(
            f"unknown option {', '.join(unknown)}. Options of one vendor go into "
            f"extra_body={{...}}; common ones are: {', '.join(_option_names())}"
        )
    if not isinstance(messages, Iterable):
        raise ConfigurationError(
            f"messages is of type {type(messages).__name__}: give a prompt, a Message, or a list "
            "of them"
        )
    messages = tuple(messages)
    try:
        request = ChatRequest(model=model, messages=messages, **fields)  # type: ignore[arg-type]
    except ValidationError as error:
        explained = explain(error, messages)
    else:
        if not any(map(_says_something, request.messages)):
            raise ConfigurationError(
                "messages is empty: give a prompt, or at least one message with content that is "
                "not a system message"
            )
        _check_named_tool(request)
        _check_calls(request)
        return request
    raise ConfigurationError(explained)  # without the other error: that holds the input


def _says_something(message: Message) -> bool:
    """Whether it is a turn with content. Instructions alone are nothing to answer."""
    return message.role != "system" and any(
        not isinstance(part, TextPart) or part.text for part in message.content
    )


def _check_named_tool(request: ChatRequest) -> None:
    """The tool that must be called has to be one of the caller's, as far as these are known."""
    choice = request.tool_choice
    names = [tool.name for tool in request.tools if isinstance(tool, Tool)]
    if not isinstance(choice, NamedTool) or choice.name in names:
        return
    if len(names) == len(request.tools) and "tools" not in request.extra_body:
        raise ConfigurationError(
            f"tool_choice names the tool {choice.name!r}, which is not among tools: "
            + (", ".join(names) or "there are none")
        )


def _check_calls(request: ChatRequest) -> None:
    """Vendors get a call's arguments as an object or as text: both must say the same."""
    parts = (part for message in request.messages for part in message.content)
    for call in (part for part in parts if isinstance(part, ToolCall) and part.arguments):
        if parse_object(call.arguments_text) != call.arguments:
            raise ConfigurationError(
                f"the arguments_text of the call {call.id!r} is not the JSON of its arguments"
            )


def _named(warned: Warned) -> str:
    """The message, with the option that it is about."""
    named = warned.what in warned.message
    return warned.message if named else f"{warned.what}: {warned.message}"


def _option_names() -> list[str]:
    return [name for name in ChatRequest.model_fields if name not in _NOT_OPTIONS]


def _honoured(adapter: Adapter, request: ChatRequest) -> tuple[ChatRequest, tuple[Warned, ...]]:
    """The request without options that the dialect does not have, and a warning for each."""
    fields = ChatRequest.model_fields
    ignored = [
        name
        for name in _option_names()
        if name not in adapter.supports.options and getattr(request, name) != fields[name].default
    ]
    if not ignored:
        return request, ()
    kept = request.model_copy(update={name: fields[name].default for name in ignored})
    return kept, tuple(
        Warned("option_ignored", name, f"{adapter.name} has no {name}: it was not sent")
        for name in ignored
    )
