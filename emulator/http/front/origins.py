"""Rules for web pages that use the paths without authentication: the controls and Lambda's API.

Any web page that a developer visits can send requests to 127.0.0.1. The browser marks them with
`Origin` or `Sec-Fetch-Site`, which a page cannot change, and with the `Host` that the page asked
for. A request to these paths is refused if one of these is true:

1. Its Host is a name that a stranger may own. That is every name with a dot, except IP addresses,
   names that end with a local suffix, and the names in --host and --allowed-host. With DNS
   rebinding, a stranger can direct such a name to this server. Then the browser treats the
   stranger's page as a page of this server. For the same reason, it is not enough that the Origin
   equals the Host.
2. It has an Origin that is not accepted. Accepted are the origins of this server, the origins in
   --cors, and every origin whose host is in --allowed-host. An origin of this server has the port
   that the request came to. Its host is a loopback name or address, an address of --host, or the
   address that the request came to. `null` (files, sandboxed frames) is never accepted.
3. It has no Origin, and Sec-Fetch-Site says that a page of another site or another port sent it.

Rules 2 and 3 do not apply to a GET whose answer the browser shows as a page, so that links work.
This is safe because no GET changes anything. Programs other than browsers send neither Origin nor
Sec-Fetch-Site.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from emulator.escaping import printable

Fields = Mapping[bytes, bytes]
Address = tuple[str, int]
"""The IP address and port on which a connection arrived."""

_LOCAL_SUFFIXES: Final = (".localhost", ".internal", ".local", ".svc")
"""No stranger can register a host name with one of these endings.

Sources: RFC 6761, RFC 6762, ICANN's decision on .internal, Kubernetes' .svc.
"""

# A page from another port of the same host is `same-site`, so `same-site` counts as foreign too.
_FOREIGN: Final = frozenset((b"cross-site", b"same-site"))
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?").fullmatch
_HOST: Final = re.compile(r"(\[[0-9a-z:.%_~-]+\]|[a-z0-9._-]*)(?::[0-9]*)?").fullmatch
_PROTECTED: Final = "/_emulator/ and Lambda's API"


class Origin(NamedTuple):
    """The origin of a page. port: None if it is missing and the scheme has no known default."""

    scheme: str
    host: str
    port: int | None


def origin(text: str) -> Origin | None:
    """Parse an origin. Return None for any other text, such as `null`."""
    found = _ORIGIN(text.lower())
    if found is None:
        return None
    port = int(found[3]) if found[3] else _PORTS.get(found[1])
    return Origin(found[1], _plain(found[2]), port)


class PageRules:
    """Decides which requests to the controls and to Lambda's API are refused.

    hosts, cors, allowed: the values of --host, --cors and --allowed-host.
    """

    def __init__(self, hosts: Iterable[str], cors: Iterable[str], allowed: Iterable[str]) -> None:
        self._hosts = frozenset(_plain(host.lower()) for host in hosts)
        self._cors = frozenset(found for text in cors if (found := origin(text.rstrip("/"))) is not None)
        self._allowed = frozenset(_plain(host.lower()) for host in allowed)

    def lists(self, value: bytes) -> bool:
        """Return True if the value of an Origin header is one of the origins of --cors."""
        return origin(value.decode("latin-1")) in self._cors

    def refusal(self, method: str, fields: Fields, address: Address | None) -> str | None:
        """Return None if a request is allowed, else a message.

        The message says why the request is refused, and which flag would allow it.

        address: the address on which the connection arrived; None if the ASGI server does not give
        it.
        """
        host = fields.get(b"host")
        if host is not None and not self._is_ours(host.decode("latin-1").lower()):
            shown = printable(host.decode("latin-1"), 100)
            return (
                f"the request has the Host {shown}, which a stranger may own; if it is a name of this server, "
                f"start the server with --allowed-host {_without_port(shown)}"
            )
        if method == "GET" and fields.get(b"sec-fetch-mode") == b"navigate":
            return None
        value = fields.get(b"origin")
        if value is not None:
            text = value.decode("latin-1")
            return None if self._may_call(origin(text), address) else _foreign_page(printable(text, 100))
        if fields.get(b"sec-fetch-site") in _FOREIGN:
            return _unknown_page(fields[b"sec-fetch-site"].decode())
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST(host)
        if found is None:
            return False
        name = _plain(found[1])
        return (
            "." not in name
            or _address(name) is not None
            or name.endswith(_LOCAL_SUFFIXES)
            or name in self._allowed
            or name in self._hosts
        )

    def _may_call(self, page: Origin | None, address: Address | None) -> bool:
        if page is None:
            return False
        if page in self._cors:
            return True
        if page.scheme not in _PORTS:
            return False
        # Any port is accepted, because there may be a proxy in front of this server.
        if page.host in self._allowed:
            return True
        if address is None or page.port != address[1]:
            return False
        return page.host in self._hosts or page.host == _plain(address[0].lower()) or _is_loopback(page.host)


def _foreign_page(shown: str) -> str:
    sent = f"a page of the origin {shown} sent this request; pages of other origins may not use {_PROTECTED}"
    if "://" not in shown:
        return f"{sent}: serve the page over HTTP, and start the server with --cors and the page's origin"
    return f"{sent} unless the server is started with --cors {shown}"


def _unknown_page(site: str) -> str:
    return (
        f"a page of another origin sent this request without an Origin (Sec-Fetch-Site: {site}); such pages may not use "
        f"{_PROTECTED}: let the page use fetch(), and start the server with --cors and the page's origin"
    )


def _plain(host: str) -> str:
    """Return a host without brackets and trailing dot, and an IP address in its usual form."""
    name = host.removeprefix("[").removesuffix("]").removesuffix(".")
    found = _address(name)
    return name if found is None else str(found)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(name)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_loopback(host: str) -> bool:
    found = _address(host)
    return found.is_loopback if found is not None else host == "localhost" or host.endswith(".localhost")


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host
