"""Reads the TOML file of functions, which the setting `functions` names.

    process-order-changes = "http://localhost:9000/2015-03-31/functions/function/invocations"
    audit = "handlers.audit:handler"

    [slow-report]
    target = "handlers.report:handler"
    timeout = 300                      # seconds of real time, 60 by default
    python = "/app/.venv/bin/python"   # runs the handler; by default the emulator's own Python

A URL names a server that answers Lambda's invocation path, as AWS's container images do. A URL
without a path gets the path of the first example. A `module:callable` runs in a child process. The
module path of this process begins with the folder of the TOML file and the working directory.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

INVOCATION_PATH: Final = "/2015-03-31/functions/function/invocations"
TIMEOUT: Final = 60.0
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HANDLER: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class BadConfiguration(Exception):
    """The file of functions is wrong. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Url:
    """The target of a function that is invoked by HTTP."""

    url: str


@dataclass(frozen=True, slots=True)
class Handler:
    """The target of a function that is in a Python module and runs in a child process.

    text: `module:callable`. folder: the folder of the configuration file, which comes first on the
    module path. python: the path of the Python interpreter that runs the module.
    """

    text: str
    folder: str
    python: str

    @property
    def module(self) -> str:
        """The name of the module, without the callable."""
        return self.text.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Function:
    """A configured function.

    timeout: the maximum duration of one invocation, in seconds of real time.
    """

    name: str
    target: Url | Handler
    timeout: float = TIMEOUT


Functions = Mapping[str, Function]
"""Name of a function -> function."""


def load(path: str) -> Functions:
    """Return the functions that a file configures. Raises BadConfiguration for a wrong file.

    path: the path of the file. If it is empty, no function is configured: return an empty mapping.
    """
    if not path:
        return {}
    import tomllib  # noqa: PLC0415 - start-up time, only with a file

    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfiguration(f"cannot read {Path(path).absolute()}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfiguration(f"{Path(path).absolute()} is not TOML: {error}") from error
    folder = Path(path).resolve().parent
    path = str(Path(path).absolute())
    return {name: _function(path, folder, name, value) for name, value in values.items()}


def _function(path: str, folder: Path, name: str, value: object) -> Function:
    where = f"{path}: {name}"
    if _NAME.fullmatch(name) is None:
        raise BadConfiguration(f"{where}: a function's name must have 1 to 64 letters, digits, '-' and '_'")
    table = value if isinstance(value, dict) else {"target": value}
    unknown = ", ".join(sorted(table.keys() - {"target", "timeout", "python"}))
    if unknown:
        raise BadConfiguration(f"{where}: unknown member {unknown}; the members are target, timeout and python")
    timeout = table.get("timeout", TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        raise BadConfiguration(f"{where}: timeout must be a positive number of seconds")
    return Function(name, _target(where, folder, table), float(timeout))


def _target(where: str, folder: Path, table: Mapping[str, Any]) -> Url | Handler:
    text, python = table.get("target"), table.get("python", sys.executable)
    if isinstance(text, str) and text.startswith(("http://", "https://")):
        return Url(_with_path(where, text))
    if isinstance(text, str) and _HANDLER.fullmatch(text) and isinstance(python, str):
        return Handler(text, str(folder), python)
    raise BadConfiguration(f'{where}: expected a URL or "module:callable", found {text!r}')


def _with_path(where: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.hostname is not None and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise BadConfiguration(f"{where}: {url} is not a URL")
    return url if parts.path.strip("/") else parts._replace(path=INVOCATION_PATH).geturl()
