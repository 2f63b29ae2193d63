"""A server for tests and scripts, in a separate process.

    with dynamodb_emulator.running() as server:
        client = server.client()
        client.create_table(...)

This module needs only the standard library. `Server.client` and `Server.resource` import boto3.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dynamodb_emulator._process import Process, StartError, command
from dynamodb_emulator._variables import variables

if TYPE_CHECKING:
    from dynamodb_emulator._boto import Clients
    from dynamodb_emulator._faults import Fault

__all__ = ["Clock", "ControlError", "LoadError", "Server", "Snapshot", "StartError", "running"]

Setting: TypeAlias = bool | int | float | str | os.PathLike[str] | Sequence[str]

ACCESS_KEY = "local"
REGION = "us-east-1"

_SETTINGS = "DYNAMODB_EMULATOR_"  # the prefix of the environment variables for settings
_TIMEOUT = 65.0  # a call fails if the server sends nothing for this number of seconds
_OK = 200


class ControlError(Exception):
    """The server has refused the call of a control. The message is the reason."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class LoadError(Exception):
    """Files could not be loaded completely. The message is the reason."""


class Snapshot(NamedTuple):
    """A saved state of tables. created: seconds since the epoch, by the server's clock.

    tables, items: the number of saved tables and items.
    """

    name: str
    created: float
    tables: int
    items: int


@contextmanager
def running(**settings: Setting) -> Iterator["Server"]:
    """Run a server until the end of a `with` block.

    The server listens on a free port and keeps its data in memory, unless the settings say
    otherwise. Environment variables for settings have no effect. Several servers can run at the
    same time. If the process that started a server ends or is killed, the server ends too.

    settings: the flags of the command, with `_` instead of `-`:
    `running(data_dir="data", enforce_throughput=True)`.

    Raises StartError if the server does not start.
    """
    server = start(arguments_of(settings))
    try:
        yield server
    finally:
        server.stop()


def start(arguments: Sequence[str]) -> "Server":
    """Start a server with these command-line arguments. The caller must call `stop`.

    Raises StartError if the server does not start.
    """
    stored = any(each.startswith(("--in-memory", "--data-dir")) for each in arguments)
    environment = {name: text for name, text in os.environ.items() if not name.startswith(_SETTINGS)}
    # --init loads tables for the access key and region that these variables name.
    environment |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_REGION": REGION}
    return Server(Process(arguments if stored else ["--in-memory", *arguments], environment))


