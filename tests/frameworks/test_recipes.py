"""Every recipe of docs/frameworks.md, behind its servers: answers come as they are made, visitors
who leave take the vendor's connection with them, and a vendor's failure is told in the answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from streamkit import errors
from tape_server import Answer

from .sites import SITES, Site, recipes, running

WORDS = ("Blue ", "light ", "scatters.")
PATHS = ("/text", "/events")


@pytest.fixture(scope="module", params=SITES)
def site(request, tmp_path_factory) -> Iterator[Site]:
    with running(SITES[request.param], tmp_path_factory.mktemp("site")) as site:
        yield site


def frame(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %s\n\n" % json.dumps({"id": "c1", "choices": [choice]}).encode()


def said(word: str) -> bytes:
    return frame({"content": word})


END = (frame({}, "stop"), b"data: [DONE]\n\n")
WHOLE = Answer([*map(said, WORDS), *END])


def read(path: str, body: str) -> tuple[str, str | None]:
    """The words and the error that a reader makes of a whole body."""
    if path == "/text":
        words, _, error = body.partition("\n[")
        assert not error or error.endswith("]\n")
        return words, error.removesuffix("]\n") or None
    assert body.endswith("\n\n")
    *texts, last = [json.loads(x.removeprefix("data: ")) for x in body[:-2].split("\n\n")]
    assert last == {"done": True} or last.keys() == {"error"}
    return "".join(x["text"] for x in texts), last.get("error")


def test_every_recipe_of_the_page_is_served():
    assert {x for recipe in SITES.values() for x in recipe.sections} == {*recipes()} - {
        "The stream as text, and as events"
    }


@pytest.mark.parametrize("path", PATHS)
def test_words_reach_the_visitor_while_the_vendor_waits_with_the_next(site, path):
    """At most one word behind: the last one may be kept for a seam."""
    was_read = threading.Semaphore(1)

    def in_step():
        for word in WORDS:
            yield said(word)
            was_read.acquire(timeout=10)
        yield from END

    site.vendor.play(Answer(in_step()))
    with site.visit(path) as visitor:
        for word in WORDS:
            visitor.reads_until(word.strip())
            was_read.release()


@pytest.mark.parametrize("path", PATHS)
def test_the_body_is_the_answer_and_says_what_it_is(site, path):
    site.vendor.play(WHOLE)
    with site.visit(path) as visitor:
        assert read(path, visitor.reads_all()) == ("".join(WORDS), None)
        kind = visitor.response.headers["content-type"].partition(";")[0]
        assert kind == {"/text": "text/plain", "/events": "text/event-stream"}[path]


# --- the visitor leaves --------------------------------------------------------------------------


def vendor_loses(site: Site, connection: int) -> None:
    """Half a second after the visitor left nothing is left of it, and the site serves others."""
    site.vendor.waits_for_the_client_to_go(connection)
    site.vendor.play(WHOLE)
    with site.visit("/text") as other:
        assert other.reads_all() == "".join(WORDS)
    site.log_is_clean()


@pytest.mark.parametrize("path", PATHS)
def test_leaving_while_the_vendor_is_silent(site, path):
    site.vendor.play(Answer([said("Blue ")], ended=False, then="stall"))
    with site.visit(path) as visitor:
        visitor.reads_until("Blue")
        connection = site.asked()
    vendor_loses(site, connection)


@pytest.mark.parametrize("path", PATHS)
def test_leaving_before_the_first_word(site, path):
    site.vendor.play(Answer(delay=3600))
    with site.visit(path):
        connection = site.asked()
    vendor_loses(site, connection)


@pytest.mark.parametrize("path", PATHS)
def test_leaving_while_the_vendor_talks(site, path):
    site.vendor.play(Answer([said("Blue "), 0.002] * 10_000))
    with site.visit(path) as visitor:
        visitor.reads_until("Blue")
        visitor.reads_until("Blue")
        connection = site.asked()
    vendor_loses(site, connection)


def test_not_reading_holds_the_vendor_back_and_leaving_then_frees_it(site):
    """The worst moment: the framework is writing, and the generator stands at its yield."""
    sent = 0

    def flood():
        nonlocal sent
        while True:
            yield said("x" * 100_000)
            sent += 1

    site.vendor.play(Answer(flood()))
    with site.visit("/text") as visitor:
        visitor.reads_until("x")
        connection, before = site.asked(), -1
        while sent != before:
            before = sent
            time.sleep(0.2)
        assert sent < 1_000, "the site keeps what the visitor does not read"
        visitor.says_no_more()
        time.sleep(0.05)
    vendor_loses(site, connection)


def test_others_read_on_when_one_leaves(site):
    left = threading.Event()

    def slow():
        yield said("Blue ")
        left.wait(10)
        yield said("light.")
        yield from END

    stays, leaves = Answer(slow()), Answer([said("Red ")], ended=False, then="stall")
    site.vendor.play(stays, leaves)
    with site.visit("/text") as one:
        one.reads_until("Blue")
        with site.visit("/text") as other:
            other.reads_until("Red")
            connection = site.asked(2)
        site.vendor.waits_for_the_client_to_go(connection)
        left.set()
        assert one.reads_all().strip() == "light."


# --- the vendor fails ----------------------------------------------------------------------------

SECRET = "account 7731 of Acme"
REPORTED = b'data: {"error": {"type": "invalid_request_error", "message": "%s"}}\n\n'
CUT = Answer([said("Blue ")])
RESET = Answer([said("Blue ")], ended=False, then="reset")
REFUSED = Answer(
    [b'{"error": {"type": "invalid_request_error", "message": "%s"}}' % SECRET.encode()],
    status=401,
    headers={"content-type": "application/json"},
    length="content-length",
)

FAULTS = {
    "reported": ([Answer([said("Blue "), REPORTED % SECRET.encode()])], errors.InvalidRequestError),
    "cut": ([CUT, REFUSED], errors.AuthenticationError),
    "reset": ([RESET, REFUSED], errors.AuthenticationError),
    "refused": ([REFUSED], errors.AuthenticationError),
    "cut each time": ([CUT], errors.TruncatedError),
}


@pytest.mark.parametrize(
    ("fault", "path"),
    [(x, path) for x in FAULTS for path in PATHS if (x, path) != ("cut each time", "/text")],
)
def test_a_fault_of_the_vendor_is_told_in_the_body(site, path, fault):
    """In words that are safe to show, behind what came, in a body that ends properly. An answer
    that was cut is asked for again; the vendor refuses that, or cuts it again."""
    answers, error = FAULTS[fault]
    site.vendor.play(*answers)
    with site.visit(path) as visitor:
        body = visitor.reads_all()
    words, told = read(path, body)
    assert words.strip() == ("" if fault == "refused" else "Blue")
    assert told == error("").public()
    assert SECRET not in body
    site.log_is_clean()
