"""Settings from flags and environment. A mistake is reported in one line, with exit status 2."""

from dataclasses import replace
from pathlib import Path

import pytest

from emulator import cli
from emulator.flags import settings_from, warnings
from emulator.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("", {}, Settings()),
        ("--port 1 --in-memory", {}, Settings(port=1, in_memory=True)),
        ("--data-dir x --durable", {}, Settings(data_dir=Path("x"), durable=True)),
        ("", {"WORKERS": "2"}, Settings(workers=2)),
        ("--workers 3", {"WORKERS": "2"}, Settings(workers=3)),
        ("--workers 3", {"WORKERS": "many"}, Settings(workers=3)),
        ("", {"SHARED_DB": "yes"}, Settings(shared_db=True)),
        ("", {"SHARED_DB": "False"}, Settings(shared_db=False)),
        ("", {"PORT": "", "DATA_DIR": "", "IN_MEMORY": ""}, Settings()),
        ("", {"DATA_DIR": "x"}, Settings(data_dir=Path("x"))),
        ("--data-dir x", {"IN_MEMORY": "1"}, Settings(data_dir=Path("x"))),
        ("--in-memory", {"DATA_DIR": "x"}, Settings(in_memory=True)),
        ("", {"LOG_LEVEL": "DEBUG"}, Settings(log_level="debug")),
        ("", {"PORT": "tcp://10.0.0.1:8001"}, Settings()),
        (
            "--cors http://a,https://b.example:8443/ --cors * --allowed-host db.example",
            {},
            Settings(cors=("http://a", "https://b.example:8443/", "*"), allowed_host=("db.example",)),
        ),
        (
            "",
            {"CORS": "http://localhost:3000, null-extension://a", "ALLOWED_HOST": "a.example,[::1]"},
            Settings(cors=("http://localhost:3000", "null-extension://a"), allowed_host=("a.example", "[::1]")),
        ),
        ("--account 000000000001", {"ACCOUNT": "210987654321"}, Settings(account="000000000001")),
        ("", {"ACCOUNT": "210987654321"}, Settings(account="210987654321")),
        ("", {"ACCOUNT": ""}, Settings(account="123456789012")),
        ("--ttl-sweep-interval 0.5 --stream-shards 8", {}, Settings(ttl_sweep_interval=0.5, stream_shards=8)),
    ],
)
def test_settings(arguments, environment, expected):
    variables = {f"DYNAMODB_EMULATOR_{name}": text for name, text in environment.items()}
    assert settings_from(arguments.split(), variables) == expected


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        ("--workers 0", {}, "argument --workers: 0 is not between 1 and 64"),
        ("--workers two", {}, "argument --workers: 'two' is not a whole number"),
        ("--port 65536", {}, "argument --port: 65536 is not between 0 and 65535"),
        ("--stream-shards -1", {}, "argument --stream-shards: -1 is not between 0 and 1000"),
        ("--ttl-sweep-interval nan", {}, "argument --ttl-sweep-interval: nan is not between 0.1 and 1000000000.0"),
        ("--ttl-sweep-interval x", {}, "argument --ttl-sweep-interval: 'x' is not a number"),
        (
            "--log-level loud",
            {},
            "argument --log-level: 'loud' is not one of critical, error, warning, info, debug, trace",
        ),
        *(
            (
                f"--kinesis-endpoint {text}",
                {},
                f"argument --kinesis-endpoint: {text!r} is not a URL such as http://127.0.0.1:4568",
            )
            for text in (
                "nonsense",
                "127.0.0.1:4568",
                "ftp://host",
                "http://",
                "http://host:0",
                "http://host:x",
                "http://[::1",
            )
        ),
        (
            "",
            {"KINESIS_ENDPOINT": "localhost"},
            "DYNAMODB_EMULATOR_KINESIS_ENDPOINT: 'localhost' is not a URL such as http://127.0.0.1:4568",
        ),
        *(
            (
                f"--cors http://a,{text}",
                {},
                f"argument --cors: {text!r} is not an origin: expected something like http://localhost:3000",
            )
            for text in ("a.example", "null", "http://a/b", "http://", "http://a:b", "http://*.a")
        ),
        *(
            (
                "",
                {"ALLOWED_HOST": text},
                f"DYNAMODB_EMULATOR_ALLOWED_HOST: {text!r} is not a host: expected a name or an address, without a port",
            )
            for text in ("a.example:80", "http://a", "[::1]:80", "a b", "*", "abc:80")
        ),
        (
            "--account 12345678901",
            {},
            "argument --account: '12345678901' is not an AWS account ID: expected twelve digits",
        ),
        (
            "--account 1234567890123",
            {},
            "argument --account: '1234567890123' is not an AWS account ID: expected twelve digits",
        ),
        (
            "--account 12345678901x",
            {},
            "argument --account: '12345678901x' is not an AWS account ID: expected twelve digits",
        ),
        (
            "",
            {"ACCOUNT": "١٢٣٤٥٦٧٨٩٠١٢"},
            "DYNAMODB_EMULATOR_ACCOUNT: '١٢٣٤٥٦٧٨٩٠١٢' is not an AWS account ID: expected twelve digits",
        ),
        ("--in-memory --data-dir x", {}, "argument --data-dir: not allowed with argument --in-memory"),
        ("--in-mem", {}, "unrecognized arguments: --in-mem; --help lists the options"),
        ("copi a b --port 1", {}, "there is no command copi; did you mean copy?"),
        ("laod --help", {}, "there is no command laod; did you mean load?"),
        ("--help laod", {}, "there is no command laod; did you mean load?"),
        ("", {"WORKERS": "-1"}, "DYNAMODB_EMULATOR_WORKERS: -1 is not between 1 and 64"),
        (
            "",
            {"IN_MEMORY": "ja"},
            "DYNAMODB_EMULATOR_IN_MEMORY: 'ja' is neither 1 (true, yes, on) nor 0 (false, no, off)",
        ),
        (
            "",
            {"LOG_LEVEL": "loud"},
            "DYNAMODB_EMULATOR_LOG_LEVEL: 'loud' is not one of critical, error, warning, info, debug, trace",
        ),
        (
            "",
            {"IN_MEMORY": "1", "DATA_DIR": "x"},
            "DYNAMODB_EMULATOR_IN_MEMORY is not allowed with DYNAMODB_EMULATOR_DATA_DIR",
        ),
    ],
)
def test_wrong_settings(arguments, environment, message, capsys):
    variables = {f"DYNAMODB_EMULATOR_{name}": text for name, text in environment.items()}
    with pytest.raises(SystemExit) as ended:
        settings_from(arguments.split(), variables)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"dynamodb-emulator: error: {message}\n"


@pytest.mark.parametrize(
    ("variable", "warning"),
    [
        ("DYNAMODB_EMULATOR_WORKERS=2", None),
        ("DYNAMODB_OTHER=2", None),
        (
            "DYNAMODB_EMULATOR_WORKER=2",
            (
                "the environment variable DYNAMODB_EMULATOR_WORKER is unknown and has no effect"
                "; did you mean DYNAMODB_EMULATOR_WORKERS?"
            ),
        ),
        ("DYNAMODB_EMULATOR_XYZ=2", "the environment variable DYNAMODB_EMULATOR_XYZ is unknown and has no effect"),
        (
            "DYNAMODB_EMULATOR_PORT=tcp://10.0.0.1:8000",
            "the environment variable DYNAMODB_EMULATOR_PORT is ignored: Kubernetes set it for a Service",
        ),
        ("DYNAMODB_EMULATOR_SERVICE_HOST=10.0.0.1", None),
        ("DYNAMODB_EMULATOR_SERVICE_PORT_HTTP=8000", None),
        ("DYNAMODB_EMULATOR_PORT_8000_TCP=tcp://10.0.0.1:8000", None),
        ("DYNAMODB_EMULATOR_PORT_8000_TCP_ADDR=10.0.0.1", None),
        ("DYNAMODB_EMULATOR_2_SERVICE_HOST=10.0.0.1", None),
        ("DYNAMODB_EMULATOR_2_PORT=tcp://10.0.0.1:8000", None),
        ("DYNAMODB_EMULATOR_2_PORT_8000_TCP_PORT=8000", None),
        (
            "DYNAMODB_EMULATOR_2_PORT=8000",
            (
                "the environment variable DYNAMODB_EMULATOR_2_PORT is unknown and has no effect"
                "; did you mean DYNAMODB_EMULATOR_PORT?"
            ),
        ),
    ],
)
def test_variables_without_effect_are_reported(variable, warning):
    name, _, text = variable.partition("=")
    assert warnings({name: text}) == ([warning] if warning else [])


