"""What an adapter's author declares, and the check that nothing else was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from streamkit.adapter import Adapter


class AdapterContract:
    """Subclass this and set the first two; pytest makes the tests.

    The laws are no methods, so none can be overridden: a name that is not declared here is an error
    at collection, and so is a mark that skips.
    """

    adapter: ClassVar[Adapter]
    """The adapter to prove, without a key."""

    recordings: ClassVar[Path]
    """The folder of the recordings, each a body with its ``.expect.json`` beside it."""

    variants: ClassVar[Mapping[str, Adapter]] = {}
    """Other adapters of the dialect, by the name under which recordings ask for them."""

    model: ClassVar[str] = "any"
    """A model name whose requests can carry every option and part that the adapter claims."""

    keep_alives: ClassVar[Sequence[str]] = ()
    """Messages of the wire that carry nothing, as they come, blank line and all."""

    padding_fields: ClassVar[Collection[str]] = ()
    """Names of JSON fields that carry nothing new: padding against eavesdroppers, timestamps."""

    deviations: ClassVar[Mapping[str, str]] = {}
    """Laws known to be broken, each with the reason: ``{"L04": "…"}``, ``{"L04[tools]": "…"}``.

    Becomes a strict xfail: it fails as soon as the law holds, and the closing table shows it.
    """


_DECLARATIONS = frozenset(AdapterContract.__annotations__)
_OF_EVERY_CLASS = frozenset(vars(type("Empty", (), {}))) | {"__annotations__", "__qualname__"}
_SINCE_PYTHON_3_13 = frozenset({"__static_attributes__", "__firstlineno__"})
_SINCE_PYTHON_3_14 = frozenset({"__annotate_func__", "__annotations_cache__", "__annotate__"})
_ALLOWED = _DECLARATIONS | _OF_EVERY_CLASS | _SINCE_PYTHON_3_13 | _SINCE_PYTHON_3_14


def problems(cls: type[AdapterContract]) -> Iterator[str]:
    """What is wrong with a declaration, in words for its author."""
    for base in cls.__mro__:
        if base in (AdapterContract, object):
            continue
        for name in sorted(set(vars(base)) - _ALLOWED - {"pytestmark"}):
            yield (
                f"{base.__name__}.{name} is no declaration of AdapterContract (those are "
                f"{', '.join(sorted(_DECLARATIONS))}). A law cannot be overridden; tests of your "
                "own belong into a class of their own"
            )
    if not isinstance(getattr(cls, "adapter", None), Adapter):
        yield "adapter must be an adapter object: adapter = Acme()"
    if not isinstance(getattr(cls, "recordings", None), Path):
        yield 'recordings must be a path: recordings = Path(__file__).parent / "recordings"'
    for name, variant in cls.variants.items():
        if not isinstance(variant, Adapter):
            yield f"variants[{name!r}] must be an adapter object"
    yield from _wrong_deviations(cls.deviations)


def _wrong_deviations(deviations: Any) -> Iterator[str]:
    for law, reason in dict(deviations).items():
        if not isinstance(reason, str) or len(reason.split()) < 3:
            yield f"deviations[{law!r}] needs a reason in words, not {reason!r}"
