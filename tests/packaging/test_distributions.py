"""The contents of a wheel and an sdist."""

import tarfile
import zipfile

import pytest

from tests.support.installations import ROOT, build

SERVER = "dynamodb_emulator/_server/"
CONSOLE = "emulator/http/site/console/"
NOT_CODE = {"py.typed", "LICENSE.txt", "NOTICE", "dynamodb.json", "dynamodbstreams.json", "lambda.json"}


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def source_files(folder, pattern):
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern)}


def test_a_wheel_has_one_import_name(names):
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dynamodb_emulator"}


def test_a_wheel_has_all_modules_of_the_server(names):
    modules = source_files("emulator", "*.py") | source_files("storage", "*.py")
    expected = {SERVER + name for name in modules if not name.startswith("emulator/installed/")}
    assert {name for name in names if name.startswith(SERVER) and name.endswith(".py")} == expected


def test_a_wheel_has_a_small_public_package(names):
    public = {name for name in names if name.startswith("dynamodb_emulator/") and not name.startswith(SERVER)}
    prefix = "emulator/installed/"
    expected = source_files(prefix, "*.py") | source_files(prefix, "py.typed")
    assert public == {name.removeprefix(prefix) for name in expected}
    assert len(public) < 20


def test_a_wheel_has_data_and_no_documents(names):
    others = [name for name in names if name.startswith("dynamodb_emulator/") and not name.endswith(".py")]
    console = {name.removeprefix(SERVER) for name in others if name.startswith(SERVER + CONSOLE)}
    assert {name.rpartition("/")[2] for name in others if name.removeprefix(SERVER) not in console} == NOT_CODE
    assert console == source_files(CONSOLE + "static", "*.*") | source_files(CONSOLE + "templates", "*.html")


def test_the_assets_of_the_console_are_small_and_have_their_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {
            each.filename.rpartition("/")[2]: each.file_size
            for each in archive.infolist()
            if "/static/" in each.filename
        }
    assert sum(sizes.values()) < 1 << 20
    assert {"htmx.min.js", "htmx.LICENSE.txt", "uPlot.iife.min.js", "uPlot.LICENSE.txt"} <= sizes.keys()


def test_an_sdist_builds_the_same_wheel(wheel, tmp_path):
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    [source] = (tmp_path / "source").iterdir()
    again = build("wheel", source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert {each.filename: each.CRC for each in second.infolist()} == {
            each.filename: each.CRC for each in first.infolist()
        }
