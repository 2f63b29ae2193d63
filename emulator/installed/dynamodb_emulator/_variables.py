"""The environment variables that direct AWS SDKs to a server.

The README's table of variables lists the same names.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",  # the variable of a service has priority over AWS_ENDPOINT_URL
    "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
    "AWS_ENDPOINT_URL_LAMBDA",
)
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")

_IN_THE_WAY = (
    "AWS_PROFILE",  # SDKs use the settings of this profile, or fail if it does not exist
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",  # SDKs fail if this and an endpoint URL are set
    "AWS_USE_DUALSTACK_ENDPOINT",
)
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOCAL = "127.0.0.1,localhost"


def variables(url: str, access_key: str, region: str) -> dict[str, str]:
    """Return the variables with which SDKs use a server, an access key and a region."""
    return {
        **dict.fromkeys(_ENDPOINTS, url),
        **dict.fromkeys(_REGIONS, region),
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "local",
    }


def changes(ours: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables to set in an environment so that SDKs use the variables in `ours`.

    The value None means that a variable must be removed, because SDKs would use it instead of
    `ours`, or would fail. If the environment has a proxy, NO_PROXY is set too, because SDKs would
    send requests for 127.0.0.1 to the proxy.
    """
    changed: dict[str, str | None] = {name: None for name in _IN_THE_WAY if name in environment}
    changed.update(ours)
    if any(environment.get(name) for name in _PROXIES):
        changed.update({name: ",".join(filter(None, (environment.get(name), _LOCAL))) for name in _NO_PROXY})
    return changed


@contextmanager
def applied(ours: Mapping[str, str]) -> Iterator[None]:
    """Make SDKs in this process use the variables in `ours` until the end of a `with` block."""
    changed = changes(ours, os.environ)
    before = {name: os.environ.get(name) for name in changed}
    _write(changed)
    try:
        yield
    finally:
        _write(before)


def _write(changed: Mapping[str, str | None]) -> None:
    for name, text in changed.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text
    _forget_credentials()


def _forget_credentials() -> None:
    """Make boto3's default session read the credentials from the variables again.

    Otherwise it would keep the credentials that it has read for its first client.
    """
    session = getattr(getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None), "_session", None)
    if getattr(getattr(session, "_credentials", None), "method", None) == "env":
        session._credentials = None  # type: ignore[union-attr] # noqa: SLF001 - boto3 has no public way
