"""The image of docker/Dockerfile, built and run as users run amazon/dynamodb-local.

Only `make nightly` runs these tests. tests/support/containers.py says which tools they need.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from emulator.version import VERSION
from tests.support.containers import BASE, IMAGE, Containers, missing

HOME = "/home/dynamodblocal"
DATA = f"{HOME}/data"
LOCAL = ("-jar", "DynamoDBLocal.jar")
REQUEST = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.xdist_group("image"),
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture(scope="module")
def containers(tmp_path_factory):
    made = Containers(tmp_path_factory.mktemp("containers"))
    try:
        made.make_base()
        made.build()
        yield made
    finally:
        made.close()


@pytest.fixture
def volume(containers, tmp_path):
    """volume() makes a named volume; volume(owner) makes a folder of the host with this owner."""
    names = []

    def make(owner=None):
        if owner is None:
            names.append(containers.podman("volume", "create"))
            return names[-1]
        folder = tmp_path / "host"
        folder.mkdir()
        os.chown(folder, owner, owner)
        return folder

    yield make
    for name in names:
        containers.podman("volume", "rm", "--force", name)


def holds_a_table(container, port=8000):
    """Return True if the table exists; otherwise create it and return False."""
    tables = container.call("ListTables", {}, port)["TableNames"]
    if not tables:
        container.call("CreateTable", REQUEST, port)
    return tables == ["Orders"]


def status(container, *options, port=8000):
    """Request `/` with curl in the container; return the HTTP status, as text."""
    print_status = ("--silent", "--output", "/dev/null", "--write-out", "%{http_code}")
    return container.run("curl", *print_status, *options, f"http://localhost:{port}")[1]


# --- the image ------------------------------------------------------------------------------------


def test_what_the_image_says(containers):
    config = containers.image()["Config"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == HOME
    assert config["Entrypoint"] == ["dynamodb-emulator"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert "Volumes" not in config  # builders may drop what a derived image adds to a volume


def test_the_image_adds_less_than_50_mb(containers):
    """docker/README.md says what these bytes are."""
    assert containers.size(IMAGE) - containers.size(BASE) < 50e6


def test_only_what_the_server_needs_is_installed(containers):
    code, names = containers.run("--entrypoint", "find", command=("/venv/lib",))
    assert code == 0
    assert "dynamodb_emulator" in names
    assert not [line for line in names.splitlines() if "botocore" in line or "/site-packages/pip" in line]


def test_all_modules_have_bytecode(containers):
    """Without bytecode, each start on a read-only root or as another user compiles all modules."""
    code = (
        "import sys, pathlib;"
        "folders = ('/venv/lib', pathlib.Path(sys.modules['os'].__file__).parent);"
        "print(sum(1 for each in folders for _ in pathlib.Path(each).rglob('__pycache__/*.pyc')))"
    )
    status, text = containers.run("--entrypoint", "/venv/bin/python", command=("-c", code))
    assert status == 0
    assert int(text) > 1000


# --- users, roots and volumes ---------------------------------------------------------------------


@pytest.mark.parametrize("root", [(), ("--read-only", "--read-only-tmpfs=false")], ids=["writable", "read-only"])
@pytest.mark.parametrize(
    "user", [(), ("--user=root",), ("--user=dynamodblocal",), ("--user=12345",), ("--user=501:20",)]
)
def test_users_on_both_kinds_of_root(containers, user, root, volume):
    with containers.serving(*user, *root, "--volume", f"{volume()}:{DATA}", command=("--data-dir", "data")) as server:
        assert not holds_a_table(server)
        assert is_healthy(containers, server)


def test_a_container_without_privileges_on_a_read_only_root(containers):
    options = ("--cap-drop=all", "--security-opt=no-new-privileges", "--read-only", "--read-only-tmpfs=false")
    with containers.serving(*options) as server:
        assert is_healthy(containers, server)


@pytest.mark.parametrize("folder", [DATA, "/data", HOME])
@pytest.mark.parametrize("user", ["1000", "12345", "root"])
def test_a_new_named_volume_works_for_every_user(containers, volume, folder, user):
    mount = ("--volume", f"{volume()}:{folder}", "--user", user)
    for known in (False, True):
        with containers.serving(*mount, command=(*LOCAL, "-sharedDb", "-dbPath", folder)) as server:
            assert holds_a_table(server) is known


@pytest.mark.parametrize(("owner", "user"), [(0, "root"), (501, "501"), (501, "root"), (4321, "4321:4321"), (1000, "")])
def test_a_folder_of_the_host_with_any_owner(containers, volume, owner, user):
    mount = ("--volume", f"{volume(owner)}:{DATA}", *(("--user", user) if user else ()))
    for known in (False, True):
        with containers.serving(*mount, command=(*LOCAL, "-sharedDb", "-dbPath", "./data")) as server:
            assert holds_a_table(server) is known


@pytest.mark.parametrize("command", [(*LOCAL, "-dbPath", "./data"), ("--data-dir", "data")])
def test_a_folder_that_the_user_may_not_write_is_an_error_of_one_line(containers, volume, command):
    """DynamoDB Local does start, but then every request hangs (issue 297 of its guide)."""
    code, printed = containers.run("--volume", f"{volume(0)}:{DATA}", command=command)
    assert code == 2
    [line] = printed.splitlines()
    assert re.search(r"/data(/dynamodb-emulator)? (is not writable|cannot be created: Permission denied): ", line)
    assert " belongs to user 0 (root), and this program is user " in line


# --- health and signals ---------------------------------------------------------------------------


def is_healthy(containers, server):
    """Run the image's own health check in the container; return whether it succeeds."""
    kind, text = containers.health_check()
    assert kind == "CMD-SHELL"
    return server.run("/bin/sh", "-c", text)[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        {"command": (*LOCAL, "-inMemory", "-port", "8003")},
        {"command": ("--in-memory", "--port", "8003")},
        {"command": ("--in-memory", "--workers", "2")},
        {"environment": ("DYNAMODB_EMULATOR_PORT=8003", "DYNAMODB_EMULATOR_IN_MEMORY=1"), "command": ("--shared-db",)},
        {"environment": ("DYNAMODB_SHARE_DB=1",)},
    ],
)
def test_the_health_check_finds_the_server(containers, options):
    variables = [f"--env={each}" for each in options.get("environment", ())]
    with containers.serving(*variables, command=options.get("command", ())) as server:
        assert is_healthy(containers, server)


