"""Only one server can use a folder."""

import os
from pathlib import Path

import pytest

from storage import Unavailable, open_engine
from storage.disk.claim import claimed


def test_second_server_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with claimed(path):
        open_engine(path).close()
        with pytest.raises(Unavailable) as caught, claimed(path):
            pass
        message = f"The data folder {path} is in use by another server (process {os.getpid()})."
        assert str(caught.value) == message
    with claimed(path):
        pass


def test_a_claim_ends_with_the_last_process_that_has_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with claimed(tmp_path):
        child = os.fork()
        if not child:  # stands for a worker that outlives its supervisor
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    with pytest.raises(Unavailable), claimed(tmp_path):
        pass
    os.close(writing)
    os.waitpid(child, 0)
    os.close(reading)
    with claimed(tmp_path):
        pass


def test_folder_that_cannot_be_claimed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(Unavailable, match="is neither empty nor a data folder of this program"), claimed(tmp_path):
        pass
