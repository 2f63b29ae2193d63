"""The command line: flags and environment to Settings, Settings to a running server.

Exit status: 0 after a signal, 2 when the server cannot start or its workers end again and again, with one line that says
why.
"""

import argparse
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from emulator.settings import Settings

_CANNOT_START = 2
_ENVIRONMENT = "DYNAMODB_EMULATOR_"


def settings_from(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings that flags, then DYNAMODB_EMULATOR_* variables, then defaults give. Exits on bad ones."""
    parser = argparse.ArgumentParser(
        prog="dynamodb-emulator",
        description="A local server that speaks Amazon DynamoDB's wire protocol.",
        epilog=f"Every option can come from the environment too, e.g. {_ENVIRONMENT}PORT=8001.",
    )
    storage = parser.add_mutually_exclusive_group()
    for field in fields(Settings):
        group = storage if field.name in ("data_dir", "in_memory") else parser
        _add_flag(group, field, environment.get(_ENVIRONMENT + field.name.upper()))
    return Settings(**vars(parser.parse_args(arguments)))


def _add_flag(parser: Any, field: Any, from_environment: str | None) -> None:  # noqa: ANN401 - argparse has no public type
    flag = "--" + field.name.replace("_", "-")
    text = field.metadata["help"]
    default = field.default
    assert default is not MISSING, "every setting has a default"
    if isinstance(default, bool):
        value = default if from_environment is None else from_environment.lower() in ("1", "true", "yes", "on")
        parser.add_argument(flag, action="store_true", default=value, help=text)
        return
    kind = Path if isinstance(default, Path) else type(default)
    parser.add_argument(
        flag,
        type=_between(kind, *field.metadata["between"]) if "between" in field.metadata else kind,
        default=str(default) if from_environment is None else from_environment,
        choices=field.metadata.get("choices"),
        metavar=field.metadata.get("metavar")
        or {Path: "DIR", int: "N", float: "SECONDS"}.get(kind, kind.__name__.upper()),
        help=f"{text} (default: {default})",
    )


def _between(kind: type, least: float, most: float) -> Callable[[str], Any]:
    """Return a parser of numbers for argparse, which tells the user what is wrong with others."""

    def parse(text: str) -> Any:  # noqa: ANN401 - of the kind
        number = kind(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return number

    parse.__name__ = kind.__name__  # told in "invalid int value"
    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    settings = settings_from(sys.argv[1:] if arguments is None else arguments, os.environ)
    logging.basicConfig(
        level=5 if settings.log_level == "trace" else settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(message)s",
    )
    # Imported after the flags are read, so that --help and mistakes answer at once.
    gc.disable()  # what modules define stays: looking for garbage among it took 20 ms, a twelfth of the start
    from emulator.app import Emulator  # noqa: PLC0415
    from emulator.database.declarations import BadDeclaration  # noqa: PLC0415
    from emulator.http.server import ServeError, bind, serve  # noqa: PLC0415
    from storage import StorageError  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    try:
        if settings.workers > 1:
            from emulator.http import workers  # noqa: PLC0415

            workers.run(settings)
            return 0
        listener = bind(settings)
        with listener, _claim(settings):
            emulator = Emulator(settings)
            try:
                serve(emulator, listener, settings)
            finally:
                emulator.close()
    except BadDeclaration as error:
        return _cannot_start(f"--ongoing-transaction: {error}")
    except _bad_configuration() as error:
        return _cannot_start(f"--functions: {error}")
    except (ServeError, StorageError) as error:
        return _cannot_start(str(error))
    return 0


def _claim(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """Return what keeps other servers from the data folder. Entering it raises StorageError."""
    if settings.in_memory or settings.data_dir is None:
        return contextlib.nullcontext()
    from storage.claim import claimed  # noqa: PLC0415 - start-up time

    return claimed(settings.data_dir)


def _bad_configuration() -> type[Exception]:
    """Return what a --functions file that is not understood raises; most starts have no file, and nothing to catch."""
    from emulator.functions.configuration import BadConfiguration  # noqa: PLC0415 - a fiftieth of the start-up time

    return BadConfiguration


def _cannot_start(why: str) -> int:
    print(f"dynamodb-emulator: {why}", file=sys.stderr)  # noqa: T201 - the one line the user needs
    return _CANNOT_START
