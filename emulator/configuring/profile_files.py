"""Adds a profile to AWS's two files, and changes nothing else in them.

The file `config` gets a section `[profile NAME]`, and the file `credentials` a section `[NAME]`. An
edit adds lines, or replaces the lines that have the settings of the profile. All other bytes stay:
comments, the order of lines, line ends. If the section exists with other values, the edit is
refused, unless the caller allows replacement. Before an edit is written, this module parses the new
text as botocore does, and checks that all other sections are the same as before.

The new text is written to a temporary file in the same folder, which is then renamed. So after a
crash there is either the old or the new file. The new file has the mode of the old file, or 0600 if
there was no file. If the path is a symbolic link, the file to which it points changes.
"""

import configparser
import os
import re
import shlex
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from emulator.configuring.target import SECRET, SERVICES, Target

_HEADER: Final = re.compile(r"\[(?P<name>[^\]]+)\]")
_SETTING: Final = re.compile(r"(?P<name>[^\s#;\[=:][^=:]*?)\s*[=:]")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_.@+-]+")
_NEW_MODE: Final = 0o600

Sections = Mapping[str, Mapping[str, str]]
"""Names of sections -> settings. A nested setting begins with a line feed, as in botocore."""


class CannotConfigure(Exception):
    """A file cannot be changed as the user wants. str(error) says why."""


class Edit(NamedTuple):
    """The new text of a file. changed: whether it differs from the present text of the file."""

    path: Path
    text: str
    changed: bool


def config_path(environment: Mapping[str, str]) -> Path:
    """Return the path of AWS's file `config`, which has profiles."""
    return _path(environment, "AWS_CONFIG_FILE", "config")


def credentials_path(environment: Mapping[str, str]) -> Path:
    """Return the path of AWS's file `credentials`, which has access keys of profiles."""
    return _path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")


def _path(environment: Mapping[str, str], variable: str, name: str) -> Path:
    given = environment.get(variable)
    return Path(given).expanduser() if given else Path.home() / ".aws" / name


