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
    """A file or export to read.

    defines: True if the input may have definitions of tables. Such inputs are read before all
    others.
    parameters: the names of the template parameters that the input uses, so that `load` can report
    unknown ones; None if it may use any.
    """

    name: str
    defines: bool
    reader: Reader
    parameters: frozenset[str] | None = frozenset()

    def records(self, types: TypesOf) -> Iterator[Record]:
        """Yield the records of the file or export.

        If a file cannot be read to its end, the last record is a Problem.

        types: returns the types of a table's key attributes.
        """
        try:
            for record in self.reader(types):
                yield _checked(record) if type(record) is Definition else record
        except RecursionError:
            yield Problem(Place(self.name), "the values in this file are nested too deeply")
        except FormatError as error:
            yield Problem(error.place, error.text)
        except UNREADABLE as error:
            yield Problem(Place(self.name), why(error))


def _checked(definition: Definition) -> Record:
    """Return a definition, or a problem if the definition does not have the required form."""
    try:
        definition.check()
    except WRONG_FORM:
        return Problem(
            definition.place, "this definition of a table needs a valid TableName, KeySchema and AttributeDefinitions"
        )
    return definition
