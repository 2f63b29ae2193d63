"""The names of functions and mappings in Lambda's API.

`FunctionName` may be a name, `name:qualifier`, a partial ARN (`123456789012:function:name`) or a
full ARN. An account and region in `FunctionName` are ignored: a function's ARN always has the
account and region of the caller. The configuration file names functions without a qualifier.
"""

import re
from typing import Final

from emulator.database.catalog.catalog import Caller

_NAME: Final = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z]{2}[a-z-]*-\d:)?(?:\d{12}:)?(?:function:)?"
    r"([a-zA-Z0-9._-]+)(?::([a-zA-Z0-9$._-]+))?"
)


def function_arn(caller: Caller, text: str) -> str:
    """Return the ARN of the function that a request names, in the caller's account and region.

    text: the request's FunctionName.
    """
    match = _NAME.fullmatch(text)
    name, qualifier = match.groups() if match else (text, None)
    arn = f"arn:aws:lambda:{caller.region}:{caller.account}:function:{name}"
    return arn if qualifier is None else f"{arn}:{qualifier}"


def function_name(arn: str) -> str:
    """Return the name of the function in a function's ARN, without a qualifier."""
    return arn.split(":")[6]


def mapping_arn(function: str, uuid: str) -> str:
    """Return a mapping's ARN, which has the account and region of the function's ARN."""
    _, _, _, region, account, *_ = function.split(":")
    return f"arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}"
