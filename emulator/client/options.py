"""Adds the flags that select the server, access key and region of a command's requests.

The defaults of these flags come from AWS's environment variables.
"""

import argparse
import os
from typing import Final

from emulator.client.endpoint import HttpEndpoint

DEFAULT_URL: Final = "http://127.0.0.1:8000"

_ENDPOINT: Final = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
_ACCESS_KEY: Final = ("AWS_ACCESS_KEY_ID",)
_REGION: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


def add_endpoint_options(parser: argparse.ArgumentParser) -> None:
    """Add --endpoint, --access-key and --region.

    Their defaults come from AWS's environment variables.
    """
    group = add_server_option(parser)
    group.add_argument(
        "--access-key",
        metavar="KEY",
        default=default_access_key(),
        help="access key, which selects the tables (default: AWS_ACCESS_KEY_ID, else local)",
    )
    group.add_argument(
        "--region",
        metavar="NAME",
        default=default_region(),
        help="region, which selects the tables (default: AWS_REGION, else us-east-1)",
    )


def add_server_option(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add --endpoint; return the group of options about the server."""
    group = parser.add_argument_group("server")
    group.add_argument(
        "--endpoint",
        metavar="URL",
        default=_first(_ENDPOINT, DEFAULT_URL),
        help=f"the running server (default: AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, else {DEFAULT_URL})",
    )
    return group


def default_access_key() -> str:
    """Return the access key in AWS's environment variables, `local` if there is none."""
    return _first(_ACCESS_KEY, "local")


def default_region() -> str:
    """Return the region in AWS's environment variables, `us-east-1` if there is none."""
    return _first(_REGION, "us-east-1")


def endpoint_of(options: argparse.Namespace) -> HttpEndpoint:
    """Return the endpoint that the flags of `add_endpoint_options` select. Raises Unreachable."""
    return HttpEndpoint(options.endpoint, options.access_key, options.region)


def _first(names: tuple[str, ...], otherwise: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), otherwise)
