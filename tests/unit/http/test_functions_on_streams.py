"""Invoking functions: over HTTP, with answers in pieces, and in separate processes."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager, suppress

import pytest

from emulator.event_sources.configuration import BadConfiguration, Function, Handler, Url
from emulator.event_sources.delivery import Invocation
from emulator.outbound.function_check import check_functions
from emulator.outbound.function_process import ProcessFunction
from emulator.outbound.function_url import UrlFunction

EVENT = b'{"Records":[{"eventID":"1"}]}'
RUNTIME_ERROR = b'{"errorMessage":"boom","errorType":"ValueError","requestId":"r","stackTrace":[]}'


def answer(status, body, *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def invocation(target, timeout=5.0):
    function = Function("f", target, timeout)
    return Invocation("request-1", function, "arn:aws:lambda:us-east-1:123456789012:function:f", EVENT)


# --- URLs -----------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(chunks):
    """Run a server that reads a request whole, answers with some chunks and closes the connection.
    Yield the list of received requests, and the server's URL.
    """
    got = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        got.append(head + await reader.readexactly(length))
        for chunk in chunks:
            writer.write(chunk)
            with suppress(ConnectionError):
                await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield got, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/invoke?x=1"


def invoked(chunks):
    async def run():
        async with listening(chunks) as (got, url):
            return await UrlFunction(url).invoke(invocation(Url(url))), got

    return asyncio.run(run())


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnull\r\n0\r\n\r\n"
ANSWERS = [
    (answer(200, b"null"), "answered", 200, b"null"),
    (answer(200, b""), "answered", 200, b""),
    (CHUNKED, "answered", 200, b"null"),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nnull", "answered", 200, b"null"),
    (answer(200, b"{}", "X-Amz-Function-Error: Unhandled"), "failed", 200, b"{}"),
    (answer(200, RUNTIME_ERROR), "failed", 200, RUNTIME_ERROR),
    (answer(200, b'{"x": {"errorType": 1}}'), "answered", 200, b'{"x": {"errorType": 1}}'),
    (answer(500, b"oops"), "failed", 500, b"oops"),
    (answer(404, b""), "failed", 404, b""),
    (answer(429, b""), "unreachable", 200, b""),
    (b"", "failed", 502, b""),
    (b"no http at all\r\n\r\n", "failed", 502, b""),
]


@pytest.mark.parametrize("pieces", [1, 3, 1000], ids=["whole", "pieces", "bytes"])
@pytest.mark.parametrize(("raw", "kind", "status", "payload"), ANSWERS, ids=lambda value: str(value)[:40])
def test_answer_of_a_url(raw, kind, status, payload, pieces):
    size = max(1, len(raw) // pieces)
    outcome, got = invoked([raw[at : at + size] for at in range(0, len(raw), size)])
    assert (outcome.kind, outcome.status, outcome.payload) == (kind, status, payload)
    assert len(got) == 1


def test_request_to_a_url():
    _, [request] = invoked([answer(200, b"null")])
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /invoke?x=1 HTTP/1.1"
    assert lines[1].startswith("host: 127.0.0.1:")
    assert {"content-type: application/json", "x-amzn-requestid: request-1", f"content-length: {len(EVENT)}"} < {*lines}
    assert body == EVENT


def test_nobody_at_a_url_is_unreachable():
    async def run():
        async with listening([]) as (_, url):
            pass
        return await UrlFunction(url).invoke(invocation(Url(url)))

    assert asyncio.run(run()).kind == "unreachable"


# --- processes ------------------------------------------------------------------------------------

HANDLERS = """
import os, subprocess, sys, time
calls = 0

class Class:
    @staticmethod
    def method(event, context):
        return "nested"

def handler(event, context):
    global calls
    calls += 1
    print("printed")
    subprocess.run(["echo", "by a subprocess"])
    return {
        "event": event,
        "calls": calls,
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "request": context.aws_request_id,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
    }

def raising(event, context):
    raise ValueError("boom")

def leaving(event, context):
    os._exit(3)

def exiting(event, context):
    sys.exit(4)

def hanging(event, context):
    time.sleep(60)

def strange(event, context):
    return object()

