"""Plugins are found by entry points, loaded when asked for, and harm nobody but themselves."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from streamkit import _plugins, errors
from streamkit._plugins import Plugins
from streamkit.sync import Client
from streamkit.testing import Fake

HEAD = """
from streamkit import hookimpl
from streamkit.testing import Fake
"""
GOOD = (
    HEAD
    + """
@hookimpl
def streamkit_adapter(name):
    return Fake("Hello", name=name)
"""
)
MISSPELT = (
    HEAD
    + """
@hookimpl
def streamkit_adaptor(name):
    return Fake("Hello", name=name)
"""
)
RAISES = (
    HEAD
    + """
@hookimpl
def streamkit_adapter(name):
    raise RuntimeError("no licence")
"""
)
SILENT = (
    HEAD
    + """
@hookimpl
def streamkit_adapter(name):
    return None
"""
)
GREEDY = (
    HEAD
    + """
@hookimpl(tryfirst=True)
def streamkit_adapter(name):
    return Fake("mine", name="stolen")
"""
)
OBSERVER = (
    GOOD
    + """
REPORTS = []

@hookimpl
def streamkit_stream_ended(report):
    REPORTS.append(report)
"""
)
BAD_OBSERVER = (
    GOOD
    + """
@hookimpl
def streamkit_stream_ended(report):
    raise ValueError("disk full")
"""
)

Install = Callable[..., Plugins]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Writes modules, and gives the `Plugins` that have an entry point for each."""
    monkeypatch.syspath_prepend(tmp_path)
    written = set[str]()

    def write(**sources: str) -> Plugins:
        points = []
        for module, source in sources.items():
            (tmp_path / f"plug_{module}.py").write_text(source)
            written.add(f"plug_{module}")
            name = module.partition("_")[0]
            points.append(EntryPoint(name, f"plug_{module}", "streamkit"))
        plugins = Plugins(tuple(points))
        monkeypatch.setattr(_plugins, "installed", _Installed(plugins))
        return plugins

    yield write
    for module in written:
        sys.modules.pop(module, None)


class _Installed:
    """Stands for `streamkit._plugins.installed`, which is a cached function."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def __call__(self) -> Plugins:
        return self._plugins

    def cache_info(self) -> Any:
        return type("CacheInfo", (), {"currsize": 1})


def refused(plugins: Plugins, name: str) -> str:
    with pytest.raises(errors.ConfigurationError) as caught:
        plugins.adapter(name)
    return str(caught.value)


def test_a_plugin_is_imported_when_its_prefix_is_first_asked_for(install: Install) -> None:
    plugins = install(acme=GOOD, other=GOOD)
    assert plugins.names() == ["acme", "other"]
    assert "plug_acme" not in sys.modules
    adapter = plugins.adapter("acme")
    assert adapter.name == "acme"
    assert "plug_acme" in sys.modules
    assert "plug_other" not in sys.modules
    assert plugins.adapter("acme") is adapter


def test_one_module_may_serve_several_prefixes(tmp_path: Path, install: Install) -> None:
    install(acme=GOOD)
    points = [EntryPoint(name, "plug_acme", "streamkit") for name in ("acme", "acme-eu")]
    plugins = Plugins(tuple(points))
    assert [plugins.adapter(name).name for name in ("acme", "acme-eu")] == ["acme", "acme-eu"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("import no_such_module", "cannot be imported: ModuleNotFound", id="import"),
        pytest.param("1 +", "cannot be imported: SyntaxError", id="syntax"),
        pytest.param("raise SystemError('x')", "cannot be imported: SystemError", id="raises"),
        pytest.param(RAISES, "failed to make its adapter 'acme': RuntimeError: no lic", id="hook"),
        pytest.param(SILENT, "hook returned nothing", id="nothing"),
        pytest.param("x = 1", "hook returned nothing", id="no hook"),
        pytest.param(MISSPELT, "implements a hook that does not exist", id="misspelt"),
    ],
)
def test_a_broken_plugin_is_reported_by_name_and_breaks_no_other(
    install: Install, source: str, said: str
) -> None:
    plugins = install(acme=source, other=GOOD)
    for _ in range(2):
        words = refused(plugins, "acme")
        assert "plug_acme" in words
        assert said in words
    assert plugins.adapter("other").name == "other"
    rows = {row.name: row for row in plugins.report()}
    assert said in str(rows["acme"].problem)
    assert rows["acme"].adapter is None
    assert rows["other"].problem is None


def test_two_plugins_of_one_name_are_refused_with_both_names(install: Install) -> None:
    plugins = install(acme_one=GOOD, acme_two=GOOD, other=GOOD)
    words = refused(plugins, "acme")
    assert "plug_acme_one and plug_acme_two" in words
    assert "Client(adapters=[...])" in words
    assert plugins.adapter("other").name == "other"


def test_an_adapter_handed_in_wins_over_plugins_that_are_refused(install: Install) -> None:
    install(acme_one=GOOD, acme_two=GOOD)
    with Fake("by hand", name="acme").sync_client() as client:
        assert client.complete("acme:any", "Hi").text == "by hand"


def test_no_plugin_answers_for_the_prefix_of_another(install: Install) -> None:
    plugins = install(greedy=GREEDY, acme=SILENT)
    plugins.adapter("greedy")
    assert "plug_acme" in refused(plugins, "acme")


def test_a_prefix_nobody_has_is_answered_with_those_there_are(install: Install) -> None:
    plugins = install(acme=GOOD, other=GOOD)
    words = refused(plugins, "acne")
    assert "Installed: acme, other" in words
    assert "pip install streamkit-acne" in words


def test_an_observer_is_told_once_of_each_stream_and_nothing_secret(install: Install) -> None:
    plugins = install(acme=OBSERVER)
    plugins.adapter("acme")
    with Fake(["Hi"], name="fake").sync_client() as client:
        client.complete("fake:any", "a secret prompt")
    [report] = sys.modules["plug_acme"].REPORTS
    assert (report.model, report.outcome, report.attempts) == ("fake:any", "complete", 1)
    assert "secret" not in repr(report)


def test_an_observer_that_fails_harms_nobody_and_is_warned_of(install: Install) -> None:
    plugins = install(acme=BAD_OBSERVER)
    plugins.adapter("acme")
    with Fake("Hi").sync_client() as client:
        with pytest.warns(UserWarning, match="streamkit_stream_ended hook failed.*disk full"):
            answer = client.complete("fake:any", "Hi")
    assert answer.text == "Hi"


def test_an_observer_that_is_not_in_use_is_not_told(install: Install) -> None:
    install(acme=BAD_OBSERVER)
    with warnings.catch_warnings(), Fake("Hi").sync_client() as client:
        warnings.simplefilter("error")
        assert client.complete("fake:any", "Hi").text == "Hi"
    assert "plug_acme" not in sys.modules


def test_the_installed_plugins_are_all_sound() -> None:
    rows = Plugins(_plugins.installed()._points).report()
    assert {"openai", "anthropic", "local", "groq"} <= {row.name for row in rows}
    assert [row.problem for row in rows if row.problem] == []
    with Client() as client, pytest.raises(errors.ConfigurationError, match="no adapter for"):
        client.stream("nobody:any", "Hi")
