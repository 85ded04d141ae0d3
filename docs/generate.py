"""Write what the documentation takes from the code: ``uv run python docs/generate.py``.

Generated text stands in the pages between two marks, so that a page reads as one, here and on a
code host. With ``--check`` nothing is written; the exit code is 1 if anything would change.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from _make import adapters, api, errors, event_types, faults, laws, peers, reference, resume

from streamkit import events

HERE = Path(__file__).parent

SECTIONS = {
    "adapter-reference.md": reference.sections,
    "adapters.md": adapters.sections,
    "api.md": api.sections,
    "errors.md": errors.sections,
    "events.md": event_types.sections,
    "laws.md": laws.sections,
    "../contract_tests/src/streamkit_contract_tests/laws.md": laws.shipped,
    "reliability.md": lambda: {**faults.sections(), **peers.sections()},
    "resume.md": resume.sections,
    "timeouts-and-retries.md": errors.timer_sections,
    "../README.md": peers.readme_sections,
}

_MARKED = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> dict[str, str]:
    """The files with generated text, whole, by name.

    Raises:
        KeyError: a page marks a section that nothing makes, or the other way round.
    """
    found = {"events.schema.json": json.dumps(events.json_schema(), indent=2) + "\n"}
    for name, make in SECTIONS.items():
        made = make()
        text = (HERE / name).read_text("utf-8")
        marked = set(re.findall(_MARKED, text))
        if {section for _, section, _ in marked} != set(made):
            raise KeyError(f"{name}: the marks do not fit the sections {sorted(made)}")
        found[name] = filled(text, made)
    return found


def filled(page: str, sections: Mapping[str, str]) -> str:
    """The page with what is between its marks made anew."""
    return _MARKED.sub(lambda mark: f"{mark[1]}\n{sections[mark[2]]}\n\n{mark[3]}", page)


def main() -> int:
    stale = []
    for name, text in pages().items():
        path = HERE / name
        old = path.read_text("utf-8")
        if old == text:
            continue
        stale.append(name)
        if "--check" in sys.argv:
            diff = difflib.unified_diff(
                old.splitlines(True), text.splitlines(True), f"docs/{name}", "as generated now"
            )
            sys.stdout.writelines(diff)
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {path.resolve().relative_to(HERE.parent)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
