"""Items near the maximum of 400 KB, and blobs in items.

This rule finds items of at least 300 KB. It also finds items that consist mostly of one attribute
of at least 64 KB, such as an image, a document or a compressed text.

An item can never have more than 400 KB. Each write of an item costs one unit for each KB, and each
Query that reads it pays for its whole size. Keep large values in Amazon S3, and store the name of
the object in the item. Or divide the item into several items of one item collection.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.reading import LARGE
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Tally

_NEAR: Final = 300 * 1024  # bytes; an item of at least this size is near the maximum


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action == "PutItem" and access.size >= LARGE:
                name, size = access.largest
                if access.size >= _NEAR or (size >= LARGE and size * 2 > access.size):
                    tally = self.note(call, access)
                    tally.figures["near"] += access.size >= _NEAR
                    tally.figures["blobs"] += size >= LARGE
                    tally.count_names([name])
                    tally.peaks["size"] = max(tally.peaks.get("size", 0.0), access.size)


def _judge(tally: Tally) -> Verdict | None:
    kilobytes = tally.peaks["size"] / 1024
    evidence = [
        f"{counted(tally.count, 'item')} had up to {kilobytes:,.0f} KB, mostly in {tally.top(1)}.",
        f"Writing them cost {cost(tally.write, tally)}.",
    ]
    advice = (
        "Keep the value in Amazon S3, and store the name of its object in the item. "
        "Or divide the item into several items with the same partition key."
    )
    near = tally.figures["near"] > 0
    if near:
        evidence.append("An item can have at most 400 KB.")
    return Verdict(Confidence.certain if near else Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "large-items",
    "Items are near the maximum of 400 KB, or have blobs",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-use-s3-too.html",
    _Watcher,
    _judge,
)
