"""``streamkit new-adapter``: a plugin to begin with, whose tests say what is left to write."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from streamkit._plugins import installed
from streamkit.cli._endings import COMPLETE
from streamkit.errors import ConfigurationError

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_FILES: Final = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "src/{module}/__init__.py": "init.py.txt",
    "src/{module}/adapter.py": "adapter.py.txt",
    "src/{module}/py.typed": None,
    "tests/test_contract.py": "test_contract.py.txt",
    "tests/recordings/README.md": "recordings.md.txt",
}
"""What is written, and the template it is made of."""


def new_adapter(name: str, output: str | None) -> int:
    """Write the skeleton of a plugin for the model prefix ``name``; returns the exit code.

    Raises:
        ConfigurationError: the name is no model prefix or taken, or the folder is there.
        OSError: the folder cannot be written.
    """
    class_name = "".join(word.capitalize() for word in name.split("-"))
    _check(name, class_name)
    module = "streamkit_" + name.replace("-", "_")
    values = {
        "name": name,
        "module": module,
        "class_name": class_name,
        "title": " ".join(word.capitalize() for word in name.split("-")),
        "env": name.replace("-", "_").upper(),
    }
    folder = Path(output or f"streamkit-{name}")
    if folder.exists() or folder.is_symlink():
        raise ConfigurationError(f"{folder} is there already: choose another folder with -o")
    templates = files("streamkit.cli") / "skeleton"
    for place, template in _FILES.items():
        text = (templates / template).read_text("utf-8") if template else ""
        path = folder / place.format(module=module)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(values), "utf-8")
        print(path)
    print(
        f"\nNext: cd {folder}; pip install -e . pytest streamkit-contract-tests; pytest\n"
        "It says what is left to write, in order."
    )
    return COMPLETE


def _check(name: str, class_name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no model prefix: small letters, digits and single dashes between them, "
            "with a letter first, such as acme or acme-cloud"
        )
    if keyword.iskeyword(class_name) or name in ("core", "contract-tests"):
        raise ConfigurationError(f"{name!r} means something else already: choose another name")
    if name in installed().names():
        raise ConfigurationError(
            f"the model prefix {name!r} is taken by a plugin that is installed: choose another "
            "name, for two of one name are refused"
        )
