"""How every figure of the book looks.

A figure is stored in its notebook as SVG, because SVG stays sharp at any zoom and small for line
art. Three choices make a re-run of a notebook byte-identical: ids come from a fixed salt
(`svg.hashsalt`), the file carries no date, and text is drawn as outlines of matplotlib's own font
(`svg.fonttype: path`), so that no installed font can change it. Outlines also render the same in a
browser, on GitHub and in Colab, where an image may not load fonts.

Faces are white and opaque, not transparent. The book's stylesheet turns them dark with one CSS
filter, which keeps hues; a transparent figure would put black axes on a black page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LINE_STYLES", "MARKERS", "PALETTE", "groups", "label_points", "use_book_style"]

PALETTE: dict[str, str] = {
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "orange": "#e69f00",
    "sky": "#56b4e9",
    "yellow": "#f0e442",
    "black": "#222222",
}
"""Colours that people with any common colour blindness can tell apart (Okabe & Ito 2008), the most
distinct first."""

LINE_STYLES = ("-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)), (0, (5, 1)))
"""Lines that can be told apart without colour."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Markers that can be told apart without colour."""


def use_book_style() -> None:
    """Make every matplotlib figure of this process look like the book's, and embed as SVG in a
    notebook.

    Call it once, in the first code cell. Lines in one plot differ in colour and dash, so that
    colour is never the only carrier of meaning. Outside IPython only matplotlib's settings change.

    >>> import matplotlib
    >>> with matplotlib.rc_context():
    ...     use_book_style()
    ...     matplotlib.rcParams["svg.hashsalt"]
    'embcourse'
    """
    import matplotlib
    from cycler import cycler
    from IPython import get_ipython

    # yellow lines vanish on white
    colours = [PALETTE[name] for name in PALETTE if name != "yellow"]
    matplotlib.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": "#666666",
            "axes.grid": True,
            "axes.labelcolor": "#222222",
            "axes.linewidth": 0.8,
            "axes.prop_cycle": (
                cycler(color=colours) + cycler(linestyle=LINE_STYLES[: len(colours)])
            ),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlepad": 10.0,
            "axes.titlesize": 11.5,
            "axes.titleweight": "bold",
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.figsize": (6.6, 3.6),
            "font.family": "DejaVu Sans",
            "font.size": 10.0,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.7,
            # nothing is white, the colour of the page, also where dark mode turns both dark
            "image.cmap": "Blues",
            "legend.fontsize": 9.5,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "lines.markersize": 5.5,
            "savefig.facecolor": "white",
            "svg.fonttype": "path",
            "svg.hashsalt": "embcourse",
            "xtick.color": "#444444",
            "xtick.labelsize": 9.5,
            "ytick.color": "#444444",
            "ytick.labelsize": 9.5,
        }
    )
    shell = get_ipython()
    if shell is not None:
        from matplotlib_inline.config import InlineBackend

        # Set on the backend itself: it applies its own settings again when pyplot is first
        # imported.
        backend = InlineBackend.instance(parent=shell)
        backend.shell = shell
        options: dict[str, Any] = {"bbox_inches": "tight", "metadata": {"Date": None}}
        backend.print_figure_kwargs = options
        backend.figure_formats = {"svg"}


def groups(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A colour and a marker of its own for each group of points, as keyword arguments for
    `Axes.scatter`.

    names: at most eight group names.
    raises: ValueError if there are more groups than markers, since two groups would look alike.

    >>> groups(["food", "kin"])
    {'food': {'color': '#0072b2', 'marker': 'o'}, 'kin': {'color': '#d55e00', 'marker': 's'}}
    """
    if len(names) > len(MARKERS):
        raise ValueError(f"groups: names must hold at most {len(MARKERS)} groups, got {len(names)}")
    return {
        name: {"color": colour, "marker": marker}
        for name, colour, marker in zip(names, PALETTE.values(), MARKERS, strict=False)
    }


def label_points(
    axes: Axes, points: ArrayLike, labels: Sequence[str], *, gap: float = 5.0, **text: Any
) -> None:
    """Write a label beside each point of a map, on the side where it covers least.

    Points are labelled in the given order. Each label tries eight places around its point and takes
    the one that overlaps the labels already placed, and the markers, by the smallest area. Set the
    limits of the axes first: a later change of scale moves the labels.

    points: (n, 2) array of data coordinates.
    labels: n strings.
    gap   : from a point to its label, in points of 1/72 inch.
    text  : passed on to `Axes.annotate`, for instance `fontsize` or `color`.
    raises: ValueError if points is not (n, 2), or labels has another length.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot()
    >>> label_points(axes, [[0, 0], [1, 1]], ["bread", "wine"])
    >>> [label.get_text() for label in axes.texts]
    ['bread', 'wine']
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(
            f"label_points: points must have shape (n, 2) with n = {len(labels)} labels, got shape"
            f" {points.shape}"
        )
    places: list[tuple[tuple[float, float], dict[str, Any]]] = [
        ((gap, 0), {"ha": "left", "va": "center"}),
        ((-gap, 0), {"ha": "right", "va": "center"}),
        ((0, gap), {"ha": "center", "va": "bottom"}),
        ((0, -gap), {"ha": "center", "va": "top"}),
        ((gap, gap), {"ha": "left", "va": "bottom"}),
        ((gap, -gap), {"ha": "left", "va": "top"}),
        ((-gap, gap), {"ha": "right", "va": "bottom"}),
        ((-gap, -gap), {"ha": "right", "va": "top"}),
    ]
    side = 3.0 * axes.figure.dpi / 72  # half a marker, in pixels
    taken = [(x - side, y - side, x + side, y + side) for x, y in axes.transData.transform(points)]
    for point, label in zip(points, labels, strict=True):
        candidates = []
        for offset, alignment in places:
            note = axes.annotate(
                label,
                point,
                offset,
                textcoords="offset points",
                annotation_clip=False,
                **alignment,
                **text,
            )
            candidates.append((note, note.get_window_extent().extents))
        covered = [sum(_overlap(box, other) for other in taken) for _, box in candidates]
        best = int(np.argmin(covered))
        for index, (note, box) in enumerate(candidates):
            if index == best:
                taken.append(box)
            else:
                note.remove()


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Area that two boxes (left, bottom, right, top) share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
