"""The folder in memory of a server with workers, and abandoned folders of killed servers."""

import os
from pathlib import Path

import pytest

from emulator.http import memory_folder as module
from emulator.http.memory_folder import best_parent, memory_folder, remove_abandoned, shown
from storage import open_engine
from storage.disk.claim import claimed, in_use


def abandoned(parent: Path, name: str = "dynamodb-emulator-dead") -> Path:
    """Make the folder that stays if a server is killed with all its processes; return it."""
    folder = parent / name
    with claimed(folder):
        (folder / "in-memory").touch()
        open_engine(folder).close()
    (folder / "closed").unlink()
    return folder


def test_folder_is_held_and_private_and_goes_at_the_end(tmp_path):
    with memory_folder(tmp_path) as folder:
        assert folder.name.startswith("dynamodb-emulator-")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert in_use(folder)
        open_engine(folder).close()
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_dead_server_goes_at_the_next_start(tmp_path):
    abandoned(tmp_path)
    with memory_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
        with memory_folder(tmp_path) as other:
            assert {*tmp_path.iterdir()} == {folder, other}


def held(folder):
    """Let another process hold a folder; return a function that ends this process."""
    reading, writing = os.pipe()
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        with claimed(folder):
            os.close(writing)
            os.write(tell, b"1")
            os.read(reading, 1)
            os._exit(0)
    os.read(ready, 1)

    def end():
        os.close(writing)
        os.waitpid(child, 0)
        for descriptor in (reading, ready, tell):
            os.close(descriptor)

    return end


def test_folder_that_another_process_holds_stays(tmp_path):
    folder = abandoned(tmp_path)
    end = held(folder)
    try:
        remove_abandoned(tmp_path)
        assert folder.exists()
    finally:
        end()
    remove_abandoned(tmp_path)
    assert not folder.exists()


def of_a_user(folder, monkeypatch):
    (folder / "in-memory").unlink()


def never_held(folder, monkeypatch):
    (folder / "server.lock").unlink()


def of_another_user(folder, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)


@pytest.mark.parametrize("change", [of_a_user, never_held, of_another_user])
def test_what_may_be_somebody_elses_stays(tmp_path, monkeypatch, change):
    folder = abandoned(tmp_path)
    change(folder, monkeypatch)
    remove_abandoned(tmp_path)
    assert folder.exists()


def test_links_and_files_stay(tmp_path):
    target = abandoned(tmp_path, "target")
    (tmp_path / "dynamodb-emulator-link").symlink_to(target)
    (tmp_path / "dynamodb-emulator-file").touch()
    before = sorted(tmp_path.rglob("*"))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("age", "stays"), [(0, True), (3000, True), (7200, False)])
def test_what_was_left_before_it_had_a_name_goes_after_an_hour(tmp_path, age, stays):
    """A folder without its final name may belong to a server that is just starting."""
    draft = tmp_path / ".dynamodb-emulator-draft"
    draft.mkdir()
    (draft / "server.lock").touch()
    then = draft.stat().st_mtime - age
    os.utime(draft, (then, then))
    remove_abandoned(tmp_path)
    assert draft.exists() is stays


MIB = 1 << 20


@pytest.mark.parametrize(
    ("memory", "temporary", "best", "warning"),
    [
        (512, 9999, "memory", None),
        (64, 9999, "temporary", "64 MB of the data that the workers share. So these data are in"),
        (64, 64, "memory", "64 MB of the data that the workers share. For more room:"),
        (64, 32, "memory", "64 MB of the data that the workers share. For more room:"),
        (64, None, "memory", "64 MB of the data that the workers share. For more room:"),
        (None, 9999, "temporary", None),
    ],
)
def test_the_place_with_more_room(tmp_path, monkeypatch, caplog, memory, temporary, best, warning):
    places = {tmp_path / "memory": memory, tmp_path / "temporary": temporary}
    for parent, room in places.items():
        if room is not None:
            parent.mkdir()
    monkeypatch.setattr(module, "room_in", lambda parent: (places[parent] or 0) * MIB)
    other = None if temporary is None else tmp_path / "temporary"
    assert best_parent(tmp_path / "memory", lambda: other) == tmp_path / best
    assert [warning in message for message in caplog.messages] == ([] if warning is None else [True])


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 MB"), (64 * MIB, "64 MB"), (1023 * MIB, "1023 MB"), (25 << 30, "25.0 GB")]
)
def test_sizes_for_users(size, text):
    assert shown(size) == text
