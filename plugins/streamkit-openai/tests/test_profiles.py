"""The table of servers: what it promises is what is installed, documented and built."""

from __future__ import annotations

import ast
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

import streamkit_openai
from streamkit.errors import ConfigurationError
from streamkit.messages import ChatRequest
from streamkit_openai import PROFILES, RESPONSES_PROFILES, OpenAIChat, Profile
from streamkit_openai.profiles import OPTIONS

PACKAGE = Path(streamkit_openai.__file__).parent
README = PACKAGE.parents[1] / "README.md"
LOCAL = {"litellm", "vllm", "sglang", "llamacpp", "lmstudio", "ollama-compat", "openai-compatible"}


def test_every_row_is_an_entry_point_and_every_entry_point_a_row() -> None:
    points = distribution("streamkit-openai").entry_points.select(group="streamkit")
    assert {p.name for p in points} == {*PROFILES, *RESPONSES_PROFILES}
    assert {p.value for p in points} == {"streamkit_openai"}


@pytest.mark.parametrize("name", PROFILES)
def test_every_prefix_gives_an_adapter_of_that_name(name: str) -> None:
    adapter = streamkit_openai.streamkit_adapter(name)
    assert adapter is not None
    assert (adapter.name, adapter.dialect) == (name, "openai-chat")


@pytest.mark.parametrize("name", RESPONSES_PROFILES)
def test_every_prefix_of_the_responses_api_gives_an_adapter_of_that_name(name: str) -> None:
    adapter = streamkit_openai.streamkit_adapter(name)
    assert adapter is not None
    assert (adapter.name, adapter.dialect) == (name, "openai-responses")
    row = RESPONSES_PROFILES[name]
    assert row.source
    assert row.path.endswith("/responses")
    assert row.options.keys() <= set(ChatRequest.model_fields)


def test_other_prefixes_are_left_to_other_plugins() -> None:
    assert streamkit_openai.streamkit_adapter("anthropic") is None


@pytest.mark.parametrize("name", PROFILES)
def test_a_row_says_where_its_facts_and_its_keys_come_from(name: str) -> None:
    row = PROFILES[name]
    assert row.source
    assert row.key_env
    assert row.base_url_env
    assert row.base_url is None or not row.base_url.endswith("/")
    assert row.options.keys() <= OPTIONS.keys()
    assert set(OPTIONS) <= set(ChatRequest.model_fields)


def test_only_servers_of_ones_own_do_without_a_key() -> None:
    assert {name for name, row in PROFILES.items() if not row.key_required} == LOCAL


def test_the_readme_lists_every_prefix_with_its_key_variables() -> None:
    listed = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", README.read_text("utf-8"), re.M))
    servers = {name: row.server for name, row in RESPONSES_PROFILES.items()}
    want = {
        name: " or ".join(f"`{k}`" for k in row.key_env)
        for name, row in {**PROFILES, **servers}.items()
    }
    assert listed == want


def test_a_key_given_by_hand_is_shown_nowhere() -> None:
    adapter = OpenAIChat("groq", api_key="gsk-secret")
    assert adapter.endpoint.api_key == "gsk-secret"
    assert "secret" not in repr(adapter) + repr(adapter.endpoint)


@pytest.mark.parametrize(
    ("profile", "base_url", "want"),
    [
        ("groq", "https://proxy.example/v1/", "https://proxy.example/v1"),
        ("groq", "https://proxy.example/v1/chat/completions", "https://proxy.example/v1"),
        ("azure", "https://me.openai.azure.com", "https://me.openai.azure.com"),
        ("azure", "https://me.openai.azure.com/openai/v1/", "https://me.openai.azure.com"),
        ("databricks", "https://me.example/serving-endpoints", "https://me.example"),
    ],
)
def test_a_base_url_given_by_hand_wins_in_the_forms_people_paste(
    profile: str, base_url: str, want: str
) -> None:
    endpoint = OpenAIChat(profile, base_url=base_url).endpoint
    assert (endpoint.base_url, endpoint.base_url_env) == (want, ())


def test_azure_sends_its_key_under_its_own_header() -> None:
    endpoint = OpenAIChat("azure").endpoint
    assert (endpoint.auth_header, endpoint.auth_prefix) == ("api-key", "")
    assert endpoint.key_env == ("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY")


def test_an_unknown_profile_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'groq'"):
        OpenAIChat("grok")


def test_adapters_are_values() -> None:
    assert OpenAIChat("groq", api_key="a") == OpenAIChat("groq", api_key="a")
    assert len({OpenAIChat("groq"), OpenAIChat("groq"), OpenAIChat("xai")}) == 2
    assert hash(Profile(name="acme", options={"seed": None}))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_the_adapter_is_pure(path: Path) -> None:
    """No I/O, clock, randomness or threads: only these modules are imported."""
    allowed = {
        *(
            "__future__",
            "collections",
            "copy",
            "dataclasses",
            "difflib",
            "json",
            "types",
            "typing",
            "urllib",
        ),
        *("streamkit", "streamkit_openai"),
    }
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= allowed


@pytest.mark.parametrize(
    "path",
    sorted(p for p in PACKAGE.rglob("*.py") if p.name != "profiles.py"),
    ids=lambda p: p.name,
)
def test_no_code_asks_which_vendor_it_is(path: Path) -> None:
    """A server that differs, differs in its row: no name of the table is compared with anything."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Compare | ast.MatchValue):
            words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            assert not words & {*PROFILES, *RESPONSES_PROFILES}, f"line {node.lineno}"
