"""What an adapter's author declares, and the check that nothing else was."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from streamkit.adapter import Adapter

from . import laws, plugin
from ._seal import Seal

CONTRACT: Final = max(laws.CHANGES)
"""The newest version of the contract. A law that could fail an adapter of today raises it."""

DEFINED: Final[list[type]] = []
"""Every contract class there is: one that pytest does not collect must not be forgotten."""


class AdapterContract:
    """Subclass this and set the first three; pytest makes the tests.

    The laws are no methods, so none can be overridden: a name that is not declared here is an error
    at collection, and so is a mark that skips.
    """

    contract: ClassVar[int] = 1
    """The version of the contract to prove. A later one has more laws; nobody is moved unasked."""

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

    replayed_with: ClassVar[Mapping[str, Any]] = {}
    """Options of a request whose answer the vendor keeps, where `replay` hangs on options."""

    deviations: ClassVar[Mapping[str, str]] = {}
    """Laws known to be broken, each with the reason: ``{"L04": "…"}``, ``{"L04[tools]": "…"}``.

    Becomes a strict xfail: it fails as soon as the law holds, and the closing table shows it.
    """

    def __init_subclass__(cls) -> None:
        if "pytest" in sys.modules and not plugin.LOADED:
            raise RuntimeError(
                f"{cls.__name__} proves nothing: the pytest plugin of the contract tests is off "
                "(by -p no:streamkit_contract_tests, or PYTEST_DISABLE_PLUGIN_AUTOLOAD)"
            )
        DEFINED.append(cls)


_DECLARATIONS = frozenset(AdapterContract.__annotations__)
_OF_EVERY_CLASS = frozenset(vars(type("Empty", (), {}))) | {"__annotations__", "__qualname__"}
_SINCE_PYTHON_3_13 = frozenset({"__static_attributes__", "__firstlineno__"})
_SINCE_PYTHON_3_14 = frozenset({"__annotate_func__", "__annotations_cache__", "__annotate__"})
_ALLOWED = _DECLARATIONS | _OF_EVERY_CLASS | _SINCE_PYTHON_3_13 | _SINCE_PYTHON_3_14


def problems(cls: type[AdapterContract]) -> Iterator[str]:
    """What is wrong with a declaration, in words for its author."""
    if type(cls) is not type:
        yield f"a metaclass ({type(cls).__name__}) could change what the class says: leave it out"
    for base in cls.__mro__:
        if base in (AdapterContract, object):
            continue
        for name in sorted(set(vars(base)) - _ALLOWED - {"pytestmark"}):
            yield (
                f"{base.__name__}.{name} is no declaration of AdapterContract (those are "
                f"{', '.join(sorted(_DECLARATIONS))}). A law cannot be overridden; tests of your "
                "own belong into a class of their own"
            )
    if cls.contract not in range(1, CONTRACT + 1):
        yield (
            f"contract is {cls.contract!r}, but the streamkit-contract-tests installed here knows "
            f"contracts 1 to {CONTRACT}"
        )
    if not isinstance(getattr(cls, "adapter", None), Adapter):
        yield "adapter must be an adapter object: adapter = Acme()"
    if not isinstance(getattr(cls, "recordings", None), Path):
        yield 'recordings must be a path: recordings = Path(__file__).parent / "recordings"'
    for name, variant in cls.variants.items():
        if not isinstance(variant, Adapter):
            yield f"variants[{name!r}] must be an adapter object"
    for name in ("keep_alives", "padding_fields"):
        yield from _no_texts(name, getattr(cls, name))
    if not isinstance(cls.model, str) or not cls.model:
        yield f'model must be a model\'s name: model = "any", not {cls.model!r}'
    yield from _wrong_deviations(cls.deviations)


def _no_texts(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str | bytes):
        yield f"{name} is {value!r}, but must be several texts: {name} = ({value!r},)"
        return
    for text in value:
        if not isinstance(text, str):
            hint = ": leave the b out" if isinstance(text, bytes) else ""
            yield f"{name} holds {text!r}, which is no text{hint}"


def _wrong_deviations(deviations: Any) -> Iterator[str]:
    for law, reason in dict(deviations).items():
        if not isinstance(reason, str) or len(reason.split()) < 3:
            yield f"deviations[{law!r}] needs a reason in words, not {reason!r}"


SEALS: Final = (Seal("streamkit_contract_tests"), Seal("streamkit", code_only=True))
"""The kit and the core as they are before any adapter or test can reach them."""


def changed() -> str | None:
    """What of the kit or the core is not as it was imported."""
    return next((name for seal in SEALS if (name := seal.changed())), None)


def unharmed() -> None:
    """Raise RuntimeError if somebody has patched the kit."""
    name = SEALS[0].changed()
    if name is not None:
        raise RuntimeError(f"{name} is not what was installed: a patched law proves nothing")
