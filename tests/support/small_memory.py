"""Runs a server with a /dev/shm of 64 MB, like Docker's. Needs root on Linux.

python -m tests.support.small_memory --port 0 --in-memory --workers 2
"""

import ctypes
import subprocess
import sys

from emulator.cli import main

NEW_MOUNTS = 0x00020000  # the flag CLONE_NEWNS of unshare(2)
SIZE = 64 << 20

if __name__ == "__main__":
    if ctypes.CDLL(None).unshare(NEW_MOUNTS):
        sys.exit("a file system can only be mounted by root")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", "/dev/shm"], check=True)
    sys.exit(main())
