"""Shows the user progress, notices and problems of long work on stderr, and counts them.

On a terminal, with the library rich (extra `cli`), the progress is a spinner with counts. Otherwise
it is a line of text every few seconds. With `--log-format json`, `--init` logs these lines.
"""

import logging
import sys
import time
from types import TracebackType
from typing import Any, Final, Protocol, Self, TextIO

from emulator.wording import counted

_LINE: Final = 5.0  # seconds between two lines of progress
_SHOWN: Final = 100  # the maximum number of problems to show; further problems are only counted


class _Bar(Protocol):
    def advance(self, items: int) -> None: ...

    def say(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def close(self) -> None: ...


class Progress:
    """Counts items and problems, and shows them to the user. Only one thread may use it.

    title: the first words of each line of progress, such as "loaded".
    stream: the stream for the output; None for stderr.
    log: if given, the output goes to this log and not to the stream.
    """

    def __init__(self, title: str, stream: TextIO | None = None, log: logging.Logger | None = None) -> None:
        self._title = title
        self._stream = sys.stderr if stream is None else stream
        self._began = time.monotonic()
        self._bar: _Bar = _bar(title, self._stream) if log is None else _LogLines(title, log)
        self.items = 0
        self.problems = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, items: int) -> None:
        """Add to the number of items that are done."""
        self.items += items
        self._bar.advance(items)

    def notice(self, text: object) -> None:
        """Show a line of text that is not a problem."""
        self._bar.say(str(text))

    def problem(self, text: object) -> None:
        """Count a problem. Show it, unless _SHOWN problems were already shown."""
        self.problems += 1
        if self.problems <= _SHOWN:
            self._bar.warn(str(text))
        elif self.problems == _SHOWN + 1:
            self._bar.warn("there are more problems, which are only counted")

    def summary(self, what: str) -> str:
        """Return the last line for the user: items, time, rate, and the number of problems.

        what: what was done with the items, such as "into 2 new tables".
        """
        seconds = max(time.monotonic() - self._began, 1e-3)
        rate = f" in {seconds:.1f} s ({self.items / seconds:,.0f} items/s)" if self.items else ""
        problems = f", {counted(self.problems, 'problem')}" if self.problems else ""
        return f"{self._title} {counted(self.items, 'item')} {what}{rate}{problems}"


class _Timed:
    """Shows progress as a line of text every few seconds. A subclass writes the line."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._next = time.monotonic() + _LINE
        self._items = 0

    def advance(self, items: int) -> None:
        self._items += items
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LINE
            self.say(f"{self._title} {counted(self._items, 'item')} so far")

    def say(self, text: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


class _Lines(_Timed):
    """Shows progress as lines on a stream."""

    def __init__(self, title: str, stream: TextIO) -> None:
        super().__init__(title)
        self._stream = stream

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    warn = say


class _LogLines(_Timed):
    """Shows progress as lines of a log."""

    def __init__(self, title: str, log: logging.Logger) -> None:
        super().__init__(title)
        self._log = log

    def say(self, text: str) -> None:
        self._log.info("%s", text)

    def warn(self, text: str) -> None:
        self._log.warning("%s", text)


class _RichBar:
    """Shows progress on a terminal with the library rich, as a spinner."""

    def __init__(self, rich: Any, title: str, stream: TextIO) -> None:  # noqa: ANN401 - two modules of rich
        console, progress = rich
        self._progress = progress.Progress(
            progress.SpinnerColumn(),
            progress.TextColumn("{task.description} {task.completed:,.0f} items"),
            progress.TextColumn("{task.fields[rate]:,.0f} items/s"),
            progress.TimeElapsedColumn(),
            console=console.Console(file=stream),
            transient=True,
        )
        self._task = self._progress.add_task(title, total=None, rate=0.0)
        self._began = time.monotonic()
        self._items = 0
        self._progress.start()

    def advance(self, items: int) -> None:
        self._items += items
        rate = self._items / max(time.monotonic() - self._began, 1e-3)
        self._progress.update(self._task, advance=items, rate=rate)

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    warn = say

    def close(self) -> None:
        self._progress.stop()


def _bar(title: str, stream: TextIO) -> _Bar:
    if not stream.isatty():
        return _Lines(title, stream)
    try:
        from rich import console, progress  # noqa: PLC0415 - rich is optional
    except ImportError:
        return _Lines(title, stream)
    return _RichBar((console, progress), title, stream)
