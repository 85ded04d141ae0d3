"""Imports point one way, each library has one home, and the public surface is documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/streamkit"
LAYERS = [
    {"values", "timeouts", "reading"},
    {"chunks", "messages"},
    {"errors", "events", "faults", "hookspecs"},
    {"adapter"},
    {"writing"},
]
"""Modules of the contract, from the bottom: each may import only what is below it."""

HOMES = {
    "httpx": {"_http", "_framing.sse", "cli"},
    "httpcore": {"_http"},
    "httpx_sse": {"_framing"},
    "tenacity": {"_policy"},
    "pluggy": {"_plugins", "hookspecs"},
    "typer": {"cli"},
    "rich": {"cli"},
    "asyncio": {"_http", "sync"},
    "anyio": {"_http"},
}
"""Libraries, and the only modules of the core that import them; `testing` may use all."""

PLUGINS = {path.name for path in (ROOT / "plugins").iterdir() if (path / "src").exists()}
SIGNERS = {"sigv4.py", "google_auth.py"}  # the core calls them; adapters only name them
PURE = sorted(PLUGINS - {"streamkit-local"})  # that one starts a server
ACTING = {
    "httpx", "httpcore", "anyio", "asyncio", "trio", "socket", "ssl", "requests", "urllib3",
    "aiohttp", "os", "time", "random", "threading", "subprocess", "logging", "secrets", "uuid",
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__").replace("__init__", "streamkit"), parsed(path)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


def imports(tree: ast.AST, *, at_run_time: bool = True) -> Iterator[str]:
    """Dotted names of what a module imports; at run time, not what only its annotations need."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if at_run_time:
                continue
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)
        yield from imports(node, at_run_time=at_run_time)


def ours(imported: str) -> str | None:
    """The module of ours that a name is in, without the package: ``_http._common``."""
    return imported.removeprefix("streamkit.") if imported.startswith("streamkit.") else None


def is_of(imported: str, module: str) -> bool:
    return imported == module or imported.startswith(f"{module}.")


TREES = dict(modules())


def test_there_is_something_to_look_at() -> None:
    assert {"client", "_flow", "_http._sync", "testing._fake", "cli._app"} <= TREES.keys()
    assert len(list(imports(TREES["_attempt"]))) > 20


@pytest.mark.parametrize("layer", range(len(LAYERS)))
def test_the_contract_imports_only_what_is_below_it(layer: int) -> None:
    below = set().union(*LAYERS[:layer])
    for module in LAYERS[layer]:
        names = [name for x in imports(TREES[module]) if (name := ours(x))]
        wrong = [
            n for n in names if not any(is_of(n, m) for m in below | (LAYERS[layer] - {module}))
        ]
        assert not wrong, f"{module} imports {wrong}"


def test_no_two_modules_import_each_other() -> None:
    def targets(module: str) -> set[str]:
        names = [name for x in imports(TREES[module]) if (name := ours(x))]
        homes = ([m for m in TREES if is_of(n, m)] for n in names)
        return {max(found, key=len) for found in homes if found} - {module}

    graph = {module: targets(module) for module in TREES}
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " imports ".join([*path[path.index(module) :], module])
        if module not in finished:
            for target in sorted(graph[module]):
                visit(target, (*path, module))
            finished.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("library", HOMES)
def test_a_library_has_one_home(library: str) -> None:
    users = {m for m, tree in TREES.items() if any(is_of(x, library) for x in imports(tree))}
    strangers = {
        user for user in users
        if not any(is_of(user, home) for home in HOMES[library] | {"testing"})
    }  # fmt: skip
    assert not strangers
    assert users, "the library is gone: take it off the list"


