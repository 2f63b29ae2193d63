"""Extracts AWS's model of the service from botocore. wheel.py calls this during a build.

The server needs the model for the types and constraints of requests. It does not depend on botocore
itself, because botocore has 32 MB, and because a dependency would conflict with the versions that
users pin. So a build extracts 60 KB from the version of botocore that pyproject.toml pins: the
operations and the shapes of requests, without documentation and the shapes of answers.

A data file has the form of botocore's `service-2.json`:

    {"source", "metadata": {"targetPrefix"}, "operations": {name: {"input"}}, "shapes": {..}}

The build also copies botocore's licence and notice to the folder of the data files.
"""

import gzip
import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parents[1] / "emulator" / "model" / "data"

_SERVICES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "dynamodb/2012-08-10": None,
    "dynamodbstreams/2012-08-10": None,
    "lambda/2015-03-31": (
        "CreateEventSourceMapping",
        "DeleteEventSourceMapping",
        "GetEventSourceMapping",
        "ListEventSourceMappings",
        "UpdateEventSourceMapping",
    ),
}
"""Name and version of a service -> the operations that the server needs; None means all."""

_CONSTRAINTS: Final = ("type", "required", "min", "max", "pattern", "enum")
_REFERENCES: Final = ("member", "key", "value")
_LEGAL: Final = ("LICENSE.txt", "NOTICE")


def write_models(folder: Path) -> None:
    """Write the models of the installed botocore, and its licence, into a folder."""
    botocore = importlib.metadata.distribution("botocore")
    folder.mkdir(exist_ok=True)
    for service, operations in _SERVICES.items():
        model = _read(botocore, service)
        reduced = {"source": _source(botocore, service), **_reduced(model, operations or model["operations"])}
        _write(folder / f"{service.partition('/')[0]}.json", json.dumps(reduced, separators=(",", ":")))
    for file in botocore.files or ():
        if file.name in _LEGAL and file.parts[0].endswith(".dist-info"):
            _write(folder / file.name, file.read_text())


def _source(botocore: importlib.metadata.Distribution, service: str) -> str:
    return f"botocore {botocore.version}, data/{service}/service-2.json, reduced to the shapes of requests"


def _read(botocore: importlib.metadata.Distribution, service: str) -> dict[str, Any]:
    """Return the model of a service. Its file is compressed in some versions of botocore."""
    path = Path(str(botocore.locate_file(f"botocore/data/{service}/service-2.json")))
    packed = path.with_suffix(".json.gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    model: dict[str, Any] = json.loads(text)
    return model


def _reduced(model: Mapping[str, Any], operations: Iterable[str]) -> dict[str, Any]:
    """Return a model that has only the given operations and the shapes of their requests."""
    inputs = {name: model["operations"][name]["input"]["shape"] for name in operations}
    shapes: dict[str, Any] = {}
    open_names = list(inputs.values())
    while open_names:
        name = open_names.pop()
        if name not in shapes:
            shapes[name] = shape = _shape(model["shapes"][name])
            parts = (*shape.get("members", {}).values(), *(shape[part] for part in _REFERENCES if part in shape))
            open_names += [part["shape"] for part in parts]
    return {
        "metadata": {"targetPrefix": model["metadata"].get("targetPrefix", "")},
        "operations": {name: {"input": {"shape": shape}} for name, shape in inputs.items()},
        "shapes": shapes,
    }


def _shape(raw: Mapping[str, Any]) -> dict[str, Any]:
    shape = {name: raw[name] for name in _CONSTRAINTS if name in raw}
    shape |= {name: {"shape": raw[name]["shape"]} for name in _REFERENCES if name in raw}
    if "members" in raw:
        shape["members"] = {name: {"shape": member["shape"]} for name, member in raw["members"].items()}
    return shape


def _write(path: Path, text: str) -> None:
    """Write a file if its text has changed.

    The file is replaced atomically, because servers and other builds may be reading it.
    """
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
