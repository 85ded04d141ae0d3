"""Coroutine functions are tests for every backend, without a mark."""

from __future__ import annotations

import inspect

import pytest


def pytest_pycollect_makeitem(collector: pytest.Module, name: str, obj: object) -> None:
    if inspect.iscoroutinefunction(obj) and collector.istestfunction(obj, name):
        pytest.mark.usefixtures("anyio_backend")(obj)
        pytest.mark.anyio(obj)
