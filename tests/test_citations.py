"""Every citation of emulator/reference has the form `behaviour 4.2`, and its section exists."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "emulator" / "reference"
FILES = ("behaviour", "control-plane", "features")

_NUMBER = r"\d+(?:\.\d+)?"
_GAP = r"[\s#]+"  # a citation may continue on the next line of a comment
_CITATION = re.compile(rf"\b({'|'.join(FILES)}){_GAP}({_NUMBER}(?:(?:,| and| or| to){_GAP}{_NUMBER})*)", re.IGNORECASE)
_OLD_FORMS = re.compile(
    r"service-behaviour|recent-features|corrections\.md|ack-api-quirks\.md|\bsee STYLE\b"
    rf"|control-plane\.md{_GAP}\d|features\.md{_GAP}\d|behaviour\.md{_GAP}\d|\breference:?{_GAP}\d",
    re.IGNORECASE,
)
_BARE = re.compile(rf"(?:#\s*|\()({_NUMBER})(?=[),;:]|$| and )|\bC\d{{1,3}}\b(?! [0-9A-F+])", re.MULTILINE)
"""A section without its file, or a number such as C84, but no hexadecimal bytes such as C1 02."""


def headings(file):
    """Return the section numbers in the headings of a file of the reference."""
    return set(re.findall(rf"^##+ ({_NUMBER})\.? ", (REFERENCE / f"{file}.md").read_text(), re.MULTILINE))


HEADINGS = {file: headings(file) for file in FILES}
SECTIONS = {number for number in HEADINGS["behaviour"] | HEADINGS["control-plane"] if "." in number}


def cited(text):
    """Yield (file, section) of each citation in a text."""
    for file, numbers in _CITATION.findall(text):
        for number in re.findall(_NUMBER, numbers):
            yield file.lower(), number


def unknown(text):
    """Return the citations in a text whose sections do not exist."""
    return [f"{file} {number}" for file, number in cited(text) if number not in HEADINGS[file]]


def comments(source):
    """Yield the comments and docstrings of a Python source."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def old_forms(source):
    """Return the citations in a Python source that do not have the form `behaviour 4.2`."""
    found = _OLD_FORMS.findall(source)
    if bare(source):  # only then, because tokenizing is slow
        for comment in comments(source):
            found += bare(comment)
    return found


def bare(text):
    """Return the section numbers without a file, and numbers such as C84, in a text.

    Numbers with a C once named corrections.
    """
    matches = _BARE.finditer(_CITATION.sub("", text))
    return [match[0] for match in matches if match[1] is None or match[1] in SECTIONS]


def sources():
    for folder in ("emulator", "storage", "tests"):
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if path != Path(__file__))


def documents():
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    for folder in ("docs", "emulator", "storage", "tests"):
        yield from sorted(path for path in (ROOT / folder).rglob("*.md") if "node_modules" not in path.parts)


def test_the_reference_is_complete():
    assert {"1.1", "4.2", "9", "14.6", "18"} <= HEADINGS["behaviour"]
    assert {"0.1", "13", "20.4"} <= HEADINGS["control-plane"]
    assert {"1.3", "3", "11"} <= HEADINGS["features"]


def test_every_citation_is_of_a_section_that_exists():
    wrong = {path.relative_to(ROOT).as_posix(): unknown(path.read_text()) for path in (*sources(), *documents())}
    assert {path: citations for path, citations in wrong.items() if citations} == {}


def test_many_citations_are_found():
    """If few are found, the regular expression is wrong, and the other tests check nothing."""
    count = sum(len(list(cited(path.read_text()))) for path in sources())
    assert count > 400


def test_all_citations_have_one_form():
    wrong = {path.relative_to(ROOT).as_posix(): old_forms(path.read_text()) for path in sources()}
    assert {path: forms for path, forms in wrong.items() if forms} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(behaviour 4.2)", []),
        ("behaviour 10.1 to 10.3, 10.5 and 18; features 3", []),
        ("behaviour 1.4, points 7 to 9", []),
        ("behaviour 3.7: 32 maps around a scalar", []),
        ("(behaviour 6.1, 99)", ["behaviour 99"]),
        ("behaviour 4.99", ["behaviour 4.99"]),
        ("Behaviour 0.1", ["behaviour 0.1"]),
        ("features 1.3, control-plane 2.9 and 30", ["control-plane 2.9", "control-plane 30"]),
        ("(behaviour\n# 77.7)", ["behaviour 77.7"]),
    ],
)
def test_a_made_up_section_is_found(text, expected):
    assert unknown(text) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Numbers (behaviour 2.2)."""', []),
        ("x = 1  # (0.3 ms) half of it, 2.5 s", []),
        ('y = {"one": "C1 02"}  # n > 0: C0 + e, C1 0B', []),
        ("# reference 2.2", ["reference 2"]),
        ("# service-behaviour.md 2.2", ["service-behaviour"]),
        ("# control-plane.md 2.2", ["control-plane.md 2"]),
        ("# recent-features.md 2.2", ["recent-features"]),
        ("x = 1  # 7.1", ["# 7.1"]),
        ('"""Too long (2.5); it is refused."""', ["(2.5"]),
        ("x = 1  # C84, as the next one", ["C84"]),
        ('"""C12."""', ["C12"]),
    ],
)
def test_a_citation_in_another_form_is_found(source, expected):
    assert old_forms(source) == expected
