"""Chromium without a window, controlled over its DevTools protocol.

The protocol uses two pipes (`--remote-debugging-pipe`). The browser reads JSON messages that end
with NUL from file descriptor 3, and writes its messages to 4. So tests need no package for a
WebSocket, and no port.
"""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

COMMAND = shutil.which("chromium") or shutil.which("google-chrome")
_SECONDS = 60  # within which an answer must arrive; a browser starts slowly on a busy machine
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root cannot start the browser otherwise
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Newer browsers ask the user before a page of the internet may reach 127.0.0.1. The tests turn
    # this question off, because the server itself must refuse such a page.
    "--disable-features=LocalNetworkAccessChecks",
    "--remote-debugging-pipe",
)


class Browser:
    """One browser with one page.

    names: host names that the browser resolves to 127.0.0.1, as if a hostile name server did that.
    """

    def __init__(self, *names: str) -> None:
        assert COMMAND is not None
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        rules = ", ".join(f"MAP {name} 127.0.0.1" for name in names)
        options = (*_FLAGS, f"--user-data-dir={self._profile}", f"--host-resolver-rules={rules}", "about:blank")
        its_input, self._out = os.pipe()
        self._in, its_output = os.pipe()
        script = f'exec "$@" 3<&{its_input} 4>&{its_output}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "chromium", COMMAND, *options],
            pass_fds=(its_input, its_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._loads = 0
        self._complaints: list[str] = []
        self._posts: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Log.enable")
        self._call("Runtime.enable")
        self._call("Network.enable")

    def open(self, url: str) -> str:
        """Open a URL, and wait until the page is loaded; return the text of the page."""

        def navigate() -> None:
            answer = self._call("Page.navigate", url=url)
            # For example, the browser reports an error if it would save the answer as a file.
            assert "errorText" not in answer, answer

        return self.after(navigate)

    def after(self, act: Callable[[], Any]) -> str:
        """Call `act`, which loads another page; wait for the page and return its text."""
        loads = self._loads
        act()
        while self._loads == loads:
            self._note(self._message())
        text: str = self.run("document.body ? document.body.innerText : ''")
        return text

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page. Promises are awaited."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Return the errors, and the violations of security policies, since the last call."""
        self.run("0")
        found, self._complaints = self._complaints, []
        return found

    def posts(self) -> list[str]:
        """Return the URLs to which the page has sent a POST since the last call."""
        self.run("0")
        found, self._posts = self._posts, []
        return found

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol; return its result."""
        return self._call(method, **parameters)

    def close(self) -> None:
        """Stop the browser."""
        with suppress(OSError, AssertionError):
            self._session = None
            self._call("Browser.close")
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        method, given = event.get("method"), event.get("params", {})
        self._loads += method == "Page.loadEventFired"
        if method == "Log.entryAdded" and given["entry"]["level"] == "error":
            self._complaints.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent" and given["request"]["method"] == "POST":
            self._posts.append(given["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self._complaints.append(json.dumps(given["exceptionDetails"])[:500])

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + _SECONDS
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], max(0, until - time.monotonic()))[0], "the browser does not answer"
            data = os.read(self._in, 1 << 16)
            assert data, "the browser ended"
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed
