"""Converts our answers to Starlette's responses."""

from starlette.responses import Response

from emulator.http.front.answers import Answer


def response(answer: Answer) -> Response:
    """Convert an `Answer` to a response of Starlette."""
    made = Response(answer.body, answer.status)
    made.raw_headers = answer.headers
    return made
