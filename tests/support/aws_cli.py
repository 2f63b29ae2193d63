"""The `aws` command. `make .venv-awscli/.done` installs it into its own environment."""

import json
import os
import subprocess
from typing import Any

from tests.support.servers import ROOT

AWS = ROOT / ".venv-awscli" / "bin" / "aws"
REASON_TO_SKIP = "no AWS CLI: make .venv-awscli/.done"


class Cli:
    """Runs `aws dynamodb ...`, or `aws` with another service, against one endpoint."""

    def __init__(self, url: str, service: str = "dynamodb") -> None:
        self.service = service
        self.environment = {
            "PATH": os.environ["PATH"],
            f"AWS_ENDPOINT_URL_{service.upper()}": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",  # no pager, like the option --no-cli-pager of version 2
        }

    def run(self, command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command line, which is split at spaces. Options are added; objects become JSON."""
        added = []
        for name, value in options.items():
            text = value if isinstance(value, str) else json.dumps(value)
            added += ["--" + name.rstrip("_").replace("_", "-"), text]
        line = [str(AWS), self.service, *command.split(), *added]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def __call__(self, command: str, **options: Any) -> Any:
        """Run a command line that must succeed; return its output, parsed if it is JSON."""
        done = self.run(command, **options)
        assert (done.returncode, done.stderr) == (0, "")
        try:
            return json.loads(done.stdout or "null")
        except json.JSONDecodeError:
            return done.stdout.strip()

    def failure(self, command: str, **options: Any) -> tuple[int, str]:
        """Run a command line that must fail; return its exit status and the last line of stderr."""
        done = self.run(command, **options)
        assert done.stdout == ""
        return done.returncode, done.stderr.strip().splitlines()[-1]