def once(event, context):
    if calls == 0 and not os.path.exists("left"):
        open("left", "w").close()
        os._exit(1)
    return "again"
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function, used as call("handler", times=1, timeout=5). It calls a handler of
    HANDLERS in one process and returns the outcomes.
    """
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "handlers.py").write_text(HANDLERS)
    (tmp_path / "emulator.py").write_text("")  # a user may have a module with our name
    monkeypatch.chdir(tmp_path)

    def run(handler, times=1, timeout=5.0, module="package.handlers", python=sys.executable):
        target = Handler(f"{module}:{handler}", str(tmp_path), python)

        async def invoke():
            one = invocation(target, timeout)
            function = ProcessFunction(one.function, target)
            try:
                return [await function.invoke(one) for _ in range(times)]
            finally:
                await function.close()

        return asyncio.run(invoke())

    return run


def test_handler_gets_event_and_context_and_its_process_lives_on(call, capfd):
    first, second = (json.loads(outcome.payload) for outcome in call("handler", times=2))
    assert 0 < first.pop("remaining") <= 5000
    assert first == {
        "event": {"Records": [{"eventID": "1"}]},
        "calls": 1,
        "name": "f",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "request": "request-1",
        "memory": "128",
    }
    assert second["calls"] == 2
    out, err = capfd.readouterr()
    assert (out, err.count("printed\n"), err.count("by a subprocess\n")) == ("", 2, 2)


FAILURES = [
    ("raising", {}, "ValueError: boom"),
    ("leaving", {}, "the function's process ended: exit status 3"),
    ("exiting", {}, "the function's process ended: exit status 4"),
    ("strange", {}, "TypeError: Object of type object is not JSON serializable"),
    ("absent", {}, "AttributeError: module 'package.handlers' has no attribute 'absent'"),
    ("handler", {"module": "package.absent"}, "ModuleNotFoundError: No module named 'package.absent'"),
    ("hanging", {"timeout": 0.5}, "Task timed out after 0.50 seconds"),
]


@pytest.mark.parametrize(("handler", "options", "detail"), FAILURES, ids=[row[0] for row in FAILURES])
def test_failure_of_a_handler_is_reported(call, handler, options, detail):
    [outcome] = call(handler, **options)
    assert (outcome.kind, outcome.status, outcome.detail) == ("failed", 200, detail)


def test_python_that_is_not_there_is_unreachable(call):
    [outcome] = call("handler", python="/none/python")
    assert (outcome.kind, outcome.detail) == ("unreachable", "cannot run /none/python: No such file or directory")


def test_process_that_died_is_started_again(call):
    first, second = call("once", times=2)
    assert (first.kind, second.payload) == ("failed", b'"again"')


def test_nested_callable_is_found(call):
    assert call("Class.method")[0].payload == b'"nested"'


# --- changed source files ---


@pytest.fixture
def changing(tmp_path, monkeypatch, caplog):
    """Return a package's folder and a function. run(*edits) invokes package.handlers:handler once,
    and again after each edit; it returns the outcomes.
    """
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "values.py").write_text("VALUE = 'one'")
    (package / "late.py").write_text("VALUE = 'late'")
    (package / "handlers.py").write_text(
        "from package.values import VALUE\ncalls = 0\n"
        "def handler(event, context):\n    global calls\n    calls += 1\n"
        "    from package.late import VALUE as LATE\n    return [VALUE, LATE, calls]\n"
    )
    monkeypatch.chdir(tmp_path)
    caplog.set_level("INFO", "emulator")

    def run(*edits):
        target = Handler("package.handlers:handler", str(tmp_path), sys.executable)

        async def invoke():
            one = invocation(target)
            function = ProcessFunction(one.function, target)
            outcomes = []
            try:
                for edit in (lambda: None, *edits):
                    edit()
                    outcomes.append(await function.invoke(one))
                return outcomes
            finally:
                await function.close()

        return asyncio.run(invoke())

    return package, run


def payloads(outcomes):
    return [json.loads(outcome.payload) for outcome in outcomes]


@pytest.mark.parametrize(
    ("file", "expected"), [("values.py", ["three!", "late", 1]), ("late.py", ["one", "three!", 1])]
)
def test_a_changed_source_file_is_loaded_again(changing, caplog, file, expected):
    """The changed file may be a module that the handler's module imports, or one that a call of the
    handler imports.
    """
    package, run = changing
    first, second, third = payloads(run(lambda: None, lambda: (package / file).write_text("VALUE = 'three!'")))
    assert (first, second) == (["one", "late", 1], ["one", "late", 2])
    assert third == expected
    assert [record.getMessage() for record in caplog.records] == [
        f"function f is loaded again: {package / file} has changed"
    ]


def test_a_mistake_in_a_changed_file_is_reported_with_its_lines_and_ends_with_the_next_change(changing):
    package, run = changing
    handlers = package / "handlers.py"
    good = handlers.read_text()
    _, broken, gone, mended = run(
        lambda: handlers.write_text("def handler(:"), handlers.unlink, lambda: handlers.write_text(good)
    )
    assert broken.detail.startswith("SyntaxError")
    assert "def handler(:" in broken.payload.decode()
    assert gone.detail == "ModuleNotFoundError: No module named 'package.handlers'"
    assert json.loads(mended.payload) == ["one", "late", 1]


def test_other_files_are_no_reason_to_load_again(changing):
    package, run = changing
    installed = package.parent / "venv" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "library.py").write_text("")
    late = "import sys\nsys.path.append('venv/site-packages')\nimport library\nVALUE = 'late'\n"
    (package / "late.py").write_text(late)
    (package / "data.json").write_text("1")
    edits = [
        lambda path=path: path.write_text("# longer") for path in (installed / "library.py", package / "data.json")
    ]
    assert [calls for _, _, calls in payloads(run(*edits))] == [1, 2, 3]


# --- the look at the start ---


def checked(tmp_path, monkeypatch, text):
    """Check functions that a configuration names; return what is wrong with them, or None."""
    (tmp_path / "package").mkdir(exist_ok=True)
    (tmp_path / "package" / "__init__.py").write_text("open('imported', 'w').close()")
    (tmp_path / "package" / "handlers.py").write_text("raise SystemExit('imported')")
    (tmp_path / "dynamic").mkdir(exist_ok=True)
    (tmp_path / "dynamic" / "__init__.py").write_text("import os; __path__.append(os.path.join(__path__[0], 'more'))")
    (tmp_path / "dynamic" / "more").mkdir(exist_ok=True)
    (tmp_path / "dynamic" / "more" / "handlers.py").write_text("")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "functions.toml").write_text(text)
    try:
        check_functions("functions.toml")
    except BadConfiguration as error:
        return str(error).removeprefix(f"{tmp_path / 'functions.toml'}: ").replace(str(tmp_path), "HERE")
    assert not (tmp_path / "imported").exists(), "what is where it belongs need not be imported"
    return None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", None),
        ('f = "http://localhost:1"', None),
        ('f = "package.handlers:f"\ng = "json.decoder:f"\nh = "sys:exit"\ni = "package:f"', None),
        ('f = "dynamic.handlers:f"', None),
        ('f = "package.handlers:f"\ng = "package.handler:f"', "g: there is no module package.handler in HERE"),
        ('g = "packages.handlers:f"', "g: there is no module packages.handlers in HERE"),
        ('g = "package.handlers.x:f"', "g: there is no module package.handlers.x in HERE"),
        ('[g]\ntarget = "a:f"\npython = "/none/python"', "g: cannot run /none/python: No such file or directory"),
        ('[g]\ntarget = "a:f"\npython = "/etc/passwd"', "g: cannot run /etc/passwd: Permission denied"),
        (
            '[g]\ntarget = "a:f"\npython = "/bin/false"',
            "g: /bin/false is not a Python interpreter that can run functions: exit status 1",
        ),
        (
            '[g]\ntarget = "a:f"\npython = "/bin/cat"',
            "g: /bin/cat is not a Python interpreter that can run functions: Try '/bin/cat --help' for more information.",
        ),
    ],
)
def test_functions_are_checked_at_the_start(tmp_path, monkeypatch, text, wrong):
    assert checked(tmp_path, monkeypatch, text) == wrong
