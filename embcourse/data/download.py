"""Download a file once, check it, keep it."""

import hashlib
import http
import http.client
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from filelock import FileLock

_BLOCK = 1 << 16
_SECONDS_OF_SILENCE = 30


class DownloadError(OSError):
    """A download that failed; the message says why and what to do."""


def cache_folder() -> Path:
    """Where downloads are kept: `$EMBCOURSE_DATA`, else the user's cache folder. It need not exist
    yet.

    ~/Library/Caches/embcourse on macOS, `$XDG_CACHE_HOME`/embcourse or ~/.cache/embcourse
    elsewhere.

    returns: absolute path.

    >>> cache_folder().is_absolute()
    True
    """
    if chosen := os.environ.get("EMBCOURSE_DATA"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "embcourse"
    caches = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG standard says that a relative path is to be ignored.
    return (Path(caches) if os.path.isabs(caches) else Path.home() / ".cache") / "embcourse"


def download(url: str, path: str | os.PathLike[str], sha256: str, size: int) -> Path:
    """Download a file, unless it is there already and whole.

    While it downloads, the data stand in `<path>.part`. A connection that breaks, or Ctrl-C, leaves
    that file, and the next call goes on from there if the server can. Only a file with the right
    checksum gets the name `path`. Of several processes that want the same file one downloads it,
    and the others wait for it.

    url    : http:// or https://.
    path   : where the file goes; folders are made.
    sha256 : expected SHA-256, 64 hexadecimal digits.
    size   : expected size in bytes, at least 1.
    returns: the path, absolute.
    raises : ValueError for a wrong argument; DownloadError if there is no connection, the server
             refuses, the connection breaks (the part is kept), the disk is too full, or size or
             checksum is wrong (the part is deleted).

    >>> download("ftp://example.org/a.zip", "a.zip", "0" * 64, 1)
    Traceback (most recent call last):
        ...
    ValueError: download: url must begin with http:// or https://, got 'ftp://example.org/a.zip'
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"download: url must begin with http:// or https://, got {url!r}")
    sha256 = sha256.lower()
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"download: sha256 must be 64 hexadecimal digits, got {sha256!r}")
    if size < 1:
        raise ValueError(f"download: size must be at least 1 byte, got {size}")
    path = Path(path).absolute()
    if path.is_file() and path.stat().st_size == size and _sha256(path) == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        if path.is_file() and path.stat().st_size == size and _sha256(path) == sha256:
            return path  # somebody else has fetched it meanwhile
        _fetch_whole(url, path, sha256, size)
    return path


def _fetch_whole(url: str, path: Path, sha256: str, size: int) -> None:
    """Download what is missing of the partial file, check it, and give it its name."""
    part = path.with_name(path.name + ".part")
    if _length(part) > size:
        part.unlink()
    if _length(part) < size:
        _require_space(path.parent, size - _length(part))
        _fetch(url, part, size)
    found = _sha256(part)
    if _length(part) != size or found != sha256:
        length = _length(part)
        part.unlink()
        raise DownloadError(
            f"{url} is not the expected file, and was deleted: expected {size:,} bytes with SHA-256"
            f" {sha256}, got {length:,} bytes with SHA-256 {found}. Try again; if it happens twice,"
            " the file has changed at its source."
        )
    os.replace(part, path)


def _fetch(url: str, part: Path, size: int) -> None:
    """Append to the partial file what it lacks."""
    start = _length(part)
    # No compression on the way: the offsets count bytes of the file itself.
    headers = {"User-Agent": "embcourse", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_SECONDS_OF_SILENCE
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # the part is longer than the server's file
        raise DownloadError(f"{url}: the server answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(
            f"{url}: no connection ({getattr(error, 'reason', error)}). "
            "Check the network; everything else in the course works offline."
        ) from error
    with response:
        # Without the right Content-Range the server sends the whole file again.
        _copy(response, url, part, start if _continues(response, start) else 0, size)


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(
        f"bytes {start}-"
    )


def _copy(response: http.client.HTTPResponse, url: str, part: Path, start: int, size: int) -> None:
    from tqdm import tqdm

    with (
        open(part, "ab" if start else "wb") as file,
        tqdm(
            total=size, initial=start, desc=part.stem, unit="B", unit_scale=True, unit_divisor=1024
        ) as progress,
    ):
        # A byte more than expected is enough to know that it is another file.
        while (have := file.tell()) <= size:
            try:
                block = response.read(_BLOCK)
            except (OSError, http.client.HTTPException) as error:
                raise _broken(url, part, have, size) from error
            if not block:
                break
            file.write(block)
            progress.update(len(block))
    if have < size:  # a closed connection looks like the end of the file
        raise _broken(url, part, have, size)


def _broken(url: str, part: Path, have: int, size: int) -> DownloadError:
    return DownloadError(
        f"{url}: the connection broke after {have:,} of {size:,} bytes. "
        f"They are kept in {part}; run the same again to go on from there."
    )


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DownloadError(
            f"{folder} has {free:,} bytes free, {needed:,} are needed; set EMBCOURSE_DATA to"
            " another folder"
        )


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
