"""Command lines of DynamoDB Local, as settings."""

from contextlib import closing
from pathlib import Path

import pytest

from emulator import dynamodb_local
from emulator.flags import configuration, settings_from
from emulator.http.announcement import Announcement
from emulator.settings import Settings


def defaults(**others):
    """Return the settings of DynamoDB Local without options, changed by `others`."""
    return Settings(**{"account": "0" * 12, "as_dynamodb_local": True, "data_dir": Path("dynamodb-emulator"), **others})


@pytest.fixture(autouse=True)
def outside_of_containers(monkeypatch):
    monkeypatch.setattr(dynamodb_local, "_CONTAINER_FILES", ())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-jar DynamoDBLocal.jar", defaults()),
        ("java -jar DynamoDBLocal.jar", defaults()),
        ("-disableTelemetry -optimizeDbBeforeStartup", defaults()),
        ("-port 9000", defaults(port=9000)),
        ("-port=9000", defaults(port=9000)),
        ("-sharedDb -delayTransientStatuses", defaults(shared_db=True, delay_transient_statuses=True)),
        ("-dbPath ./data", defaults(data_dir=Path("data/dynamodb-emulator"))),
        (
            "/usr/bin/java -Djava.library.path=./lib -Xmx512m -XX:+UseSerialGC -jar x.jar -inMemory -sharedDb -port 8001",
            Settings(in_memory=True, shared_db=True, port=8001, account="0" * 12, as_dynamodb_local=True),
        ),
        (
            "-sharedDb -classpath DynamoDBLocal.jar:lib/* com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
            defaults(shared_db=True),
        ),
        ("-cp x software.amazon.dynamodb.services.local.main.ServerRunner -port 1", defaults(port=1)),
        ("java -jar -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar", defaults()),
        ("--sharedDb --port 1 --dbPath=x", defaults(shared_db=True, port=1, data_dir=Path("x/dynamodb-emulator"))),
        ("-cors *", defaults()),
        ("-cors http://a,https://b", defaults(cors=("http://a", "https://b"))),
        ("-cors a.example,http://b", defaults(cors=("http://b", "http://a.example", "https://a.example"))),
        # Our own options may stand between DynamoDB Local's, and override them.
        ("--host 0.0.0.0 -sharedDb --workers 2", defaults(host=("0.0.0.0",), shared_db=True, workers=2)),
        ("-port 1 --port 2 --account 123456789012", defaults(port=2, account="123456789012")),
        ("-dbPath x --in-memory", Settings(in_memory=True, account="0" * 12, as_dynamodb_local=True)),
    ],
)
def test_command_lines(line, expected):
    assert settings_from(line.split(), {}) == expected


@pytest.mark.parametrize(
    ("line", "environment", "expected"),
    [
        ("-sharedDb", {"DYNAMODB_EMULATOR_DATA_DIR": "x"}, defaults(shared_db=True, data_dir=Path("x"))),
        ("-dbPath x", {"DYNAMODB_IN_MEMORY": "1"}, defaults(data_dir=Path("x/dynamodb-emulator"))),
        ("-port 1", {"DYNAMODB_EMULATOR_PORT": "2"}, defaults(port=1)),
        ("-sharedDb", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, defaults(shared_db=True, host=("0.0.0.0",))),
        (
            "-sharedDb",
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "DYNAMODB_EMULATOR_HOST": "localhost"},
            defaults(shared_db=True),
        ),
    ],
)
def test_the_environment_beats_the_defaults_of_dynamodb_local_but_not_its_options(line, environment, expected):
    assert settings_from(line.split(), environment) == expected


def test_the_lines_at_the_start_have_the_origins_as_they_were_given(capsys):
    for line, shown in (("-cors *", "*"), ("-cors http://a", "http://a"), ("-sharedDb", "null")):
        settings = settings_from(line.split(), {})
        with closing(Announcement(settings)) as announcement:
            announcement.announce(8000, "")
        assert f"CorsParams:\t{shown}\n" in capsys.readouterr().out
    assert settings_from(["-cors", "*"], {}).cors == ()


def test_in_a_container_the_server_listens_on_all_addresses(tmp_path, monkeypatch):
    monkeypatch.setattr(dynamodb_local, "_CONTAINER_FILES", (tmp_path,))
    assert settings_from(["-sharedDb"], {}).host == ("0.0.0.0",)
    assert settings_from([], {}).host == ("localhost",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-port", "-port needs a value"),
        ("-port -inMemory", "-port needs a value"),
        ("-port 70000", "-port: 70000 is not between 0 and 65535"),
        ("-port=", "-port: '' is not a whole number"),
        ("-inMemory -dbPath x", "-inMemory is not allowed with -dbPath"),
        ("-inMemory=true", "-inMemory takes no value"),
        ("-inmemory", "there is no option -inmemory; did you mean -inMemory?"),
        ("-dbpath x -sharedDb", "there is no option -dbpath; did you mean -dbPath?"),
        ("-sharedDb -nonsense", "there is no option -nonsense; -help and --help list the options"),
        ("-sharedDb --nonsense", "unrecognized arguments: --nonsense; --help lists the options"),
        ("start -sharedDb", "there is no command start; --help lists the commands"),
        ("-cors http://a/b", "-cors: 'http://a/b' is not an origin: expected something like http://localhost:3000"),
    ],
)
def test_wrong_command_lines(line, message, capsys):
    with pytest.raises(SystemExit) as ended:
        settings_from(line.split(), {})
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"dynamodb-emulator: error: {message}\n"


@pytest.mark.parametrize(
    ("line", "begin"),
    [
        ("-version", "dynamodb-emulator "),
        ("-jar DynamoDBLocal.jar -port 1 -version", "dynamodb-emulator "),
        ("-jar DynamoDBLocal.jar -help", "options of DynamoDB Local:\n  -port N"),
        ("-help", "usage: dynamodb-emulator"),
    ],
)
def test_version_and_help(line, begin, capsys):
    with pytest.raises(SystemExit) as ended:
        settings_from(line.split(), {})
    assert (ended.value.code or 0) == 0
    out, err = capsys.readouterr()
    assert out.startswith(begin)
    assert err == ""


def test_data_of_dynamodb_local_are_reported(tmp_path):
    assert configuration(["-dbPath", str(tmp_path)], {}).warnings == []
    for name in ("shared-local-instance.db", "key_us-east-1.db", "notes.txt"):
        (tmp_path / name).touch()
    (warning,) = configuration(["-dbPath", str(tmp_path)], {}).warnings
    assert warning.startswith(
        f"{tmp_path} has data of DynamoDB Local (key_us-east-1.db, shared-local-instance.db), which this server does "
        "not read."
    )
    assert "dynamodb-emulator load --from-endpoint http://127.0.0.1:PORT --table NAME" in warning
    assert configuration(["-inMemory"], {}).warnings == []
    assert configuration(["--data-dir", str(tmp_path / "x")], {}).warnings == []
