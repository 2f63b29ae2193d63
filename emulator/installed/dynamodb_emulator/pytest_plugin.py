"""The pytest plugin: a server for the tests of an application.

| fixture | value |
|---|---|
| `dynamodb`, `dynamodb_client` | a boto3 client |
| `dynamodb_resource` | a boto3 resource |
| `dynamodb_endpoint` | the URL of the server, for other clients |
| `dynamodb_tables` | tables with items, loaded from files: name -> boto3's `Table` |
| `dynamodb_server` | the account of the test, with the clock and other controls (`Account`) |
| `dynamodb_process` | the server itself, for the whole session (`dynamodb_emulator.Server`) |

If another plugin, such as pytest-dynamodb, has a fixture `dynamodb`, this plugin does not replace
it. Then our client has only the name `dynamodb_client`.

Each pytest process has a separate server, also each worker of pytest-xdist. So if a test moves the
clock or calls other controls, tests in other workers do not notice. A server starts at the first
use of a fixture.

A test that uses one of these fixtures (except `dynamodb_process`) is isolated: no other test sees
its tables. During the test, the AWS_* environment variables make clients use these tables. There
are two kinds of isolation:

- `account`, the default: each test has a separate access key, and so separate tables. They are
  deleted in the background.
- `reset`: all tests share an access key, whose tables are deleted after each test. Code that makes
  a client when it is imported needs `reset`, because this client always uses the access key that
  was set during the import. If the ini option selects `reset`, the variables are set before test
  modules and conftest files are imported.

With `account`, a client that was made during an import would call the real AWS. In a test that uses
one of these fixtures, a request of such a client fails before it is sent (`_guard.py`).

The ini option `dynamodb_isolation` selects the kind of isolation for all tests. The marker
`@pytest.mark.dynamodb(isolation="reset")` selects it for one test. See also `pytest --help`.

The report of a failed test shows the last requests of the test, with the reasons for errors.

After the tests, a summary shows common mistakes in the requests of all tests: the findings of the
advisor. The ini option `dynamodb_advice = off` turns off the advisor. With the ini option
`dynamodb_advice_fail_on`, findings make the run fail; its values are those of
`dynamodb-emulator advise --fail-on`. `--dynamodb-advice-report FILE` writes a report: SARIF, JUnit
XML, JSON or text, depending on the end of the file's name.

Each start of pytest imports this module. So it imports other modules only when it needs them.
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
"""The form of a value of `dynamodb_advice_fail_on` and of `advise --fail-on`."""

_SHOWN = 20  # the maximum number of requests in the report of a failed test

_accounts = pytest.StashKey["Accounts"]()
_account = pytest.StashKey["Account"]()
_advice = pytest.StashKey["Advice"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the flag --dynamodb-advice-report."""
    parser.addini(
        "dynamodb_isolation",
        "account: each test has its own access key; reset: all share one, whose tables are deleted after each test",
        default="account",
    )
    parser.addini(
        "dynamodb_tables", "files that `dynamodb-emulator load` reads, for the fixture dynamodb_tables", type="paths"
    )
    parser.addini("dynamodb_arguments", "flags of the server, for example --enforce-throughput", type="args")
    parser.addini(
        "dynamodb_advice", "summary: show mistakes in requests after the tests; off: do not show them", default=_SUMMARY
    )
    parser.addini(
        "dynamodb_advice_fail_on",
        "the findings that make the run fail: likely (a finding that is at least likely), 10 (more than 10 findings), "
        "or likely/3 (more than 3 findings that are at least likely)",
        default="",
    )
    parser.getgroup("dynamodb").addoption(
        "--dynamodb-advice-report",
        metavar="FILE",
        help="write mistakes in requests to FILE: NAME.sarif, NAME.xml (JUnit), NAME.json, or text",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """With isolation `reset`, set the variables AWS_* now, before pytest imports test modules."""
    if _isolation(early_config, None) != "reset":
        return
    if _only_distributes(early_config.known_args_namespace):
        # This process runs no tests. But it may import modules that make clients, and these clients
        # must not reach AWS.
        accounts_of(early_config).enter_nowhere()
        return
    with _mistakes_in_one_line(None):
        accounts_of(early_config).enter()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker `dynamodb` to pytest, check the options, and add the fixture `dynamodb`.

    If another plugin has a fixture with this name, do not add this fixture.
    """
    config.addinivalue_line(
        "markers",
        "dynamodb(isolation, tables): how the test is isolated, account or reset; files for dynamodb_tables",
    )
    _isolation(config, None)  # reports a wrong value now, and not for each test
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
    """Collect the findings while the server still runs. Make the run fail if there are too many."""
    config = session.config
    accounts = config.stash.get(_accounts, None)
    found = None if accounts is None else accounts.advice()
    if found is not None:
        advice_of(config).add(found)
    elif config.getoption("dynamodb_advice_report") is not None:
        advice_of(config)  # creates an empty report: the user wants a file even without findings
    if _advice not in config.stash:
        return
    if hasattr(config, "workeroutput"):  # a worker of pytest-xdist
        config.workeroutput[_NAME] = config.stash[_advice].result
    elif config.stash[_advice].report() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - a class of pytest-xdist
    """Add the findings of an ended pytest-xdist worker to the findings of this pytest process."""
    found = getattr(node, "workeroutput", {}).get(_NAME)
    if found is not None:
        advice_of(node.config).add(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the findings of the advisor."""
    text = config.stash[_advice].text if _advice in config.stash else ""
    if text:
        terminalreporter.section("DynamoDB advice")
        terminalreporter.write(text)


def advice_of(config: pytest.Config) -> "Advice":
    """Return the `Advice` object of this pytest process. The first call creates it."""
    if _advice not in config.stash:
        from dynamodb_emulator._advice import Advice  # noqa: PLC0415 - see the module's docstring

        config.stash[_advice] = Advice(
            config.getini("dynamodb_advice_fail_on"), config.getoption("dynamodb_advice_report")
        )
    return config.stash[_advice]


def accounts_of(config: pytest.Config) -> "Accounts":
    """Return the `Accounts` object of this pytest process. The first call creates it.

    The end of pytest closes the object.
    """
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
    """Raise UsageError for a wrong value of an option about advice, before the tests run."""
    wanted, fail_on = config.getini("dynamodb_advice"), config.getini("dynamodb_advice_fail_on")
    if wanted not in _ADVICE:
        _refuse(None, f"dynamodb_advice: {wanted!r} is not one of {', '.join(_ADVICE)}")
    if _THRESHOLD.fullmatch(fail_on) is None:
        _refuse(
            None,
            f"dynamodb_advice_fail_on: {fail_on!r} is not certain, likely, possible, a number such as 10, "
            "or a level with a number such as likely/3",
        )
    file = config.getoption("dynamodb_advice_report")
    if file is None:
        return
    if wanted != _SUMMARY:
        _refuse(None, "--dynamodb-advice-report needs the advisor, but the ini option dynamodb_advice is off")
    folder = os.path.dirname(file) or os.curdir
    if os.path.isdir(file) or not os.path.isdir(folder):
        _refuse(None, f"--dynamodb-advice-report {file}: no file can be written there")


def _isolation(config: pytest.Config, node: pytest.Item | None) -> str:
    """Return the isolation of a test: account or reset.

    node: the test. If node is None, return the value of the ini option.
    """
    chosen = _of_marker(node, "isolation") or config.getini("dynamodb_isolation")
    if chosen not in _ISOLATIONS:
        _refuse(node, f"dynamodb isolation: {chosen!r} is not one of {', '.join(_ISOLATIONS)}")
    return str(chosen)


def _of_marker(node: pytest.Item | None, name: str) -> Any:  # noqa: ANN401 - an argument of any type
    """Return the value of an argument from the nearest marker `dynamodb` that has it, or None."""
    markers = list(node.iter_markers(_NAME)) if node is not None else []
    for marker in markers:
        if marker.args or not marker.kwargs.keys() <= _ARGUMENTS:
            _refuse(node, f"the marker dynamodb takes only the arguments {' and '.join(sorted(_ARGUMENTS))}")
    return next((marker.kwargs[name] for marker in markers if name in marker.kwargs), None)


def _refuse(node: pytest.Item | None, sentence: str) -> NoReturn:
    """Report a mistake in the configuration, without a traceback.

    node: the test that fails. If node is None, pytest ends before it runs tests.
    """
    if node is None:
        raise pytest.UsageError(sentence)
    pytest.fail(sentence, pytrace=False)


@contextmanager
def _mistakes_in_one_line(node: pytest.Item | None) -> Iterator[None]:
    """Convert LoadError and StartError in a `with` block to a message without a traceback.

    node: the test that fails. If node is None, pytest ends before it runs tests.
    """
    from dynamodb_emulator.server import LoadError, StartError  # noqa: PLC0415 - see the module's docstring

    try:
        yield
    except (LoadError, StartError) as error:
        _refuse(node, f"dynamodb-emulator: {error}")


def _only_distributes(options: object) -> bool:
    """Return True if this process runs no tests, because workers of pytest-xdist run them."""
    return "PYTEST_XDIST_WORKER" not in os.environ and bool(
        getattr(options, "numprocesses", None) or getattr(options, "tx", None)
    )


def _server_of(request: pytest.FixtureRequest) -> "Server":
    """Return the server of this pytest process. If it does not start, the test fails."""
    with _mistakes_in_one_line(request.node):
        return accounts_of(request.config).server


@pytest.fixture(scope="session")
def dynamodb_process(request: pytest.FixtureRequest) -> "Server":
    """The server of this pytest process, for fixtures with a wider scope than one test."""
    return _server_of(request)


@pytest.fixture
def dynamodb_server(request: pytest.FixtureRequest) -> "Iterator[Account]":
    """The account of the test, with the clock and the other controls of the server."""
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
    """Tables with items: name -> boto3's `Table`.

    They are loaded from the files in the marker's argument `tables`, or in the ini option
    dynamodb_tables.
    """
    chosen = _of_marker(request.node, "tables")
    if chosen is None:
        paths = request.config.getini("dynamodb_tables")
    else:
        names = [chosen] if isinstance(chosen, str | os.PathLike) else chosen
        paths = [os.path.join(request.config.rootpath, name) for name in names]
    if not paths:
        _refuse(request.node, "the fixture dynamodb_tables needs files: name them in the ini option dynamodb_tables")
    with _mistakes_in_one_line(request.node):
        return accounts_of(request.config).tables(dynamodb_server, paths)


class _Dynamodb:
    """A plugin with the fixture `dynamodb`, for the case that no other plugin has this fixture."""

    @pytest.fixture
    def dynamodb(self, dynamodb_client: Any) -> Any:  # noqa: ANN401 - boto3 has no types
        """A boto3 client of DynamoDB."""
        return dynamodb_client
