"""Makes boto3 clients that send their requests to a server."""

import copy
import os
import weakref
from collections.abc import Mapping
from typing import Any

try:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.credentials import Credentials
except ImportError as error:
    raise ImportError("clients and resources need boto3: pip install 'dynamodb-emulator[pytest]'") from error


class Clients:
    """Makes clients of one server.

    The clients share a session, because the first client of a session takes 20 to 150 ms, and each
    further client only 2 ms. The session does not read the user's AWS profiles and files.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        unread = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        self._originals: dict[str, Any] = {}
        self._resource_class: Any = None
        self._session = boto3.Session(botocore_session=botocore.session.Session(session_vars=unread))

    def client(self, service: str, access_key: str, region: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return a boto3 client. options: other arguments for boto3, such as `config`."""
        return self._session.client(service, **self._options(access_key, region, options))

    def resource(self, access_key: str, region: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return a DynamoDB resource. options: other arguments for boto3, such as `config`."""
        return self._session.resource("dynamodb", **self._options(access_key, region, options))

    def copied_client(self, access_key: str, region: str) -> Any:  # noqa: ANN401
        """Return a DynamoDB client that is a copy of one client. All copies share its connections.

        A copy takes 0.4 ms, but `client` takes 2 ms. If clients of the installed botocore cannot be
        copied, return a new client.
        """
        if region not in self._originals:
            self._originals[region] = self._original(region)
        original = self._originals[region]
        return self.client("dynamodb", access_key, region, {}) if original is None else _copy(original, access_key)

    def resource_of(self, client: Any) -> Any:  # noqa: ANN401
        """Return a DynamoDB resource that sends its requests with this client."""
        if self._resource_class is None:
            self._resource_class = type(self.resource("local", "us-east-1", {}))
        return self._resource_class(client=client)

    def close(self) -> None:
        """Close the connections that copied clients share."""
        for original in self._originals.values():
            if original is not None:
                original.close()

    def _original(self, region: str) -> Any:  # noqa: ANN401
        """Return a client to copy, or None if clients of this botocore cannot be copied.

        The method tests whether clients can be copied: a copy sends one request, which must be
        signed with the copy's access key.
        """
        original = self.client("dynamodb", "original", region, {})
        seen: list[str] = []
        try:
            trial = _copy(original, "trial")
            trial.meta.events.register("before-send", lambda request, **_: seen.append(str(request.headers)))
            trial.list_tables()
        except (AttributeError, TypeError, ValueError):
            return None
        return original if len(seen) == 1 and "Credential=trial/" in seen[0] else None

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


def _copy(original: Any, access_key: str) -> Any:  # noqa: ANN401
    """Return a copy of a client with another access key and separate event handlers.

    The copy and the original share all other objects: models, serializers, the pool of connections.
    """
    service = original.meta.service_model.service_id.hyphenize()
    events = copy.copy(original.meta.events)
    signer = copy.copy(original._request_signer)  # noqa: SLF001 - botocore has no public way
    signer._credentials = Credentials(access_key, "local")  # noqa: SLF001
    signer._event_emitter = weakref.proxy(events)  # noqa: SLF001 - as in its constructor
    events.unregister(f"request-created.{service}", original._request_signer.handler)  # noqa: SLF001
    events.register(f"request-created.{service}", signer.handler)
    endpoint = copy.copy(original._endpoint)  # noqa: SLF001
    endpoint._event_emitter = events  # noqa: SLF001
    meta = copy.copy(original.meta)
    meta.events = events
    # copy.copy would call the client's __getattr__ before the copy has its attributes.
    copied = object.__new__(type(original))
    copied.__dict__.update(original.__dict__, meta=meta, _request_signer=signer, _endpoint=endpoint, _cache={})
    return copied