def arguments_of(settings: Mapping[str, Setting]) -> list[str]:
    """Return the command-line arguments for the settings that `running` takes."""
    arguments = []
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            arguments += [flag] if value else []
        elif isinstance(value, str | int | float | os.PathLike):
            arguments.append(f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
        else:
            arguments += [f"{flag}={each}" for each in value]
    return arguments


class Server:
    """A running server. `running` returns such an object.

    url: the server's address, for example `http://127.0.0.1:41237`. clock: the server's clock.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._clients: Clients | None = None
        self.url = process.url
        self.clock = Clock(self)

    def environment(self, access_key: str = ACCESS_KEY, region: str = REGION) -> dict[str, str]:
        """Return the environment variables with which AWS SDKs and the AWS CLI use this server.

        Each pair of access key and region has its own tables.
        """
        return variables(self.url, access_key, region)

    def client(
        self,
        service: str = "dynamodb",
        *,
        access_key: str = ACCESS_KEY,
        region: str = REGION,
        **options: Any,  # noqa: ANN401 - boto3's
    ) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return a boto3 client of this server.

        service: "dynamodb", "dynamodbstreams" or "lambda".
        options: further options of `boto3.client`.

        Raises ImportError if boto3 is not installed.
        """
        return self.clients.client(service, access_key, region, options)

    def resource(self, *, access_key: str = ACCESS_KEY, region: str = REGION, **options: Any) -> Any:  # noqa: ANN401
        """Return a boto3 resource of this server. The arguments are those of `client`."""
        return self.clients.resource(access_key, region, options)

    def control(self, name: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a control, and return its answer. name: the control's path after `/_emulator/`.

        Without a body, the call is a GET, which changes nothing. Raises ControlError.
        """
        from http.client import HTTPConnection  # noqa: PLC0415 - takes longer than the rest of the import
        from urllib.parse import urlsplit  # noqa: PLC0415 - as above

        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT)
        try:
            if body is None:
                connection.request("GET", f"/_emulator/{name}")
            else:
                connection.request("POST", f"/_emulator/{name}", json.dumps(body))
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != _OK:
            raise ControlError(response.status, str(answer.get("message", answer)))
        return answer

    def faults(
        self,
        kind: str,
        *,
        access_key: str | None = None,
        operation: str | Sequence[str] | None = None,
        table: str | None = None,
        key: Mapping[str, Any] | None = None,
        every: int | None = None,
        share: float | None = None,
        next: int | None = None,  # noqa: A002 - as in the JSON
        seed: int = 0,
        **members: Any,  # noqa: ANN401 - members of any effect
    ) -> "Fault":
        """Make requests fail or wait, until `remove` is called or until the end of a `with` block.

        access_key: only requests with this access key match; None means any. The other arguments
        are those of `Account.faults`. Raises ControlError.
        """
        from dynamodb_emulator._faults import Fault, fault_body  # noqa: PLC0415 - few programs have faults

        choice = {"Every": every, "Share": share, "Next": next}
        return Fault(
            self, self.control("faults", fault_body(access_key, kind, operation, table, key, choice, seed, members))
        )

    def budget(
        self,
        *,
        read: float | None = None,
        write: float | None = None,
        requests: int | None = None,
        access_key: str = ACCESS_KEY,
        region: str = REGION,
    ) -> AbstractContextManager[None]:
        """Return a context manager that fails if the requests in its block exceed a budget.

        read, write: the maximum number of capacity units, including the units of indexes.
        requests: the maximum number of requests.

        None means no limit. Only requests with this access key and region count. Raises
        BudgetExceeded, ControlError.
        """
        from dynamodb_emulator._budget import budget  # noqa: PLC0415 - few programs have budgets

        caller = {"AccessKey": access_key, "Region": region}
        return budget(lambda: self.control("consumption", caller), read, write, requests)

    def advice(self, *, access_key: str | None = None, confidence: str = "possible") -> list[dict[str, Any]]:
        """Return the findings of the advisor (mistakes in requests), the worst first, at most 500.

        `dynamodb-emulator control advice --help` lists the members of a finding. The server must
        have been started with `advise=True`. Raises ControlError.

        access_key: return only mistakes in requests with this access key; None means all.
        confidence: the lowest confidence to return: "possible", "likely" or "certain".
        """
        body = {"Confidence": confidence} | ({} if access_key is None else {"AccessKey": access_key})
        findings: list[dict[str, Any]] = self.control("advice", body)["Findings"]
        return findings

    def reset(self, *, access_key: str | None = None, region: str | None = None) -> None:
        """Delete all tables, streams and event source mappings, or only those of an access key.

        Without an access key, also end all declarations and release the clock. Raises ControlError.

        region: with an access key, delete only the tables, streams and mappings in this region.
        """
        given = {"AccessKey": access_key, "Region": region}
        self.control("reset", {name: value for name, value in given.items() if value is not None})

    def load(self, *paths: str | os.PathLike[str], access_key: str = ACCESS_KEY, region: str = REGION) -> None:
        """Load tables and items from files, as `dynamodb-emulator load` does. Raises LoadError."""
        found = ("--endpoint", self.url, "--access-key", access_key, "--region", region)
        loading = command("load", *found, "--", *(os.fspath(path) for path in paths))
        done = subprocess.run(loading, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise LoadError((done.stderr or done.stdout).strip())

    def save_snapshot(
        self,
        name: str,
        *,
        access_key: str | None = None,
        region: str | None = None,
        tables: Sequence[str] | None = None,
        replace: bool = False,
    ) -> Snapshot:
        """Save a snapshot of everything, or only of selected tables.

        access_key, region, tables: select tables by access key, region and name. None selects all.
        replace: True to replace an earlier snapshot with the same name. Raises ControlError.
        """
        given = {"AccessKey": access_key, "Region": region, "Tables": None if tables is None else list(tables)}
        body = {"Name": name, "Replace": replace, **{each: value for each, value in given.items() if value is not None}}
        return _snapshot(self.control("snapshots/save", body))

    def restore_snapshot(self, name: str) -> Snapshot:
        """Restore the tables of a snapshot. Tables that were created after the save are deleted.

        Raises ControlError.
        """
        return _snapshot(self.control("snapshots/restore", {"Name": name}))

    def branch_snapshot(self, name: str, access_key: str, *, region: str | None = None) -> int:
        """Copy the tables of a snapshot to another access key. Return the number of tables.

        region: the region of the copies. By default, each copy has the region of its original.
        Raises ControlError.
        """
        body = {"Name": name, "AccessKey": access_key} | ({} if region is None else {"Region": region})
        return int(self.control("snapshots/branch", body)["Tables"])

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot. Raises ControlError."""
        self.control("snapshots/delete", {"Name": name})

    def snapshots(self) -> list[Snapshot]:
        """Return all snapshots, sorted by name."""
        return [_snapshot(each) for each in self.control("snapshots")["Snapshots"]]

    def log(self) -> str:
        """Return the output of the server since its start."""
        return self._process.log()

    def stop(self) -> None:
        """End the server and wait for its end."""
        if self._clients is not None:
            self._clients.close()
        self._process.stop()

    @property
    def clients(self) -> "Clients":
        """The object that makes boto3 clients of this server. Its first use imports boto3."""
        if self._clients is None:
            from dynamodb_emulator._boto import Clients  # noqa: PLC0415 - imports boto3

            self._clients = Clients(self.url)
        return self._clients


def _snapshot(saved: Mapping[str, Any]) -> Snapshot:
    return Snapshot(saved["Name"], saved["Created"], saved["Tables"], saved["Items"])


class Clock:
    """The clock of a server. The server uses it for everything that depends on time.

    The methods that move the clock also start the background work that is due at the new time. All
    of them except `next_event` return the new time, in seconds since the epoch.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.moved = False
        """True if the clock may show another time than the machine's clock."""

    def now(self) -> float:
        """Return the clock's time, in seconds since the epoch."""
        return float(self._server.control("clock")["Now"])

    def advance(self, seconds: float) -> float:
        """Move the clock forward. A frozen clock stays frozen at the new time."""
        return self._move("Advance", seconds)

    def freeze(self, at: float | str | None = None) -> float:
        """Stop the clock at its current time, or at another time.

        at: seconds since the epoch, or a text in ISO 8601; None for the current time.
        """
        return self._move("Freeze", True if at is None else at)

    def set_offset(self, seconds: float) -> float:
        """Make the clock show the machine's time plus this number of seconds."""
        return self._move("Offset", seconds)

    def next_event(self) -> list[dict[str, Any]]:
        """Move the clock to the time of the next event, and do the work that is due then.

        Return the events of this time, each with the members Kind, Resource and Time. If no event
        is scheduled, do not move the clock, and return [].
        """
        self.moved = True
        events: list[dict[str, Any]] = self._server.control("clock", {"Next": True})["Events"]
        return events

    def release(self) -> float:
        """Make the clock show the time of the machine's clock again."""
        return self._move("Release", True)  # noqa: FBT003 - a value of JSON

    def _move(self, kind: str, value: object) -> float:
        self.moved = True  # set this before the call, because a failed call may have moved the clock
        now = float(self._server.control("clock", {kind: value})["Now"])
        self.moved = kind != "Release"
        return now
