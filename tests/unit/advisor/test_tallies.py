"""The advisor's tallies: they add up several callers, and their memory has a limit."""

import pytest

from emulator.advisor import tally
from emulator.advisor.advisor import Selection
from emulator.advisor.recent import Recent
from emulator.advisor.tally import Subject, Tallies, Tally, added_up
from tests.support.tables import table_request

SCAN = {"TableName": "Orders", "FilterExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}}


def subject(number=0, key="k"):
    return Subject("rule", key, "us-east-1", f"t{number}", "", "Scan", "", "")


def test_the_same_mistake_of_several_callers_is_one_finding(advised):
    for key in ("test-1", "test-2", "test-3"):
        advised("CreateTable", {**table_request("pk:S"), "TableName": "Orders"}, key=key)
        advised("Scan", SCAN, key=key)
    [finding] = advised.findings()
    assert (finding["Count"], finding["AccessKeys"]) == (3, ["test-1", "test-2", "test-3"])
    [finding] = advised.findings(AccessKey="test-2")
    assert (finding["Count"], finding["AccessKeys"]) == (1, ["test-2"])


def test_places_are_findings_of_their_own(advised):
    advised("CreateTable", {**table_request("pk:S"), "TableName": "Orders"})
    for place in ("a.py:1; function=f", "a.py:2; function=f", "a.py:1; function=f"):
        advised.place = place
        advised("Scan", SCAN)
    found = advised.findings()
    assert sorted((each["Caller"]["Line"], each["Count"]) for each in found) == [(1, 2), (2, 1)]
    assert len({each["Id"] for each in found}) == 2


def test_an_id_is_the_same_in_each_run(advised):
    advised("CreateTable", {**table_request("pk:S"), "TableName": "Orders"})
    advised("Scan", SCAN)
    assert advised.findings()[0]["Id"] == "scan-as-query-db97dd28"


def test_without_room_tallies_of_callers_are_added_up(monkeypatch):
    monkeypatch.setattr(tally, "MOST", 5)
    tallies = Tallies()
    for key in range(6):
        tallies.of(subject(key=f"k{key}")).count += 1
    found = list(tallies)
    assert [each.count for each in found] == [5, 1]
    assert found[0].subject.access_key == tally.EVERYBODY
    assert tallies.full is False
    assert sum(each.count for each in added_up(found)) == 6


def test_without_room_for_subjects_new_ones_are_left_out(monkeypatch):
    monkeypatch.setattr(tally, "MOST", 5)
    tallies = Tallies()
    for number in range(8):
        tallies.of(subject(number)).count += 1
    assert len(list(tallies)) == 5
    assert tallies.full is True


def test_names_are_bounded():
    counts = Tally(subject())
    counts.count_names(f"n{number}" for number in range(100))
    counts.count_names(["n1", "x" * 1000])
    assert len(counts.names) == 40
    assert counts.more == 61
    assert counts.names["n1"] == 2


def test_sums_of_tallies():
    one, two = Tally(subject()), Tally(subject())
    for each, read, peak in ((one, 1.0, 5.0), (two, 2.5, 3.0)):
        each.count, each.read, each.exact, each.example = 1, read, each is one, f"e{read}"
        each.figures["items"] += 2
        each.peaks["size"] = peak
        each.count_names(["a"])
    one.add(two)
    assert (one.count, one.read, one.exact, one.example) == (2, 3.5, False, "e1.0")
    assert (one.figures["items"], one.peaks["size"], one.names["a"]) == (4, 5.0, 2)


def test_a_recent_dictionary_drops_the_oldest_entry():
    recent = Recent(2)
    for key in "abac":
        recent.keep(key, key)
    assert list(recent) == ["a", "c"]


@pytest.mark.parametrize(("given", "matches"), [({}, True), ({"access_key": "k"}, True), ({"table": "t1"}, False)])
def test_selections(given, matches):
    assert Selection(**given).of_tally(subject()) is matches
