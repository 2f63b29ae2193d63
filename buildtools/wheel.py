"""A hook of hatchling that selects the files of a wheel. pyproject.toml names this hook.

A wheel has one import name, `dynamodb_emulator`. The server's packages have common names, so they
are in a folder inside `dynamodb_emulator`. Only the server's processes put this folder on their
module path.

| source tree | wheel |
|---|---|
| `emulator/installed/dynamodb_emulator/` | `dynamodb_emulator/` |
| `emulator/` without `installed/` | `dynamodb_emulator/_server/emulator/` |
| `storage/` | `dynamodb_emulator/_server/storage/` |

Building a wheel, ordinary or editable, first writes the service model into the source tree, in
`emulator/model/data/`, which git ignores.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Hatchling loads this file by its path, so its folder is not on the module path.
sys.path.append(str(Path(__file__).parent))
from service_model import DATA, write_models

_ROOT: Final = Path(__file__).parents[1]
_INSTALLED: Final = Path("emulator/installed")
_SERVER: Final = Path("dynamodb_emulator/_server")
_PATTERNS: Final = (
    *("*.py", "py.typed", "model/data/*.json", "model/data/LICENSE.txt", "model/data/NOTICE"),
    *("console/static/*", "console/templates/*.html", "console/templates/*/*.html"),
)


class Wheel(BuildHookInterface[Any]):
    """The hook that hatchling calls."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the service model, and list the files of an ordinary wheel."""
        write_models(DATA)
        if version == "standard":
            build_data["force_include"] = {str(_ROOT / path): str(_path_in_wheel(path)) for path in _files()}


def _files() -> Iterator[Path]:
    """Yield the modules and data files of a wheel, as paths in the source tree."""
    for folder in ("emulator", "storage"):
        for pattern in _PATTERNS:
            yield from sorted(path.relative_to(_ROOT) for path in (_ROOT / folder).rglob(pattern))


def _path_in_wheel(path: Path) -> Path:
    """Return where a file of the source tree is in a wheel."""
    return path.relative_to(_INSTALLED) if path.is_relative_to(_INSTALLED) else _SERVER / path
