"""ICD-10-CM: the tree of diagnoses."""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np

from embcourse.data.packages import packaged_module


@dataclass(frozen=True, eq=False, repr=False)
class IcdCodes:
    """A tree of diagnoses, from the root's children down; a parent stands before its children.

    codes       : 98,505 names: chapter ("1"), block ("A00-A09"), category ("A00"), finer ("A00.0",
                  "S58.011D").
    descriptions: 98,505 texts; chapters and blocks repeat their range in parentheses.
    parents     : (98505,) int32, read-only: row of the parent, -1 for the 22 chapters.
    chapters    : (98505,) int32, read-only: row of the chapter.

    39 blocks hold one category of the same name, so 39 names stand twice: first the block, then its
    category.

    >>> icd10cm()
    IcdCodes(98505 codes)
    """

    codes: tuple[str, ...]
    descriptions: tuple[str, ...]
    parents: np.ndarray
    chapters: np.ndarray
    _rows: dict[str, int]

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"IcdCodes({len(self)} codes)"

    def row(self, code: str) -> int:
        """Row of a code; for a name that stands twice the category's.

        raises : KeyError naming the code if there is none.

        >>> icd10cm().row("A00")
        2
        """
        if code not in self._rows:
            raise KeyError(
                f"no ICD-10-CM code {code!r}; codes look like '1', 'A00-A09', 'A00' or 'A00.0'"
            )
        return self._rows[code]

    def ancestors(self, row: int) -> tuple[int, ...]:
        """Rows from a code's parent up to its chapter; empty for a chapter.

        row    : 0 to 98,504.
        raises : IndexError outside that range.

        >>> tree = icd10cm()
        >>> [tree.codes[row] for row in tree.ancestors(tree.row("A00.0"))]
        ['A00', 'A00-A09', '1']
        """
        if not 0 <= row < len(self):
            raise IndexError(f"ancestors: row must be in 0..{len(self) - 1}, got {row}")
        found = []
        while (row := int(self.parents[row])) >= 0:
            found.append(row)
        return tuple(found)


@cache
def icd10cm() -> IcdCodes:
    """ICD-10-CM, the American classification of diagnoses: 98,505 codes with descriptions, a tree
    of 22 chapters.

    22 chapters, 258 blocks, 1,957 categories and 96,268 finer codes; 953,420 words between spaces.
    Release of April 2026.

    returns: `IcdCodes`.
    raises : ImportError naming the pip package if it is not installed.
    source : package simple-icd-10-cm 1.5 (MIT). ICD-10-CM is made by the US National Center for
             Health Statistics and free to use; the World Health Organization holds the copyright of
             ICD-10, on which it builds.

    >>> tree = icd10cm()
    >>> row = tree.row("A00.0")
    >>> tree.descriptions[row]
    'Cholera due to Vibrio cholerae 01, biovar cholerae'
    >>> tree.descriptions[tree.chapters[row]]
    'Certain infectious and parasitic diseases (A00-B99)'
    """
    with warnings.catch_warnings():
        # the package reads its files by an old name
        warnings.simplefilter("ignore", DeprecationWarning)
        icd = packaged_module("simple_icd_10_cm", "simple-icd-10-cm")
    codes = tuple(icd.get_all_codes(True))
    last = {code: row for row, code in enumerate(codes)}
    first = {code: row for row, code in reversed(list(enumerate(codes)))}
    parents = np.empty(len(codes), dtype=np.int32)
    chapters = np.empty(len(codes), dtype=np.int32)
    descriptions = []
    for row, code in enumerate(codes):
        is_block = row == first[code]  # only matters for a name that stands twice
        parent = icd.get_parent(code, prioritize_blocks=is_block)
        # A name that stands twice is its own parent: the category's parent is the block.
        parents[row] = -1 if not parent else first[parent] if parent == code else last[parent]
        chapters[row] = row if not parent else chapters[parents[row]]
        descriptions.append(icd.get_description(code, prioritize_blocks=is_block))
    parents.flags.writeable = chapters.flags.writeable = False
    return IcdCodes(codes, tuple(descriptions), parents, chapters, last)
