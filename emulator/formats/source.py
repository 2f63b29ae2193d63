"""What is read as one: a file, or a data file of an export."""

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
class Source:
    """A file or export.

    defines: it may have definitions, so it is read before other sources. parameters: the names of
    those that it takes, None if it may take any.
    """

    name: str
    defines: bool
    reader: Reader
    parameters: frozenset[str] | None = frozenset()

    def records(self, types: TypesOf) -> Iterator[Record]:
        """Yield the records. What ends the file early becomes a Problem."""
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
    """Return a definition, or a problem if it has not even the form of one."""
    try:
        definition.check()
    except WRONG_FORM:
        return Problem(definition.place, "this is no definition of a table: it needs a name, attributes and keys")
    return definition
