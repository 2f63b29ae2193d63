"""boto3 clients of a server."""

import os
from collections.abc import Mapping
from typing import Any

try:
    import boto3
    import botocore.session
    from botocore.config import Config
except ImportError as error:
    raise ImportError("this needs boto3: pip install 'dynamodb-emulator[pytest]'") from error


class Clients:
    """Makes clients of one server.

    They share a session: the first client takes 20 to 150 ms, and each other one 2 ms. The session
    reads no file and no profile of the user.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        unread = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        self._session = boto3.Session(botocore_session=botocore.session.Session(session_vars=unread))

    def client(self, service: str, access_key: str, region: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return a client."""
        return self._session.client(service, **self._options(access_key, region, options))

    def resource(self, access_key: str, region: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return a resource."""
        return self._session.resource("dynamodb", **self._options(access_key, region, options))

    def _options(self, access_key: str, region: str, options: Mapping[str, Any]) -> dict[str, Any]:
        config = Config(proxies={})
        given = options.get("config")
        return {
            "endpoint_url": self._url,
            "region_name": region,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": "local",
            **options,
            "config": config.merge(given) if given is not None else config,
        }
