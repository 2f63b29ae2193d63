"""ARNs and accounts: the resource that an ARN names, and its account (behaviour 3.4 and 13).

    arn:<partition>:<service>:<region>:<account>:<resource>

`parsed` splits an ARN into its parts. `table_name` checks an ARN that a caller sent as TableName.
`tagged` checks the ResourceArn of a tag operation, and `with_policy` the ResourceArn of an
operation on resource policies. The table shows the error for each fault. The checks have the order
of the rows, with the exceptions in the notes. The order of `with_policy` is inferred:

| fault                    | `table_name`                   | `tagged`                    | `with_policy`               |
|--------------------------|--------------------------------|-----------------------------|-----------------------------|
| not an ARN at all        | none: it is a table's name     | ARNs must start with 'arn:' | ARNs must start with 'arn:' |
| fewer than six parts     | Valid ARN format is ..         | Invalid TableArn            | Invalid resource Arn        |
| another partition        | Invalid AWS partition          | Invalid TableArn (inferred) | Invalid resource Arn        |
| another service          | Invalid AWS service (inferred) | AccessDeniedException [1]   | Provided Arn is not .. [2]  |
| another region           | Invalid AWS region             | Invalid TableArn            | Invalid resource Arn        |
| not a table              | Invalid resource type          | Provided Arn is not .. [2]; | Provided Arn is not .. [2]; |
|                          |                                | for an index: only table or | for an index: only table or |
|                          |                                | stream is accepted [3]      | stream is accepted [3]      |
| another account          | AccessDeniedException          | AccessDeniedException [1]   | This action is only ..      |
| a name no table can have | none: the table is not found   | Invalid TableArn            | Invalid resource Arn        |

[1] checked before the partition; [2] checked before partition and region; [3] checked last

With `--shared-db`, every account and region counts as that of the caller.
"""  # noqa: W505 - a table

import re
from typing import Final, NamedTuple

from emulator import errors
from emulator.settings import is_account

SERVICE: Final = "dynamodb"

# The patterns are compiled at first use: compiling takes 0.6 ms, and few clients send ARNs.
_RESOURCE: Final = r"table/([^/]*)(?:/(index|stream)/([^/]+))?"
_NUMBERED: Final = r"table/([a-zA-Z0-9_.-]{3,255})/([a-z]+)/([0-9]{14}-[0-9a-f]{8})"
_TABLE_NAME: Final = r"[a-zA-Z0-9_.-]{3,255}"
_PARTS: Final = 6

_DEFAULT_PARTITION: Final = "aws"
_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b"))
"""Prefixes of region names, each with the partition of these regions."""


class Home(NamedTuple):
    """The account and region of a caller.

    shared: True if every account and region counts as that of the caller (`--shared-db`).
    """

    account: str
    region: str
    shared: bool


class Arn(NamedTuple):
    """An ARN, split into its parts.

    text: the whole ARN.
    kind: table, index or stream, or "" for any other resource.
    table: the name of the table, also for an index or stream.
    name: the name of the index, or the label of the stream.
    """

    text: str
    partition: str
    service: str
    region: str
    account: str
    kind: str
    table: str
    name: str

    def is_of_table(self) -> bool:
        """Return True if the ARN names a table, index or stream, and the table's name is valid."""
        return bool(self.kind) and is_table_name(self.table)


def is_table_name(text: str) -> bool:
    """Return True if the text is a valid table name."""
    return re.fullmatch(_TABLE_NAME, text) is not None


def parsed(text: str) -> Arn | None:
    """Return the parts of an ARN, None if the text is not an ARN."""
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
    """Return True if the text has the form of a stream's ARN."""
    arn = parsed(text)
    return arn is not None and arn.kind == "stream" and arn.is_of_table() and arn.partition.startswith("aws")


def resource(text: str) -> str:
    """Return the last part of a table's or stream's ARN, such as `table/<t>/stream/<label>`.

    This part contains neither the account nor the region.
    """
    return "table/" + text.partition(":table/")[2]


