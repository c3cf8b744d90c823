"""The rules of the house: what lies where, what may import what, what is pinned, what never gets
committed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from embcourse.checking import exercises
from tests.notebooks import ROOT, committed_files

PACKAGE = ROOT / "embcourse"

# The chapters in the order of the book. A method may use an earlier one, never a later one.
SLUGS = (
    "one_hot tfidf cooccurrence "
    "word2vec negative_sampling glove fasttext evaluation "
    "attention self_attention positions transformer flash_attention "
    "contextual bert retrieval "
    "rare_words compression isotropy code_search drift bias"
).split()
# A part of a method is one file, or a folder of files where it holds several ideas.
PARTS = {"reference", "fast", "gpu", "model"}
BASE = {"arguments", "compiling", "data", "text", "training", "vectors"}
# What else each room may import. Nothing but these two imports `grading` or `publishing`.
MAY_IMPORT = {
    "arguments": set(),
    "compiling": {"data"},
    "data": {"arguments"},
    "text": {"arguments"},
    "vectors": {"arguments", "text"},
    "training": {"arguments", "text", "vectors"},
    "distributed": BASE | set(SLUGS),
    "checking": BASE,
    "figures": BASE | set(SLUGS),
    "grading": BASE | {"checking", "publishing"},
    "publishing": BASE | {"checking"},
}
HEAVY = {
    "dask",
    "distributed",
    "gensim",
    "numba",
    "sentence_transformers",
    "sklearn",
    "torch",
    "transformers",
    "triton",
}
HEAVY_ALLOWED = {
    "fast": {"numba", "sklearn", "torch"},
    "gpu": {"torch", "triton"},
    "model": {"torch"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted(folder.name for folder in PACKAGE.iterdir() if any(folder.glob("*.py")))
METHODS = [name for name in FOLDERS if name in SLUGS]
TOP = {
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml"),
    *("requirements.txt", "_config.yml", "_toc.yml", "nbgrader_config.py", "conftest.py"),
    *("book", "solutions", "embcourse", "benchmarks", "tests"),
}


class Import(NamedTuple):
    """One imported module of a file: its dotted name, the line, and whether importing the file
    imports it."""

    name: str
    line: int
    at_import: bool


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> list[Import]:
    return list(find_imports(tree(path), path.relative_to(ROOT).parts[:-1]))


def find_imports(
    node: ast.AST, package: tuple[str, ...], at_import: bool = True
) -> Iterator[Import]:
    """Every import below `node` but those for type checkers; relative ones resolved, `from a import
    b` as `a.b`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = package[: len(package) - child.level + 1] if child.level else ()
            module = ".".join([*above, *filter(None, [child.module])])
            yield from (
                Import(f"{module}.{alias.name}", child.lineno, at_import) for alias in child.names
            )
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.orelse:
                yield from find_imports(statement, package, at_import)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from find_imports(child, package, at_import and not function)


def room(path: Path) -> str:
    """The room of a module of the package: "" for embcourse/__init__.py."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def part(path: Path) -> str:
    """What a module is in its room: "fast" for fast.py, and for every file of a folder fast."""
    return path.relative_to(PACKAGE / room(path)).with_suffix("").parts[0]


def allowed_rooms(path: Path) -> set[str]:
    own = room(path)
    if own in MAY_IMPORT:
        return MAY_IMPORT[own] | {own}
    earlier = set(SLUGS[: SLUGS.index(own) + 1]) if own in SLUGS else set()
    if part(path) == "reference":
        return earlier | {"arguments", "text"}
    return earlier | BASE | ({"checking"} if part(path) == "exercises" else set())


def test_import_finder_sees_what_it_should() -> None:
    source = (
        "from . import a\nfrom ..text import b\nif TYPE_CHECKING:\n    import torch\n"
        "class C:\n    import numpy\ndef f():\n    import numba"
    )
    assert list(find_imports(ast.parse(source), ("embcourse", "tfidf"))) == [
        Import("embcourse.tfidf.a", 1, True),
        Import("embcourse.text.b", 2, True),
        Import("numpy", 6, True),
        Import("numba", 8, False),
    ]


def test_importing_embcourse_takes_less_than_0_3_s() -> None:
    program = (
        "import time; start = time.perf_counter(); import embcourse; print(time.perf_counter() -"
        " start)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.3


def test_importing_a_room_loads_no_heavy_library() -> None:
    program = f"""