def check_profile(name: str) -> None:
    """Raise ValueError unless the text is a profile name that needs no quotes."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of a profile: use letters, digits and _ . @ + -")


def config_sections(profile: str, target: Target) -> dict[str, dict[str, str]]:
    """Return the sections that a profile needs in the file `config`: name -> settings."""
    section = "default" if profile == "default" else f"profile {profile}"
    if target.whole:
        return {section: {"region": target.region, "endpoint_url": target.url}}
    services = f"{profile}-dynamodb"
    return {
        section: {"region": target.region, "services": services},
        f"services {services}": dict.fromkeys(SERVICES, f"\n  endpoint_url = {target.url}"),
    }


def credentials_sections(profile: str, target: Target) -> dict[str, dict[str, str]]:
    """Return the section that a profile needs in the file `credentials`: name -> settings."""
    return {profile: {"aws_access_key_id": target.access_key, "aws_secret_access_key": SECRET}}


def section_text(sections: Sections) -> str:
    """Return the text of a configuration file with these sections."""
    return "\n".join(
        f"[{name}]\n" + "".join(_line(*setting) + "\n" for setting in settings.items())
        for name, settings in sections.items()
    )


def planned(path: Path, sections: Sections, *, replace: bool) -> Edit:
    """Return the edit that adds the sections to a file. Raises CannotConfigure.

    replace: whether the edit may change the values of settings that the sections already have.
    """
    try:
        before = path.read_bytes().decode(errors="surrogateescape") if path.exists() else ""
    except OSError as error:
        raise CannotConfigure(f"cannot read {path}: {error.strerror}") from None
    old = _parsed(before, path)
    for name, settings in sections.items():
        difference = _difference(old.get(_identity(name), {}), settings)
        if difference and not replace:
            raise CannotConfigure(
                f"{path} has the section [{name}] {difference}: choose another name with --profile, or add --replace"
            )
    end = "\r\n" if "\r\n" in before else "\n"
    text = before
    for name, settings in sections.items():
        text = _with_section(text, name, settings, end)
    wanted = {**old, **{_identity(name): {**old.get(_identity(name), {}), **each} for name, each in sections.items()}}
    if not _same(_parsed(text, path), wanted):
        raise CannotConfigure(f"{path} has a form that this program cannot edit: add the lines yourself")
    return Edit(path, text, changed=text != before)


def _difference(present: Mapping[str, str], settings: Mapping[str, str]) -> str:
    """Return a text that says how a section differs from the settings, such as `without region`.

    Return "" if the section has the settings or is empty.
    """
    if not present:
        return ""
    for setting, value in settings.items():
        if setting not in present:
            return f"without {setting}"
        if _plain(present[setting]) != _plain(value):
            return f"with {setting} = {_shown(setting, present[setting])}"
    return ""


def write(edit: Edit) -> None:
    """Write the text of an edit, unless the file has it already. Raises CannotConfigure."""
    if not edit.changed:
        return
    path = Path(os.path.realpath(edit.path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o7777 if path.exists() else _NEW_MODE
        number, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(edit.text.encode(errors="surrogateescape"))
                file.flush()
                os.fsync(number)
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise CannotConfigure(f"cannot write {path}: {error.strerror}") from None


def _with_section(text: str, name: str, settings: Mapping[str, str], end: str) -> str:
    """Return the text of a file with the settings of one section added or replaced.

    end: the line end of added lines.
    """
    lines = _LINE.findall(text)
    start = next((number for number, line in enumerate(lines) if _header(line) == _identity(name)), None)
    if start is None:
        gap = "" if not text else end if text.endswith("\n") else end * 2
        return text + gap + section_text({name: settings}).replace("\n", end)
    stop = next((number for number in range(start + 1, len(lines)) if _header(lines[number])), len(lines))
    missing = dict(settings)
    kept: list[str] = []
    number = start + 1
    while number < stop:
        found = _SETTING.match(lines[number])
        setting = found["name"].lower() if found else None
        following = number + 1
        if setting not in missing:
            kept.append(lines[number])
        else:
            while following < stop and lines[following][:1] in " \t" and lines[following].strip():
                following += 1
            present, value = "".join(lines[number:following]), missing.pop(setting)
            same = found is not None and _plain(present[found.end() :]) == _plain(value)
            kept += lines[number:following] if same else [line + end for line in _line(setting, value).split("\n")]
        number = following
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += end
    header = lines[start] if lines[start].endswith("\n") else lines[start] + end
    added = [line + end for setting in missing.items() for line in _line(*setting).split("\n")]
    return "".join([*lines[:start], header, *added, *kept, *lines[stop:]])


def _line(setting: str, value: str) -> str:
    return f"{setting} ={value}" if value.startswith("\n") else f"{setting} = {value}"


def _header(line: str) -> tuple[str, ...] | None:
    """Return the words of the section's name if a line is the header of a section, else None."""
    found = _HEADER.match(line)
    return _identity(found["name"]) if found else None


def _identity(name: str) -> tuple[str, ...]:
    """Return the words of a section's name. `[profile "a"]` and `[profile a]` have equal words."""
    try:
        return tuple(shlex.split(name))
    except ValueError:
        return (name,)


def _parsed(text: str, path: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Return the sections of a file, as botocore reads them. Raises CannotConfigure."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        reason = str(error).splitlines()[0]
        raise CannotConfigure(f"the AWS tools cannot read {path}: {reason}") from None
    return {_identity(name): dict(parser.items(name)) for name in parser.sections()}


def _same(one: Mapping[tuple[str, ...], Mapping[str, str]], other: Mapping[tuple[str, ...], Mapping[str, str]]) -> bool:
    return one.keys() == other.keys() and all(
        each.keys() == other[name].keys() and all(_plain(each[key]) == _plain(other[name][key]) for key in each)
        for name, each in one.items()
    )


def _plain(value: str) -> list[str]:
    """Return the words of a value. Values with equal words differ only in spaces and line ends."""
    return value.replace("=", " = ").split()


def _shown(setting: str, value: str) -> str:
    """Return a value for a message, without secrets."""
    return "..." if "secret" in setting else " ".join(value.split())