# --- checking ARNs of requests --------------------------------------------------------------------


def table_name(text: str, home: Home, *, data_plane: bool) -> str:
    """Return the name of the table in an ARN that a caller sent as TableName.

    Raises the errors of behaviour 3.4, also for the ARN of another account or region.
    """
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
    """Return the parts of an ARN that a caller sent as the ResourceArn of a tag operation.

    Raises the errors of behaviour 13, also for the ARN of another account or region.
    """
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


def with_policy(text: str, home: Home) -> Arn:
    """Return the parts of an ARN that a caller sent as the ResourceArn of a policy operation.

    Raises the errors of control-plane 11.2, also for the ARN of another account or region.
    """
    if not text.startswith("arn:"):
        raise errors.arn_expected(text)
    arn = parsed(text)
    if arn is None:
        raise errors.policy_arn_invalid(text)
    if not arn.kind:
        raise errors.resource_arn_of_no_resource(text)
    is_own = _is_own_partition(arn, home) and (home.shared or arn.region == home.region)
    if not (is_own and arn.is_of_table()):
        raise errors.policy_arn_invalid(text)
    if not (home.shared or arn.account == home.account):
        raise errors.policy_account_differs()
    if arn.kind == "index":
        raise errors.resource_arn_of_index(text)
    return arn


def _is_own_partition(arn: Arn, home: Home) -> bool:
    """Return True if the ARN has a partition that the caller may use.

    Every caller may use the partition `aws`, because the ARNs that the emulator returns have it.
    """
    region = arn.region if home.shared else home.region
    return arn.partition == _DEFAULT_PARTITION or any(
        region.startswith(prefix) and arn.partition == partition for prefix, partition in _PARTITIONS
    )


# --- backups, exports, imports --------------------------------------------------------------------


class NumberedArn(NamedTuple):
    """The ARN of a backup, export or import of a table, split into its parts."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    table: str
    number: str

    def is_valid(self, home: str) -> bool:
        """Return True if a table can have the ARN's partition, service and region.

        home: the caller's region, which may have any name.
        """
        from emulator.regions import REGIONS  # noqa: PLC0415 - few clients send ARNs of backups

        known = self.partition in {_DEFAULT_PARTITION, *(partition for _, partition in _PARTITIONS)}
        return known and self.service == SERVICE and (self.region == home or self.region in REGIONS)


def numbered(text: str, kind: str) -> NumberedArn | None:
    """Return the parts of an ARN, None if it does not name a resource of this kind.

    kind: backup, export or import.
    """
    parts = text.split(":", _PARTS - 1)
    match = re.fullmatch(_NUMBERED, parts[-1]) if len(parts) == _PARTS and parts[0] == "arn" else None
    if match is None or match[2] != kind:
        return None
    _, partition, service, region, account, _ = parts
    return NumberedArn(text, partition, service, region, account, match[1], match[3])


# --- accounts -------------------------------------------------------------------------------------


def account_of(access_key: str, default: str) -> str:
    """Return the account of an access key: the key if it is twelve digits, else `default`."""
    return access_key if is_account(access_key) else default


def moved(text: str, before: str, after: str) -> str:
    """Return an ARN with the account `before` replaced by `after`. Return other texts unchanged."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) == _PARTS and parts[4] == before:
        parts[4] = after
    return ":".join(parts)


def default_key(account: str) -> str:
    """Return the last part of the ARN of an account's default KMS key.

    The default key encrypts a table whose SSESpecification does not name a key.
    """
    from uuid import NAMESPACE_URL, uuid5  # noqa: PLC0415 - start-up time

    return f"key/{uuid5(NAMESPACE_URL, account)}"


def moved_key(text: str, before: str, after: str) -> str:
    """Return a KMS key's ARN with the account `after` instead of `before`.

    The default key of the account `before` becomes the default key of the account `after`.
    """
    key_before, key_after = default_key(before), default_key(after)
    arn = moved(text, before, after)
    return arn.removesuffix(key_before) + key_after if arn != text and arn.endswith(key_before) else arn
