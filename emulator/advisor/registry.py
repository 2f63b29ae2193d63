"""Finds all rules of the advisor. The first use imports every file of `rules/`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from emulator.advisor import rules as package
from emulator.advisor.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules in the order of their names."""
    modules = [import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__)]
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.name))