def test_what_decides_does_no_io() -> None:
    """The flow, the draft, the framing and the policy neither wait, nor read a clock, nor send."""
    for module, tree in TREES.items():
        if module.partition(".")[0] in (
            "_flow",
            "_attempt",
            "_draft",
            "_parts",
            "_framing",
            "_policy",
        ):
            acting = ACTING - {"httpx"} if module == "_framing.sse" else ACTING
            wrong = [x for x in imports(tree) if x.partition(".")[0] in acting]
            assert not wrong, f"{module} imports {wrong}"


@pytest.mark.parametrize("plugin", PURE)
def test_adapters_import_the_public_surface_and_nothing_that_acts(plugin: str) -> None:
    paths = sorted((ROOT / "plugins" / plugin / "src").rglob("*.py"))
    assert paths
    for path in paths:
        if path.name in SIGNERS:
            continue
        for imported in imports(parsed(path)):
            assert imported.rpartition(".")[2] not in {Path(name).stem for name in SIGNERS}
            assert imported.partition(".")[0] not in ACTING, f"{path.name} imports {imported}"
            private = [p for p in imported.split(".")[1:2] if p.startswith("_")]
            assert not (imported.startswith("streamkit.") and private), f"{path.name}: {imported}"


DIALECTS = sorted(path.parent for path in (ROOT / "plugins").glob("*/src/**/_decoder.py"))
WAY_IN = {"_request": "build", "_messages": "Messages", "_values": "DIALECT"}
"""Modules that every dialect has beside `adapter` and `_decoder`, and a name in each of them."""


def test_there_are_dialects_to_look_at() -> None:
    assert len(DIALECTS) >= 10


@pytest.mark.parametrize("package", DIALECTS, ids=lambda path: path.name)
def test_who_knows_one_dialect_finds_the_way_in_all(package: Path) -> None:
    assert (package / "adapter.py").is_file()
    for module, name in WAY_IN.items():
        names = set()
        for node in parsed(package / f"{module}.py").body:
            match node:
                case ast.FunctionDef(name=defined) | ast.ClassDef(name=defined):
                    names.add(defined)
                case ast.Assign(targets=[ast.Name(id=defined)]):
                    names.add(defined)
        assert name in names, module


def loaded_by(code: str) -> set[str]:
    code = f"import sys\n{code}\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in run.stdout.split()}


PACKAGES = {name.replace("-", "_") for name in PLUGINS}


def test_importing_streamkit_loads_no_plugin_no_http_client_and_no_framework() -> None:
    loaded = loaded_by("import streamkit")
    assert "streamkit" in loaded
    assert loaded.isdisjoint(PACKAGES | {"httpx", "httpx_sse", "trio", "rich", "typer", "pytest"})


def test_a_client_loads_no_plugin_before_a_model_is_asked() -> None:
    loaded = loaded_by("import streamkit.sync\nstreamkit.Client()\nstreamkit.sync.Client()")
    assert loaded.isdisjoint(PACKAGES)


# --- the public surface --------------------------------------------------------------------------

PUBLIC = sorted({m.partition(".")[0] for m in TREES if not m.startswith(("_", "cli", "streamkit"))})


def public_names(module: str) -> Iterator[tuple[str, object]]:
    loaded = importlib.import_module(f"streamkit.{module}")
    listed = getattr(loaded, "__all__", None)
    for name, value in vars(loaded).items():
        own = getattr(value, "__module__", None) == loaded.__name__
        if name in listed if listed is not None else own and not name.startswith("_"):
            yield f"{module}.{name}", value


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_says_what_it_is_for(module: str) -> None:
    assert importlib.import_module(f"streamkit.{module}").__doc__
    for name, value in public_names(module):
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        words = value.__doc__ or ""
        is_signature = words.startswith(f"{value.__name__}(")  # of a dataclass without words
        assert words, name
        assert not is_signature, name
        for attribute, member in vars(value).items():
            foreign = any(hasattr(base, attribute) for base in getattr(value, "__bases__", ()))
            if inspect.isfunction(member) and not attribute.startswith("_") and not foreign:
                assert member.__doc__, f"{name}.{attribute}"
