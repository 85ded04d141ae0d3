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


def shown(path: str, *words: str, error: str | None = None) -> str:
    """The body that a visitor should get."""
    if path == "/text":
        return "".join(words) + (f"\n[{error}]\n" if error else "")
    events: list[dict[str, object]] = [{"text": word} for word in words]
    events.append({"error": error} if error else {"done": True})
    return "".join(f"data: {json.dumps(x)}\n\n" for x in events)


def test_every_recipe_of_the_page_is_served():
    assert {x for recipe in SITES.values() for x in recipe.sections} == {*recipes()} - {
        "The stream as text, and as events"
    }


@pytest.mark.parametrize("path", PATHS)
def test_each_word_reaches_the_visitor_before_the_vendor_says_the_next(site, path):
    was_read = threading.Semaphore(0)

    def in_step():
        for word in WORDS:
            yield said(word)
            was_read.acquire(timeout=10)
        yield from END

    site.vendor.play(Answer(in_step()))
    with site.visit(path) as visitor:
        for word in WORDS:
            visitor.reads_until(word)
            was_read.release()
        assert visitor.reads_all() == shown(path)


@pytest.mark.parametrize("path", PATHS)
def test_the_body_is_the_answer_and_says_what_it_is(site, path):
    site.vendor.play(WHOLE)
    with site.visit(path) as visitor:
        assert visitor.reads_all() == shown(path, *WORDS)
        kind = visitor.response.headers["content-type"].partition(";")[0]
        assert kind == {"/text": "text/plain", "/events": "text/event-stream"}[path]


# --- the visitor leaves --------------------------------------------------------------------------


def vendor_loses(site: Site, connection: int) -> None:
    """Half a second after the visitor left nothing is left of it, and the site serves others."""
    site.vendor.waits_for_the_client_to_go(connection)
    site.vendor.play(WHOLE)
    with site.visit("/text") as other:
        assert other.reads_all() == shown("/text", *WORDS)
    site.log_is_clean()


@pytest.mark.parametrize("path", PATHS)
def test_leaving_while_the_vendor_is_silent(site, path):
    site.vendor.play(Answer([said("Blue ")], ended=False, then="stall"))
    with site.visit(path) as visitor:
        visitor.reads_until("Blue ")
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
        visitor.reads_until("Blue ")
        visitor.reads_until("Blue ")
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
        one.reads_until("Blue ")
        with site.visit("/text") as other:
            other.reads_until("Red ")
            connection = site.asked(2)
        site.vendor.waits_for_the_client_to_go(connection)
        left.set()
        assert one.reads_all() == "light."


# --- the vendor fails ----------------------------------------------------------------------------

SECRET = "account 7731 of Acme"
REPORTED = b'data: {"error": {"type": "server_error", "message": "%s"}}\n\n' % SECRET.encode()
REFUSED = b'{"error": {"type": "invalid_request_error", "message": "%s"}}' % SECRET.encode()
JSON = {"content-type": "application/json"}

FAULTS = {
    "an error in the stream": (Answer([said("Blue "), REPORTED]), errors.ServerError),
    "the line ends without the end mark": (Answer([said("Blue ")]), errors.TruncatedError),
    "the connection is reset": (
        Answer([said("Blue ")], ended=False, then="reset"),
        errors.ConnectionLostError,
    ),
    "bytes that are no event": (
        Answer([said("Blue "), b"data: {%s\n\n" % SECRET.encode()]),
        errors.ProtocolError,
    ),
    "refused at once": (
        Answer([REFUSED], 401, JSON, length="content-length"),
        errors.AuthenticationError,
    ),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_vendor_is_told_in_the_body(site, path, fault):
    """In words that are safe to show, behind what came, in a body that ends properly."""
    answer, error = FAULTS[fault]
    site.vendor.play(answer)
    words = [] if answer.status == 401 else ["Blue "]
    with site.visit(path) as visitor:
        body = visitor.reads_all()
    assert body == shown(path, *words, error=error("").public())
    assert SECRET not in body
    site.log_is_clean()
