"""Refused calls of the control that copies the data folder."""

import json
import subprocess

import pytest

from tests.support.asgi import ask, site_of
from tests.support.streamed_tables import emulator


@pytest.fixture
def db(tmp_path):
    """Yield an emulator in process with a data folder."""
    with emulator("lmdb", tmp_path) as inside:
        yield inside


def call(db, body):
    answer = ask(site_of(db.emulator), "POST", "/_emulator/copy", json.dumps(body).encode())
    return answer.status, json.loads(answer.body)["message"]


def test_what_is_in_the_memory_of_one_process_has_no_folder(tmp_path):
    with emulator("memory", tmp_path) as db:
        expected = "this server has its data in the memory of one process: there is no data folder to copy"
        assert call(db, {"Folder": "copy"}) == (400, expected)


@pytest.mark.parametrize("body", [{}, {"Folder": 1}, {"Folder": None}])
def test_the_folder_is_needed(db, body):
    status, message = call(db, body)
    assert status == 400
    assert "Folder" in message


def test_paths_that_are_none(db):
    assert call(db, {"Folder": "a\0b"}) == (400, "the copy cannot be started: embedded null byte")


def test_process_that_cannot_be_started(db, monkeypatch):
    def refuse(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    expected = "the copy cannot be started: [Errno 24] Too many open files"
    assert call(db, {"Folder": "copy"}) == (400, expected)


def test_output_of_the_process_is_reported(db, tmp_path):
    (tmp_path / "file").touch()
    expected = f"The data path {tmp_path / 'file'} is not a folder."
    assert call(db, {"Folder": str(tmp_path / "file")}) == (400, expected)
