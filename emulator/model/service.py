"""Reads the service model out of the installed botocore's data files.

botocore itself is never imported: that costs more than 100 ms of start-up. Reading both files takes about 8 ms; shapes,
parsers and validators are made operation by operation, at first use.
"""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson
from zlib_ng.zlib_ng import decompress  # faster than zlib's, and imported already: a millisecond of the start

from emulator.model.request import RequestModel
from emulator.model.shapes import OperationModel, Shapes

_SERVICES: Final = ("dynamodb/2012-08-10", "dynamodbstreams/2012-08-10")
_GZIP: Final = 31  # zlib's window bits for a gzip header


def read_model(service: str) -> dict[str, Any]:
    """Parse one service's file; botocore has shipped it plain and compressed."""
    spec = find_spec("botocore")
    assert spec is not None, "botocore, whose data files hold the service model, is not installed"
    assert spec.origin is not None, "botocore is not a package on disk"
    folder = Path(spec.origin).parent / "data" / service
    packed = folder / "service-2.json.gz"
    plain = folder / "service-2.json"
    model: dict[str, Any] = orjson.loads(
        decompress(packed.read_bytes(), _GZIP) if packed.exists() else plain.read_bytes()
    )
    return model


@cache
def operations() -> Mapping[str, OperationModel]:
    """Return all operations of DynamoDB and DynamoDB Streams by name."""
    found = {}
    for service in _SERVICES:
        model = read_model(service)
        prefix = model["metadata"]["targetPrefix"]
        shapes = Shapes(model["shapes"])
        for name, raw in model["operations"].items():
            found[name] = OperationModel(name, prefix, raw["input"]["shape"], shapes)
    return MappingProxyType(found)


@cache
def request_model(name: str) -> RequestModel:
    """Return an operation's parser and validator, compiled at the first call. Raises KeyError: unknown name."""
    return RequestModel(operations()[name])
