"""Imports of libraries without those of their parts that this program does not use: half of a start is imports.

They are for the time of one import and leave `sys.modules` without what they put there, so that whoever uses such a
part later, loads it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType
from typing import Any, cast


@contextmanager
def without(*names: str) -> Generator[None]:
    """Let imports of some modules fail within the block, as where they are not installed.

    For what a library imports where it is there and does without elsewhere. A module that is loaded already stays.

    Parameters
    ----------
    names
        The modules, by their full names.
    """
    modules = cast("dict[str, Any]", sys.modules)  # None in it is how Python marks a module that must not be imported
    missing = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(missing))
    try:
        yield
    finally:
        for name in missing:
            del modules[name]


@contextmanager
def lazily(*names: str) -> Generator[None]:
    """Let `from package import` of some submodules within the block return them unread; the first use reads one.

    For what a library takes by `from package import *` and hardly uses. A module that is loaded already stays.

    Parameters
    ----------
    names
        Submodules of packages, by their full names.
    """
    unread = [module for name in names if name not in sys.modules and (module := _unread(name)) is not None]
    try:
        yield
    finally:
        for module in unread:
            # Once read it is a module like any other. Unread it must not stay: two threads could read it at once.
            if type(module) is not ModuleType:
                name = object.__getattribute__(module, "__name__")
                parent, _, child = name.rpartition(".")
                del sys.modules[name]
                delattr(sys.modules[parent], child)


@contextmanager
def bare(name: str) -> Generator[None]:
    """Let modules of a package be imported within the block without what the package itself imports.

    For a package of which one module does the work, and the rest prepares what is not used here. A package that is
    loaded already stays. What was imported within the block is found by the package when it is loaded later.

    Parameters
    ----------
    name
        The package, by its full name.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        yield
        return
    module = ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = module
    try:
        yield
    finally:
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _unread(name: str) -> ModuleType | None:
    """Put a submodule that is not read yet where an import puts it, and return it; None where there is none."""
    parent, _, child = name.rpartition(".")
    package = import_module(parent)
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        return None
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    setattr(package, child, module)
    spec.loader.exec_module(module)
    return module
