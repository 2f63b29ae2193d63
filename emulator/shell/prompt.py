"""The shell on a terminal: a prompt with history, completion and statements of several lines."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from emulator.client.endpoint import HttpEndpoint, Unreachable
from emulator.shell.completion import candidates
from emulator.shell.knowledge import Knowledge
from emulator.shell.session import ALIASES, COMMANDS, PROBLEMS, Left, Session
from emulator.shell.statements import is_complete

_PROMPT: Final = "partiql> "
_CONTINUED: Final = "    ...> "


class _Words(Completer):
    """Passes the suggestions of `completion.candidates` to prompt-toolkit."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield the suggested words.

        If no letter of a word is typed yet, yield words only if the user has pressed Tab.
        """
        commands = (*COMMANDS, *ALIASES) if document.text.startswith("\\") else COMMANDS
        before, after = document.text_before_cursor, document.text_after_cursor
        for word, replaces in candidates(before, after, self._knowledge, commands):
            if replaces or complete_event.completion_requested:
                yield Completion(word, -replaces)


class _Person:
    """Asks the user questions on the terminal."""

    def ask(self, question: str) -> str:
        try:
            return PromptSession[str](history=InMemoryHistory()).prompt(question)
        # Ctrl-D counts as the answer "q". To the question "more?", "q" ends the result. To the
        # question for a parameter, "q" is a wrong value, so the statement does not run.
        except EOFError:
            return "q"


def history_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the file that keeps the statements typed in all shells."""
    state = environment.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "dynamodb-emulator" / "shell-history"


def _history() -> History:
    """Return the history of typed statements. If its file cannot be used, return an empty one."""
    path = history_path(os.environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Statements may have secrets, so only the user may read the file (mode 0600).
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _keys() -> KeyBindings:
    """Return key bindings: Enter runs a complete statement or command, else starts a new line."""
    keys = KeyBindings()

    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text[:1] in (".", "\\") or is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def prompt_of(session: Session) -> PromptSession[str]:
    """Return the prompt-toolkit session that reads the input of a shell."""
    endpoint = session.endpoint
    return PromptSession(
        _PROMPT,
        multiline=True,
        prompt_continuation=_CONTINUED,
        history=_history(),
        completer=_Words(session.knowledge),
        key_bindings=_keys(),
        bottom_toolbar=f"{endpoint.name}  access key {endpoint.access_key}  {endpoint.region}  .help",
    )


def run(endpoint: HttpEndpoint, form: str) -> int:
    """Run a shell until the user exits; return the exit status."""
    session = Session(endpoint, form, _Person())
    prompt = prompt_of(session)
    while True:
        try:
            session.run(prompt.prompt())
        except KeyboardInterrupt:
            # Ctrl-C discards the typed text, or stops waiting for the answer to a statement. The
            # connection on which this answer would come cannot be used again, so it is closed.
            endpoint.close()
        except (EOFError, Left):
            return 0
        except (*PROBLEMS, Unreachable, ImportError) as error:
            print(error, file=sys.stderr)  # noqa: T201 - the message for the user
        session.knowledge.forget()
