"""The server raises its limit of file descriptors as far as possible."""

import resource

import pytest

from emulator.http import descriptors

ENDLESS = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "refused", "after"),
    [
        ((1024, 4096), (), (4096, 4096)),
        ((4096, 4096), (), (4096, 4096)),
        ((1024, ENDLESS), (), (1 << 20, ENDLESS)),
        ((1024, 1 << 30), (), (1 << 20, 1 << 30)),
        ((256, ENDLESS), (1 << 20,), (10_240, ENDLESS)),  # macOS refuses a million
        ((20_000, ENDLESS), (1 << 20,), (20_000, ENDLESS)),
        ((ENDLESS, ENDLESS), (), (ENDLESS, ENDLESS)),
        ((64, 128), (128,), (64, 128)),
    ],
)
def test_soft_limit_is_raised(monkeypatch, before, refused, after):
    limits = [before]

    def set_limit(_, wanted):
        if wanted[0] in refused:
            raise ValueError("not allowed")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    descriptors.raise_limit()
    assert limits[-1] == after


def test_systems_without_limits(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resource", None)
    descriptors.raise_limit()