@pytest.mark.parametrize(
    ("line", "begin"),
    [
        ("load --help", "usage: dynamodb-emulator load "),
        ("--help load", "usage: dynamodb-emulator load "),
        ("help load", "usage: dynamodb-emulator load "),
        ("-h control clock", "usage: dynamodb-emulator control "),
        ("help", "usage: dynamodb-emulator [-h]"),
        ("--port 1 --help", "usage: dynamodb-emulator [-h]"),
    ],
)
def test_help_of_a_command_stands_before_or_after_it(line, begin, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(line.split())
    assert capsys.readouterr().out.startswith(begin)


def test_help_names_every_setting_and_its_values(capsys):
    with pytest.raises(SystemExit) as ended:
        settings_from(["--help"], {})
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--log-level critical|error|warning|info|debug|trace" in text
    assert "(default: )" not in text
    assert all(f"\n{group}:\n" in text for group in ("network", "storage", "process"))


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        settings_from(["--version"], {})
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("dynamodb-emulator ")


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        (Settings(data_dir=Path("x")), Path("x")),
        (Settings(data_dir=Path("x"), in_memory=True), None),
        (Settings(data_dir=None), None),
    ],
)
def test_a_server_that_keeps_nothing_on_disk_has_no_folder(settings, folder):
    assert settings.folder == folder


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("", "DYNAMODB_SHARE_DB=1", Settings(shared_db=True)),
        ("", "DYNAMODB_ERROR_PROBABILITY=0.5", Settings(error_probability=0.5)),
        ("", "DYNAMODB_READ_ERROR_PROBABILITY=1", Settings(read_error_probability=1.0)),
        ("--write-error-probability 0", "DYNAMODB_WRITE_ERROR_PROBABILITY=0.1", Settings()),
        ("", "DYNAMODB_SHARE_DB=0 DYNAMODB_IN_MEMORY=true", Settings(in_memory=True)),
        ("", "DYNAMODB_DELAY_TRANSIENT_STATUSES=1", Settings(delay_transient_statuses=True)),
        ("", "DYNAMODB_REMOVE_EXPIRED_ITEMS=1", Settings()),
        ("", "DYNAMODB_REMOVE_EXPIRED_ITEMS=0", Settings(ttl_sweep_interval=1e9)),
        (
            "--ttl-sweep-interval 5",
            "DYNAMODB_REMOVE_EXPIRED_ITEMS=nonsense",
            Settings(ttl_sweep_interval=5.0),
        ),
        ("", "DYNAMODB_SHARE_DB=1 DYNAMODB_EMULATOR_SHARED_DB=0", Settings()),
        ("", "DYNAMODB_SHARE_DB=0 CONFIG=shared-db=true", Settings()),
        ("", "CONFIG=shared-db=true", Settings(shared_db=True)),
        ("", "CONFIG=shared_db=true", Settings(shared_db=True)),
        ("", "CONFIG=port=1;workers=2;ttl-sweep-interval=1", Settings(port=1, workers=2, ttl_sweep_interval=1.0)),
        (
            "",
            "CONFIG=host=['a','b'];cors='http://a,http://b'",
            Settings(host=("a", "b"), cors=("http://a", "http://b")),
        ),
        ("", "CONFIG=data-dir='x';log-level='DEBUG'", Settings(data_dir=Path("x"), log_level="debug")),
        ("--port 2", "CONFIG=port='nonsense'", Settings(port=2)),
        ("", "DYNAMODB_EMULATOR_PORT=2 CONFIG=port='nonsense'", Settings(port=2)),
        # If several sources set the folder, only the one with the highest priority counts.
        ("--in-memory", "DYNAMODB_EMULATOR_DATA_DIR=x CONFIG=data-dir='y'", Settings(in_memory=True)),
        ("--data-dir x", "DYNAMODB_IN_MEMORY=1 CONFIG=in-memory=true", Settings(data_dir=Path("x"))),
        ("", "DYNAMODB_EMULATOR_DATA_DIR=x DYNAMODB_IN_MEMORY=1", Settings(data_dir=Path("x"))),
        ("", "DYNAMODB_IN_MEMORY=1 CONFIG=data-dir='x'", Settings(in_memory=True)),
        ("", "DYNAMODB_EMULATOR_IN_MEMORY=0 CONFIG=in-memory=true", Settings()),
        ("", "DYNAMODB_EMULATOR_IN_MEMORY=0 CONFIG=data-dir='x'", Settings(data_dir=Path("x"))),
    ],
)
def test_a_flag_beats_our_variable_beats_that_of_localstack_beats_the_file(arguments, environment, expected, tmp_path):
    variables = {"DYNAMODB_EMULATOR_CONFIG": str(tmp_path / "file.toml")}
    for variable in environment.split():
        name, _, text = variable.partition("=")
        variables[name] = text
    (tmp_path / "file.toml").write_text(variables.pop("CONFIG", "").replace(";", "\n"))
    assert settings_from(arguments.split(), variables) == replace(expected, config=str(tmp_path / "file.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 70000", "FILE: port: 70000 is not between 0 and 65535"),
        ("port = '8000'", "FILE: port: must be a number, without quotes"),
        ("port = true", "FILE: port: must be a number, without quotes"),
        ("port = 1.5", "FILE: port: '1.5' is not a whole number"),
        ("in-memory = 1", "FILE: in-memory: must be true or false, without quotes"),
        ("host = [1]", "FILE: host: must be a text or a list of texts"),
        ("data-dir = 1", "FILE: data-dir: must be a text, in quotes"),
        (
            "cors = ['nonsense']",
            "FILE: cors: 'nonsense' is not an origin: expected something like http://localhost:3000",
        ),
        ("in-memroy = true", "FILE: in-memroy: there is no such setting; did you mean in-memory?"),
        ("[server]\nport = 1", "FILE: server: there is no such setting"),
        ("config = 'x'", "FILE: config: a configuration file cannot name another configuration file"),
        ("data-dir = 'a'\ndata_dir = 'b'", "FILE: data_dir: is given twice, with a hyphen and with an underscore"),
        ("data-dir = 'a'\nin-memory = true", "FILE: in-memory is not allowed with FILE: data-dir"),
        ("port 1", "--config: FILE: Expected '=' after a key in a key/value pair (at line 1, column 6)"),
        (None, "--config: cannot read FILE: No such file or directory"),
    ],
)
def test_wrong_files(text, message, tmp_path, capsys):
    file = tmp_path / "file.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        settings_from(["--config", str(file)], {})
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"dynamodb-emulator: error: {message.replace('FILE', str(file))}\n"


def test_a_wrong_probability_of_localstack(capsys):
    with pytest.raises(SystemExit):
        settings_from([], {"DYNAMODB_ERROR_PROBABILITY": "2"})
    assert "DYNAMODB_ERROR_PROBABILITY: 2 is not between 0 and 1" in capsys.readouterr().err


def test_a_wrong_variable_of_localstack(capsys):
    with pytest.raises(SystemExit):
        settings_from([], {"DYNAMODB_SHARE_DB": "ja"})
    text = "DYNAMODB_SHARE_DB: 'ja' is neither 1 (true, yes, on) nor 0 (false, no, off)"
    assert capsys.readouterr().err == f"dynamodb-emulator: error: {text}\n"
