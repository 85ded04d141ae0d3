"""Finding adapters among the installed plugins. The only home of pluggy's manager.

Entry points are read once; a plugin's module is imported when one of its prefixes is first asked
for. A plugin that cannot be imported breaks nobody else: it is reported when asked for by name.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Any

import pluggy

from streamkit import hookspecs
from streamkit.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from streamkit.adapter import Adapter


@dataclass(frozen=True, slots=True)
class InstalledAdapter:
    """One prefix and what stands behind it: an adapter, or the reason why it cannot be used."""

    name: str
    distribution: str
    adapter: Adapter | None
    problem: str | None


class Plugins:
    """The installed plugins. One object serves the process; tests make their own."""

    def __init__(self, points: tuple[EntryPoint, ...]) -> None:
        self._points = points
        self._manager = pluggy.PluginManager(hookspecs.GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._adapters: dict[str, Adapter] = {}
        self._lock = RLock()

    def names(self) -> list[str]:
        return sorted({p.name for p in self._points})

    def adapter(self, name: str) -> Adapter:
        """The adapter for a prefix. Raises ConfigurationError that says what to install or mend."""
        with self._lock:
            found = self._adapters.get(name)
            if found is None:
                found = self._adapters[name] = self._load(name)
            return found

    def report(self) -> list[InstalledAdapter]:
        """Every installed prefix, the broken ones with their reason."""
        rows = []
        for name in self.names():
            adapter, problem = None, None
            try:
                adapter = self.adapter(name)
            except ConfigurationError as error:
                problem = error.message
            owners = sorted({_distribution(p) for p in self._points if p.name == name})
            rows.append(InstalledAdapter(name, " and ".join(owners), adapter, problem))
        return rows

    @property
    def hook(self) -> Any:
        return self._manager.hook

    def _load(self, name: str) -> Adapter:
        points = [p for p in self._points if p.name == name]
        if not points:
            raise ConfigurationError(self._unknown(name))
        if len(points) > 1:
            owners = " and ".join(sorted(_distribution(p) for p in points))
            raise ConfigurationError(
                f"two installed plugins claim the model prefix {name!r}: {owners}. "
                "Uninstall one, or hand the adapter in: Client(adapters=[...])."
            )
        module = self._import(points[0])
        try:
            adapter = self._ask(module, name)
        except Exception as error:
            raise ConfigurationError(
                f"the plugin {_distribution(points[0])} failed to make its adapter {name!r}: "
                f"{type(error).__name__}: {error}"
            ) from error
        if adapter is None:
            raise ConfigurationError(
                f"the plugin {_distribution(points[0])} registers the model prefix {name!r} "
                f"but its streamkit_adapter hook returned nothing for it."
            )
        return adapter

    def _import(self, point: EntryPoint) -> Any:
        owner = _distribution(point)
        try:
            module = point.load()
        except Exception as error:  # whatever a foreign module raises on import
            raise ConfigurationError(
                f"the plugin {owner} for {point.name!r} cannot be imported: "
                f"{type(error).__name__}: {error}. Reinstall or uninstall it."
            ) from error
        if not self._manager.is_registered(module):
            self._manager.register(module)
            try:
                self._manager.check_pending()
            except pluggy.PluginValidationError as error:
                self._manager.unregister(module)
                raise ConfigurationError(
                    f"the plugin {owner} implements a hook that does not exist: {error}"
                ) from error
        return module

    def _ask(self, module: Any, name: str) -> Adapter | None:
        # Only the module that owns the prefix is asked, so that no plugin can answer for another.
        others = [p for p in self._manager.get_plugins() if p is not module]
        hook = self._manager.subset_hook_caller("streamkit_adapter", remove_plugins=others)
        adapter: Adapter | None = hook(name=name)
        return adapter

    def _unknown(self, name: str) -> str:
        installed = ", ".join(self.names()) or "none"
        return (
            f"no adapter for the model prefix {name!r}. Installed: {installed}. "
            f"Install its plugin (for example: pip install streamkit-{name}), "
            "or hand an adapter in: Client(adapters=[...])."
        )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


@lru_cache(maxsize=1)
def installed() -> Plugins:
    """The plugins of this environment, found by their entry points."""
    from importlib.metadata import entry_points

    return Plugins(tuple(entry_points(group=hookspecs.GROUP)))


def tell_stream_ended(report: hookspecs.StreamReport) -> None:
    """Tell the plugins in use. An observer that raises harms nobody but is warned about."""
    if installed.cache_info().currsize == 0:
        return  # no plugin was ever loaded
    try:
        installed().hook.streamkit_stream_ended(report=report)
    except Exception as error:
        warnings.warn(f"a streamkit_stream_ended hook failed: {error!r}", stacklevel=2)
