"""Announces that the server answers requests: with the start-up block and `--ready-file`.

The start-up block goes to stdout. The file of --ready-file has the URL of the server and a newline.
The server writes the file in one step, and removes it when it stops. A server that is killed leaves
its file behind, and the next server removes this file at its start. So a program that waits for the
file of a new server never reads the URL of an earlier server.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from emulator.http.listen import ServeError
from emulator.settings import AnyPage, Settings
from emulator.version import VERSION

_EVERYWHERE = ("localhost", "0.0.0.0", "::")  # noqa: S104 - compared, not bound


class Announcement:
    """Announces that one server is ready, until `close` is called.

    The constructor raises ServeError if the file of --ready-file cannot be written.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = Path(settings.ready_file).absolute() if settings.ready_file else None
        self._url = ""
        if self._file is not None:
            _prepare(self._file)

    def announce(self, port: int, storage: str) -> None:
        """Print the start-up block, and write the file of --ready-file.

        storage: what the block says about the storage, such as the data folder.
        """
        self._url = _url(self._settings.host[0], port)
        if self._file is not None:
            draft = self._file.with_name(f".{self._file.name}.{os.getpid()}")
            try:
                draft.write_text(self._url + "\n")
                draft.replace(self._file)
            except OSError as error:
                raise _not_writable(self._file, error.strerror) from error
        if self._settings.as_dynamodb_local:
            print(_lines_of_dynamodb_local(self._settings, port))  # noqa: T201 - scripts wait for these lines
        print(greeting(self._settings, port, storage), end="", flush=True)  # noqa: T201 - the user's start-up block

    def close(self) -> None:
        """Remove the file of --ready-file, unless another server has written its URL into it."""
        if self._file is not None and self._url:
            with suppress(OSError):
                if self._file.read_text() == self._url + "\n":
                    self._file.unlink()


def _lines_of_dynamodb_local(settings: Settings, port: int) -> str:
    """Return the lines that DynamoDB Local prints at its start, and an empty line."""
    rows = {
        "Port": port,
        "InMemory": settings.folder is None,
        "DbPath": settings.folder and settings.folder.parent,
        "SharedDb": settings.shared_db,
        "shouldDelayTransientStatuses": settings.delay_transient_statuses,
        "CorsParams": "*" if isinstance(settings.cors, AnyPage) else ",".join(settings.cors) or None,
    }
    lines = [f"{name}:\t{_JAVA.get(str(value), str(value))}\n" for name, value in rows.items()]
    return "Initializing DynamoDB Local with the following configuration:\n" + "".join(lines)


_JAVA: Final = {"True": "true", "False": "false", "None": "null"}


def greeting(settings: Settings, port: int, storage: str) -> str:
    """Return the start-up block: version, addresses, storage, tenants, and how to connect.

    storage: what the block says about the storage, such as the data folder.
    """
    urls = [_url(host, port) for host in settings.host]
    url = urls[0]
    tenants = (
        "one database for all access keys and regions"
        if settings.shared_db
        else "each access key and region has its own tables; any secret key is accepted"
    )
    return (
        f"dynamodb-emulator is ready\n"
        f"  version  {VERSION}\n"
        f"  address  {' '.join(urls)}\n"
        f"  storage  {storage}\n"
        f"  tables   {tenants}\n"
        f"  shell    export AWS_ENDPOINT_URL={url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 "
        f"AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
        f"  boto3    import boto3\n"
        f'           boto3.client("dynamodb", endpoint_url="{url}", region_name="us-east-1", '
        f'aws_access_key_id="local", aws_secret_access_key="local")\n\n'
    )


def _url(host: str, port: int) -> str:
    if host in _EVERYWHERE:
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _prepare(file: Path) -> None:
    """Remove the file of an earlier server. Raises ServeError if a new file cannot be written."""
    if not file.parent.is_dir():
        raise _not_writable(file, f"{file.parent} is not a folder")
    if file.exists() and not file.is_file():
        raise _not_writable(file, "it is not a file")
    if not os.access(file.parent, os.W_OK):
        raise _not_writable(file, f"{file.parent} is not writable")
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(file, error.strerror) from error


def _not_writable(file: Path, why: str | None) -> ServeError:
    return ServeError(f"--ready-file: cannot write {file}: {why}")
