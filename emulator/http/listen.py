"""The sockets that a server listens on: one for each address of `--host`, all on the same port.

`localhost`, the default, means both loopback addresses, 127.0.0.1 and ::1. Some clients use only
the first address of the name, and that may be ::1. On a machine without IPv6, the server listens
only on 127.0.0.1. If `--host` names an address, the machine must have it.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from emulator.settings import Settings

BACKLOG: Final = 2048
_LAST_PORT: Final = 65_535
_FREE_PORT_TRIES: Final = 20
_NO_SUCH_ADDRESS: Final = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT))


class _Address(NamedTuple):
    """A numeric address to listen on.

    family: AF_INET or AF_INET6.
    name: the tuple that `socket.bind` takes, without the port.
    optional: True if the machine may lack this address. The server then listens only on the other
    addresses.
    """

    family: int
    name: tuple[Any, ...]
    optional: bool


_LOOPBACK: Final = (
    _Address(socket.AF_INET, ("127.0.0.1",), optional=True),
    _Address(socket.AF_INET6, ("::1", 0, 0), optional=True),
)


class ServeError(Exception):
    """The server cannot start. The message is one line for the user."""


def listen(settings: Settings, *, again: bool = False) -> list[socket.socket]:
    """Return listening sockets on one port, one for each address. Raises ServeError.

    again: True if sockets of other workers already listen on the port. The sockets of workers share
    their port. The system would also let them share the port with another program. To prevent this,
    a call without `again` first binds a trial socket that does not share its port. The bind fails
    if another program uses the port.
    """
    if not 0 <= settings.port <= _LAST_PORT:  # `bind` would raise OverflowError
        raise ServeError(f"cannot listen on port {settings.port}: the number must be from 0 to 65535")
    tries = 1 if settings.port else _FREE_PORT_TRIES
    while True:
        tries -= 1
        try:
            return _on_one_port(settings, again=again)
        except OSError as error:
            if tries and error.errno == errno.EADDRINUSE:
                continue  # the free port of the first address may be in use on another address: try again
            raise ServeError(_reason(settings, error)) from error


def _reason(settings: Settings, error: OSError) -> str:
    where = ", ".join(settings.host)
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} is in use on {where}: stop the other program, or choose another port with --port"
    return f"cannot listen on {where}, port {settings.port}: {error.strerror}"


def _on_one_port(settings: Settings, *, again: bool) -> list[socket.socket]:
    """Return the listening sockets. If one address fails, close all sockets and raise OSError."""
    port = settings.port
    listeners: list[socket.socket] = []
    missing: OSError | None = None
    addresses = _addresses(settings.host)
    only_v6 = len({address.family for address in addresses}) > 1
    try:
        for address in addresses:
            try:
                listener = _listener(address, port, settings, again=again, only_v6=only_v6)
            except OSError as error:
                if not address.optional or error.errno not in _NO_SUCH_ADDRESS:
                    raise
                missing = error
                continue
            listeners.append(listener)
            port = listener.getsockname()[1]
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    if missing is not None and not listeners:
        raise missing
    return listeners


def _addresses(hosts: Iterable[str]) -> list[_Address]:
    """Return the addresses of host names, in the order of the names, without duplicates.

    Raises OSError for an unknown name.
    """
    found: dict[tuple[Any, ...], _Address] = {}
    for host in hosts:
        if host == "localhost":
            for address in _LOOPBACK:
                found.setdefault(address.name, address)
        else:
            family, _, _, _, resolved = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
            name = (resolved[0], *resolved[2:])
            found[name] = _Address(family, name, optional=False)
    return list(found.values())


def _listener(address: _Address, port: int, settings: Settings, *, again: bool, only_v6: bool) -> socket.socket:
    """Return one listening socket.

    again: True if sockets of other workers already listen on the port.
    only_v6: True if a socket for `::` must not accept IPv4 connections, because other sockets
    accept IPv4 connections.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_socket(address, only_v6=only_v6))
        address_and_port = (address.name[0], port, *address.name[1:])
        if settings.workers > 1:
            if not again and port:
                with _socket(address, only_v6=only_v6) as trial:
                    trial.bind(address_and_port)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address_and_port)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the socket module takes it by position
        stack.pop_all()
    return listener


def _socket(address: _Address, *, only_v6: bool) -> socket.socket:
    made = socket.socket(address.family, socket.SOCK_STREAM)
    if os.name == "posix":  # on Windows, SO_REUSEADDR would let two servers share a port
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if only_v6 and address.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
