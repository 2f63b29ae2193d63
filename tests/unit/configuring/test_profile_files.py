"""Edits of AWS's profile files (emulator/configuring/profile_files.py), and settings for Terraform,
CDK and shells as texts to copy (snippets.py).
"""

import os
import stat

import botocore.configloader
import pytest

from emulator.configuring import profile_files, snippets
from emulator.configuring.profile_files import CannotConfigure
from emulator.configuring.target import Target

TARGET = Target("http://127.0.0.1:8000", "local", "us-east-1")
ONLY_DYNAMODB = TARGET._replace(whole=False)
OURS = "[profile local]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:8000\n"
SERVICES = """[profile local]
region = us-east-1
services = local-dynamodb

[services local-dynamodb]
dynamodb =
  endpoint_url = http://127.0.0.1:8000
dynamodb_streams =
  endpoint_url = http://127.0.0.1:8000
lambda =
  endpoint_url = http://127.0.0.1:8000
"""
OTHER = "# mine\n[default]\nregion=eu-west-1   \ns3 =\n    max = 1\n\n; end\n[profile work]\nrole_arn = arn:x\n"


def edited(path, before, target=TARGET, replace=False):
    path.write_bytes(before.encode())
    edit = profile_files.planned(path, profile_files.config_sections("local", target), replace=replace)
    profile_files.write(edit)
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "target", "after"),
    [
        ("", TARGET, OURS),
        ("", ONLY_DYNAMODB, SERVICES),
        (OTHER, TARGET, OTHER + "\n" + OURS),
        (OTHER.rstrip("\n"), TARGET, OTHER + "\n" + OURS),
        (OTHER.replace("\n", "\r\n"), TARGET, (OTHER + "\n" + OURS).replace("\n", "\r\n")),
        ("[profile local]\n", TARGET, OURS),
        ("[profile local]\n\n[default]\na = 1\n", TARGET, OURS + "\n[default]\na = 1\n"),
        ("[profile local]", TARGET, OURS),
        (OTHER + OURS, TARGET, OTHER + OURS),
        (SERVICES, ONLY_DYNAMODB, SERVICES),
        (
            '[profile "local"]\nREGION: us-east-1\nendpoint_url=http://127.0.0.1:8000\noutput = json\n',
            TARGET,
            '[profile "local"]\nREGION: us-east-1\nendpoint_url=http://127.0.0.1:8000\noutput = json\n',
        ),
        ("# \udcff ä\n".encode(errors="surrogateescape").decode(errors="replace"), TARGET, "# � ä\n\n" + OURS),
    ],
)
def test_an_edit(tmp_path, before, target, after):
    assert edited(tmp_path / "config", before, target) == after
    assert edited(tmp_path / "config", after, target) == after


@pytest.mark.parametrize(
    ("before", "target", "after"),
    [
        (
            "[profile local]\n#\nregion = eu-west-1 \n[default]\na = 1\n",
            TARGET,
            "[profile local]\nendpoint_url = http://127.0.0.1:8000\n#\nregion = us-east-1\n[default]\na = 1\n",
        ),
        (OURS.replace("8000", "4566"), TARGET, OURS),
        (SERVICES.replace("8000", "4566"), ONLY_DYNAMODB, SERVICES),
        (
            SERVICES.replace("8000", "4566") + "s3 =\n  endpoint_url = http://s3\n",
            ONLY_DYNAMODB,
            SERVICES + "s3 =\n  endpoint_url = http://s3\n",
        ),
    ],
)
def test_other_settings_are_replaced_only_on_demand(tmp_path, before, target, after):
    path = tmp_path / "config"
    with pytest.raises(CannotConfigure, match=r"has the section \[.*local.*\] with"):
        edited(path, before, target)
    assert path.read_text() == before
    assert edited(path, before, target, replace=True) == after


