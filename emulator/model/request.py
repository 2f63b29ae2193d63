"""A request, and what turns JSON into one: each operation's parser (layer 1) and validator (layer 2).

Invariants of what `RequestModel.parse` returns:

- members are of the model's types; unknown members and members given as null are gone, at every level;
- null inside a list or a map of structures stays: the validator refuses it;
- integers fit their Java type; attribute values are canonical (values/wire.py), their problems are in `problems`.
"""

from emulator.model.parse import Request, compile_parser
from emulator.model.shapes import OperationModel
from emulator.model.validate import compile_validator

__all__ = ["Request", "RequestModel"]


class RequestModel:
    """One operation's parser and validator, compiled.

    parse(raw) -> Request: raises ApiError SerializationException. Takes ownership of the JSON.
    validate(request) -> None: raises ApiError ValidationException.
    """

    __slots__ = ("name", "parse", "validate")

    def __init__(self, operation: OperationModel) -> None:
        self.name = operation.name
        self.parse = compile_parser(operation)
        self.validate = compile_validator(operation)
