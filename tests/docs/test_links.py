"""Links between the pages, and to files beside them, lead somewhere."""

from __future__ import annotations

import re
import string

import pytest

from .pages import PAGES, name_of

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|\!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page):
    for link in links(page):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name_of(page)} links to {link}"
        if anchor:
            assert anchor in anchors(path), f"{name_of(page)} links to {link}"


def test_there_are_links():
    assert sum(len(links(page)) for page in PAGES) > 30


def links(page):
    text = _FENCE.sub("", page.read_text("utf-8"))
    found = (a or b for a, b in _LINK.findall(text))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(path):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    text = _FENCE.sub("", path.read_text("utf-8"))
    kept = string.ascii_lowercase + string.digits + "_- "
    return {
        "".join(c for c in heading.lower() if c in kept).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
