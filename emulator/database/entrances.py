"""The entrances of the database: the methods through which other packages call it.

An entrance reloads definitions that another process has changed, runs interrupted work again, and
deals with a full disk:

| method      | for                          | if the disk is full     | if interrupted too often |
|-------------|------------------------------|-------------------------|--------------------------|
| `respond`   | an operation of the service  | raises `storage_full()` | raises Interrupted       |
| `run`       | any other request            | raises `storage_full()` | raises Interrupted       |
| `run_steps` | a request that may take long | raises `storage_full()` | raises Interrupted       |
| `try_run`   | work that can wait           | returns `otherwise`     | returns `otherwise`      |
| `run_slice` | a slice of background work   | the slice waits         | the slice waits          |
"""

import logging
from collections.abc import Callable, Generator, Hashable
from typing import Final, TypeVar

from emulator import errors
from emulator.clock import Background
from emulator.database.store.registry import Registries
from emulator.database.store.versions import Versions
from emulator.log_limits import once_a_minute
from emulator.slices import InThread, Steps
from storage import Full, Interrupted, Lost

log = logging.getLogger("emulator")

_ATTEMPTS: Final = 20  # work whose transaction is interrupted runs again at most 20 times

_T = TypeVar("_T")


def report_full(error: Full) -> None:
    """Log that the disk had no room for a write. Log this at most once a minute."""
    if once_a_minute.allows("disk full"):
        log.error("the disk is full, so the server refuses writes: %s", error)


def no_room(error: Full) -> errors.ApiError:
    """Log that the disk is full. Return the error for the client."""
    report_full(error)
    return errors.storage_full()


class Entrances:
    """The methods through which other packages call the database, except `respond`.

    `Database` is the only subclass.

    sliced: True if the code that calls an operation can run a long answer in slices. Otherwise, no
    operation may raise Sliced.
    in_thread: a function that runs another function in a thread, None if no thread is available.
    """

    versions: Versions
    registries: Registries
    background: Background
    sliced: bool
    in_thread: InThread | None

    def refresh(self) -> None:
        """Reload the definitions whose stored bytes have changed.

        Raises StorageError if they cannot be read.
        """
        self.registries.reload()

    def run(self, work: Callable[[], _T]) -> _T:
        """Run `work` on the newest definitions. Return its result.

        If the transaction of `work` is interrupted, it has changed nothing, so `work` runs again
        from its start. Raises ApiError (also if the disk is full), Interrupted after too many
        attempts, and Lost if a commit was lost.
        """
        try:
            self.catch_up()
            return work()
        except (Full, Interrupted) as error:
            return self._run_failed(error, work)

    def _run_failed(self, error: Full | Interrupted, work: Callable[[], _T]) -> _T:
        """Run interrupted work again. If the disk is full, raise the error for the client."""
        if isinstance(error, Lost):
            raise error
        try:
            if isinstance(error, Interrupted):
                return self._run_again(work)
        except Full as full:
            error = full
        raise no_room(error) from error

    def run_steps(self, work: Callable[[], _T | Steps[_T]], again: Callable[[], _T] | None = None) -> Steps[_T]:
        """Run `work`, and also the steps if `work` returns steps. Return the result.

        Raises the same errors as `run`.

        again: a function that does all the work without steps. It runs if `work` is interrupted.
        If `again` is None, each step must call `rerun` for the parts that may be interrupted.
        """
        try:
            self.catch_up()
            made = work()
            return (yield from made) if isinstance(made, Generator) else made
        except Full as error:
            raise no_room(error) from error
        except Interrupted as error:
            if again is None or isinstance(error, Lost):
                raise
        # The work was interrupted, so `again` does all of it. While `self.sliced` is False, `again`
        # cannot raise Sliced: nothing here would run the slices.
        sliced, self.sliced = self.sliced, False
        try:
            return self._run_again(again)
        except Full as error:
            raise no_room(error) from error
        finally:
            self.sliced = sliced

    def try_run(self, work: Callable[[], _T], otherwise: _T) -> _T:
        """Return the result of `work`, or `otherwise` if `work` cannot finish now.

        `work` cannot finish if the disk is full, if its transaction is interrupted too often, or if
        a commit was lost.
        """
        try:
            self.catch_up()
            return self.rerun(work)
        except (Full, Interrupted):
            return otherwise

    def run_slice(self, name: Hashable | None = None) -> bool:
        """Run a slice of the background work with this name. Return True if a slice ran.

        name: None means the work that has waited longest.
        """
        if not self.background.slices or self.background.paused:
            return False
        if self.background.run_slice(name):
            return True
        # The slice could not run. One reason may be that another process has changed definitions.
        # Then the next attempt needs the new definitions. So reload them.
        self.refresh()
        return False

    def catch_up(self) -> None:
        """Reload definitions if another process has changed them.

        Work in steps calls this after each pause, because other requests run during a pause.
        """
        if self.versions.is_stale():
            self.refresh()

    def rerun(self, work: Callable[[], _T]) -> _T:
        """Return the result of `work`. Run it again if its transaction is interrupted.

        Before `work` runs again, the newest definitions are loaded. Long work may call this method
        for each of its parts, so that an interruption repeats only one part.
        Raises Interrupted after too many attempts, and Lost if a commit was lost.
        """
        try:
            return work()
        # Do not run `work` again: until `commit` has reported the loss, each new write raises Lost.
        except Lost:
            raise
        except Interrupted:
            return self._run_again(work)

    def _run_again(self, work: Callable[[], _T]) -> _T:
        attempts = 1
        while True:
            try:
                self.refresh()
                return work()
            except Interrupted as error:
                attempts += 1
                if isinstance(error, Lost) or attempts > _ATTEMPTS:
                    raise
