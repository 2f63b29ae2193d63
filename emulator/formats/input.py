"""An input: a file or an export, from which records are read."""

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.formats.files import UNREADABLE, why
from emulator.formats.records import (
    WRONG_FORM,
    Definition,
    FormatError,
    Place,
    Problem,
    Reader,
    Record,
    TypesOf,
)


@dataclass(frozen=True, slots=True)
class Input:
    """A file or export.

    defines: whether it may have definitions. Such inputs are read before all others.
    parameters: the names of those template parameters of the user that it uses; None if it may use
    any.
    """

    name: str
    defines: bool
    reader: Reader
    parameters: frozenset[str] | None = frozenset()

    def records(self, types: TypesOf) -> Iterator[Record]:
        """Yield the records. If the file cannot be read to its end, the last one is a Problem."""
        try:
            for record in self.reader(types):
                yield _checked(record) if type(record) is Definition else record
        except RecursionError:
            yield Problem(Place(self.name), "this is nested too deeply")
        except FormatError as error:
            yield Problem(error.place, error.text)
        except UNREADABLE as error:
            yield Problem(Place(self.name), why(error))


def _checked(definition: Definition) -> Record:
    """Return a definition, or a problem if the definition does not have the required form."""
    try:
        definition.check()
    except WRONG_FORM:
        return Problem(definition.place, "this is not a definition of a table: it needs a name, attributes and keys")
    return definition
