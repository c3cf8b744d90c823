"""text8: 100 million characters of Wikipedia, downloaded on request."""

import zipfile
from functools import cache
from typing import NamedTuple

from embcourse.data.download import DownloadError, cache_folder, download


class Archive(NamedTuple):
    """A zip file on the network, with what it must hold.

    size and sha256 are the zip file's; `characters` is the length of its one member, `name`.
    """

    url: str
    sha256: str
    size: int
    name: str
    characters: int


# The author publishes an MD5 of the unzipped text, no SHA-256. This one was never computed here: it
# is the one that several unrelated public projects record for the file they downloaded from this
# address, one of them with this size.
TEXT8 = Archive(
    url="https://mattmahoney.net/dc/text8.zip",
    sha256="a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
    size=31_344_016,
    name="text8",
    characters=100_000_000,
)


@cache
def text8() -> str:
    """The first 100 million characters of a cleaned English Wikipedia of March 2006: 17,005,207
    words.

    Only the letters a to z and single spaces; digits are spelt out. Downloads 31 MB on the first
    call, with a progress bar; a broken download goes on from where it stopped. The zip is kept in
    `embcourse.data.cache_folder()`.

    returns: str of 100,000,000 characters, 100 MB; kept in memory. `text8().split()` takes about
             1.5 GB.
    raises : `DownloadError` offline, on a broken connection, or for a file with the wrong size or
             checksum.
    source : http://mattmahoney.net/dc/textdata.html, Matt Mahoney (2006). Text: CC BY-SA and GFDL,
             the authors of Wikipedia. See `TEXT8` for where the checksum comes from.

    >>> TEXT8.size, TEXT8.characters
    (31344016, 100000000)
    """
    path = download(
        TEXT8.url, cache_folder() / TEXT8.url.rpartition("/")[2], TEXT8.sha256, TEXT8.size
    )
    with zipfile.ZipFile(path) as archive:
        text = archive.read(TEXT8.name).decode("ascii")
    if len(text) != TEXT8.characters:
        raise DownloadError(f"{path} holds {len(text):,} characters, expected {TEXT8.characters:,}")
    return text
