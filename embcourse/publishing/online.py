"""A Sphinx extension: what a book shows of its repository, when the repository's address is known.

Known: buttons that open a page in Colab or Binder, suggest an edit, report an issue, lead to the
       repository; the address
of the published book in every page's head; and what stands in `online`. Unknown: none of these, and
what stands in `offline`. In `online`, `{url}` and `{name}` are the repository's:

    ::::{online}
    ```sh
    git clone {url}
    cd {name}
    ```
    ::::
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

import embcourse
from embcourse.publishing.address import Address, find_address

__all__ = [
    "BRANCH",
    "LAUNCH_BRANCH",
    "OfflineDirective",
    "OnlineDirective",
    "setup",
    "theme_options",
]

BRANCH = "main"
LAUNCH_BRANCH = "launch"
"""Where the workflow `book` puts notebooks that install the course in Colab: see
`embcourse.publishing.launch`."""


def theme_options(address: Address) -> dict[str, Any]:
    """The options of sphinx-book-theme that name the repository."""
    launch = {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
    if address.host == "github.com":  # Colab opens no other
        launch["colab_url"] = "https://colab.research.google.com"
    return {
        "repository_url": address.url,
        "repository_provider": address.forge,
        "repository_branch": BRANCH,
        "launch_buttons": launch,
        "use_repository_button": True,
        "use_edit_page_button": True,
        "use_issues_button": address.forge != "bitbucket",  # the theme knows no other trackers
    }


def _configure(app: Sphinx, config: Config) -> None:
    address = find_address(app.srcdir)
    config.repository_address = address.url if address else ""
    if address:
        config.html_theme_options = {**config.html_theme_options, **theme_options(address)}
        config.html_baseurl = address.pages or ""
    config.found_address = address


def _launch_from_the_branch_for_it(app: Sphinx) -> None:
    """The theme has one name for the branch to edit and the branch to launch; it has read the first
    by now."""
    if app.config.found_address and app.config.found_address.host == "github.com":
        app.config.html_theme_options["repository_branch"] = LAUNCH_BRANCH


class OnlineDirective(SphinxDirective):
    """Shows its content where the repository's address is known."""

    has_content = True
    shown_online = True

    def run(self) -> list[nodes.Node]:
        """The content, with the address in it, or nothing."""
        address: Address | None = self.env.app.config.found_address
        if bool(address) != self.shown_online:
            return []
        content = self.content
        if address:
            lines = [
                line.replace("{url}", address.url).replace("{name}", address.name)
                for line in content
            ]
            content = StringList(lines, items=content.items)
        node = nodes.Element()
        self.state.nested_parse(content, self.content_offset, node, match_titles=True)
        return node.children


class OfflineDirective(OnlineDirective):
    """Shows its content where the repository's address is not known."""

    shown_online = False


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    # another address: every page is read again
    app.add_config_value("repository_address", "", "env")
    app.connect("config-inited", _configure)
    app.connect("builder-inited", _launch_from_the_branch_for_it, priority=900)
    app.add_directive("online", OnlineDirective)
    app.add_directive("offline", OfflineDirective)
    return {
        "version": embcourse.__version__,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