def test_the_health_check_fails_without_a_server(containers):
    _, text = containers.health_check()
    assert containers.run("--entrypoint", "/bin/sh", command=("-c", text))[0] != 0


def test_the_server_is_the_first_process(containers):
    """The first process gets the signal of `docker stop`. `serving` checks that it ends with 0."""
    with containers.serving() as server:
        assert "dynamodb-emulator" in server.run("cat", "/proc/1/cmdline")[1]


def test_the_other_commands_are_there(containers):
    with containers.serving() as server:
        assert "Offset" in server.run("dynamodb-emulator", "control", "clock")[1]
        assert VERSION in server.run("java", "-version")[1]


# --- in place of amazon/dynamodb-local ------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """A way in which projects run amazon/dynamodb-local in compose files, scripts or tests."""

    why: str
    command: Sequence[str] = ()
    options: Sequence[str] = ()
    mount: str = ""
    entrypoint: Sequence[str] = ()
    port: int = 8000


USES = (
    Use("no command: in memory"),
    Use("in memory, shared", (*LOCAL, "-inMemory", "-sharedDb")),
    Use("in memory, without telemetry", (*LOCAL, "-inMemory", "-sharedDb", "-disableTelemetry")),
    Use("AWS's guide", (*LOCAL, "-sharedDb", "-dbPath", "./data"), (f"--workdir={HOME}",), DATA),
    Use("AWS's guide, as root", (*LOCAL, "-sharedDb", "-dbPath", "./data"), (f"--workdir={HOME}", "--user=root"), DATA),
    Use("on disk, no volume", (*LOCAL, "-sharedDb")),
    Use("the working directory", (*LOCAL, "-dbPath", ".", "-sharedDb")),
    Use("a volume over the working directory", (*LOCAL, "-sharedDb", "-dbPath", "."), (), HOME),
    Use("another path", (*LOCAL, "-sharedDb", "-dbPath", HOME)),
    Use("a path of its own, as root", (*LOCAL, "-sharedDb", "-dbPath", "/db"), ("--user=root",), "/db"),
    Use("/data", (*LOCAL, "-sharedDb", "-dbPath", "/data"), (), "/data"),
    Use(
        "another port, optimized",
        (*LOCAL, "-port", "8003", "-sharedDb", "-optimizeDbBeforeStartup", "-dbPath", f"{DATA}/"),
        ("--user=root",),
        DATA,
        port=8003,
    ),
    Use(
        "options for Java",
        ("-Djava.library.path=./DynamoDBLocal_lib", *LOCAL, "-sharedDb", "-dbPath", "./data"),
        (),
        DATA,
    ),
    Use("memory for Java", ("-Xms256m", "-Xmx512m", *LOCAL, "-sharedDb", "-inMemory")),
    Use("./ before the jar", ("-jar", "./DynamoDBLocal.jar", "-inMemory")),
    Use("pages of an origin", (*LOCAL, "-sharedDb", "-dbPath", "./data", "-cors", "http://localhost:8001"), (), DATA),
    Use("pages of all origins", (*LOCAL, "-inMemory", "-cors", "*")),
    Use("slow statuses", (*LOCAL, "-inMemory", "-delayTransientStatuses")),
    Use("entrypoint java", (*LOCAL, "-inMemory"), entrypoint=("java",)),
    Use("entrypoint with the jar", (), entrypoint=("java", *LOCAL, "-inMemory", "-sharedDb")),
    Use("entrypoint with a path", (*LOCAL, "-inMemory"), entrypoint=("/usr/bin/java", "-Djava.library.path=.")),
    Use("a shell", ("exec java -jar DynamoDBLocal.jar -inMemory",), entrypoint=("/bin/sh", "-c")),
    Use(
        "a shell with two commands",
        ("mkdir -p db && java -jar DynamoDBLocal.jar -dbPath ./db",),
        entrypoint=("bash", "-c"),
    ),
    Use("a user id of the host", (*LOCAL, "-sharedDb", "-dbPath", "./data"), ("--user=501:20",), DATA),
    Use(
        "credentials in the environment", (*LOCAL, "-sharedDb"), ("--env=AWS_ACCESS_KEY_ID=local", "--env=AWS_REGION=x")
    ),
)
"""Found in public repositories and in AWS's developer guide, in November 2026."""


