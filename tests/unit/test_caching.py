"""Caches whose keys are texts of clients. The estimated bytes are bounded, separately for long and
short texts.
"""

import pytest

from emulator.caching import LONG, PER_CHARACTER, PER_RESULT, BoundedCache
from emulator.database.schema.table import _LONGEST_DECODER
from emulator.partiql import prepare
from emulator.values import rows

SHORT = PER_RESULT + 10 * PER_CHARACTER  # estimated bytes of a result for a text of ten characters


def test_a_result_is_found_again():
    cache = BoundedCache()
    cache.keep("text", 1, 4)
    assert cache.get("text") == 1
    assert cache.get("other") is None


def test_the_oldest_result_goes_first():
    cache = BoundedCache(short_texts=3 * SHORT)
    for number in range(5):
        cache.keep(number, number, 10)
    assert list(cache) == [2, 3, 4]
    cache.keep("three times as long", 0, (3 * SHORT - PER_RESULT) // PER_CHARACTER)
    assert list(cache) == ["three times as long"]


def test_what_is_too_large_by_itself_is_not_kept():
    cache = BoundedCache(short_texts=SHORT)
    cache.keep("small", 1, 10)
    cache.keep("large", 2, 11)
    assert list(cache) == ["small"]


def test_a_result_is_kept_once():
    cache = BoundedCache(short_texts=2 * SHORT)
    for _ in range(3):
        cache.keep("same", 1, 10)
    cache.keep("other", 2, 10)
    assert list(cache) == ["same", "other"]


def test_long_texts_do_not_push_out_short_ones():
    cache = BoundedCache(long_texts=2 * (PER_RESULT + PER_CHARACTER * (LONG + 1)))
    cache.keep("short", 0, LONG)
    for number in range(100):
        cache.keep(number, number, LONG + 1)
    assert list(cache) == ["short", 98, 99]


def test_clear_makes_room():
    cache = BoundedCache(short_texts=SHORT)
    cache.keep(1, 1, 10)
    cache.clear()
    assert not cache
    cache.keep(2, 2, 10)
    assert list(cache) == [2]


def test_statements_of_eight_kilobytes_are_kept_by_the_handful():
    literals = ", ".join(f"'a{number}': 'xxxxxxxx'" for number in range(440))
    for number in range(12):
        prepare.prepare_statement(f"INSERT INTO t VALUE {{'pk': '{number}', {literals}}}")
    assert 3 <= sum(len(text) > LONG for text, *_ in prepare._programs) <= 6


def test_a_statement_that_comes_again_is_parsed_once(monkeypatch):
    first = prepare.prepare_statement("SELECT * FROM t WHERE pk = ?", [{"S": "x"}])
    monkeypatch.setattr(prepare, "parse", None)
    assert prepare.prepare_statement("SELECT * FROM t WHERE pk = ?", [{"S": "y"}]).program is first.program


@pytest.mark.parametrize(
    ("names", "kept"), [(["ab"], 1), (["a" * 200, "b" * 200], 1), (["a" * 2000], 0), (list("abcdefgh"), 0)]
)
def test_decoders_of_long_or_many_names_are_not_kept(names, kept):
    rows._decoder_of.cache_clear()
    item = {name: {"S": name} for name in names}
    assert rows.decoder_of(frozenset(names))(rows.encode_row(item, 0)) == item
    assert rows._decoder_of.cache_info().currsize == kept


def test_decoders_of_many_names_are_not_kept(db):
    db(
        "CreateTable",
        TableName="tab",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = db.emulator.database.table(db.caller, "tab")
    long = frozenset(["pk", "a" * _LONGEST_DECODER])
    assert table.decoder(long) == table.decoder(long)
    assert not table.decoders
    table.decoder(frozenset(["pk", "a"]))
    assert len(table.decoders) == 1
