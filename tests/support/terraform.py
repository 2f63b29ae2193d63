"""Runs Terraform with the AWS provider.

The environment variable TERRAFORM_PLUGINS names a folder with the provider. Without it, Terraform
installs the provider from its registry.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE = 300  # seconds after which a command fails; `init` may download a provider of 700 MB


def prepared(folder: Path) -> None:
    """Run `terraform init` in a folder. Skip the test without Terraform or its AWS provider."""
    if shutil.which("terraform") is None:
        pytest.skip("no terraform")
    plugins = os.environ.get("TERRAFORM_PLUGINS")
    done = run(folder, "init", *([f"-plugin-dir={plugins}"] if plugins else []), check=False)
    if done.returncode != 0:
        pytest.skip("terraform cannot install the AWS provider; TERRAFORM_PLUGINS may name a folder with it")


def run(folder: Path, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run a command of Terraform in a folder, without the AWS settings of this process."""
    left = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = left | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "TF_IN_AUTOMATION": "1",
    }
    done = subprocess.run(
        ["terraform", *arguments, "-no-color", "-input=false"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done
