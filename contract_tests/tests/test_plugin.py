"""What an author sees: one test for each law and recording, and no way around a law."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from author import CLASS, HERE, output, run, settle

from streamkit_contract_tests.laws import LAWS

pytest_plugins = ["pytester"]

RECORDED = sorted(p.stem for p in (HERE / "recordings").glob("*.sse"))
ALL = 93
PER_ADAPTER = sum(law.scope == "adapter" for law in LAWS.values())


@pytest.fixture
def author(pytester: pytest.Pytester) -> pytest.Pytester:
    """The folder of an author, with the toy adapter and its recordings."""
    return settle(pytester)


def test_one_class_gives_a_test_for_each_law_and_recording(author: pytest.Pytester) -> None:
    result = run(author, CLASS, "--collect-only", "-q")
    tests = [line for line in result.stdout.lines if "::" in line]
    assert "test_acme.py::TestAcme::L05_a_cut_shows[tools]" in tests
    assert "test_acme.py::TestAcme::L01_the_recorded_result[refused]" in tests
    assert "test_acme.py::TestAcme::L13_purity" in tests
    per_scope = Counter(law.scope for law in LAWS.values())
    streams, answers = len(RECORDED), len(RECORDED) + 1
    assert (
        per_scope["stream"] * streams + per_scope["recording"] * answers + per_scope["adapter"]
    ) == ALL
    assert len(set(tests)) == len(tests) == ALL


def test_a_law_that_holds_passes_and_the_table_counts_it(author: pytest.Pytester) -> None:
    result = run(author, CLASS)
    assert result.ret == 0
    assert "streamkit contract" in output(result)
    assert f"{ALL} held" in output(result)


def test_a_failure_tells_the_law_the_recording_the_place_and_the_reason(
    author: pytest.Pytester,
) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text(expect.read_text("utf-8").replace('"stop"', '"length"'), "utf-8")
    result = run(author, CLASS, "-k", "L01")
    assert result.ret == 1
    told = output(result)
    assert "L01 the recorded result: broken by 'acme' on the recording 'text'" in told
    assert "finish_reason: expected 'length', got 'stop'" in told
    assert "the law What the vendor said is what the user gets" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("addition", "told"),
    [
        ("    recording = 7\n", "TestAcme.recording is no declaration"),
        ("    adapter = Acme\n", "adapter must be an adapter object"),
        ("    contract = 9\n", "contract is 9, but the streamkit-contract-tests installed here"),
        ("    recordings = 'here'\n", "recordings must be a path"),
        ("    deviations = {'L99': 'for no reason at all'}\n", "names no test of this class: L99"),
        ("    keep_alives = (b': ping\\n\\n',)\n", "which is no text: leave the b out"),
        ("    padding_fields = 'p'\n", "must be several texts: padding_fields = ('p',)"),
        ("    model = None\n", "model must be a model's name"),
        ("    recordings = Path('nowhere')\n", "there is no folder nowhere"),
    ],
)
def test_a_wrong_declaration_is_an_error_at_collection(
    author: pytest.Pytester, addition: str, told: str
) -> None:
    result = run(author, CLASS + addition)
    assert result.ret == 2
    assert told in output(result)


def test_a_class_of_any_name_is_collected(author: pytest.Pytester) -> None:
    result = run(author, CLASS.replace("TestAcme", "Forgotten"), "-k", "L13")
    result.assert_outcomes(passed=1, deselected=ALL - 1)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("new.sse", "data: {}\n\n", "write new.expect.json beside it"),
        ("new.expect.json", "{}", "new.expect.json has no body"),
        ("text.txt", "oops", "text.txt and text.sse have one name"),
        ("text.expect.json", '{"texts": 1}', "texts is no field of an expectation; did you mean"),
        ("text.expect.json", '{"zzz": 1}', "zzz is no field of an expectation; there are text,"),
        ("text.expect.json", "{", "text.expect.json cannot be read: Invalid JSON"),
        ("text.sse", "@status 500\n{}", "put that line before it"),
    ],
)
def test_a_recording_that_is_not_whole_is_an_error(
    author: pytest.Pytester, name: str, content: str, told: str
) -> None:
    (author.path / "recordings" / name).write_text(content, "utf-8")
    result = run(author, CLASS)
    assert result.ret == 2
    assert told in output(result)


VARIANT = '    variants = {"sibling": Acme(name="sibling")}\n'


def test_a_recording_may_be_of_a_variant_of_the_adapter(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expected = json.loads(expect.read_text("utf-8")) | {"variant": "sibling", "text": "wrong"}
    expect.write_text(json.dumps(expected), "utf-8")
    result = run(author, CLASS + VARIANT, "-k", "L01 or L13")
    assert "broken by 'sibling' on the recording 'text'" in output(result)
    result.assert_outcomes(
        failed=1, passed=len(RECORDED) + 2, deselected=ALL - len(RECORDED) - 2 + PER_ADAPTER - 1
    )


def test_a_variant_that_nobody_declared_is_an_error(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text('{"variant": "cousin"}', "utf-8")
    result = run(author, CLASS + VARIANT)
    assert result.ret == 2
    assert "text: no variant 'cousin'; known: sibling" in output(result)


def test_a_known_deviation_does_not_fail_and_is_told(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text(json.dumps({"text": "something else"}), "utf-8")
    addition = "    deviations = {'L01[text]': 'the vendor lies about it'}\n"
    result = run(author, CLASS + addition)
    assert result.ret == 0
    assert f"{ALL - 1} held, 1 known (x)" in output(result)
    assert "L01_the_recorded_result[text]: the vendor lies about it" in output(result)


def test_a_deviation_that_is_mended_fails(author: pytest.Pytester) -> None:
    addition = "    deviations = {'L01': 'was broken last year'}\n"
    result = run(author, CLASS + addition, "-k", "L01")
    assert result.ret == 1
    result.assert_outcomes(failed=len(RECORDED) + 1, deselected=ALL - len(RECORDED) - 1)


def test_a_deviation_that_is_too_wide_is_told_how_to_narrow_it(author: pytest.Pytester) -> None:
    expect = author.path / "recordings" / "text.expect.json"
    expect.write_text(json.dumps({"text": "something else"}), "utf-8")
    result = run(author, CLASS + "    deviations = {'L01': 'the vendor lies about it'}\n")
    assert result.ret == 1
    told = "L01 holds on 'tools': narrow 'L01' in deviations to 'L01[text]'"
    assert told in output(result)


def test_a_deviation_that_holds_now_is_told_to_go(author: pytest.Pytester) -> None:
    result = run(author, CLASS + "    deviations = {'L16[acme]': 'was broken last year'}\n")
    assert result.ret == 1
    assert "L16 holds on 'acme' now: take 'L16[acme]' out of deviations" in output(result)


def test_a_stream_under_the_name_of_a_text_is_told_its_suffix(author: pytest.Pytester) -> None:
    body = author.path / "recordings" / "text.sse"
    body.rename(body.with_suffix(".txt"))
    result = run(author, CLASS)
    assert result.ret == 2
    assert "text.txt holds server-sent events: call it text.sse" in output(result)
