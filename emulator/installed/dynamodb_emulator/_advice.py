"""Reports the advisor's findings at the end of a test run.

The command `dynamodb-emulator advise` makes the reports. It takes 0.2 s. So it runs only if there
is a finding, or if the user wants a report in a file.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from dynamodb_emulator._process import command

_FORMATS = {".sarif": "sarif", ".xml": "junit", ".json": "json"}
_OVER = 1  # the exit status of `advise` if there are more findings than the threshold allows


class Advice:
    """The findings of all pytest processes of a test run.

    fail_on: the value of `advise --fail-on`, "" for no threshold.
    file: the file for the report, None for no report.
    text: the findings as text, "" if there are none.
    result: the findings in the form of the control `advice`.
    """

    def __init__(self, fail_on: str, file: str | None) -> None:
        self._fail_on = fail_on
        self._file = file
        self.text = ""
        self.result: dict[str, Any] = {"Requests": 0, "Complete": True, "Findings": [], "More": 0, "Rules": []}

    def add(self, found: Mapping[str, Any]) -> None:
        """Add the findings of one pytest process. found: an answer of the control `advice`."""
        result = self.result
        result["Requests"] += found["Requests"]
        result["Complete"] = result["Complete"] and found["Complete"]
        result["More"] += found["More"]
        known = {each["Id"]: each for each in result["Findings"]}
        for finding in found["Findings"]:
            if finding["Id"] in known:
                _merge(known[finding["Id"]], finding)
            else:
                result["Findings"].append(finding)
        names = {each["Name"] for each in result["Rules"]}
        result["Rules"] += [each for each in found["Rules"] if each["Name"] not in names]

    def report(self) -> bool:
        """Set `text`, and write the file of the report. Return True if the test run must fail.

        The run must fail if the findings exceed the threshold or if the file cannot be written.
        """
        failed = False
        if self.result["Findings"]:
            threshold = ("--fail-on", self._fail_on) if self._fail_on else ()
            done = self._advise(*threshold)
            self.text = done.stdout or done.stderr
            failed = done.returncode != 0
            if done.returncode == _OVER:
                self.text += (
                    f"dynamodb_advice_fail_on = {self._fail_on}: the run has failed because of these findings\n"
                )
        if self._file is None:
            return failed
        format_ = _FORMATS.get(os.path.splitext(self._file)[1].lower(), "text")
        text = self._advise("--format", format_).stdout
        try:
            with open(self._file, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            self.text += (
                f"--dynamodb-advice-report {self._file}: cannot write the file: {error.strerror}; the run has failed\n"
            )
            return True
        return failed

    def _advise(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            command("advise", "--from", "-", *arguments),
            input=json.dumps(self.result),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


def _merge(finding: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add the counts and units of `other`, the same finding in another process, to `finding`."""
    finding["Count"] += other["Count"]
    finding["Exact"] = finding["Exact"] and other["Exact"]
    for figures in ("Units", "Saved"):
        if figures in finding and figures in other:
            finding[figures] = {kind: finding[figures][kind] + other[figures][kind] for kind in finding[figures]}
