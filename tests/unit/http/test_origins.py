"""Which requests to the protected paths may come from a foreign web page."""

import pytest

from emulator.http.front.origins import PageRules

HERE = ("127.0.0.1", 8000)


def refusal(headers, method="POST", address=HERE, hosts=("127.0.0.1",), cors=(), allowed=()):
    """Return why a request with headers like "Origin: x; Host: y" is refused, or None."""
    lines = (line.partition(": ") for line in headers.split("; ") if line)
    fields = {name.lower().encode(): value.encode("latin-1") for name, _, value in lines}
    return PageRules(hosts, cors, allowed).refusal(method, fields, address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST",
        "localhost.",
        "dynamodb",
        "dynamodb:8000",
        "127.0.0.1",
        "127.0.0.1:8000",
        "10.1.2.3",
        "[::1]",
        "[::1]:8000",
        "[::ffff:127.0.0.1]:80",
        "[fe80::1%eth0]",
        "app.localhost",
        "host.docker.internal:8000",
        "nas.local",
        "dynamodb.dev.svc",
        "dynamodb.dev.svc.cluster.local",
        "App.LocalHost.",
        "host:",
        "my_service",
    ],
)
def test_hosts_that_are_local(host):
    assert refusal(f"Host: {host}") is None
    assert refusal(f"Host: {host}", "GET") is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "EVIL.EXAMPLE",
        "evil.example.",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost.example",
        "notlocal.xlocal",
        "127.0.0.256",
        "1.2.3.4.5",
        "a.b",
        "internal.example",
        "evil.example:80.localhost",
        "evil.example@localhost",
        "evil.example/.local",
        "[evil.example]",
        "[127.0.0.1",
        "127.0.0.1]",
        "é.local",
    ],
)
def test_hosts_that_anybody_may_own(host):
    for headers in (
        f"Host: {host}",
        f"Host: {host}; Origin: http://{host}",
        f"Host: {host}; Origin: http://localhost:8000",
    ):
        assert "--allowed-host" in refusal(headers)
        assert "--allowed-host" in refusal(headers, "GET")
        assert "--allowed-host" in refusal(headers, allowed=("other.example",), cors=(f"http://{host}",))


@pytest.mark.parametrize("host", ["db.example", "db.example:8000", "DB.example.", "Db.Example:1"])
def test_hosts_that_are_listed(host):
    assert refusal(f"Host: {host}", allowed=("a.example", "DB.Example")) is None
    assert refusal(f"Host: {host}", hosts=("db.example",)) is None
    assert refusal(f"Host: sub.{host}", allowed=("db.example",)) is not None


def test_a_request_without_a_host_is_of_no_browser():
    assert refusal("") is None
    assert refusal("Host: ") is None


@pytest.mark.parametrize(
    ("origin", "options"),
    [
        ("http://localhost:8000", {}),
        ("http://127.0.0.1:8000", {}),
        ("http://127.9.9.9:8000", {}),
        ("http://[::1]:8000", {}),
        ("https://localhost:8000", {}),
        ("HTTP://LocalHost:8000", {}),
        ("http://console.localhost:8000", {}),
        ("http://localhost", {"address": ("127.0.0.1", 80)}),
        ("https://localhost", {"address": ("127.0.0.1", 443)}),
        ("http://10.1.2.3:8000", {"address": ("10.1.2.3", 8000), "hosts": ("0.0.0.0",)}),
        ("http://10.1.2.3:8000", {"address": ("::ffff:10.1.2.3", 8000, 0, 0), "hosts": ("::",)}),
        ("http://[fd00::1]:8000", {"address": ("fd00:0::1", 8000, 0, 0), "hosts": ("::",)}),
        ("http://localhost:8000", {"address": ("10.1.2.3", 8000), "hosts": ("0.0.0.0",)}),
        ("http://db.example:8000", {"address": ("10.1.2.3", 8000), "hosts": ("127.0.0.1", "DB.example")}),
        ("http://localhost:3000", {"cors": ("http://a", "http://localhost:3000")}),
        ("http://localhost:3000", {"cors": ("HTTP://LOCALHOST:3000/",), "address": None}),
        ("http://a.example", {"cors": ("http://a.example:80",)}),
        ("chrome-extension://abcdef", {"cors": ("chrome-extension://abcdef",)}),
        ("https://db.example", {"allowed": ("db.example",)}),
        ("http://db.example:9000", {"allowed": ("DB.example.",)}),
    ],
)
def test_origins_that_may(origin, options):
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        assert refusal(f"Host: localhost; Origin: {origin}; Sec-Fetch-Site: cross-site", method, **options) is None