import importlib, json, sys
loaded = {{}}
for name in ["embcourse"] + ["embcourse." + folder for folder in {FOLDERS!r}]:
    before = set(sys.modules)
    importlib.import_module(name)
    loaded[name] = sorted({HEAVY!r} & set(sys.modules) - before)
print(json.dumps(loaded))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = json.loads(run.stdout)
    assert {name: heavy for name, heavy in loaded.items() if heavy} == {}


def test_only_what_the_house_plans_stands_at_the_top() -> None:
    # A test that writes where it runs, and an `add .`, bring up anything.
    top = {path.relative_to(ROOT).parts[0] for path in committed_files()}
    assert {name for name in top if not name.startswith(".")} == TOP


def test_every_folder_of_the_package_is_a_known_room_or_a_chapter() -> None:
    assert set(FOLDERS) <= set(MAY_IMPORT) | set(SLUGS)


@pytest.mark.parametrize("slug", METHODS)
def test_a_method_keeps_to_the_floor_plan(slug: str) -> None:
    files = {path.name for path in (PACKAGE / slug).iterdir() if path.name != "__pycache__"}
    plan = {"__init__.py", "exercises"} | PARTS | {f"{name}.py" for name in PARTS}
    assert files <= plan, f"unexpected in embcourse/{slug}: {sorted(files - plan)}"
    assert "__init__.py" in files and files & {"reference.py", "reference"}
    twice = {name for name in PARTS if {name, f"{name}.py"} <= files}
    assert not twice, f"embcourse/{slug} has both a file and a folder: {sorted(twice)}"


@pytest.mark.parametrize(
    "folder",
    [
        PACKAGE / slug / name
        for slug in METHODS
        for name in sorted(PARTS)
        if (PACKAGE / slug / name).is_dir()
    ],
    ids=lambda folder: folder.relative_to(PACKAGE).as_posix(),
)
def test_a_part_in_several_files_says_what_each_holds_and_in_which_order_to_read_them(
    folder: Path,
) -> None:
    said = re.findall(r"^(\w+) *: \S", ast.get_docstring(tree(folder / "__init__.py")) or "", re.M)
    assert sorted(said) == sorted(path.stem for path in folder.glob("*.py") if path.stem[0] != "_")


def twins(slug: str, own: str) -> dict[str, set[str]]:
    """Every public function of `fast` or of `gpu`, and the twins that its docstring names."""
    folder, other = PACKAGE / slug, {"fast": "gpu", "gpu": "fast"}[own]
    public = {
        imported.name.split(".")[-1]
        for init in folder.glob(f"{own}/__init__.py")
        for imported in imports(init)
    }
    label = {"fast": "GPU", "gpu": "CPU"}[own]
    named = {}
    for path in [*folder.glob(f"{own}.py"), *folder.glob(f"{own}/*.py")]:
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and node.name[0] != "_":
                text = ast.get_docstring(node) or ""
                row = re.search(rf"^{label} twins?: ((?:`[\w.]+`[,.]\s*)+)", text, re.M)
                names = re.findall(r"`([\w.]+)`", row[1]) if row else []
                assert all(name.startswith(f"{other}.") for name in names), f"{path}: {node.name}"
                inside = path.stem != own and node.name not in public
                called = f"{path.stem}.{node.name}" if inside else node.name
                named[called] = {name.removeprefix(f"{other}.") for name in names}
    return named


