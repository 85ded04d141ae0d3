"""``uv run --with atheris python -m fuzz TARGET [libFuzzer's arguments]``"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["streamkit", "streamkit_openai", "streamkit_anthropic"]):
    from fuzz.targets import TARGETS, seeds


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"usage: python -m fuzz {{{','.join(TARGETS)}}} [libFuzzer's arguments]")
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            Path(folder, str(number)).write_bytes(seed)
        single = any(Path(x).is_file() for x in arguments)
        arguments += ["-timeout=10"] + ([] if single else [folder])
        atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
        atheris.Fuzz()


main()
