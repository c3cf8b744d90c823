"""Where the repository is: the one place that knows, and it does not know by itself.

The address comes from continuous integration, or from the Git remote `origin` of the checkout. A
book that is built without either names no address: see `embcourse.publishing.online`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Address", "find_address", "parse_address"]

FORGES = ("github", "gitlab", "bitbucket")
SCP_LIKE = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?P<path>[^/].*)")
SCHEMES = ("http", "https", "ssh", "git+ssh")


class Address(NamedTuple):
    """A repository on a forge, e.g. Address("github.com", "someone", "embcourse")."""

    host: str
    owner: str
    name: str

    @property
    def url(self) -> str:
        """What `git clone` takes, and a browser shows.

        >>> Address("github.com", "someone", "embcourse").url
        'https://github.com/someone/embcourse'
        """
        return f"https://{self.host}/{self.owner}/{self.name}"

    @property
    def forge(self) -> str:
        """ "github", "gitlab" or "bitbucket"."""
        return next(forge for forge in FORGES if forge in self.host)

    @property
    def pages(self) -> str | None:
        """Where the forge publishes the repository's pages, with a slash at its end; None where it
        does not say.

        >>> Address("github.com", "Someone", "embcourse").pages
        'https://someone.github.io/embcourse/'
        """
        domains = {"github.com": "github.io", "gitlab.com": "gitlab.io"}
        if self.host not in domains or "/" in self.owner:
            return None
        site = f"{self.owner.lower()}.{domains[self.host]}"
        return f"https://{site}/" if self.name.lower() == site else f"https://{site}/{self.name}/"


def parse_address(remote: str) -> Address | None:
    """The address that a Git remote names; None for a path, an unknown host, or anything else that
    is no forge.

    >>> parse_address("git@github.com:someone/embcourse.git")
    Address(host='github.com', owner='someone', name='embcourse')
    >>> parse_address("https://user:secret@gitlab.example.org/group/sub/embcourse")
    Address(host='gitlab.example.org', owner='group/sub', name='embcourse')
    >>> parse_address("/srv/git/embcourse.git") is parse_address("https://example.org/a/b") is None
    True
    """
    remote = remote.strip()
    if "://" in remote:
        parts = urlsplit(remote)
        host, path = (parts.hostname or "", parts.path) if parts.scheme in SCHEMES else ("", "")
    else:
        match = SCP_LIKE.fullmatch(remote)
        host, path = (match["host"].lower(), match["path"]) if match else ("", "")
    owner, _, name = path.strip("/").removesuffix(".git").rpartition("/")
    if not (owner and name and any(forge in host for forge in FORGES)):
        return None
    return Address(host, owner, name)


def find_address(
    root: str | Path = ".", environment: Mapping[str, str] = os.environ
) -> Address | None:
    """The address of the repository checked out at `root`, or None.

    environment: GITHUB_SERVER_URL and GITHUB_REPOSITORY, which GitHub's machines set, come before
                 the remote.
    """
    server, repository = (
        environment.get("GITHUB_SERVER_URL", ""),
        environment.get("GITHUB_REPOSITORY", ""),
    )
    if server and repository:
        return parse_address(f"{server}/{repository}")
    root = Path(root).resolve()
    # Not the remote of another repository, into which this one was unpacked.
    if _git(root, "rev-parse", "--show-toplevel") != str(root):
        return None
    return parse_address(_git(root, "remote", "get-url", "origin"))


def _git(root: Path, *arguments: str) -> str:
    """What a git command prints, without the line's end; "" where git, or what was asked for, is
    not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
