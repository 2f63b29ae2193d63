"""The configured functions, in the TOML file that the setting `functions` names.

    process-order-changes = "http://localhost:9000/2015-03-31/functions/function/invocations"
    audit = "handlers.audit:handler"

    [slow-report]
    target = "handlers.report:handler"
    timeout = 300                      # seconds of real time, 60 by default
    python = "/app/.venv/bin/python"   # runs the handler; by default the emulator's own Python

A URL names a server that answers Lambda's invocation path, as AWS's container images do. The path
is that of the first example; a URL without a path gets it. A `module:callable` runs in a child
process, whose module path begins with the folder of the TOML file and the working directory.
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
    """The file is not a valid configuration. The text is one line for the user."""


@dataclass(frozen=True, slots=True)
class Url:
    """A function that is invoked by HTTP."""

    url: str


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of a Python module, which runs in a child process.

    text: `module:callable`. folder: the folder of the configuration file, which comes first on the
    module path. python: the Python interpreter that runs the module.
    """

    text: str
    folder: str
    python: str

    @property
    def module(self) -> str:
        """The name of the module."""
        return self.text.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be invoked. timeout: seconds of real time for one invocation."""

    name: str
    target: Url | Handler
    timeout: float = TIMEOUT


Functions = Mapping[str, Function]
"""Functions by name."""


def load(path: str) -> Functions:
    """Return the functions that a file configures. Raises BadConfiguration.

    path: of the file. An empty path means that there is no file; the result is then empty.
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
