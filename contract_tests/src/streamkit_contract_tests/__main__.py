"""``python -m streamkit_contract_tests L05``: a law with its reason, and how it can be broken."""

from __future__ import annotations

import re
import sys
from importlib.resources import files


def main(ids: list[str]) -> int:
    """Print these laws, or the list of them all; returns the exit code."""
    text = (files("streamkit_contract_tests") / "laws.md").read_text("utf-8")
    body = re.sub(r"<!--.*?-->", "", text)
    laws = {law[:3]: f"## {law}".rstrip() for law in body.split("\n## ")[1:]}
    unknown = [id_ for id_ in ids if id_ not in laws]
    if unknown:
        print(f"no law {', '.join(unknown)}; there are {', '.join(laws)}", file=sys.stderr)
        return 2
    if ids:
        print("\n\n".join(laws[id_] for id_ in ids))
    else:
        print("\n".join(law.partition("\n")[0].removeprefix("## ") for law in laws.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
