"""Write the generated files of the documentation: ``uv run python docs/generate.py``.

A test holds the files in the tree equal to what this writes.
"""

import json
from pathlib import Path

from streamkit import events

HERE = Path(__file__).parent


def pages() -> dict[str, str]:
    """The generated files, by name."""
    return {"events.schema.json": json.dumps(events.json_schema(), indent=2) + "\n"}


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text, "utf-8")
