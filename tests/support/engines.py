"""The list of storage engines, and functions that select one: for a store, settings or flags.

A new engine needs one row in `ENGINE_KINDS`. Nothing else in the tests lists the engines.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from emulator.settings import Settings
from storage import Engine, open_engine
from tests.support.plain_engine import PlainEngine


class EngineKind(NamedTuple):
    """How tests open an engine.

    open: a function that opens a new store in a folder, with options of the engine.
    settings: a function from a folder to the fields of `Settings` that select the engine, or None
    if users cannot select it.
    persistent: whether the data are in the folder, so that the store can be opened again.
    small: options for tests of the storage contract. With a small map, the engine must often grow.
    """

    open: Callable[..., Engine]
    settings: Callable[[Path], dict[str, Any]] | None = None
    persistent: bool = False
    small: Mapping[str, Any] = {}


def _open_in_memory(_folder: Path, **_options: Any) -> Engine:
    return open_engine()


def _open_plain(_folder: Path, **_options: Any) -> Engine:
    return PlainEngine()


ENGINE_KINDS = {
    "memory": EngineKind(_open_in_memory, lambda _folder: {"in_memory": True}),
    "lmdb": EngineKind(
        open_engine,
        lambda folder: {"data_dir": folder},
        persistent=True,
        small={"writemap": True, "map_size": 1 << 20},
    ),
    "lmdb-sparse": EngineKind(open_engine, persistent=True, small={"writemap": False}),
    "plain": EngineKind(_open_plain),
}

ENGINES = tuple(name for name, kind in ENGINE_KINDS.items() if kind.settings is not None)
"""The engines that a user can select. Tests of the database and black-box tests run on each."""


def fields_of_engine(name: str, folder: Path) -> dict[str, Any]:
    """Return the fields of `Settings` that select an engine.

    Raises ValueError if no setting selects an engine of that name.
    """
    choose = ENGINE_KINDS[name].settings if name in ENGINE_KINDS else None
    if choose is None:
        raise ValueError(f"no setting selects the engine {name!r}: add it to ENGINE_KINDS in tests/support/engines.py")
    return choose(folder)


def settings_of_engine(name: str, folder: Path, **options: Any) -> Settings:
    """Return settings that select an engine. A persistent engine keeps its data in the folder."""
    return Settings(**fields_of_engine(name, folder), **options)


def arguments_of_engine(name: str, folder: Path) -> tuple[str, ...]:
    """Return the arguments of the command line that select an engine."""
    arguments: list[str] = []
    for field, value in fields_of_engine(name, folder).items():
        flag = "--" + field.replace("_", "-")
        arguments += [flag] if value is True else [flag, str(value)]
    return tuple(arguments)
