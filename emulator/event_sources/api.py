"""Lambda's API for event source mappings, without HTTP.

`Api.answer` takes method, path, query and body, and returns the HTTP status and JSON.

| call below `/2015-03-31`              |                          | response             |
|---------------------------------------|--------------------------|----------------------|
| `POST /event-source-mappings`         | CreateEventSourceMapping | 202, the new mapping |
| `GET /event-source-mappings?..`       | ListEventSourceMappings  | 200, some mappings   |
| `GET /event-source-mappings/{UUID}`   | GetEventSourceMapping    | 200, the mapping     |
| `PUT /event-source-mappings/{UUID}`   | UpdateEventSourceMapping | 202, the new state   |
| `DELETE /event-source-mappings/{UUID}`| DeleteEventSourceMapping | 202, the last state  |

A slash at the end of a path is ignored, because older SDKs send it.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from emulator.database.catalog.catalog import Caller
from emulator.database.changes.log import last_sequence
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.streams import StreamDefinition
from emulator.errors import ApiError
from emulator.event_sources import errors, names
from emulator.event_sources.configuration import Functions
from emulator.event_sources.mapping import DISABLING, ENABLING, UPDATING, EventSourceMapping, fields_of
from emulator.event_sources.mappings import Mappings
from emulator.event_sources.requests import checked, parsed

PREFIX: Final = "/2015-03-31/"
_RESOURCE: Final = "event-source-mappings"
_OK: Final = 200
_ACCEPTED: Final = 202
_PAGE: Final = 100  # the maximum number of mappings on a page, even if MaxItems is larger (Lambda API)

Answer = tuple[int, dict[str, Any]]
"""The HTTP status, and the body as a JSON object."""


class Api:
    """Lambda's API over the database of an emulator.

    new_id: a function that returns a new UUID.
    """

    def __init__(
        self,
        database: Database,
        mappings: Mappings,
        functions: Functions,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._database = database
        self._mappings = mappings
        self._functions = functions
        self._new_id = new_id

    def answer(self, method: str, path: str, query: str, body: bytes, caller: Caller) -> Answer:
        """Answer a request whose path begins with PREFIX. Raises ApiError for a wrong request."""
        resource, _, identifier = path.removeprefix(PREFIX).rstrip("/").partition("/")
        identifier = unquote(identifier)
        if resource == _RESOURCE and "/" not in identifier:
            match method, bool(identifier):
                case "POST", False:
                    return self._create(caller, _json(body))
                case "GET", False:
                    return self._list(caller, dict(parse_qsl(query)))
                case "GET", True:
                    parsed("GetEventSourceMapping", {"UUID": identifier})
                    return _OK, self._described(self._found(caller, identifier))
                case "PUT", True:
                    return self._update(caller, {**_json(body), "UUID": identifier})
                case "DELETE", True:
                    return self._delete(caller, identifier)
        raise errors.operation_unknown(method, path)

    # --- making -----------------------------------------------------------------------------------

    def _create(self, caller: Caller, raw: Mapping[str, Any]) -> Answer:
        request = parsed("CreateEventSourceMapping", dict(raw))
        function = self._function(caller, request["FunctionName"])
        arn = request.get("EventSourceArn", "")
        source = arns.parsed(arn)
        if source is None or source.service != arns.SERVICE:
            raise errors.source_unrecognized()
        position = request.get("StartingPosition")
        if position is None:
            raise errors.starting_position_required()
        if position == "AT_TIMESTAMP":
            raise errors.starting_position_unsupported(arn)
        checked(request)
        stream = self._stream(caller, arn)
        self._refuse_second(caller, stream.arn, function)
        mapping = EventSourceMapping(
            uuid=self._new_id(),
            tenant=caller.tenant,
            function_arn=function,
            stream_arn=stream.arn,
            stream_id=stream.id,
            starting_position=position,
            modified=self._database.clock.now(),
            until=self._database.catalog.until(),
            default_account=self._database.catalog.account,
            **fields_of(request),
        )
        self._mappings.save(mapping, self._end(stream) if position == "LATEST" else None)
        return _ACCEPTED, mapping.described(mapping.status)

    def _end(self, stream: StreamDefinition) -> dict[int, int]:
        """Return the positions at which a mapping with the starting position LATEST begins to read.

        The result maps the number of each shard to the position after the last record of the whole
        stream.
        """
        with self._database.read() as txn:
            following = last_sequence(txn, stream.id) + 1
        return {shard.number: following for shard in stream.shards}

    def _function(self, caller: Caller, text: str) -> str:
        """Return the ARN of the function that a request names.

        Raises InvalidParameterValueException if the function is not configured.
        """
        arn = names.function_arn(caller, text)
        if names.function_name(arn) not in self._functions:
            raise errors.function_unknown()
        return arn

    def _stream(self, caller: Caller, arn: str) -> StreamDefinition:
        try:
            stream = self._database.streams.find(caller.tenant, arn)
        except ApiError:
            raise errors.stream_not_found(arn) from None
        if stream.gone(self._database.clock.now()):
            raise errors.stream_not_found(arn)
        return stream

    def _refuse_second(self, caller: Caller, stream: str, function: str, but: str = "") -> None:
        """Raise ResourceConflictException if another mapping has the same stream and function.

        but: the UUID of the mapping that the request updates. This mapping does not count.
        """
        for mapping in self._mappings.of(caller.tenant):
            if (mapping.stream_arn, mapping.function_arn) == (stream, function) and mapping.uuid != but:
                raise errors.mapping_exists(stream, mapping.function_name, mapping.uuid)

    # --- finding ----------------------------------------------------------------------------------

    def _found(self, caller: Caller, identifier: str) -> EventSourceMapping:
        mapping = self._mappings.get(identifier)
        if mapping is None or mapping.tenant != caller.tenant:
            raise errors.not_found()
        return mapping

    def _described(self, mapping: EventSourceMapping) -> dict[str, Any]:
        return mapping.described(self._mappings.state(mapping))

    def _list(self, caller: Caller, query: dict[str, Any]) -> Answer:
        if "MaxItems" in query and query["MaxItems"].lstrip("-").isdecimal():
            query["MaxItems"] = int(query["MaxItems"])
        request = parsed("ListEventSourceMappings", query)
        stream, marker = request.get("EventSourceArn"), request.get("Marker", "")
        function = names.function_arn(caller, request["FunctionName"]) if "FunctionName" in request else None
        found = [
            mapping
            for mapping in self._mappings.of(caller.tenant)
            if stream in (None, mapping.stream_arn) and function in (None, mapping.function_arn)
        ]
        if function is not None and not found and names.function_name(function) not in self._functions:
            raise errors.function_not_found(function)
        found = [mapping for mapping in found if mapping.uuid > marker]
        page = found[: min(request.get("MaxItems", _PAGE), _PAGE)]
        response: dict[str, Any] = {"EventSourceMappings": [self._described(mapping) for mapping in page]}
        if len(found) > len(page):
            response["NextMarker"] = page[-1].uuid
        return _OK, response

    # --- changing ---------------------------------------------------------------------------------

    def _update(self, caller: Caller, raw: Mapping[str, Any]) -> Answer:
        request = parsed("UpdateEventSourceMapping", dict(raw))
        before = self._found(caller, request["UUID"])
        if self._mappings.changing(before):
            raise errors.mapping_in_use("update")
        checked(request)
        function = before.function_arn
        if "FunctionName" in request:
            function = self._function(caller, request["FunctionName"])
            self._refuse_second(caller, before.stream_arn, function, but=before.uuid)
        after = replace(before, function_arn=function, **fields_of(request))
        status = UPDATING
        if after.enabled != before.enabled:
            status = ENABLING if after.enabled else DISABLING
        after = replace(after, status=status, modified=self._database.clock.now(), until=self._database.catalog.until())
        self._mappings.save(after)
        return _ACCEPTED, after.described(after.status)

    def _delete(self, caller: Caller, identifier: str) -> Answer:
        parsed("DeleteEventSourceMapping", {"UUID": identifier})
        mapping = self._found(caller, identifier)
        if self._mappings.changing(mapping):
            raise errors.mapping_in_use("delete")
        deleting = self._mappings.delete(mapping, self._database.catalog.until())
        return _ACCEPTED, deleting.described(deleting.status)


def _json(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises InvalidRequestContentException if the body is not a JSON object.
    """
    try:
        raw = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise errors.content_invalid() from None
    if not isinstance(raw, dict):
        raise errors.content_invalid()
    return raw
