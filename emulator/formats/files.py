"""Opens plain, gzip and Zstandard files for reading.

The first bytes of a file decide if it is decompressed, and how. The path `-` means stdin.
"""

import gzip
import io
import sys
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from emulator.formats.bounds import LONGEST_DOCUMENT, too_long
from emulator.formats.records import FormatError, Place, TooLong

STDIN: Final = "-"

HEAD: Final = 1 << 20
"""The number of bytes that `opened` reads ahead, to detect the format of a file.

An item has at most 400 KB, so a file of lines usually has its first line in these bytes.
"""

UNREADABLE: Final = (OSError, EOFError, zlib.error)
"""The errors that reading a damaged or unreadable file raises."""

_GZIP: Final = b"\x1f\x8b"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_COMPRESSED_CHUNK: Final = 1 << 10
_BOM: Final = b"\xef\xbb\xbf"


class _Joined(io.RawIOBase):
    """A stream of bytes that were read ahead, followed by the rest of the stream they came from.

    head: the bytes that were read ahead.
    rest: the stream with the following bytes.
    file: the file from which `rest` reads. `close` closes the file, because GzipFile does not.
    """

    def __init__(self, head: bytes, rest: BinaryIO, file: BinaryIO) -> None:
        self._head: memoryview = memoryview(head)
        self._rest = rest
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        if not self._head:
            data = self._rest.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        size = min(len(buffer), len(self._head))
        buffer[:size] = self._head[:size]
        self._head = self._head[size:]
        return size

    def close(self) -> None:
        self._rest.close()
        self._file.close()
        super().close()


def opened(path: str) -> tuple[bytes, BinaryIO]:
    """Open a file. Return a pair: its first bytes (at most HEAD), and a stream of all its bytes.

    The bytes are decompressed. A byte order mark at their beginning is left out. Raises FormatError
    if the file cannot be read or decompressed.
    """
    raw = None
    try:
        raw = sys.stdin.buffer if path == STDIN else _file(path)
        magic = raw.read(4)
        stream = cast("BinaryIO", io.BufferedReader(_Joined(magic, raw, raw)))
        if magic.startswith(_GZIP):
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        elif magic == _ZSTANDARD:
            stream = open_zstandard(stream, path)
        head = stream.read(HEAD)
    except UNREADABLE as error:
        if raw is not None:
            raw.close()
        raise FormatError(Place(path), why(error)) from error
    head = head.removeprefix(_BOM)
    return head, cast("BinaryIO", io.BufferedReader(_Joined(head, stream, raw), HEAD))


def _file(path: str) -> BinaryIO:
    """Open a file for reading. Raises OSError, also for an invalid file name."""
    try:
        return Path(path).open("rb")
    except ValueError as error:  # the path has a NUL, for example because a manifest names such a file
        raise OSError(f"this is not the name of a file: {error}") from None


def read_document(path: str) -> str:
    """Read a whole file, and return its text. Raises FormatError if that is not possible."""
    _, stream = opened(path)
    with stream:
        return document_text(path, stream)


def document_text(path: str, stream: BinaryIO) -> str:
    """Read a whole stream, and return its text.

    Raises FormatError if the stream cannot be read, is too long, or is not UTF-8.
    path: the name of the file in errors.
    """
    try:
        data = stream.read(LONGEST_DOCUMENT + 1)
    except UNREADABLE as error:
        raise FormatError(Place(path), why(error)) from error
    if len(data) > LONGEST_DOCUMENT:
        raise TooLong(Place(path), too_long("this file", LONGEST_DOCUMENT))
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormatError(Place(path), "this file is not UTF-8") from None


def why(error: Exception) -> str:
    """Return a message for the user about an error. error: an exception of a type in UNREADABLE."""
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"the compressed data is damaged: {error}"
    return str(getattr(error, "strerror", None) or error)


class _Zstandard(io.RawIOBase):
    """The decompressed bytes of a Zstandard stream, which has one or more frames.

    Damaged or incomplete data raise EOFError. Each read takes only one kilobyte of compressed data,
    because a kilobyte may become 30 MB.
    """

    def __init__(self, stream: BinaryIO, module: Any) -> None:  # noqa: ANN401 - one of two modules
        self._stream = stream
        self._module = module
        self._frame: Any = None
        self._read = b""  # compressed bytes that were read past the end of a frame
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        while not self._ready:
            data = self._read or self._stream.read(_COMPRESSED_CHUNK)
            self._read = b""
            if not data:
                if self._frame is not None:
                    raise EOFError("the data ends too early")
                return 0
            try:
                self._decompress(data)
            except self._module.ZstdError as error:
                raise EOFError(str(error)) from error
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _decompress(self, data: bytes) -> None:
        if self._frame is None:
            frame = self._module.ZstdDecompressor()
            self._frame = frame if hasattr(frame, "unused_data") else frame.decompressobj()
        self._ready = memoryview(self._frame.decompress(data))
        if self._frame.eof:
            self._read = self._frame.unused_data
            self._frame = None

    def close(self) -> None:
        self._stream.close()
        super().close()


def open_zstandard(stream: BinaryIO, path: str) -> BinaryIO:
    """Return a stream of decompressed bytes. path: the name of the file in errors.

    Raises FormatError if no module for Zstandard is installed.
    """
    # Try the module of Python 3.14 first, then the package from PyPI.
    for module in ("compression.zstd", "zstandard"):
        try:
            found = import_module(module)
        except ImportError:
            continue
        return cast("BinaryIO", io.BufferedReader(_Zstandard(stream, found)))
    raise FormatError(
        Place(path), "Zstandard needs Python 3.14 or the extra `zstd`: pip install 'dynamodb-emulator[zstd]'"
    )
