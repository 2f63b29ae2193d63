"""Keeps compiled templates on the disk, as Python keeps compiled modules.

Compiling the templates of the first page takes 18 ms. The files are in `templates/__pycache__/`. If
this folder cannot be written, or Python must not write compiled modules, nothing is kept. Jinja
compares a checksum of the template and the version of Python before it uses a file.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class TemplateCache(BytecodeCache):
    """The compiled templates of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a compiled template, if it is there."""
        with suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template. Other workers may write the same file at the same time."""
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        own = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            with own.open("wb") as file:
                bucket.write_bytecode(file)
            own.replace(path)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{sys.implementation.cache_tag}"