def test_a_secret_is_not_shown(tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[local]\naws_access_key_id = local\naws_secret_access_key = real\n")
    with pytest.raises(CannotConfigure, match=r"with aws_secret_access_key = \.\.\.: choose"):
        profile_files.planned(path, profile_files.credentials_sections("local", TARGET), replace=False)


@pytest.mark.parametrize("before", ["region = x\n", "[a]\nb = 1\n[a]\n", "[a]\nb\n"])
def test_a_file_that_the_aws_tools_cannot_read_is_left_alone(tmp_path, before):
    path = tmp_path / "config"
    with pytest.raises(CannotConfigure, match="the AWS tools cannot read"):
        edited(path, before)
    assert path.read_text() == before


@pytest.mark.parametrize("before", ["[profile local] ; ours\n  region = a\n", "[profile local]\n  x = 1\n"])
def test_a_file_of_an_odd_form_is_parsed_as_before_or_left_alone(tmp_path, before):
    path = tmp_path / "config"
    try:
        edited(path, before, replace=True)
    except CannotConfigure:
        assert path.read_text() == before
    else:
        botocore.configloader.load_config(str(path))


def test_modes_and_links_stay(tmp_path):
    real = tmp_path / "real"
    real.write_text(OTHER)
    real.chmod(0o640)
    link = tmp_path / "config"
    link.symlink_to(real)
    profile_files.write(profile_files.planned(link, profile_files.config_sections("local", TARGET), replace=False))
    assert link.is_symlink()
    assert real.read_text() == OTHER + "\n" + OURS
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "real"]


def test_new_files_are_private(tmp_path):
    path = tmp_path / ".aws" / "credentials"
    profile_files.write(profile_files.planned(path, profile_files.credentials_sections("local", TARGET), replace=False))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    edit = profile_files.Edit(tmp_path / "file" / "config", "x", changed=True)
    with pytest.raises(CannotConfigure, match=r"cannot write .*: File exists"):
        profile_files.write(edit)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "config"
    path.write_text(OTHER)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CannotConfigure, match="No space left"):
        profile_files.write(profile_files.Edit(path, "x", changed=True))
    assert [each.name for each in tmp_path.iterdir()] == ["config"]
    assert path.read_text() == OTHER


@pytest.mark.parametrize(
    ("profile", "section"), [("default", "default"), ("local", "profile local"), ("a.b-c", "profile a.b-c")]
)
def test_the_name_of_the_section(profile, section):
    profile_files.check_profile(profile)
    assert list(profile_files.config_sections(profile, TARGET)) == [section]


@pytest.mark.parametrize("name", ["", "a b", "a]", "ä", "a\n"])
def test_a_wrong_name_of_a_profile(name):
    with pytest.raises(ValueError, match="is not a name of a profile"):
        profile_files.check_profile(name)


@pytest.mark.parametrize(
    ("syntax", "lines"),
    [
        ("sh", ["export AWS_REGION='a b'", "export AWS_ACCESS_KEY_ID='it'\"'\"'s'"]),
        ("fish", ["set -gx AWS_REGION 'a b'", r"set -gx AWS_ACCESS_KEY_ID 'it\'s'"]),
        ("powershell", ["$env:AWS_REGION = 'a b'", "$env:AWS_ACCESS_KEY_ID = 'it''s'"]),
        ("dotenv", ["AWS_REGION=a b", "AWS_ACCESS_KEY_ID=it's"]),
    ],
)
def test_variables_in_the_syntax_of_a_shell(syntax, lines):
    text = snippets.shell_text(Target("http://h", "it's", "a b"), syntax)
    assert [line for line in text.splitlines() if "AWS_REGION" in line or "KEY_ID" in line] == lines


def test_variables_for_some_services_only():
    names = snippets.variables(ONLY_DYNAMODB)
    assert [name for name in names if "URL" in name] == [
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
        "AWS_ENDPOINT_URL_LAMBDA",
    ]


def test_strings_of_terraform():
    assert snippets._hcl('a"${b}%{c}') == '"a\\"$${b}%%{c}"'
