"""The command line: ``streamkit ask``, ``resume``, ``chat``, ``adapters``, ``decode`` and more.

Written on the public surface alone, so it is also an example of it. Answers go to stdout and
everything else to stderr. Exit codes: 0 complete, 1 vendor or usage error, 3 truncated, 130
interrupted, 141 when whoever read the output went away.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line on ``sys.argv``; returns the exit code."""
    try:
        from streamkit.cli._app import run
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"typer", "rich"}:
            raise
        print(
            f"error: the command line needs {missing}: pip install 'streamkit-core[cli]'",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:  # while loading, which takes a moment
        return 130
    return run(sys.argv[1:])
