"""AWS itself as an endpoint, with the credentials of a profile. Needs botocore (extra `aws`).

botocore only signs and sends the requests. This module parses the JSON of an answer without
botocore, so that binary values stay Base64 text, as in the answers of other endpoints.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from emulator.client.endpoint import Refused, Unreachable

_OK: Final = 200


class AwsEndpoint:
    """DynamoDB in a region of AWS.

    profile: the AWS profile to use, or None for the default profile.
    url: the URL to call instead of AWS, for tests.

    AWS_ENDPOINT_URL and similar settings are ignored, because users may have set them to the URL of
    this emulator.
    """

    def __init__(self, region: str, profile: str | None, url: str | None = None) -> None:
        try:
            session = Session(profile=profile)
            client = session.create_client(
                "dynamodb", region_name=region, config=Config(ignore_configured_endpoint_urls=True)
            )
            credentials = session.get_credentials()
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error
        if credentials is None:
            raise Unreachable("there are no AWS credentials: choose an AWS profile with --profile")
        self._url: str = url or client.meta.endpoint_url
        self._auth = SigV4Auth(credentials, "dynamodb", region)
        self._http = URLLib3Session()

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation and return its answer.

        Raises Refused if the answer is an error, or Unreachable if there is no answer.
        """
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        request = AWSRequest("POST", self._url + "/", headers, orjson.dumps(body))
        try:
            self._auth.add_auth(request)
            answer = self._http.send(request.prepare())
            parsed: dict[str, Any] = orjson.loads(answer.content)
        except (BotoCoreError, orjson.JSONDecodeError) as error:
            raise Unreachable(f"AWS does not answer: {error}") from error
        if answer.status_code != _OK:
            code = str(parsed.get("__type", "")).rpartition("#")[2]
            raise Refused(answer.status_code, code, str(parsed.get("message", parsed.get("Message", ""))), parsed)
        return parsed

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
