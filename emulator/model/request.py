"""The parser and the validator of each operation's requests.

The parser checks JSON types (layer 1). The validator checks the constraints on members (layer 2).
After `RequestModel.parse`, this is always true of a request:

- Its members have the types that the service model declares. The parser has dropped unknown members
  and members with the value null, at every level.
- A null inside a list, or inside a map of structures, is still there. The validator refuses it.
- Integers fit their Java type (32 or 64 bits).
- Attribute values are canonical (values/wire.py), except those with a problem in
  `Request.problems`.
"""

from emulator.model.parse import Request, compile_parser
from emulator.model.shapes import OperationModel
from emulator.model.validate import compile_validator

__all__ = ["Request", "RequestModel"]


class RequestModel:
    """The compiled parser and validator of one operation.

    parse(raw) -> Request: raises ApiError SerializationException. `parse` may change `raw`, and the
    Request may contain parts of `raw`. So do not use `raw` afterwards.

    validate(request) -> None: raises ApiError ValidationException.
    """

    __slots__ = ("name", "parse", "validate")

    def __init__(self, operation: OperationModel) -> None:
        self.name = operation.name
        self.parse = compile_parser(operation)
        self.validate = compile_validator(operation)
