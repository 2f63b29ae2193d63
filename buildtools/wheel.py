"""A build hook for hatchling: selects the files of a wheel. pyproject.toml names this file.

A wheel installs one package, `dynamodb_emulator`. The server's packages `emulator` and `storage`
could conflict with other packages of these names. So they are in a folder inside
`dynamodb_emulator`, and only the server's processes put this folder on their module path.

| source tree | wheel |
|---|---|
| `emulator/installed/dynamodb_emulator/` | `dynamodb_emulator/` |
| `emulator/` without `installed/` | `dynamodb_emulator/_server/emulator/` |
| `storage/` | `dynamodb_emulator/_server/storage/` |

Before a wheel is built, ordinary or editable, the hook writes the service model into the source
tree: to `emulator/model/data/`, which git ignores.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Hatchling loads this file by its path. The import of `service_model` also needs the file's folder
# on the module path.
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
    """The build hook: hatchling calls `initialize` before it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the service model. List the files of an ordinary wheel in `build_data`.

        version: "standard" for an ordinary wheel, "editable" for an editable one.
        """
        write_models(DATA)
        if version == "standard":
            build_data["force_include"] = {str(_ROOT / path): str(_path_in_wheel(path)) for path in _files()}


def _files() -> Iterator[Path]:
    """Yield the modules and data files that a wheel has, as paths in the source tree."""
    for folder in ("emulator", "storage"):
        for pattern in _PATTERNS:
            yield from sorted(path.relative_to(_ROOT) for path in (_ROOT / folder).rglob(pattern))


def _path_in_wheel(path: Path) -> Path:
    """Return the path in a wheel for a file of the source tree."""
    return path.relative_to(_INSTALLED) if path.is_relative_to(_INSTALLED) else _SERVER / path
