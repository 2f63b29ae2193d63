"""Makes settings for Terraform, CDK and shells, as texts for users to copy."""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from emulator.configuring.target import SECRET, SERVICES, Target


def variables(target: Target) -> dict[str, str]:
    """Return the environment variables with which SDKs find the server.

    The region needs two variables: boto3 reads AWS_DEFAULT_REGION, and other SDKs read AWS_REGION.
    """
    if target.whole:
        endpoints = {"AWS_ENDPOINT_URL": target.url}
    else:
        endpoints = {f"AWS_ENDPOINT_URL_{service.upper()}": target.url for service in SERVICES}
    return {
        **endpoints,
        "AWS_REGION": target.region,
        "AWS_DEFAULT_REGION": target.region,
        "AWS_ACCESS_KEY_ID": target.access_key,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_ASSIGNMENTS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish(value)}",
    "powershell": lambda name, value: f"$env:{name} = {_powershell(value)}",
    "dotenv": lambda name, value: f"{name}={value}",
}

SYNTAXES: Final = tuple(_ASSIGNMENTS)


def shell_text(target: Target, syntax: str) -> str:
    """Return lines that set the variables, in the syntax of a shell or of `docker --env-file`."""
    return "".join(_ASSIGNMENTS[syntax](name, value) + "\n" for name, value in variables(target).items())


def terraform_text(target: Target) -> str:
    """Return a block with the settings of Terraform's provider `aws`.

    Without the `skip_` settings, the provider would call IAM and EC2's metadata service. STS has an
    endpoint, because the provider asks STS for the account. DynamoDB Streams has no endpoint,
    because Terraform never calls it.
    """
    return f"""\
provider "aws" {{
  region     = {_hcl(target.region)}
  access_key = {_hcl(target.access_key)}
  secret_key = {_hcl(SECRET)}

  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {{
    appautoscaling = {_hcl(target.url)}
    dynamodb       = {_hcl(target.url)}
    lambda         = {_hcl(target.url)}
    sts            = {_hcl(target.url)}
  }}
}}
"""


def cdk_text(target: Target) -> str:
    """Return commands that create the tables of a CDK application on the server.

    `cdk deploy` needs CloudFormation, which the server does not have.
    """
    return f"""\
# With these variables, the SDKs in your application and its tests find the server.
{shell_text(target, "sh")}export CDK_DEFAULT_ACCOUNT=123456789012
export CDK_DEFAULT_REGION={shlex.quote(target.region)}

# `cdk deploy` needs CloudFormation, which this server does not have. So use `cdk synth`, which does
# not call AWS. It writes a template for each stack into cdk.out. `load` creates the templates' tables.
cdk synth --quiet
dynamodb-emulator load cdk.out/*.template.json
"""


def _hcl(text: str) -> str:
    """Return a text as a quoted string of Terraform's language, HCL."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
