"""A client for the code of commands: it calls an emulator in process instead of a server."""

from collections.abc import Mapping
from typing import Any

from emulator.client.endpoint import HttpEndpoint, Refused, Response
from emulator.controls import registry
from emulator.errors import ApiError
from tests.support.in_process import InProcess


class EndpointInProcess(HttpEndpoint):
    """Calls operations and controls of an emulator in process."""

    def __init__(self, db: InProcess) -> None:
        super().__init__("http://in-process")
        self._db = db

    def call(self, operation: str, body: Mapping[str, Any]) -> Response:
        """Call an operation. Raises Refused."""
        try:
            answer: Response = self._db(operation, dict(body))
        except ApiError as error:
            raise Refused(error.status, error.code, str(error.message), error.body()) from error
        return answer

    def control(self, _method: str, path: str, body: Mapping[str, Any]) -> Response:
        """Call a control of the emulator."""
        return dict(registry.call(self._db.emulator, path, body))
