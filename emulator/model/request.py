"""The request model of each operation: a parser (layer 1) and a validator (layer 2).

The result of `RequestModel.parse` always has these properties:

- Members have the types of the model. At every level, unknown members and null members are dropped.
- A null inside a list or a map of structures stays, and the validator refuses it.
- Integers fit their Java type. Attribute values are canonical (values/wire.py), except those with a
  problem in `problems`.
"""

from emulator.model.parse import Request, compile_parser
from emulator.model.shapes import OperationModel
from emulator.model.validate import compile_validator

__all__ = ["Request", "RequestModel"]


class RequestModel:
    """The compiled parser and validator of one operation.

    parse(raw) -> Request: raises SerializationException as an ApiError. `parse` may change the JSON
    and keep parts of it. validate(request) -> None: raises ValidationException as an ApiError.
    """

    __slots__ = ("name", "parse", "validate")

    def __init__(self, operation: OperationModel) -> None:
        self.name = operation.name
        self.parse = compile_parser(operation)
        self.validate = compile_validator(operation)
