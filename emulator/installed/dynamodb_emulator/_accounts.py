"""The accounts of tests: a separate access key for each test, or one that all tests share.

Tables belong to an access key. The tables of the shared access key are deleted after each test.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any, NoReturn
from urllib.parse import urlsplit

from dynamodb_emulator._callers import naming_callers
from dynamodb_emulator._faults import Fault
from dynamodb_emulator._guard import no_requests_to_aws
from dynamodb_emulator._variables import applied, variables
from dynamodb_emulator.server import ACCESS_KEY, REGION, Clock, ControlError, Server, StartError, start

__all__ = ["Account", "Accounts", "Tables"]

_NOWHERE = "http://127.0.0.1:1"  # no program listens on port 1
_ENDS: Mapping[str, Mapping[str, Any]] = {"throttling": {"Enforced": False}, "transactions": {"Seconds": 0}}
"""A control that makes a declaration -> the members of a call that ends the declaration."""
_TIMEOUT = 65.0  # a call fails if the server sends nothing for this number of seconds
_OK = 200


class Account:
    """The tables of one access key, and the controls of the server. A test uses one account.

    url, access_key, region: a client with these values uses the account's tables. The client's
    secret key can be any text. clock: the clock of the server. After the test, the clock shows the
    time of the machine's clock again.
    """

    def __init__(self, server: Server, access_key: str) -> None:
        self.server = server
        self.url = server.url
        self.access_key = access_key
        self.region = REGION
        self._after: dict[str, str] = {}
        self._ends: list[tuple[str, dict[str, Any]]] = []

    @property
    def clock(self) -> Clock:
        """The clock of the server."""
        return self.server.clock

    def client(self, service: str = "dynamodb", **options: Any) -> Any:  # noqa: ANN401 - boto3's
        """Return a boto3 client of the service "dynamodb", "dynamodbstreams" or "lambda"."""
        if service == "dynamodb" and not options:
            return self.server.clients.copied_client(self.access_key, self.region)
        return self.server.client(service, access_key=self.access_key, region=self.region, **options)

    def resource(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return a boto3 resource for DynamoDB."""
        return self.server.clients.resource_of(self.client())

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which AWS SDKs use the account's tables."""
        return self.server.environment(self.access_key, self.region)

    def control(self, name: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a control of the server, as `Server.control` does.

        Declarations (the controls `throttling` and `transactions`) end after the test.
        """
        if body is not None and name in _ENDS:
            self._ends.append((name, {**body, **_ENDS[name]}))
        return self.server.control(name, body)

    def faults(
        self,
        kind: str,
        *,
        operation: str | Sequence[str] | None = None,
        table: str | None = None,
        key: Mapping[str, Any] | None = None,
        every: int | None = None,
        share: float | None = None,
        next: int | None = None,  # noqa: A002 - as in the JSON
        seed: int = 0,
        **members: Any,  # noqa: ANN401 - members of any effect
    ) -> Fault:
        """Make requests of this account fail or wait, until the end of the test or a `with` block.

            with dynamodb_server.faults("Throttle", operation="PutItem", next=2) as fault: ...
            assert fault.hits == 2

        kind: Throttle, Error, Timeout, Drop, Latency, Unprocessed, Conflict, Cancel or ShortPage.
        operation, table, key: only requests with these values match. The key has the key
        attributes, such as {"id": {"S": "o-1"}}.
        every, share, next: of the matching requests, only these get the effect: every n-th, a
        random share (0 to 1), or the next n.
        seed: random choices depend on this number.
        members: other members of the effect (see the control `faults`) in lower case, such as
        seconds=0.2 or after=True. Four names differ: low is From, high is To, index is IndexName,
        and batch_share is the Share of Unprocessed.

        Raises ControlError.
        """
        made = self.server.faults(
            kind,
            access_key=self.access_key,
            operation=operation,
            table=table,
            key=key,
            every=every,
            share=share,
            next=next,
            seed=seed,
            **members,
        )
        self._ends.append(("faults/remove", {"Id": made.id}))
        return made

    def budget(
        self, *, read: float | None = None, write: float | None = None, requests: int | None = None
    ) -> AbstractContextManager[None]:
        """Return a context manager that fails if the account's requests exceed a budget.

            with dynamodb_server.budget(read=2, write=5, requests=3):
                place_order(...)

        read, write: the maximum number of capacity units, including the units of indexes. requests:
        the maximum number of requests. None means no limit. Raises BudgetExceeded at the end of the
        `with` block.
        """
        return self.server.budget(
            read=read, write=write, requests=requests, access_key=self.access_key, region=self.region
        )

    def requests(self) -> list[dict[str, Any]]:
        """Return summaries of the requests that the account sent during this test.

        There are at most a thousand, the newest ones. A summary has members such as Operation,
        Tables, Status, Code and Reason: see the docstring of emulator/http/observing/summary.py.
        """
        found: list[dict[str, Any]] = self._requests()["Requests"]
        return found

    def begin(self) -> None:
        """Note the start of a test, so that `requests` returns no requests of earlier tests."""
        self._after = {"After": self._requests()["Last"]}

    def _requests(self) -> dict[str, Any]:
        return self.server.control("requests", {"AccessKey": self.access_key, **self._after})

    def log(self) -> str:
        """Return the log of the server since its start, with the lines of earlier tests."""
        return self.server.log()

    def save_snapshot(self, name: str) -> None:
        """Save the tables with their items under a name, until the end of the test.

        This replaces an earlier snapshot with the same name.
        """
        saved = self._snapshot(name)
        self.server.control("snapshots/save", {"Name": saved, "AccessKey": self.access_key, "Replace": True})
        self._ends.append(("snapshots/delete", {"Name": saved}))

    def restore_snapshot(self, name: str) -> None:
        """Restore the tables of a snapshot. Tables that were created after the save are deleted."""
        self.server.control("snapshots/restore", {"Name": self._snapshot(name)})

    def _snapshot(self, name: str) -> str:
        return f"{self.access_key}/{name}"

    def end(self) -> None:
        """End the test's declarations and faults, delete its snapshots and release the clock."""
        if self.clock.moved:
            self.clock.release()
        for name, body in reversed(self._ends):
            # An error means that the server had refused the declaration, or that the declaration
            # has already ended.
            with suppress(ControlError):
                self.server.control(name, body)


class Tables(Mapping[str, Any]):
    """Maps the names of an account's tables to boto3's `Table` objects."""

    def __init__(self, account: Account, names: Sequence[str]) -> None:
        self._account = account
        self._tables: dict[str, Any] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - boto3 has no types
        if self._tables[name] is None:
            self._tables[name] = self._account.resource().Table(name)
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class Accounts:
    """The server of a pytest process, and the accounts of its tests.

    The server starts at its first use.

    arguments: flags for the command that starts the server.
    root: the path of a folder; the advisor's findings name files in this folder relative to it.
    advised: True to run the advisor in the server.
    """

    def __init__(self, arguments: Sequence[str], root: str, *, advised: bool = True) -> None:
        self._arguments = ["--advise", *arguments] if advised else arguments
        self._advised = advised
        self._root = root
        self._server: Server | None = None
        self._failed: StartError | None = None
        self._background: _Background | None = None
        self._templates: dict[tuple[str, ...], tuple[str, list[str]]] = {}
        self._count = 0
        self._open = ExitStack()

    @property
    def server(self) -> Server:
        """The server, started at the first use. Raises StartError.

        If the start failed, later uses raise the same error and do not try again.
        """
        if self._failed is not None:
            raise self._failed
        if self._server is None:
            try:
                self._server = start(["--keep-requests", *self._arguments])
            except StartError as error:
                self._failed = error
                raise
            self._background = _Background(self._server.url)
        return self._server

    def advice(self) -> dict[str, Any] | None:
        """Return the answer of the control `advice`: the advisor's findings.

        Return None if no test used the server, if its advisor is off, or if the server has ended.
        """
        if self._server is None or not self._advised:
            return None
        try:
            return self._server.control("advice")
        except (OSError, HTTPException, ControlError):
            return None

    def enter(self) -> None:
        """Set the environment variables for the shared account in this process, until `close`."""
        self._open.enter_context(applied(self.server.environment()))

    def enter_nowhere(self) -> None:
        """Set environment variables for an address without a server, until `close`.

        So clients that this process makes cannot reach AWS.
        """
        self._open.enter_context(applied(variables(_NOWHERE, ACCESS_KEY, REGION)))

    @contextmanager
    def fresh(self) -> Iterator[Account]:
        """Yield an account that no other test has.

        At the end of the `with` block, begin to delete the account's tables.
        """
        self._count += 1
        with self._account(f"test-{self._count}") as account:
            yield account

    @contextmanager
    def shared(self) -> Iterator[Account]:
        """Yield the account that tests with the isolation `reset` share.

        At the end of the `with` block, begin to delete the account's tables.
        """
        with self._account(ACCESS_KEY) as account:
            account.begin()
            yield account

    def tables(self, account: Account, paths: Sequence[str | os.PathLike[str]]) -> Tables:
        """Create the tables and items in these files for an account. Raises LoadError.

        The first call loads the files and saves the tables as a snapshot (the template). Each call
        copies the template for an account. For five tables, a copy takes 2.9 ms, but calls of
        CreateTable would take 9.4 ms.
        """
        chosen = tuple(os.fspath(path) for path in paths)
        if chosen not in self._templates:
            self._templates[chosen] = self._template(chosen)
        name, tables = self._templates[chosen]
        self.server.control("snapshots/branch", {"Name": name, "AccessKey": account.access_key})
        return Tables(account, tables)

    def _template(self, paths: Sequence[str]) -> tuple[str, list[str]]:
        """Load tables from files and save them as a snapshot (the template), which `tables` copies.

        Return the name of the snapshot and the names of the tables.
        """
        name = f"template-{len(self._templates) + 1}"
        self.server.load(*paths, access_key=name)
        pages = Account(self.server, name).client().get_paginator("list_tables").paginate()
        tables = [table for page in pages for table in page["TableNames"]]
        self.server.control("snapshots/save", {"Name": name, "AccessKey": name})
        self.server.control("reset", {"AccessKey": name})
        return name, tables

    @contextmanager
    def _account(self, access_key: str) -> Iterator[Account]:
        server = self.server
        assert self._background is not None, "the server has started"
        self._background.wait()
        account = Account(server, access_key)
        try:
            with applied(account.environment()), no_requests_to_aws(_fail), naming_callers(server.url, self._root):
                yield account
        finally:
            account.end()
            self._background.call("reset", {"AccessKey": access_key})

    def close(self) -> None:
        """End the server, and restore the environment variables."""
        self._open.close()
        if self._background is not None:
            self._background.close()
        if self._server is not None:
            self._server.stop()


def _fail(sentence: str) -> NoReturn:
    import pytest  # noqa: PLC0415 - only pytest calls this

    pytest.fail(sentence)


class _Background:
    """Calls controls, one at a time. `call` does not wait for the answer; the next `call` does."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT)
        self._pending: tuple[str, str] | None = None

    def call(self, name: str, body: Mapping[str, Any]) -> None:
        """Send a call of a control to the server, and do not wait for the answer.

        The call may be sent twice. So a repetition of the call must change nothing.
        """
        self.wait()
        self._pending = f"/_emulator/{name}", json.dumps(body)
        try:
            self._send()
        except (OSError, HTTPException):  # `wait` will send the call again
            self._connection.close()

    def wait(self) -> None:
        """Wait for the answer to the last call. Raises ControlError."""
        if self._pending is None:
            return
        try:
            response = self._connection.getresponse()
        # The server may have closed the connection, because it was idle for long. Send the call
        # again.
        except (OSError, HTTPException):
            self._connection.close()
            self._send()
            response = self._connection.getresponse()
        self._pending = None
        text = response.read().decode()
        if response.status != _OK:
            raise ControlError(response.status, text)

    def close(self) -> None:
        """Close the connection, even if the last call is not answered."""
        self._connection.close()

    def _send(self) -> None:
        assert self._pending is not None, "`call` must set the pending call before `_send`"
        self._connection.request("POST", *self._pending)