@pytest.mark.parametrize(
    ("origin", "options"),
    [
        ("http://evil.example", {}),
        ("http://evil.example:8000", {}),
        ("http://localhost:3000", {}),
        ("http://localhost", {}),
        ("https://localhost", {}),
        ("http://127.0.0.1:80", {}),
        ("http://[::1]:8001", {}),
        ("http://127.0.0.1.evil.example:8000", {}),
        ("http://localhost.evil.example:8000", {}),
        ("http://notlocalhost:8000", {}),
        ("http://dynamodb:8000", {}),
        ("http://10.1.2.3:8000", {}),
        ("http://128.0.0.1:8000", {}),
        ("ftp://localhost:8000", {}),
        ("chrome-extension://localhost:8000", {}),
        ("null", {}),
        ("NULL", {}),
        ("", {}),
        ("localhost:8000", {}),
        ("http://localhost:8000/", {}),
        ("http://localhost:8000 http://evil.example", {}),
        ("http://evil.example@localhost:8000", {}),
        ("http://localhost:8000", {"address": None}),
        ("http://localhost:8000", {"address": ("127.0.0.1", None)}),
        ("http://localhost:8000", {"address": ("127.0.0.1", 8001)}),
        ("http://evil.example", {"cors": ("http://good.example",), "allowed": ("db.example",)}),
        ("https://good.example", {"cors": ("http://good.example",)}),
        ("http://good.example:81", {"cors": ("http://good.example",)}),
        ("http://sub.good.example", {"cors": ("http://good.example",), "allowed": ("good.example",)}),
        ("http://evil.example", {"cors": ("*",)}),
        ("null", {"cors": ("*", "null")}),
        ("gopher://db.example", {"allowed": ("db.example",)}),
    ],
)
def test_origins_that_may_not(origin, options):
    for host in ("localhost:8000", "dynamodb"):
        for method in ("GET", "POST", "OPTIONS", "DELETE"):
            for site in ("", "; Sec-Fetch-Site: same-origin"):
                assert "--cors" in refusal(f"Host: {host}; Origin: {origin}{site}", method, **options)


@pytest.mark.parametrize(
    ("headers", "method", "allowed"),
    [
        ("Sec-Fetch-Site: cross-site", "POST", False),
        ("Sec-Fetch-Site: same-site", "POST", False),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors", "GET", False),
        ("Sec-Fetch-Site: same-site; Sec-Fetch-Mode: no-cors", "GET", False),
        ("Sec-Fetch-Site: same-origin", "POST", True),
        ("Sec-Fetch-Site: same-origin; Sec-Fetch-Mode: cors", "GET", True),
        ("Sec-Fetch-Site: none", "GET", True),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate", "GET", True),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Origin: null", "GET", True),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate", "POST", False),
        ("Sec-Fetch-Mode: navigate; Origin: http://evil.example", "POST", False),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate", "DELETE", False),
        ("Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Host: evil.example", "GET", False),
    ],
)
def test_what_the_browser_says_of_the_request(headers, method, allowed):
    assert (refusal(headers, method) is None) == allowed


def test_refusals_name_the_flag():
    assert refusal("Origin: http://evil.example").endswith(
        "unless the server is started with --cors http://evil.example"
    )
    assert "with --cors and the page's origin" in refusal("Origin: null")
    assert refusal("Host: db.example:80").endswith("start the server with --allowed-host db.example")
    assert "\\x1b" in refusal("Host: a.b\x1b[31m")


def test_what_cors_lists():
    rules = PageRules((), ("http://a", "https://b.example:8443"), ("c",))
    listed = [b"http://a", b"http://a:80", b"https://B.example:8443"]
    assert all(rules.lists(value) for value in listed)
    others = [b"https://a", b"null", b"", b"http://c", b"http://localhost", b"https://b.example", b"\xff"]
    assert not any(rules.lists(value) for value in others)
