"""The arithmetic and charts of the comparison. These tests measure nothing."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.bench.compare import wrk
from tests.bench.compare.aims import outcomes, read_aims
from tests.bench.compare.chart import chart
from tests.bench.compare.loops import page_facts
from tests.bench.compare.publish import BEGIN, END, with_benchmarks
from tests.bench.compare.rates import rates
from tests.bench.compare.report import figure, report
from tests.bench.compare.runs import Runs
from tests.bench.compare.targets import Target, find
from tests.bench.compare.workloads import DEFAULT, WORKLOADS, known, named

MACHINE = {
    "machine": {
        "date": "2026-11-25 12:00 UTC",
        "cpu": "A Processor",
        "cores": 2,
        "memory_gb": 8,
        "kernel": "Linux 6",
        "disk": ["ext4"],
        "load": 0.1,
        "python": "3.11.7",
        "ours": "0.1.0 (abc)",
        "wrk": "4.1.0",
        "parts": {"uvicorn": "0.54"},
        "rounds": 3,
        "duration": 3,
        "missing": {"moto": "no <moto>"},
    },
    "targets": {
        "memory": {"title": "in memory", "kind": "ours", "version": ""},
        "stack": {"title": "stack's limit", "kind": "stack", "version": ""},
        "local": {"title": "DynamoDB Local", "kind": "peer", "version": "1 & 2"},
        "dynalite": {"title": "dynalite", "kind": "peer", "version": "4"},
    },
}


def line(label, rps, number=0, workload="get_c8", **facts):
    return {"label": label, "workload": workload, "round": number, "rps": rps, "errors": 0, **facts}


def runs_of(*lines):
    return Runs([MACHINE, *lines])


@pytest.fixture
def runs():
    """Return three rounds, the second on a machine half as fast. dynalite is the best peer."""
    rounds = [(1.0, 300), (0.5, 320), (1.0, 310)]
    lines = []
    for number, (speed, ours) in enumerate(rounds):
        lines += [
            line("memory", ours * speed, number, p50_ms=1.0, p99_ms=2.0),
            line("stack", 400 * speed, number, p50_ms=1.0, p99_ms=2.0),
            line("local", 90 * speed, number, p50_ms=1.0, p99_ms=1.0),
            line("dynalite", 200 * speed, number, p50_ms=1.0, p99_ms=4.0),
        ]
    return runs_of(*lines)


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds(runs):
    assert runs.median("memory", "get_c8") == 300
    assert runs.ratio(("memory", "get_c8"), ("dynalite", "get_c8")) == pytest.approx(1.55)
    assert runs.spread("memory", "get_c8") == pytest.approx(0.5)


def test_a_ratio_needs_rounds_in_common():
    runs = runs_of(line("memory", 10, 0), line("local", 5, 1))
    assert runs.ratio(("memory", "get_c8"), ("local", "get_c8")) is None


def test_the_best_peer_has_the_most_requests_or_the_lowest_latency(runs):
    assert runs.best_peer("get_c8") == "dynalite"
    assert runs.best_peer("get_c8", "p99_ms") == "local"
    assert runs.best_peer("put_c8") is None


def test_a_failed_measurement_is_listed_and_not_counted():
    runs = runs_of(
        line("memory", 10, 0),
        line("memory", 1_000, 1, errors=3, requests=99),
        {"label": "local", "workload": "get_c8", "round": 0, "error": "ApiError: HTTP 500"},
    )
    assert runs.values("memory", "get_c8") == {0: 10}
    assert runs.best_peer("get_c8") is None
    text = report(runs)
    assert "in memory, get_c8, round 2: 3 bad answers of 99" in text
    assert "DynamoDB Local, get_c8, round 1: ApiError: HTTP 500" in text


def aims_file(tmp_path, text):
    file = tmp_path / "aims.toml"
    file.write_text('[[aim]]\ntitle = "A"\nworkloads = ["get_c8"]\ntargets = ["memory"]\n' + text)
    return file


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("peers = 1.5", ["met", "not met"]),  # p99 is 2 ms, but 1 ms for DynamoDB Local
        ("peers = 1.6\np99 = false", ["not met"]),
        ("peers = 1.5\np99 = false\nstack = 0.75", ["met", "met"]),
        ("stack = 0.8", ["not met"]),
        ('of = "local"\nat_most = 4.0', ["met"]),
        ('of = "local"\nat_most = 3.0', ["not met"]),
        ('of = "local"\nof_workload = "put_c8"\nat_least = 1.0', ["not measured"]),
    ],
)
def test_aims_are_met_or_not(runs, tmp_path, text, verdicts):
    assert [each.verdict for each in outcomes(runs, aims_file(tmp_path, text))] == verdicts


def test_an_aim_is_not_met_by_a_target_that_failed(tmp_path):
    runs = runs_of(line("memory", 10, 0), line("memory", 0, 1, errors=1, requests=1), line("local", 5, 0))
    assert [each.verdict for each in outcomes(runs, aims_file(tmp_path, "peers = 1.0\np99 = false"))] == ["not met"]


def test_the_aims_name_workloads_that_are_run():
    apart = {"startup", "fsync"}
    for aim in read_aims():
        assert {aim.workload, aim.of_workload} <= {*DEFAULT, *apart} or aim.workload.startswith("scale_")


def test_the_report_shows_figures_ratios_and_conditions(runs):
    text = report(runs)
    assert "A Processor, 2 cores" in text
    assert "DynamoDB Local 1 & 2" in text
    assert "Not measured: moto, no <moto>." in text
    assert "| get_c8 | **300** | 400 | 90.0 | 200 |" in text
    assert "| get_c8 | 1.55 | 0.45 | 1.00 |" in text
    assert "| get_c8 | 78% |" in text
    assert "rate, times the best peer (dynalite) | at least 1.3 | in memory 1.55 met |" in text
    rows = [row.count("|") for row in text.splitlines() if row.startswith("| get_c8")]
    assert rows


def test_workers_and_synced_commits_have_tables():
    facts = {"label": "lmdb_w2", "title": "LMDB, 2 workers", "kind": "ours", "version": ""}
    targets = {label: {**facts, "title": label} for label in ("lmdb", "lmdb_w2", "durable")}
    runs = Runs(
        [
            {"machine": {}, "targets": targets},
            line("lmdb", 100, server_cpu=1.0, wrk_cpu=0.3),
            line("lmdb_w2", 160, server_cpu=1.6, wrk_cpu=0.4),
            line("durable", 500, workload="put_c32"),
            line("durable", 50, workload="put_c1"),
            line("disk", 40, workload="fsync", p50_ms=25.0),
        ]
    )
    text = report(runs)
    assert "| get_c8 | 1.60 | 1.00 | 1.60 / 0.40 | 2.00 |" in text
    assert "| put_c32 | 500 | 12.5 | 10.0 | - |" in text


def test_the_chart_is_well_formed(runs):
    root = ET.fromstring(chart(runs))
    texts = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"GetItem", "1× = 200 /s", "1.6×", "0.5×", "1.0×"} <= set(texts)
    assert any("1 & 2" in text for text in texts)


def test_a_long_bar_is_truncated():
    runs = runs_of(line("memory", 90), line("local", 3))
    svg = chart(runs)
    assert "30×" in svg
    bars = [
        rect for rect in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect") if rect.get("class") == "memory"
    ]
    assert max(float(bar.get("x")) + float(bar.get("width")) for bar in bars) <= 800


def test_the_readme_is_replaced_between_its_marks(runs):
    text = with_benchmarks(f"before\n{BEGIN}old\n{END}after\n", runs)
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "comparison.md" in text
    assert with_benchmarks(text, runs) == text
    assert with_benchmarks("no marks\n", runs) == "no marks\n"


@pytest.mark.parametrize("value", [(None, "-"), (0.5, "0.50"), (12.34, "12.3"), (1234.5, "1,234")])
def test_figures(value):
    assert figure(value[0]) == value[1]


def test_names_of_workloads():
    assert named("batch_write_c8") == ("batch_write", 8)
    assert named("get") is named("nothing_c8") is None
    assert all(known(name) for name in DEFAULT)


@pytest.mark.parametrize("name", WORKLOADS)
def test_tokens_do_not_change_the_length_of_a_body(name):
    for call in WORKLOADS[name].calls:
        assert len(wrk.filled(call.body, 25)) == len(json.dumps(call.body))
        assert b"@@@@@@" not in wrk.filled(call.body, 25)


def test_a_page_is_read_without_its_items():
    answer = b'{"Items":[{"Count":{"N":"7"}}],"Count":31,"LastEvaluatedKey":{"pk":{"S":"a"}}}'
    assert page_facts(answer) == (31, {"pk": {"S": "a"}})
    assert page_facts(b'{"Count": 5}') == (5, None)


def test_peers_are_optional(tmp_path, monkeypatch):
    monkeypatch.delenv("DYNAMODB_LOCAL", raising=False)
    found = find(tmp_path)
    assert {"local", "dynalite", "moto"} <= found.missing.keys()
    assert {"memory", "lmdb", "stack", "bare"} <= {target.label for target in found.targets}


class FakeEndpoint:
    """Stands in for `Endpoint`, and records in `calls` in which order servers are measured.

    `took` is the time in seconds that a run reports. If `broken`, each run fails.
    """

    warmup = duration = 0

    def __init__(self, label, calls, *, took=0.0, broken=False):
        self.label, self.calls, self.took, self.broken = label, calls, took, broken

    def run(self, name):
        self.calls.append(self.label)
        return {"label": self.label, "workload": name, "took_s": self.took, **({"error": "no"} if self.broken else {})}


def test_servers_take_turns_and_slow_or_broken_ones_are_measured_once():
    calls = []
    endpoints = [
        FakeEndpoint("a", calls),
        FakeEndpoint("slow", calls, took=99),
        FakeEndpoint("broken", calls, broken=True),
        FakeEndpoint("z", calls),
    ]
    entries = [(Target(each.label, each.label, "peer", ()), each) for each in endpoints]
    lines = list(rates(entries, ["get_c8"], 3, None))
    assert calls == ["a", "slow", "broken", "z", "z", "a", "a", "z"]
    assert [line["round"] for line in lines] == [0, 0, 0, 0, 1, 1, 2, 2]


def test_a_target_runs_only_workloads_that_match_its_patterns():
    target = Target("durable", "synced", "ours", (), only=("put_c*",))
    assert target.runs("put_c32")
    assert not target.runs("put_gsi_c8")
