"""An emulator that a test calls in its own process, without HTTP."""

import json
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory


class InProcess:
    """An emulator without HTTP, for tests that move the clock or read internal state."""

    def __init__(self, settings: Settings, sharing: SharedMemory | None = None) -> None:
        self.clock = ManualClock()
        self.emulator = Emulator(settings, self.clock, sharing)
        self.caller = self.emulator.caller("test", "us-east-1")

    def __call__(self, operation: str, request: Any = None, /, **members: Any) -> Any:
        """Call an operation; return its answer as parsed JSON. Raises ApiError."""
        raw = json.loads(json.dumps(members if request is None else request))
        answer = self.emulator.call(operation, raw, self.caller)
        return json.loads(answer) if answer else None

    def error(self, operation: str, request: Any = None, /, **members: Any) -> tuple[str, str | None]:
        """Call an operation that must fail; return its code and message."""
        with pytest.raises(ApiError) as caught:
            self(operation, request, **members)
        return caught.value.code, caught.value.message