@pytest.mark.parametrize("use", USES, ids=[use.why for use in USES])
def test_uses_of_dynamodb_local(containers, volume, use):
    mount = ("--volume", f"{volume()}:{use.mount}") if use.mount else ()
    entrypoint = (f"--entrypoint={json.dumps(use.entrypoint)}",) if use.entrypoint else ()
    with containers.serving(*use.options, *mount, *entrypoint, command=use.command) as server:
        assert status(server, port=use.port) == "400"
        assert status(server, "--head", port=use.port) == "400"
        assert not holds_a_table(server, use.port)
        assert is_healthy(containers, server)


HEALTH_CHECKS = {
    "curl -s http://localhost:8000": True,
    "curl -s http://localhost:8000/ || exit 1": True,
    "curl http://localhost:8000 || exit 1": True,
    "curl -f http://localhost:8000 || exit 1": False,  # DynamoDB Local answers 400, too
    '[ "$(curl -s -o /dev/null -I -w \'%{http_code}\' http://localhost:8000)" == "400" ]': True,
    "curl -s http://localhost:8000/shell/ || exit 1": True,
    "nc -z localhost 8000": True,
    "bash -c 'echo > /dev/tcp/localhost/8000'": True,
    "ls -l DynamoDBLocal.jar": True,
}
"""Health checks of compose files with amazon/dynamodb-local, and whether they succeed there."""


def test_health_checks_of_dynamodb_local(containers):
    with containers.serving() as server:
        assert {text: server.run("/bin/sh", "-c", text)[0] == 0 for text in HEALTH_CHECKS} == HEALTH_CHECKS


def test_root_may_change_owners_in_a_running_container(containers, volume):
    with containers.serving("--volume", f"{volume()}:{DATA}") as server:
        assert server.run("sh", "-c", f"chown -R dynamodblocal:dynamodblocal {DATA}", user="root") == (0, "")
