"""`dynamodb-emulator configure [WHAT]`: show or write settings with which programs find a server.

Exit status: 0, or 1 if the files of AWS profiles cannot be changed. With 1, nothing was written.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from emulator.client.options import add_endpoint_options
from emulator.configuring import profile_files, snippets
from emulator.configuring.target import Target
from emulator.flags import Parser
from emulator.settings import check_url

_FAILED: Final = 1

_TEXTS: Final[Mapping[str, Callable[[Target, str], str]]] = {
    "terraform": lambda target, _syntax: snippets.terraform_text(target),
    "cdk": lambda target, _syntax: snippets.cdk_text(target),
    "shell": snippets.shell_text,
}

_EPILOG: Final = """\
examples:
  dynamodb-emulator configure                          show the profile
  dynamodb-emulator configure --write                  add it to ~/.aws/config and ~/.aws/credentials
  aws --profile local dynamodb list-tables             use it
  eval "$(dynamodb-emulator configure shell)"          set the variables in this terminal
  dynamodb-emulator configure terraform > local.tf     Terraform's provider

--write changes only the profile. If the profile exists with other settings, it changes them only
with --replace. To use other files, set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        check_url(options.endpoint)
        profile_files.check_profile(options.profile)
    except ValueError as error:
        parser.error(str(error))
    for name, value in (("--access-key", options.access_key), ("--region", options.region)):
        if not value.isprintable() or " " in value:
            parser.error(f"{name} {value!r} is not a single word")
    if options.write and options.what != "profile":
        parser.error(f"--write works only with `configure profile`, not with `configure {options.what}`")
    target = Target(options.endpoint, options.access_key, options.region, whole=not options.only_dynamodb)
    if options.what == "profile":
        return _profile(options, target)
    sys.stdout.write(_TEXTS[options.what](target, options.syntax))
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator configure",
        description="Show or write settings with which other programs find a server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what",
        metavar="WHAT",
        nargs="?",
        choices=("profile", "terraform", "cdk", "shell"),
        default="profile",
        help="what to show: profile (an AWS profile, the default), terraform, cdk or shell",
    )
    parser.add_argument("--profile", metavar="NAME", default="local", help="name of the profile (default: local)")
    parser.add_argument("--write", action="store_true", help="write the profile into AWS's files")
    parser.add_argument("--replace", action="store_true", help="with --write: change a profile that has other settings")
    parser.add_argument(
        "--only-dynamodb",
        action="store_true",
        help="send only requests for DynamoDB, DynamoDB Streams and Lambda to the server."
        " Requests for other services then go to AWS",
    )
    parser.add_argument(
        "--syntax", choices=snippets.SYNTAXES, default="sh", help="syntax of `configure shell` (default: sh)"
    )
    add_endpoint_options(parser)
    return parser


def _profile(options: argparse.Namespace, target: Target) -> int:
    config, credentials = profile_files.config_path(os.environ), profile_files.credentials_path(os.environ)
    contents = {
        config: profile_files.config_sections(options.profile, target),
        credentials: profile_files.credentials_sections(options.profile, target),
    }
    if not options.write:
        sys.stdout.write("\n".join(f"# {path}\n{profile_files.section_text(each)}" for path, each in contents.items()))
        return 0
    try:
        edits = [profile_files.planned(path, each, replace=options.replace) for path, each in contents.items()]
        for edit in edits:
            profile_files.write(edit)
    except profile_files.CannotConfigure as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    for edit in edits:
        state = "wrote" if edit.changed else "already has"
        sys.stdout.write(f"{edit.path}: {state} the profile {options.profile}\n")
    return 0
