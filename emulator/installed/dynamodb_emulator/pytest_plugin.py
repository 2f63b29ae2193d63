"""The pytest plugin: a server for the tests of an application.

| fixture | gives |
|---|---|
| `dynamodb`, `dynamodb_client` | a boto3 client |
| `dynamodb_resource` | a boto3 resource |
| `dynamodb_endpoint` | the URL of the server, for other clients |
| `dynamodb_tables` | the tables and items of files, as boto3's `Table` by name |
| `dynamodb_server` | the account of the test, the clock and the other controls (`Account`) |
| `dynamodb_process` | the server itself, for the whole session (`dynamodb_emulator.Server`) |

If another plugin, such as pytest-dynamodb, has a fixture `dynamodb`, that fixture stays unchanged.
Then our client has only the name `dynamodb_client`.

Each pytest process has a separate server, also each worker of pytest-xdist. So if a test moves the
clock or calls other controls, tests in other workers do not notice. A server starts at the first
use of a fixture.

A test that uses one of these fixtures (except `dynamodb_process`) is isolated, and the AWS_*
variables of its process point to its tables. There are two ways to isolate tests:

- `account`, the default: each test has a separate access key, and so its own tables. They are
  deleted in the background.
- `reset`: all tests share an access key, whose tables are deleted after each test. Code that makes
  a client when it is imported needs `reset`, because this client always uses the access key that
  was set during the import. If the ini option selects `reset`, the variables are set before test
  modules and conftest files are imported.

With `account`, a client that was made at import would call the real AWS. In a test that uses one of
these fixtures, a request of such a client fails before it is sent (`_guard.py`).

The ini option `dynamodb_isolation` selects the way for all tests. The marker
`@pytest.mark.dynamodb(isolation="reset")` selects it for one test. See also `pytest --help`.

The report of a failed test shows the last requests of the test, with the reasons for errors.

At the end, a summary shows common mistakes in the requests of all tests: findings of the advisor.
The ini option `dynamodb_advice = off` turns this off. With `dynamodb_advice_fail_on`, findings fail
the run: its value is that of `dynamodb-emulator advise --fail-on`. `--dynamodb-advice-report FILE`
writes a report: SARIF, JUnit XML, JSON or text, by the name of the file.

This module is imported at each start of pytest. It imports everything else at the first use.
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from dynamodb_emulator._accounts import Account, Accounts, Tables
    from dynamodb_emulator._advice import Advice
    from dynamodb_emulator.server import Server

_ISOLATIONS = ("account", "reset")
_NAME = "dynamodb"
_ARGUMENTS = {"isolation", "tables"}

_SUMMARY = "summary"
_ADVICE = (_SUMMARY, "off")
_THRESHOLD = re.compile(r"((certain|likely|possible)(/[0-9]+)?|[0-9]+)?")
"""The values of `dynamodb_advice_fail_on`, as in `dynamodb-emulator advise --fail-on`."""

_SHOWN = 20  # the most requests in the report of a failed test

_accounts = pytest.StashKey["Accounts"]()
_account = pytest.StashKey["Account"]()
_advice = pytest.StashKey["Advice"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options."""
    parser.addini(
        "dynamodb_isolation",
        "account: each test has a separate access key; reset: tests share one, which is emptied after each test",
        default="account",
    )
    parser.addini(
        "dynamodb_tables", "files that `dynamodb-emulator load` reads, for the fixture dynamodb_tables", type="paths"
    )
    parser.addini("dynamodb_arguments", "flags of the server, for example --enforce-throughput", type="args")
    parser.addini(
        "dynamodb_advice", "summary: show mistakes in requests after the tests; off: do not", default=_SUMMARY
    )
    parser.addini(
        "dynamodb_advice_fail_on",
        "fail the run if there are such findings: certain, likely, possible, 10 or likely/3",
        default="",
    )
    parser.getgroup("dynamodb").addoption(
        "--dynamodb-advice-report",
        metavar="FILE",
        help="write mistakes in requests to FILE: NAME.sarif, NAME.xml (JUnit), NAME.json, or text",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """With `reset`, set the variables before modules are imported that make clients."""
    if _isolation(early_config, None) != "reset":
        return
    if _only_distributes(early_config.known_args_namespace):
        # This process runs no tests. It may import modules that make clients: these must not reach
        # AWS.
        accounts_of(early_config).enter_nowhere()
        return
    with _mistakes_in_one_line(None):
        accounts_of(early_config).enter()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker, and offer the fixture `dynamodb` unless another plugin has one."""
    config.addinivalue_line(
        "markers",
        "dynamodb(isolation, tables): how the test is isolated, account or reset; files for dynamodb_tables",
    )
    _isolation(config, None)  # so that a wrong choice is reported once, and not for each test
    _check_advice(config)
    others = [plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, ModuleType)]
    if not any(_NAME in vars(plugin) for plugin in others):
        config.pluginmanager.register(_Dynamodb(), "dynamodb_emulator_client")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last requests of the test to the report of a failure."""
    report = yield
    if report.failed and _account in item.stash:
        from dynamodb_emulator._reports import lines_of  # noqa: PLC0415 - see the module's docstring

        lines = lines_of(item.stash[_account], _SHOWN)
        if lines:
            report.sections.append(("DynamoDB requests", "\n".join(lines)))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Collect the findings while the server still runs. Fail the run if there are too many."""
    config = session.config
    accounts = config.stash.get(_accounts, None)
    found = None if accounts is None else accounts.advice()
    if found is not None:
        advice_of(config).add(found)
    elif config.getoption("dynamodb_advice_report") is not None:
        advice_of(config)  # the user wants a file even if no test used a table
    if _advice not in config.stash:
        return
    if hasattr(config, "workeroutput"):  # a worker of pytest-xdist
        config.workeroutput[_NAME] = config.stash[_advice].result
    elif config.stash[_advice].report() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - a class of pytest-xdist
    """Take the findings of a worker of pytest-xdist."""
    found = getattr(node, "workeroutput", {}).get(_NAME)
    if found is not None:
        advice_of(node.config).add(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the findings."""
    text = config.stash[_advice].text if _advice in config.stash else ""
    if text:
        terminalreporter.section("DynamoDB advice")
        terminalreporter.write(text)


def advice_of(config: pytest.Config) -> "Advice":
    """Return the advice of this pytest process."""
    if _advice not in config.stash:
        from dynamodb_emulator._advice import Advice  # noqa: PLC0415 - see the module's docstring

        config.stash[_advice] = Advice(
            config.getini("dynamodb_advice_fail_on"), config.getoption("dynamodb_advice_report")
        )
    return config.stash[_advice]


def accounts_of(config: pytest.Config) -> "Accounts":
    """Return the accounts of this pytest process. They are closed at the end of pytest."""
    if _accounts not in config.stash:
        from dynamodb_emulator._accounts import Accounts  # noqa: PLC0415 - see the module's docstring

        config.stash[_accounts] = accounts = Accounts(
            config.getini("dynamodb_arguments"),
            str(config.rootpath),
            advised=config.getini("dynamodb_advice") == _SUMMARY,
        )
        config.add_cleanup(accounts.close)
    return config.stash[_accounts]


def _check_advice(config: pytest.Config) -> None:
    """Refuse wrong values of the options about advice before the tests run."""
    wanted, fail_on = config.getini("dynamodb_advice"), config.getini("dynamodb_advice_fail_on")
    if wanted not in _ADVICE:
        _refuse(None, f"dynamodb_advice: {wanted!r} is not one of {', '.join(_ADVICE)}")
    if _THRESHOLD.fullmatch(fail_on) is None:
        _refuse(None, f"dynamodb_advice_fail_on: {fail_on!r} is not certain, likely, possible, 10 or likely/3")
    file = config.getoption("dynamodb_advice_report")
    if file is None:
        return
    if wanted != _SUMMARY:
        _refuse(None, "--dynamodb-advice-report needs advice, and the ini option dynamodb_advice is off")
    folder = os.path.dirname(file) or os.curdir
    if os.path.isdir(file) or not os.path.isdir(folder):
        _refuse(None, f"--dynamodb-advice-report {file}: no file can be written there")


def _isolation(config: pytest.Config, node: pytest.Item | None) -> str:
    """Return how a test is isolated. If node is None, return the value of the ini option."""
    chosen = _of_marker(node, "isolation") or config.getini("dynamodb_isolation")
    if chosen not in _ISOLATIONS:
        _refuse(node, f"dynamodb isolation: {chosen!r} is not one of {', '.join(_ISOLATIONS)}")
    return str(chosen)


def _of_marker(node: pytest.Item | None, name: str) -> Any:  # noqa: ANN401 - an argument of any type
    """Return an argument of the nearest marker `dynamodb` that has it, or None."""
    markers = list(node.iter_markers(_NAME)) if node is not None else []
    for marker in markers:
        if marker.args or not marker.kwargs.keys() <= _ARGUMENTS:
            _refuse(node, f"the marker dynamodb takes only the arguments {' and '.join(sorted(_ARGUMENTS))}")
    return next((marker.kwargs[name] for marker in markers if name in marker.kwargs), None)


def _refuse(node: pytest.Item | None, sentence: str) -> NoReturn:
    """Report a mistake in the configuration, without a traceback.

    node: the test that fails. None: pytest ends before the tests.
    """
    if node is None:
        raise pytest.UsageError(sentence)
    pytest.fail(sentence, pytrace=False)


@contextmanager
def _mistakes_in_one_line(node: pytest.Item | None) -> Iterator[None]:
    """Report the server's errors about its arguments and files, without a traceback."""
    from dynamodb_emulator.server import LoadError, StartError  # noqa: PLC0415 - see the module's docstring

    try:
        yield
    except (LoadError, StartError) as error:
        _refuse(node, f"dynamodb-emulator: {error}")


def _only_distributes(options: object) -> bool:
    """Return whether this process only distributes tests to workers of pytest-xdist."""
    return "PYTEST_XDIST_WORKER" not in os.environ and bool(
        getattr(options, "numprocesses", None) or getattr(options, "tx", None)
    )


def _server_of(request: pytest.FixtureRequest) -> "Server":
    """Return the server of this pytest process; fail the test if the server does not start."""
    with _mistakes_in_one_line(request.node):
        return accounts_of(request.config).server


@pytest.fixture(scope="session")
def dynamodb_process(request: pytest.FixtureRequest) -> "Server":
    """The server of this pytest process, for fixtures with a wider scope than a test."""
    return _server_of(request)


@pytest.fixture
def dynamodb_server(request: pytest.FixtureRequest) -> "Iterator[Account]":
    """The account of the test, the clock of the server, and its other controls."""
    accounts = accounts_of(request.config)
    shared = _isolation(request.config, request.node) == "reset"
    _server_of(request)
    with accounts.shared() if shared else accounts.fresh() as account:
        request.node.stash[_account] = account
        yield account
        del request.node.stash[_account]


@pytest.fixture
def dynamodb_endpoint(dynamodb_server: "Account") -> str:
    """The URL of the server."""
    return dynamodb_server.url


@pytest.fixture
def dynamodb_client(dynamodb_server: "Account") -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 client of DynamoDB."""
    return dynamodb_server.client()


@pytest.fixture
def dynamodb_resource(dynamodb_server: "Account") -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 resource of DynamoDB."""
    return dynamodb_server.resource()


@pytest.fixture
def dynamodb_tables(request: pytest.FixtureRequest, dynamodb_server: "Account") -> "Tables":
    """The tables of the files in the ini option dynamodb_tables, as boto3's Table by name."""
    chosen = _of_marker(request.node, "tables")
    if chosen is None:
        paths = request.config.getini("dynamodb_tables")
    else:
        names = [chosen] if isinstance(chosen, str | os.PathLike) else chosen
        paths = [os.path.join(request.config.rootpath, name) for name in names]
    if not paths:
        _refuse(request.node, "the fixture dynamodb_tables needs files: set the ini option dynamodb_tables")
    with _mistakes_in_one_line(request.node):
        return accounts_of(request.config).tables(dynamodb_server, paths)


class _Dynamodb:
    """The plugin that has the fixture `dynamodb`."""

    @pytest.fixture
    def dynamodb(self, dynamodb_client: Any) -> Any:  # noqa: ANN401 - boto3 has no types
        """A boto3 client of DynamoDB."""
        return dynamodb_client
