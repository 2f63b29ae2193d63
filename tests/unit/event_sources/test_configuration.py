"""The configuration file of functions: valid and invalid contents."""

import sys

import pytest

from emulator.event_sources.configuration import BadConfiguration, Function, Handler, Url, load

INVOCATIONS = "/2015-03-31/functions/function/invocations"


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "functions.toml"
        path.write_text(text)
        return str(path)

    return write_text


@pytest.mark.parametrize(
    ("entry", "target", "timeout"),
    [
        ('f = "http://localhost:9000"', Url(f"http://localhost:9000{INVOCATIONS}"), 60),
        ('f = "http://localhost:9000/"', Url(f"http://localhost:9000{INVOCATIONS}"), 60),
        ('f = "https://host/path?x=1"', Url("https://host/path?x=1"), 60),
        ('[f]\ntarget = "http://[::1]:9000"\ntimeout = 2.5', Url(f"http://[::1]:9000{INVOCATIONS}"), 2.5),
        ('f = "orders:handler"', Handler("orders:handler", "{folder}", sys.executable), 60),
        (
            '[f]\ntarget = "a.b.c:Class.method"\ntimeout = 900\npython = "/py"',
            Handler("a.b.c:Class.method", "{folder}", "/py"),
            900,
        ),
    ],
)
def test_function_is_read(write, tmp_path, entry, target, timeout):
    if isinstance(target, Handler):
        target = Handler(target.text, str(tmp_path), target.python)
    assert load(write(entry)) == {"f": Function("f", target, timeout)}


def test_no_file_is_no_functions():
    assert load("") == {}


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("f = ", "is not TOML: Invalid value (at end of document)"),
        ("f = 3", 'f: expected a URL or "module:callable", found 3'),
        ('f = "module"', "f: expected a URL or \"module:callable\", found 'module'"),
        ('f = "my-module:handler"', "f: expected a URL or \"module:callable\", found 'my-module:handler'"),
        ('f = "ftp://host:1/x"', "f: expected a URL or \"module:callable\", found 'ftp://host:1/x'"),
        ('f = "http://"', "f: http:// is not a URL"),
        ('f = "http://host:port"', "f: http://host:port is not a URL"),
        ("[f]\ntimeout = 3", 'f: expected a URL or "module:callable", found None'),
        ('[f]\ntarget = "a:b"\ntimeout = "3"', "f: timeout must be a positive number of seconds"),
        ('[f]\ntarget = "a:b"\ntimeout = 0', "f: timeout must be a positive number of seconds"),
        ('[f]\ntarget = "a:b"\nmemory = 3', "f: unknown member memory; the members are target, timeout and python"),
        ('"f g" = "a:b"', "f g: a function's name must have 1 to 64 letters, digits, '-' and '_'"),
    ],
)
def test_bad_file_is_reported_in_one_line(write, text, reported):
    path = write(text)
    with pytest.raises(BadConfiguration) as caught:
        load(path)
    assert str(caught.value) in (f"{path}: {reported}", f"{path} {reported}")


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(BadConfiguration, match=r"cannot read .*/none\.toml: No such file or directory"):
        load(str(tmp_path / "none.toml"))
