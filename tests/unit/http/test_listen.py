"""The sockets of a server: all addresses share a port, some addresses are optional, and some are
refused.
"""

import errno
import socket

import pytest

from emulator.http import listen
from emulator.http.listen import ServeError
from emulator.settings import Settings

needs_ipv6 = pytest.mark.skipif(
    not socket.has_ipv6 or not socket.getaddrinfo("::1", None), reason="this machine has no IPv6"
)


@pytest.fixture
def opened():
    """Yield a function that opens the sockets of settings. They are closed after the test."""
    sockets = []

    def open_(*, again=False, **settings):
        found = listen.listen(Settings(**settings), again=again)
        sockets.extend(found)
        return found

    yield open_
    for each in sockets:
        each.close()


def names(sockets):
    return [each.getsockname()[0] for each in sockets]


def ports(sockets):
    return {each.getsockname()[1] for each in sockets}


@needs_ipv6
def test_both_loopback_addresses_on_one_port(opened):
    sockets = opened(port=0)
    assert names(sockets) == ["127.0.0.1", "::1"]
    (port,) = ports(sockets)
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, port)):
            pass


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (("127.0.0.1",), ["127.0.0.1"]),
        (("::1",), ["::1"]),
        (("127.0.0.1", "localhost", "127.0.0.1"), ["127.0.0.1", "::1"]),
        (("0.0.0.0", "::"), ["0.0.0.0", "::"]),
        (("::", "127.0.0.1"), ["::", "127.0.0.1"]),
    ],
)
def test_named_addresses(opened, host, expected):
    sockets = opened(port=0, host=host)
    assert names(sockets) == expected
    assert len(ports(sockets)) == 1


@needs_ipv6
def test_workers_share_every_address(opened):
    first = opened(port=0, workers=2)
    (port,) = ports(first)
    second = opened(port=port, workers=2, again=True)
    assert names(first) == names(second)
    with pytest.raises(ServeError, match=f"port {port} is in use"):
        opened(port=port, workers=2)


class Sockets:
    """Replaces socket.socket. Sockets of some families fail, as on a machine that lacks them or
    where their port is taken.
    """

    def __init__(self, monkeypatch):
        self.failures = []
        self._socket = socket.socket
        monkeypatch.setattr(socket, "socket", self.make)

    def make(self, family, *more):
        if self.failures and self.failures[0][0] == family:
            number = self.failures[0][1]
            if self.failures[0][2]:
                self.failures.pop(0)
            raise OSError(number, "staged")
        return self._socket(family, *more)


@pytest.fixture
def sockets(monkeypatch):
    return Sockets(monkeypatch)


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6_listens_on_what_it_has(opened, sockets, number, caplog):
    sockets.failures = [(socket.AF_INET6, number, False)]
    assert names(opened(port=0)) == ["127.0.0.1"]
    assert caplog.records == []


@needs_ipv6
def test_a_machine_without_ipv4_listens_on_what_it_has(opened, sockets):
    sockets.failures = [(socket.AF_INET, errno.EAFNOSUPPORT, False)]
    assert names(opened(port=0)) == ["::1"]


def test_an_address_that_was_named_must_be_there(opened, sockets):
    sockets.failures = [(socket.AF_INET6, errno.EAFNOSUPPORT, False)]
    with pytest.raises(ServeError, match=r"cannot listen on 127[.]0[.]0[.]1, ::1, port 0: staged"):
        opened(port=0, host=("127.0.0.1", "::1"))


@needs_ipv6
def test_a_free_port_is_free_on_every_address(opened, sockets):
    sockets.failures = [(socket.AF_INET6, errno.EADDRINUSE, True)] * 3
    found = opened(port=0)
    assert (names(found), len(ports(found)), sockets.failures) == (["127.0.0.1", "::1"], 1, [])


@needs_ipv6
def test_a_port_that_is_taken_on_one_address_is_refused(opened):
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = f"port {port} is in use on localhost: stop the other program, or choose another port with --port"
        with pytest.raises(ServeError, match=message):
            opened(port=port)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": 65536}, "cannot listen on port 65536: the number must be from 0 to 65535"),
        ({"host": ("no.such.host.invalid",)}, "cannot listen on no.such.host.invalid, port 8000: "),
        (
            {"host": ("203.0.113.1",), "port": 0},
            "cannot listen on 203.0.113.1, port 0: Cannot assign requested address",
        ),
    ],
)
def test_what_cannot_be_had_is_one_line(opened, settings, message):
    with pytest.raises(ServeError) as caught:
        opened(**settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
