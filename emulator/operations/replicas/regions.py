"""The regions that may have replicas with strong consistency.

Other replicas may be in all regions of the partition `aws` (emulator/regions.py). All of these
regions are enabled here, also those that an account must opt into.
"""

from typing import Final

STRONG: Final = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
"""The regions that may have replicas or witnesses of a group with strong consistency.

These are all regions of the service's region sets (features 7). A group may have regions of several
sets (control-plane 7).
"""
