"""Sources a vendor names, each told once however often it is repeated.

Three shapes: ``annotations`` on a delta (OpenAI, OpenRouter, Groq), and ``search_results`` and
``citations`` beside the choices (Perplexity, xAI), which repeat the whole list on every chunk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from streamkit.values import Citation


class Citations:
    """The sources of one answer so far."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._urls: set[str] = set()

    def annotations(self, value: Any) -> Iterator[Citation]:
        """New ones among ``[{"type": "url_citation", "url_citation": {…}}, …]``."""
        for raw in _mappings(value):
            mark = json.dumps(raw, sort_keys=True)
            if mark in self._told:
                continue
            self._told.add(mark)
            kind = str(raw.get("type") or "annotation")
            inner = raw.get(kind)
            body = inner if isinstance(inner, Mapping) else raw
            start, end = body.get("start_index"), body.get("end_index")
            # OpenRouter sends 0 and 0 where it does not know the place.
            placed = type(start) is int and type(end) is int and end > start
            url = _text(body.get("url"))
            if url:
                self._urls.add(url)
            yield Citation(
                kind="url" if kind == "url_citation" else kind,
                url=url,
                title=_text(body.get("title")),
                cited_text=_text(body.get("content")),
                start=start if placed else None,
                end=end if placed else None,
                raw=dict(raw),
            )

    def search_results(self, value: Any) -> Iterator[Citation]:
        """New ones among ``[{"url": …, "title": …, "snippet": …}, …]``."""
        for raw in _mappings(value):
            url = _text(raw.get("url"))
            if url and url not in self._urls:
                self._urls.add(url)
                title, text = _text(raw.get("title")), _text(raw.get("snippet"))
                yield Citation(url=url, title=title, cited_text=text, raw=dict(raw))

    def urls(self, value: Any) -> Iterator[Citation]:
        """New ones among ``["https://…", …]``; entries may be search results as well."""
        for raw in value if isinstance(value, list) else ():
            if isinstance(raw, Mapping):
                yield from self.search_results([raw])
            elif isinstance(raw, str) and raw not in self._urls:
                self._urls.add(raw)
                yield Citation(url=raw, raw={"url": raw})


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (v for v in value if isinstance(v, Mapping))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
