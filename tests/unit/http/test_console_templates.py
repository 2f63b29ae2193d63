"""Compiled templates are kept as compiled modules are."""

import sys

import pytest
from jinja2 import DictLoader, Environment

from emulator.http.site.console.template_cache import TemplateCache


@pytest.fixture
def render(tmp_path, monkeypatch):
    """A function that renders a template with a new environment, and the folder of the cache."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder = tmp_path / "__pycache__"

    def run(source):
        environment = Environment(loader=DictLoader({"a.html": source}), bytecode_cache=TemplateCache(folder))
        return environment.get_template("a.html").render()

    run.folder = folder
    return run


def test_a_compiled_template_is_used_again(render, monkeypatch):
    assert render("{{ 1 + 1 }}") == "2"
    [kept] = render.folder.iterdir()
    monkeypatch.setattr(Environment, "_compile", None)
    assert render("{{ 1 + 1 }}") == "2"
    assert [kept] == list(render.folder.iterdir())


def test_a_changed_template_is_compiled_again(render):
    assert render("{{ 1 + 1 }}") == "2"
    assert render("{{ 1 + 2 }}") == "3"
    assert render("{{ 1 + 2 }}") == "3"


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 100])
def test_a_damaged_file_is_compiled_again(render, damage):
    render("{{ 1 + 1 }}")
    [kept] = render.folder.iterdir()
    kept.write_bytes(damage)
    assert render("{{ 1 + 1 }}") == "2"
    assert kept.read_bytes() != damage


def test_nothing_is_kept_where_nothing_can_be_written(render):
    render.folder.write_text("")
    assert render("{{ 1 + 1 }}") == "2"


def test_nothing_is_kept_if_python_keeps_no_modules(render, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render("{{ 1 + 1 }}") == "2"
    assert not render.folder.exists()