@pytest.mark.parametrize("slug", [slug for slug in METHODS if list((PACKAGE / slug).glob("gpu*"))])
def test_kernels_of_the_cpu_and_of_the_gpu_name_each_other(slug: str) -> None:
    on_cpu, on_gpu = twins(slug, "fast"), twins(slug, "gpu")
    alone = [name for name, named in on_gpu.items() if not named]
    assert not alone, f'{slug}.gpu: no line "CPU twin: `fast.name`." in {alone}'
    pairs = {(cpu, gpu) for gpu, named in on_gpu.items() for cpu in named}
    back = {(cpu, gpu) for cpu, named in on_cpu.items() for gpu in named}
    assert pairs == back, f"{slug}: fast and gpu don't name each other: {sorted(pairs ^ back)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path: Path) -> None:
    allowed = allowed_rooms(path)
    wrong = [
        f"line {imported.line}: {imported.name}"
        for imported in imports(path)
        if imported.name.startswith("embcourse.")
        and imported.name.split(".")[1] in FOLDERS
        and imported.name.split(".")[1] not in allowed
    ]
    assert not wrong, f"{path.relative_to(ROOT)} may import {sorted(allowed)}, but imports: {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_load_only_where_they_belong(path: Path) -> None:
    for imported in imports(path):
        top = imported.name.split(".")[0]
        where = f"{path.relative_to(ROOT)}, line {imported.line}: {imported.name}"
        if part(path) == "reference" and top != "embcourse":
            assert top in sys.stdlib_module_names or top == "numpy", (
                f"{where}: a definition needs numpy only"
            )
        if imported.at_import:
            assert top not in HEAVY - HEAVY_ALLOWED.get(part(path), set()), (
                f"{where}: import it inside the function"
            )
            assert not re.fullmatch(r"embcourse\.\w+\.gpu(\..*)?", imported.name), (
                f"{where}: only when called"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_compiled_code_is_kept_by_the_cache_that_notices_edited_callees(path: Path) -> None:
    kept = [
        call.lineno
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and any(keyword.arg == "cache" for keyword in call.keywords)
    ]
    assert not kept or room(path) == "compiling", (
        f"{path.relative_to(ROOT)}, lines {kept}: use embcourse.compiling.cached_njit"
    )


OWN_CHECK = re.compile(
    r"isinstance\(\w+, bool\)|np\.integer\)|operator import index"
    r"|np\.diff\(\w*offsets\) < 0|not in get_args\("
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_integers_offsets_and_choices_are_checked_in_one_room(path: Path) -> None:
    # What an exercise's answer gives back is `checking`'s matter, and exercises are answers.
    if room(path) not in ("arguments", "checking") and "exercises" not in path.parts:
        lines = path.read_text(encoding="utf-8").splitlines()
        own = [
            f"line {i}: {line.strip()}" for i, line in enumerate(lines, 1) if OWN_CHECK.search(line)
        ]
        assert not own, f"{path.relative_to(ROOT)}: embcourse.arguments checks that: {own}"


@pytest.mark.parametrize(
    "slug", [slug for slug in METHODS if (PACKAGE / slug / "exercises").is_dir()]
)
def test_a_method_with_exercises_has_all_its_rooms(slug: str) -> None:
    chapters = list((ROOT / "book").glob(f"*/{slug}.ipynb"))
    assert len(chapters) == 1, f"expected one chapter book/<part>/{slug}.ipynb, found {chapters}"
    for path in (
        f"solutions/{slug}/{slug}.ipynb",
        f"book/assignments/{slug}/{slug}.ipynb",
        f"tests/test_{slug}.py",
    ):
        assert (ROOT / path).is_file(), f"{path} is missing"


PAGES_OF_PARTS = sorted((ROOT / "book").glob("*/*.ipynb"))


def slug_of_page(stem: str) -> str | None:
    """The chapter that a page `<slug>` or `<slug>_<topic>` belongs to; of two slugs that fit, the
    longer one."""
    return max(
        (slug for slug in SLUGS if stem == slug or stem.startswith(f"{slug}_")),
        key=len,
        default=None,
    )


def test_a_page_is_a_slug_or_a_slug_and_a_topic() -> None:
    assert slug_of_page("word2vec") == "word2vec"
    assert slug_of_page("word2vec_in_practice") == "word2vec"
    assert slug_of_page("self_attention") == "self_attention"
    assert slug_of_page("word2vecs") is slug_of_page("more_word2vec") is None


@pytest.mark.parametrize("page", PAGES_OF_PARTS, ids=lambda path: path.stem)
def test_a_page_of_a_part_is_a_chapter_or_lies_beside_it_and_is_listed_below_it(page: Path) -> None:
    slug = slug_of_page(page.stem)
    assert slug, f"{page.relative_to(ROOT)}: a page is called <slug>.ipynb or <slug>_<topic>.ipynb"
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = {
        chapter["file"]: [section.get("file") for section in chapter.get("sections", [])]
        for part in contents["parts"]
        for chapter in part["chapters"]
    }
    place = page.relative_to(ROOT).with_suffix("").as_posix()
    if page.stem == slug:
        assert place in chapters, f"_toc.yml: {place} is no chapter of a part"
    else:
        chapter = page.with_name(f"{slug}.ipynb").relative_to(ROOT).with_suffix("").as_posix()
        assert place in chapters.get(chapter, []), f"_toc.yml: {place} is no section of {chapter}"


@pytest.mark.parametrize(
    "slug", [slug for slug in METHODS if (PACKAGE / slug / "exercises").is_dir()]
)
def test_each_exercise_is_a_file_of_its_name(slug: str) -> None:
    """`common.py` holds what several of a chapter's exercises share; `__init__.py` gives the
    order."""
    files = {path.stem for path in (PACKAGE / slug / "exercises").glob("*.py")} - {
        "__init__",
        "common",
    }
    assert files == {exercise.name for exercise in exercises(slug)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_everything_public_has_a_docstring(path: Path) -> None:
    def public(
        nodes: list[ast.stmt],
    ) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in nodes:
            if (
                isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name[0] != "_"
                # an overload is a signature; what it does is said once, below the last
                and "overload" not in map(ast.unparse, node.decorator_list)
            ):
                yield node
                if isinstance(node, ast.ClassDef):
                    yield from public(node.body)

    # In exercises/ the exercise itself says what each case, misconception and alternative is.
    nodes = [] if part(path) == "exercises" else public(tree(path).body)
    missing = [f"{node.name} (line {node.lineno})" for node in nodes if not ast.get_docstring(node)]
    if not ast.get_docstring(tree(path)):
        missing.insert(0, "the module")
    assert not missing, f"{path.relative_to(ROOT)}: no docstring: {', '.join(missing)}"


# Written in pieces, so that this file does not find itself.
HOME = re.compile(r"(?<![\w.:/~-])/(?:home|Users|root|work)" + r"/[\w.]")
TEMPORARY = re.compile(r"/tmp/[\w.]|/var/folders/|[/\\]site-packages[/\\]")


def test_no_file_names_a_folder_of_the_machine_it_was_made_on() -> None:
    found = []
    for path in committed_files():
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
            match = HOME.search(line) or (path.suffix == ".ipynb" and TEMPORARY.search(line))
            if match:
                found.append(f"{path.relative_to(ROOT)}:{number}: {line[match.start() :][:60]}")
    assert not found, "\n".join(found)


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def test_every_requirement_is_pinned_to_one_public_version() -> None:
    for requirement in pins().values():
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", requirement
        assert not re.search(r"[*+]", specifier.version), (
            f"{requirement}: a wildcard or a local version label"
        )


def test_pins_cover_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for wanted in (Requirement(line) for group in groups for line in group):
        pin = pins().get(canonicalize_name(wanted.name))
        assert pin is not None, f"{wanted.name} is in pyproject.toml, but not in requirements.txt"
        (specifier,) = pin.specifier
        assert wanted.specifier.contains(specifier.version), f"{pin} does not satisfy {wanted}"


# Every version of a notebook stays in the repository for ever, and its figures travel with the page
# (zipped to a sixth). So a page that outgrows these draws fewer points, or fewer figures.
KILOBYTE = 1000
NOTEBOOK, FIGURE = 1250 * KILOBYTE, 325 * KILOBYTE  # the largest: 1156 and 305
CHAPTER = 1000 * KILOBYTE  # on average, with assignment and solution: 966


def test_notebooks_and_their_figures_keep_to_their_size() -> None:
    notebooks = [path for path in committed_files() if path.suffix == ".ipynb"]
    chapters = len([path for path in notebooks if path.is_relative_to(ROOT / "solutions")])
    assert len(notebooks) >= 3 * chapters
    total = sum(path.stat().st_size for path in notebooks)
    assert total <= CHAPTER * chapters, f"{total / chapters:,.0f} bytes a chapter"
    for path in notebooks:
        name = path.relative_to(ROOT)
        assert path.stat().st_size <= NOTEBOOK, f"{name}: {path.stat().st_size:,} bytes"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        for mime, data in [pair for one in outputs for pair in one.get("data", {}).items()]:
            size = len("".join(data).encode()) if mime.startswith("image/") else 0
            assert size <= FIGURE, f"{name}: a figure of {size:,} bytes"


def test_names_are_spelt_as_the_book_spells() -> None:
    """One spelling of one thing: "centre" in names and prose. "center" stays a word of
    matplotlib's."""
    for path in [*MODULES, *(ROOT / "benchmarks").glob("*.py"), *(ROOT / "tests").glob("*.py")]:
        nodes = list(ast.walk(tree(path)))
        names = {getattr(node, kind, None) for node in nodes for kind in ("id", "arg", "name")}
        assert not {name for name in names if name and re.search(r"(^|_)centers?(_|$)", name)}, path


def test_no_merge_is_left_half_done() -> None:
    marks = ["git", "grep", "-lE", "^(<{7}|>{7}) "]
    found = subprocess.run(marks, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == "" and found.returncode == 1, found.stdout + found.stderr
