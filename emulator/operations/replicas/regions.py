"""The regions that may have replicas with strong consistency.

Replicas without strong consistency may be in any region of the partition `aws`
(emulator/regions.py). In the emulator, each of these regions is enabled. On AWS, an account must
first opt in to some of them.
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

These are the regions of all region sets of the service (features 7). The regions of one group may
belong to different sets (control-plane 7).
"""
