"""The paths that the developers' documents name exist."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    "CONTRIBUTING.md",
    "docs/advice.md",
    "docs/console.md",
    "docs/controls.md",
    "docs/functions.md",
    "docs/global-tables.md",
    "docs/running.md",
    "emulator/README.md",
    "emulator/reference/README.md",
    "examples/README.md",
    "storage/README.md",
    "tests/README.md",
)

_NAMED = re.compile(r"`([\w.*<>-]*/[\w.*<>/-]*|[\w*<>-]+\.(?:py|md|json|txt|toml|golden))`")
_LINKED = re.compile(r"\]\((?!https?://)([^)#]+)\)")


def missing(text, folder):
    """Return the paths in a document that exist neither below its folder nor below the root."""
    named = [name for name in _NAMED.findall(text) if not name.startswith("/")]  # a leading / is that of a URL
    linked = [name for name in _LINKED.findall(text) if not (folder / name).exists()]
    return [name for name in named if not (there(folder, name) or there(ROOT, name))] + linked


def there(folder, name):
    """Return whether a path exists below a folder. `<...>` in the path stands for any text."""
    pattern = re.sub("<.*?>", "*", name)
    return any(folder.glob(pattern.rstrip("/")))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_exists(document):
    path = ROOT / document
    assert missing(path.read_text(), path.parent) == []


def test_a_made_up_path_is_found():
    text = (
        "`app.py`, `no.py`, `database/none.py`, `tests/unit/<package>/`, [a](there.md), [b](README.md), `/_emulator/`"
    )
    assert missing(text, ROOT / "emulator") == ["no.py", "database/none.py", "there.md"]


def test_the_documents_name_many_paths():
    """If few are found, the regular expression is wrong, and the other tests check nothing."""
    assert sum(len(_NAMED.findall((ROOT / document).read_text())) for document in DOCUMENTS) > 100


def test_every_document_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    for document in DOCUMENTS:
        assert f"/blob/main/{document})" in readme


def test_every_module_that_tests_share_is_in_their_readme():
    text = (ROOT / "tests" / "README.md").read_text()
    modules = {path.name for path in (ROOT / "tests" / "support").glob("*.py")} - {"__init__.py"}
    assert {name for name in modules if f"`support/{name}`" not in text} == set()


def test_their_readme_lists_no_module_twice():
    text = (ROOT / "tests" / "README.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `support/")]
    named = Counter(name for row in rows for name in re.findall("`(.*?)`", row))
    assert len(named) > 20  # otherwise the table of modules was not found
    assert {name for name, times in named.items() if times > 1} == set()


def test_every_package_explains_itself():
    for folder in ("emulator", "storage"):
        for path in (ROOT / folder).rglob("__init__.py"):
            assert path.read_text().startswith('"""'), path


def test_every_docstring_can_be_encoded():
    """Python 3.13 cannot compile a docstring that contains a single surrogate."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in (path for top in ("emulator", "storage") for path in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, documented):
                text = ast.get_docstring(node) or ""
                assert not any("\ud800" <= character <= "\udfff" for character in text), path


def test_the_pictures_are_small():
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert {each.suffix for each in pictures} == {".png"}
    assert sum(each.stat().st_size for each in pictures) < 300 * 1024
