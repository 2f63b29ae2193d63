"""PyPI shows the README as intended. The tests render it with readme_renderer, as PyPI does.

`twine check` would not render Markdown. Only `make nightly` runs these tests. pip installs the
library, so they need a network or a mirror.
"""

import re
import subprocess
import venv
from collections import Counter
from html.parser import HTMLParser

import pytest

from tests.support.installations import ROOT

pytestmark = pytest.mark.nightly

PATIENCE = 300  # seconds for each command; the installation takes about ten
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


class Page(HTMLParser):
    """Counts the tags of a page; collects its links, ids, and the text outside code and tables."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.ids, self.prose, self._open = Counter(), [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self._open.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.ids += [f"#{value}" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if {"pre", "code", "table"}.isdisjoint(self._open):
            self.prose.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renderer")
    venv.create(folder, with_pip=True, symlinks=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "readme_renderer[md]"]
    if subprocess.run(pip, capture_output=True, check=False, timeout=PATIENCE).returncode != 0:
        pytest.skip("pip cannot install readme_renderer")
    render = [str(folder / "bin" / "python"), "-m", "readme_renderer", str(ROOT / "README.md")]
    done = subprocess.run(render, capture_output=True, check=True, text=True, timeout=PATIENCE)
    return Page(done.stdout)


def test_all_parts_are_rendered(page):
    text = (ROOT / "README.md").read_text()
    prose = FENCE.sub("", text)
    expected = {
        "h1": len(re.findall(r"^# ", prose, re.MULTILINE)),
        "h2": len(re.findall(r"^## ", prose, re.MULTILINE)),
        "h3": len(re.findall(r"^### ", prose, re.MULTILINE)),
        "pre": len(FENCE.findall(text)),
        "table": len(re.findall(r"^\|[-:| ]+\|$", prose, re.MULTILINE)),
    }
    assert {tag: page.tags[tag] for tag in expected} == expected
    assert expected["table"] >= 5
    assert expected["pre"] >= 10


def test_no_markup_is_left_in_the_text(page):
    text = "".join(page.prose)
    assert not re.search(r"[|`]|\]\(|<!--|^#+ ", text, re.MULTILINE)


def test_links_lead_to_headings_or_out_of_pypi(page):
    out = [link for link in page.links if link.startswith("https://")]
    assert len(out) > 5
    assert set(page.links) - set(out) <= {*page.ids, "http://127.0.0.1:8000"}  # the README links to a local server
