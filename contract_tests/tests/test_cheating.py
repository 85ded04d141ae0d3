"""Deliberate attempts to pass without being right: each is impossible, or shows and is red."""

from __future__ import annotations

import json

import pytest
from author import CLASS, QUIET, output, run, settle

from streamkit._flow import Flow
from streamkit.testing import _decode
from streamkit_contract_tests import _cutting, _errors, _reading, contract, laws, plugin
from streamkit_contract_tests._violation import Violation

pytest_plugins = ["pytester"]
RED = 1
REFUSED = 2
SOME = ("-k", "L10 or L13")
"""Few laws, to be quick, where a run is red for another reason anyway."""


@pytest.fixture
def author(pytester: pytest.Pytester) -> pytest.Pytester:
    return settle(pytester)


def told(author: pytest.Pytester, conftest: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a run with this conftest, in a process of its own."""
    author.makeconftest(conftest)
    author.makepyfile(test_acme=CLASS)
    with pytest.MonkeyPatch.context() as environment:  # other plugins only take time
        environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        only = ("-p", "no:cacheprovider", "-p", "streamkit_contract_tests.plugin")
        result = author.runpytest_subprocess(*only, *arguments)
    return int(result.ret), output(result)


# --- leaving laws out ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "L13"),
        ("--deselect", "test_acme.py::TestAcme"),
        ("test_acme.py::TestAcme::L13_purity",),
    ],
)
def test_deselecting_is_red_and_shows(author: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    result = run(author, CLASS + "\ndef test_other(): pass\n", *arguments)
    assert result.ret == RED
    assert "not run (-)" in output(result)
    assert "laws were not run: this run proves nothing" in output(result)


EXITS = {
    "when the session finishes": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
    "as the last of these hooks": (
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
    ),
    "around all of these hooks": (
        "import pytest\n"
        "@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
        "def pytest_sessionfinish(session):\n    yield\n    session.exitstatus = 0\n"
    ),
    "behind them": (
        "def pytest_sessionfinish(session):\n"
        "    session.config.add_cleanup(lambda: setattr(session, 'exitstatus', 0))\n"
    ),
}


@pytest.mark.parametrize("when", EXITS)
def test_a_conftest_cannot_set_the_exit_code(author: pytest.Pytester, when: str) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text('{"text": "something else"}', "utf-8")
    code, said = told(author, EXITS[when], "-k", "L01")
    assert "a law is broken" in said
    assert code == 1


def test_a_seed_that_somebody_chose_shows(
    author: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMKIT_CONTRACT_SEED")
    assert "come again with STREAMKIT_CONTRACT_SEED=" in told(author, "", *SOME)[1]
    monkeypatch.setenv("STREAMKIT_CONTRACT_SEED", "7")
    assert "were chosen by STREAMKIT_CONTRACT_SEED=7" in told(author, "", *SOME)[1]


def test_a_hook_that_removes_tests_is_red_and_shows(author: pytest.Pytester) -> None:
    author.makeconftest("def pytest_collection_modifyitems(items): items[:] = items[-1:]\n")
    result = run(author, CLASS + "\ndef test_other(): pass\n")
    assert result.ret == RED
    assert "0 held, 93 not run (-)" in output(result)


@pytest.mark.parametrize("mark", ["skip(reason='no time')", "skipif(True, reason='no time')"])
def test_a_mark_put_on_by_a_hook_is_red_and_shows(author: pytest.Pytester, mark: str) -> None:
    author.makeconftest(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        f"    for item in items: item.add_marker(pytest.mark.{mark})\n"
    )
    result = run(author, CLASS)
    assert result.ret == RED
    assert "0 held, 93 not run (-)" in output(result)


@pytest.mark.parametrize("mark", ["skip", "xfail(reason='later')", "skipif(True, reason='no')"])
@pytest.mark.parametrize("where", ["class", "module"])
def test_a_mark_in_the_source_is_refused(author: pytest.Pytester, mark: str, where: str) -> None:
    on_class = f"import pytest\n@pytest.mark.{mark}\nclass TestAcme"
    on_module = f"import pytest\npytestmark = pytest.mark.{mark}\nclass TestAcme"
    result = run(author, CLASS.replace("class TestAcme", locals()[f"on_{where}"]))
    assert result.ret == REFUSED
    assert "no law can be skipped" in output(result)


def test_an_xfail_put_on_by_a_hook_counts_as_broken(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text(json.dumps({"text": "something else"}), "utf-8")
    author.makeconftest(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.name == 'L01_the_recorded_result[text]':\n"
        "            item.add_marker(pytest.mark.xfail(reason='later'))\n"
    )
    result = run(author, CLASS)
    assert result.ret == RED
    assert "92 held, 1 broken (!)" in output(result)


@pytest.mark.parametrize("reason", ["", "later", None, 7])
def test_a_deviation_without_a_reason_in_words_is_refused(
    author: pytest.Pytester, reason: object
) -> None:
    result = run(author, CLASS + f"    deviations = {{'L05': {reason!r}}}\n")
    assert result.ret == REFUSED
    assert "deviations['L05'] needs a reason in words" in output(result)


# --- classes that are no longer what they say --------------------------------------------------


@pytest.mark.parametrize(
    "addition",
    [
        "    def test_L05(self): pass\n",
        "    def L05_a_cut_shows(self): pass\n",
        "    def collect(self): return []\n",
        "    __test__ = False\n",
        "    def __init_subclass__(cls): pass\n",
        "    LAWS = {}\n",
    ],
)
def test_overriding_is_refused(author: pytest.Pytester, addition: str) -> None:
    result = run(author, CLASS + addition)
    assert result.ret == REFUSED
    assert "is no declaration of AdapterContract" in output(result)


def test_overriding_in_a_base_class_is_refused(author: pytest.Pytester) -> None:
    base = "class Base(AdapterContract):\n    def L05_a_cut_shows(self): pass\n\n"
    source = CLASS.replace("class TestAcme(AdapterContract)", f"{base}class TestAcme(Base)")
    result = run(author, source)
    assert result.ret == REFUSED
    assert "Base.L05_a_cut_shows is no declaration of AdapterContract" in output(result)


def test_a_metaclass_is_refused(author: pytest.Pytester) -> None:
    source = CLASS.replace(
        "class TestAcme(AdapterContract)",
        "class Meta(type):\n    pass\n\nclass TestAcme(AdapterContract, metaclass=Meta)",
    )
    result = run(author, source)
    assert result.ret == REFUSED
    assert "a metaclass (Meta) could change what the class says" in output(result)


@pytest.mark.parametrize("end", ["del TestAcme\n", "class TestAcme: pass\n", "TestAcme = None\n"])
def test_a_class_that_was_defined_but_is_not_there_is_red(
    author: pytest.Pytester, end: str
) -> None:
    result = run(author, f"{CLASS}\n{end}\ndef test_other(): pass\n")
    assert result.ret == RED
    assert "test_acme.TestAcme was defined, but never collected" in output(result)


def test_a_hook_that_collects_nothing_is_red(author: pytest.Pytester) -> None:
    author.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_pycollect_makeitem(name):\n"
        "    return [] if name == 'TestAcme' else None\n"
    )
    result = run(author, CLASS + "\ndef test_other(): pass\n")
    assert result.ret == RED
    assert "TestAcme was defined, but never collected" in output(result)


def test_nothing_collected_is_red(author: pytest.Pytester) -> None:
    result = run(author, "import streamkit_contract_tests\n")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("off", ["-p no:streamkit_contract_tests", "autoload"])
def test_the_plugin_switched_off_is_an_error(
    author: pytest.Pytester, off: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if off == "autoload":
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    author.makepyfile(test_acme=CLASS)
    result = author.runpytest_subprocess(*QUIET, *(off.split() if off != "autoload" else ()))
    assert result.ret == REFUSED
    assert "TestAcme proves nothing: the pytest plugin" in output(result)


# --- a kit that is no longer what was installed -------------------------------------------------


def _held(case: object) -> None:
    """Passes always."""


PATCHES = {
    "_cutting._check": lambda m: m.setattr(_cutting, "_check", _held),
    "_cutting.cut_shows.__code__": lambda m: m.setattr(
        _cutting.cut_shows, "__code__", _held.__code__
    ),
    "_reading.MANY": lambda m: m.setattr(_reading, "MANY", 0),
    "_errors.BODIES['nothing']": lambda m: m.delitem(_errors.BODIES, "nothing"),
    "Violation.explain": lambda m: m.setattr(Violation, "explain", _held),
    "plugin.LawItem.runtest": lambda m: m.setattr(plugin.LawItem, "runtest", _held),
    "contract.problems": lambda m: m.setattr(contract, "problems", lambda _cls: ()),
    "streamkit._flow.Flow.run": lambda m: m.setattr(Flow, "run", _held),
    "streamkit.testing._decode.decode": lambda m: m.setattr(_decode, "decode", _held),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_of_the_kit_or_the_core_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert contract.changed() is None
    PATCHES[name](monkeypatch)
    assert str(contract.changed()).endswith(name)


def test_the_table_of_laws_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        laws.LAWS["L05"] = None  # type: ignore[index]


def test_a_patched_kit_is_red_even_if_its_tests_no_longer_look(author: pytest.Pytester) -> None:
    code, said = told(
        author,
        "from streamkit_contract_tests import contract, plugin\n"
        "plugin.LawItem.runtest = lambda self: self.user_properties.append((plugin.HELD, True))\n",
        *SOME,
    )
    assert code == RED
    assert "plugin.LawItem.runtest is not what was installed: this run proves nothing" in said


def test_a_patch_that_is_taken_back_in_time_is_red(author: pytest.Pytester) -> None:
    code, said = told(
        author,
        "import pytest\n"
        "from streamkit_contract_tests import _telling, contract\n"
        "@pytest.fixture(autouse=True)\n"
        "def lenient(): pass\n"
        "def pytest_runtest_setup(item):\n"
        "    item.stash['was'] = _telling.COUNTS\n"
        "    _telling.COUNTS = ()\n"
        "def pytest_runtest_teardown(item):\n"
        "    _telling.COUNTS = item.stash['was']\n",
        *SOME,
    )
    assert code == RED
    assert "_telling.COUNTS is not what was installed: a patched law proves nothing" in said


def test_a_law_that_a_hook_says_was_run_is_not_believed(author: pytest.Pytester) -> None:
    code, said = told(
        author,
        "import pytest\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_makereport(item):\n"
        "    report = yield\n"
        "    report.outcome = 'passed'\n"
        "    return report\n"
        "def pytest_pyfunc_call(): return True\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_setup(item):\n"
        "    item.runtest = lambda: None\n",
    )
    assert code == RED
    assert "0 held, 93 broken (!)" in said


# --- recordings that show nothing ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "nothing is proven by nothing"),
        ("", "the recording 'new' holds nothing, so proves nothing"),
        (": only a comment\n\n", "the recording 'new' holds nothing, so proves nothing"),
    ],
)
def test_empty_recordings_are_refused(author: pytest.Pytester, body: str | None, said: str) -> None:
    empty = author.mkdir("empty")
    if body is not None:
        (empty / "new.sse").write_text(body, "utf-8")
        (empty / "new.expect.json").write_text('{"outcome": "truncated"}', "utf-8")
    result = run(author, CLASS.replace('"recordings"', '"empty"'))
    assert result.ret == REFUSED
    assert said in output(result)


def test_recordings_that_show_no_answer_are_red(author: pytest.Pytester) -> None:
    for path in (author.path / "recordings").iterdir():
        if path.name.split(".")[0] not in ("error", "refused"):
            path.unlink()
    result = run(author, CLASS)
    assert result.ret == RED
    assert "no recording shows" in output(result)


def test_an_end_mark_that_is_declared_away_is_red(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    declared = json.loads(expect.read_text("utf-8")) | {"after_end": 2}
    expect.write_text(json.dumps(declared), "utf-8")
    result = run(author, CLASS)
    assert result.ret == RED
    assert "after_end is 2, but" in output(result)
    assert "declared by TestAcme: whole without their last frames (after_end): text" in output(
        result
    )
