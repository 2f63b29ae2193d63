"""Reads the service model: AWS's own description of DynamoDB's operations and their requests.

A build of the package writes the model into `data/`; `buildtools/service_model.py` explains the
reason and the format. If `data/` is missing, this module reads the larger files of an installed
botocore, without importing botocore.

Reading takes 0.3 ms (8 ms from botocore's files). The shapes, parser and validator of an operation
are made when the operation is first called.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from emulator.model.request import RequestModel
from emulator.model.shapes import OperationModel, Shapes

_SERVICES: Final = ("dynamodb/2012-08-10", "dynamodbstreams/2012-08-10")
_DATA: Final = Path(__file__).parent / "data"


def read_model(service: str) -> dict[str, Any]:
    """Return a service's model as parsed JSON.

    service: the folder of the service in botocore's data, such as "dynamodb/2012-08-10".
    """
    try:
        text = (_DATA / f"{service.partition('/')[0]}.json").read_bytes()
    except FileNotFoundError:
        text = _from_botocore(service)
    model: dict[str, Any] = orjson.loads(text)
    return model


def _from_botocore(service: str) -> bytes:
    """Return the content of a service's `service-2.json` in an installed botocore.

    Some versions of botocore compress this file, others do not.
    """
    import gzip  # noqa: PLC0415 - an installed server does not need it
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f"{_DATA} has no service model: this source tree was never built; run `pip install --editable .` in it"
        )
    plain = Path(spec.origin).parent / "data" / service / "service-2.json"
    packed = plain.with_suffix(".json.gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()


@cache
def operations() -> Mapping[str, OperationModel]:
    """Return the models of all operations of DynamoDB and DynamoDB Streams, by operation name."""
    models = {}
    for service in _SERVICES:
        model = read_model(service)
        prefix = model["metadata"]["targetPrefix"]
        shapes = Shapes(model["shapes"])
        for name, raw in model["operations"].items():
            models[name] = OperationModel(name, prefix, raw["input"]["shape"], shapes)
    return MappingProxyType(models)


@cache
def request_model(name: str) -> RequestModel:
    """Return the parser and validator of an operation, compiled at the first call.

    Raises KeyError if the name is unknown.
    """
    return RequestModel(operations()[name])
