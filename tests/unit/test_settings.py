"""From flags and environment to settings; what is wrong with them is one line and exit status 2."""

from pathlib import Path

import pytest

from emulator.cli import settings_from
from emulator.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("", {}, Settings()),
        ("--port 1 --in-memory", {}, Settings(port=1, in_memory=True)),
        ("--data-dir x --durable", {}, Settings(data_dir=Path("x"), durable=True)),
        ("", {"DYNAMODB_EMULATOR_WORKERS": "2"}, Settings(workers=2)),
        ("--workers 3", {"DYNAMODB_EMULATOR_WORKERS": "2"}, Settings(workers=3)),
        ("", {"DYNAMODB_EMULATOR_SHARED_DB": "yes"}, Settings(shared_db=True)),
        ("--ttl-sweep-interval 0.5 --stream-shards 8", {}, Settings(ttl_sweep_interval=0.5, stream_shards=8)),
    ],
)
def test_settings(arguments, environment, expected):
    assert settings_from(arguments.split(), environment) == expected


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        ("--workers 0", {}, "argument --workers: 0 is not between 1 and 64"),
        ("--workers two", {}, "argument --workers: invalid int value: 'two'"),
        ("", {"DYNAMODB_EMULATOR_WORKERS": "-1"}, "argument --workers: -1 is not between 1 and 64"),
        ("--stream-shards -1", {}, "argument --stream-shards: -1 is not between 0 and 1000"),
        ("--ttl-sweep-interval nan", {}, "argument --ttl-sweep-interval: nan is not between 0.1 and 1000000000.0"),
        ("--in-memory --data-dir x", {}, "argument --data-dir: not allowed with argument --in-memory"),
    ],
)
def test_wrong_settings(arguments, environment, message, capsys):
    with pytest.raises(SystemExit) as ended:
        settings_from(arguments.split(), environment)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {message}\n")
