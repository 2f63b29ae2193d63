"""ARNs and accounts: what an ARN names, and whose it is (behaviour 3.4 and 13).

    arn:<partition>:<service>:<region>:<account>:<resource>

`parsed` takes an ARN apart. `table_name` and `tagged` judge one that a caller sent: the first for a member TableName, the
second for the ResourceArn of the tag operations. They check in this order, and each fault has its error:

| fault                       | `table_name`                     | `tagged`                                           |
|-----------------------------|----------------------------------|----------------------------------------------------|
| not an ARN at all           | (is a plain name)                | ARNs must start with 'arn:'                        |
| fewer than six parts        | Valid ARN format is ..           | Invalid TableArn                                   |
| another partition           | Invalid AWS partition            | Invalid TableArn (inferred)                        |
| another service             | Invalid AWS service (inferred)   | AccessDeniedException, before the partition        |
| another region              | Invalid AWS region               | Invalid TableArn                                   |
| no table                    | Invalid resource type            | Provided Arn is not .., of an index only table or  |
|                             |                                  | stream is accepted, before the region              |
| another account             | AccessDeniedException            | AccessDeniedException, before the partition        |
| a name that no table has    | (is not found)                   | Invalid TableArn                                   |

With one database for all callers (--shared-db) every account and region is the caller's own.
"""

import re
from typing import Final, NamedTuple

from emulator import errors
from emulator.settings import is_account

SERVICE: Final = "dynamodb"

# Not compiled here, which would take 0.6 ms of every start: few clients send ARNs.
_RESOURCE: Final = r"table/([^/]*)(?:/(index|stream)/([^/]+))?"
_TABLE_NAME: Final = r"[a-zA-Z0-9_.-]{3,255}"
_PARTS: Final = 6

_DEFAULT_PARTITION: Final = "aws"
_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b"))
"""Beginnings of regions, and the partitions that these regions are in."""


class Home(NamedTuple):
    """Where a caller's own resources are. shared: accounts and regions are not told apart."""

    account: str
    region: str
    shared: bool


class Arn(NamedTuple):
    """An ARN taken apart. kind: table, index or stream, "" for any other resource; name: of the index, or the label."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    kind: str
    table: str
    name: str

    def is_of_table(self) -> bool:
        """Say whether it may name a table, an index or a stream: the table's name is one that CreateTable takes."""
        return bool(self.kind) and re.fullmatch(_TABLE_NAME, self.table) is not None


def parsed(text: str) -> Arn | None:
    """Take an ARN apart; None for a text that is not one."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) != _PARTS or parts[0] != "arn":
        return None
    _, partition, service, region, account, resource = parts
    match = re.fullmatch(_RESOURCE, resource) if service == SERVICE else None
    if match is None:
        return Arn(text, partition, service, region, account, "", "", "")
    table, kind, name = match.groups("")
    return Arn(text, partition, service, region, account, kind or "table", table, name)


def is_stream(text: str) -> bool:
    """Say whether a text has the form of a stream's ARN."""
    arn = parsed(text)
    return arn is not None and arn.kind == "stream" and arn.is_of_table() and arn.partition.startswith("aws")


def resource(text: str) -> str:
    """Return what a table's or stream's ARN names, without account and region: `table/<t>/stream/<label>`."""
    return "table/" + text.partition(":table/")[2]


# --- judging --------------------------------------------------------------------------------------------------------


def table_name(text: str, home: Home, *, data_plane: bool) -> str:
    """Return the name of a table of the caller's own, from its ARN. Raises what behaviour 3.4 says."""
    arn = parsed(text)
    if arn is None:
        raise errors.arn_format(text)
    if not _is_own_partition(arn, home):
        raise errors.arn_part_invalid("AWS partition", text)
    if arn.service != SERVICE:
        raise errors.arn_part_invalid("AWS service", text)
    if not (home.shared or arn.region == home.region):
        raise errors.arn_part_invalid("AWS region", text)
    if arn.kind != "table":
        raise errors.arn_part_invalid("resource type", text)
    if not (home.shared or arn.account == home.account):
        raise errors.not_authorized(home.account, text) if data_plane else errors.access_denied()
    return arn.table


def tagged(text: str, home: Home) -> Arn:
    """Return the ARN of a table or stream of the caller's own. Raises what behaviour 13 says."""
    if not text.startswith("arn:"):
        raise errors.arn_expected(text)
    arn = parsed(text)
    if arn is None:
        raise errors.resource_arn_invalid(text)
    if arn.service != SERVICE or not (home.shared or arn.account == home.account):
        raise errors.access_denied()
    if not arn.kind:
        raise errors.resource_arn_of_no_resource(text)
    if not _is_own_partition(arn, home) or not (home.shared or arn.region == home.region):
        raise errors.resource_arn_invalid(text)
    if not arn.is_of_table():
        raise errors.resource_arn_invalid(text)
    if arn.kind == "index":
        raise errors.resource_arn_of_index(text)
    return arn


def _is_own_partition(arn: Arn, home: Home) -> bool:
    """Say whether the ARN's partition is the caller's; `aws` always is, because our own ARNs have it everywhere."""
    region = arn.region if home.shared else home.region
    return arn.partition == _DEFAULT_PARTITION or any(
        region.startswith(beginning) and arn.partition == partition for beginning, partition in _PARTITIONS
    )


# --- accounts -------------------------------------------------------------------------------------------------------


def account_of(access_key: str, default: str) -> str:
    """Return the account that an access key stands for: itself, or `default` where it is not twelve digits."""
    return access_key if is_account(access_key) else default


def moved(text: str, before: str, after: str) -> str:
    """Return the ARN of a resource that was in one account, as it is in another; other ARNs stay as they are."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) == _PARTS and parts[4] == before:
        parts[4] = after
    return ":".join(parts)


def default_key(account: str) -> str:
    """Return the path in an ARN of the key of KMS that encrypts an account's tables unless another is named."""
    from uuid import NAMESPACE_URL, uuid5  # noqa: PLC0415 - start-up time

    return f"key/{uuid5(NAMESPACE_URL, account)}"


def moved_key(text: str, before: str, after: str) -> str:
    """Return the ARN of a key of KMS as it is in another account, which has another default key."""
    own, other = default_key(before), default_key(after)
    arn = moved(text, before, after)
    return arn.removesuffix(own) + other if arn != text and arn.endswith(own) else arn
