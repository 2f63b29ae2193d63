"""The calls of infrastructure tools, in the order in which the tools send them (control-plane 18).

The calls are data: tests/cases/tools/*.json. Each file is a list of calls:

| member   | meaning                                                                                |
|----------|----------------------------------------------------------------------------------------|
| `call`   | the operation; `with` has its request                                                  |
| `region` | its region, by default us-east-1; `account`: its account, used as the access key       |
| `shows`  | JMESPath expressions, and their values in the answer                                   |
| `keeps`  | names, and expressions whose values replace `<name>` in later calls                    |
| `fails`  | the code of the error that answers the call                                            |
| `retries`| the code of an error after which the tool sends the call again                         |
| `polls`  | an expression: the tool sends the call until its value is the last one of `sees`       |
| `sees`   | the values of that expression in their order; an error counts as a value, by its code  |
| `between`| other values that the poll may see if statuses are not delayed, as on the service: a   |
|          | table is ACTIVE while its new replica is CREATING (control-plane 6.2)                  |
| `moves`  | seconds by which a frozen clock moves before the call                                  |

`<table>` is a table's name, and `<bucket>` a bucket with the `objects` of the file.

Each file runs on each kind of server, where a poll may miss transient statuses. It also runs on a
server with `--delay-transient-statuses` and a frozen clock, where each poll must see every status
of `sees`. Only that server has a Kinesis, so files with `"kinesis": true` run only there.
"""  # noqa: W505 - a table

import json
import time
from functools import cache

import boto3
import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.support.buckets import Bucket
from tests.support.http_clients import boto_options, declaring
from tests.support.kinesis import fake_kinesis
from tests.support.servers import ROOT, running
from tests.support.tables import new_name

FILES = sorted((ROOT / "tests" / "cases" / "tools").glob("*.json"))
PLAIN = [file for file in FILES if "kinesis" not in json.loads(file.read_text())]
MEMBERS = {
    "call",
    "with",
    "region",
    "account",
    "shows",
    "keeps",
    "fails",
    "retries",
    "polls",
    "sees",
    "between",
    "moves",
}
PATIENCE = 30  # seconds; work in the background takes a tenth of a second
SERVICES = ("dynamodb", "dynamodbstreams", "application-autoscaling", "sts")


@cache
def client(url, service, region, key="test"):
    return boto3.client(service, **boto_options(url, key, region))


@cache
def service_of(operation):
    """Return the first of SERVICES that has an operation. So TagResource means DynamoDB's."""
    found = (
        name
        for name in SERVICES
        if operation in client("http://x", name, "us-east-1").meta.method_to_api_mapping.values()
    )
    return next(found)


class Replay:
    """Sends the calls of one file to one server.

    pause: a function that is called between two polls.
    whole: True if a poll must see every status of `sees`.
    """

    def __init__(self, url, names, pause, *, whole):
        self.url, self.names, self.pause, self.whole = url, names, pause, whole

    def run(self, call):
        assert call.keys() <= MEMBERS
        if "polls" in call:
            self.poll(call)
            return
        answer = self.answer(call)
        while "retries" in call and answer == call["retries"]:
            self.pause()
            answer = self.answer(call)
        if "fails" in call:
            assert answer == call["fails"], call
            return
        assert isinstance(answer, dict), (call, answer)
        for expression, value in call.get("shows", {}).items():
            assert jmespath.search(expression, answer) == self.filled(value), (call["call"], expression)
        for name, expression in call.get("keeps", {}).items():
            self.names[name] = jmespath.search(expression, answer)

    def poll(self, call):
        """Send a call until it shows the last status, and compare the statuses on the way."""
        expected = self.filled(call["sees"])
        seen = []
        deadline = time.monotonic() + PATIENCE
        while not seen or seen[-1] != expected[-1]:
            assert time.monotonic() < deadline, (call, seen)
            answer = self.answer(call)
            value = answer if isinstance(answer, str) else jmespath.search(call["polls"], answer)
            if not self.whole and value in call.get("between", ()):
                self.pause()
                continue
            if not seen or seen[-1] != value:
                seen.append(value)
                assert value in expected, (call, seen)
            self.pause()
        assert seen == (expected if self.whole else [value for value in expected if value in seen]), call

    def answer(self, call):
        """Send a call; return the answer, or the code of an error that the call allows."""
        region, key = call.get("region", "us-east-1"), call.get("account", "test")
        api = client(self.url, service_of(call["call"]), region, key)
        try:
            return getattr(api, xform_name(call["call"]))(**self.filled(call.get("with", {})))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in (call.get("fails"), call.get("retries"), *call.get("sees", ())):
                raise
            return code

    def filled(self, value):
        """Return a value in which the values that calls have kept replace each `<name>`."""
        text = json.dumps(value)
        for name, kept in self.names.items():
            text = text.replace(f"<{name}>", json.dumps(kept)[1:-1])
        return json.loads(text)


def replay(file, url, bucket, pause, move=None):
    content = json.loads(file.read_text())
    for key, text in content.get("objects", {}).items():
        bucket.put(key, text)
    run = Replay(url, {"table": new_name(), "bucket": bucket.name}, pause, whole=move is not None)
    for call in content["calls"]:
        if move is not None and "moves" in call:
            move(call["moves"])
        run.run(call)


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Yield the URL of a server whose statuses last three seconds, and its folder of buckets."""
    folder = tmp_path_factory.mktemp("s3")
    with (
        fake_kinesis() as kinesis,
        running(
            "--in-memory", "--delay-transient-statuses", "--s3-dir", str(folder), "--kinesis-endpoint", kinesis.url
        ) as server,
    ):
        declaring(server.url)("clock", {"Freeze": True})
        yield server.url, folder


@pytest.mark.parametrize("file", PLAIN, ids=lambda file: file.stem)
def test_the_calls_of_a_tool(endpoint, bucket, file):
    replay(file, endpoint, bucket, lambda: None)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_statuses_that_a_tool_sees(slow, file):
    url, folder = slow

    def move(seconds=1):
        assert declaring(url)("clock", {"Advance": seconds})[0] == 200

    replay(file, url, Bucket(folder / new_name("bucket")), move, move)
