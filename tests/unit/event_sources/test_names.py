"""The forms in which a request may name a function."""

import pytest

from emulator.app import Emulator
from emulator.event_sources.names import function_arn, function_name, mapping_arn
from emulator.settings import Settings

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"


@pytest.fixture(scope="module")
def caller():
    emulator = Emulator(Settings(in_memory=True))
    yield emulator.caller("123456789012", "eu-west-1")
    emulator.close()


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("f", ARN),
        ("f:prod", ARN + ":prod"),
        ("f:$LATEST", ARN + ":$LATEST"),
        ("function:f", ARN),
        ("123456789012:function:f", ARN),
        ("123456789012:f", ARN),
        (ARN, ARN),
        (ARN + ":prod", ARN + ":prod"),
    ],
)
def test_every_form_of_a_name_means_the_function(caller, text, arn):
    assert function_arn(caller, text) == arn
    assert function_name(arn) == "f"


def test_mapping_is_where_its_function_is():
    assert mapping_arn(ARN + ":prod", "u") == "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:u"
