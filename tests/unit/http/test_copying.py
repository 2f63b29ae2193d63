"""The call that copies the data folder, where it is refused."""

import json
import subprocess

import pytest

from tests.support.asgi import ask, site_of


def call(db, body):
    answer = ask(site_of(db.emulator), "POST", "/_emulator/copy", json.dumps(body).encode())
    return answer.status, json.loads(answer.body)["message"]


def test_what_is_in_the_memory_of_one_process_has_no_folder(db, engine_name):
    if engine_name == "memory":
        expected = "this server has its data in the memory of one process: there is no data folder to copy"
        assert call(db, {"Folder": "copy"}) == (400, expected)


@pytest.mark.parametrize("body", [{}, {"Folder": 1}, {"Folder": None}])
def test_the_folder_is_needed(db, engine_name, body):
    if engine_name == "lmdb":
        status, message = call(db, body)
        assert status == 400
        assert "Folder" in message


def test_paths_that_are_none(db, engine_name):
    if engine_name == "lmdb":
        assert call(db, {"Folder": "a\0b"}) == (400, "the copy cannot be started: embedded null byte")


def test_process_that_cannot_be_started(db, engine_name, monkeypatch):
    def refuse(*_, **__):
        raise OSError(24, "Too many open files")

    if engine_name == "lmdb":
        monkeypatch.setattr(subprocess, "Popen", refuse)
        expected = "the copy cannot be started: [Errno 24] Too many open files"
        assert call(db, {"Folder": "copy"}) == (400, expected)


def test_output_of_the_process_is_reported(db, engine_name, tmp_path):
    (tmp_path / "file").touch()
    if engine_name == "lmdb":
        expected = f"The data path {tmp_path / 'file'} is not a folder."
        assert call(db, {"Folder": str(tmp_path / "file")}) == (400, expected)
