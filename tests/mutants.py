"""Mechanical mutants of the worked solutions, and whether the checks see them. `make mutants`
prints the table.

The operators are mutmut's where it has one that fits, and ours for what people get wrong in
numerical code: an axis, a guard, a rounding, a maximum that is left out, arguments in the wrong
order, a range that is off by one.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import sys
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import libcst as cst
import libcst.matchers as m
import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from mutmut.mutation import mutators as library

from embcourse.checking import Case, Exercise, exercises, judge, slugs
from embcourse.checking.trial import difference, expect, observe
from tests.notebooks import ROOT, solution_cells

SURVIVORS = ROOT / "tests" / "surviving_mutants.toml"
SEEDS = (1, 2, 3)
SECONDS = 3.0  # a mutant that loops is stopped after that


class Mutant(NamedTuple):
    """One change to a solution: the line as it was, the line as it is, and the whole cell."""

    exercise: str
    before: str
    after: str
    source: str


# ------------------------------------------------------------------------------------ the operators


def name_of(node: cst.BaseExpression) -> str:
    """The last part of a called name: "maximum" of np.maximum."""
    return (
        node.attr.value
        if isinstance(node, cst.Attribute)
        else node.value
        if isinstance(node, cst.Name)
        else ""
    )


def positional(node: cst.Call) -> list[cst.Arg]:
    return [arg for arg in node.args if arg.keyword is None and not arg.star]


def one_less(node: cst.BaseNumber) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.Integer | cst.Float):
        yield cst.parse_expression(f"({node.evaluated_value - 1!r})")


def other_axis(node: cst.Arg) -> Iterator[cst.Arg]:
    """Another axis; not -1 for 1, which is the same in a matrix."""
    if node.keyword is not None and node.keyword.value == "axis":
        for axis in (
            ("0", "-2", "None") if m.matches(node.value, m.UnaryOperation()) else ("0", "1", "None")
        ):
            yield node.with_changes(value=cst.parse_expression(axis))


DROPPED = set("copy astype round lower strip clip tolist transpose ravel cumsum".split())


def without_the_call(node: cst.Call) -> Iterator[cst.BaseExpression]:
    """round(x, 9) -> x; np.maximum(a, b) -> a, b; np.where(c, a, b) -> a, b; x.copy() -> x; abs(x)
    -> x."""
    name, args = name_of(node.func), positional(node)
    if (
        name
        in {
            "round",
            "abs",
            "clip",
            "nan_to_num",
            "sqrt",
            "log",
            "log1p",
            "exp",
            "expm1",
            "asarray",
            "array",
            "sorted",
            "set",
            "unique",
            "cumsum",
            "reversed",
            "list",
            "float",
            "int",
        }
        and args
    ):
        yield args[0].value
    if name in {"maximum", "minimum", "max", "min", "logaddexp"} and len(args) == 2:
        yield from (arg.value for arg in args)
    if name == "where" and len(args) == 3:
        yield from (arg.value for arg in args[1:])
    if isinstance(node.func, cst.Attribute) and name in DROPPED:
        module = isinstance(node.func.value, cst.Name) and node.func.value.value
        if module not in ("np", "math", "rng"):
            yield node.func.value


def swapped_arguments(node: cst.Call) -> Iterator[cst.Call]:
    args = list(node.args)
    places = [place for place, arg in enumerate(args) if arg.keyword is None and not arg.star]
    for one, other in itertools.pairwise(places):
        if not args[one].value.deep_equals(args[other].value):
            swapped = list(args)
            swapped[one] = args[one].with_changes(value=args[other].value)
            swapped[other] = args[other].with_changes(value=args[one].value)
            yield node.with_changes(args=swapped)


def range_off_by_one(node: cst.Call) -> Iterator[cst.Call]:
    if m.matches(node.func, m.Name("range")) and node.args:
        place = 0 if len(node.args) == 1 else 1
        for sign in (cst.Add(), cst.Subtract()):
            value = cst.BinaryOperation(paren(node.args[place].value), sign, cst.Integer("1"))
            args = [
                *node.args[:place],
                node.args[place].with_changes(value=value),
                *node.args[place + 1 :],
            ]
            yield node.with_changes(args=args)


def slice_off_by_one(node: cst.Slice) -> Iterator[cst.Slice]:
    for side in ("lower", "upper"):
        end = getattr(node, side)
        if end is not None:
            yield node.with_changes(
                **{side: cst.BinaryOperation(paren(end), cst.Add(), cst.Integer("1"))}
            )


def one_operand(node: cst.BinaryOperation) -> Iterator[cst.BaseExpression]:
    """x - x.max() -> x, and so on: a part that is left out."""
    if not isinstance(node.operator, cst.MatrixMultiply):
        yield paren(node.left)


def not_transposed(node: cst.Attribute) -> Iterator[cst.BaseExpression]:
    if node.attr.value == "T":
        yield node.value


def without_the_minus(node: cst.UnaryOperation) -> Iterator[cst.BaseExpression]:
    if isinstance(node.operator, cst.Minus):
        yield paren(node.expression)


def without_the_guard(node: cst.If) -> Iterator[cst.BaseStatement]:
    """`if bad: raise ...` and `if empty: return ...` without an else are taken out."""
    if node.orelse is None:
        yield cst.SimpleStatementLine([cst.Pass()])


def without_the_step(node: cst.SimpleStatementLine) -> Iterator[cst.BaseStatement]:
    """A statement that changes something in place is taken out."""
    if m.matches(node, m.SimpleStatementLine([m.AugAssign() | m.Expr(m.Call())])):
        yield node.with_changes(body=[cst.Pass()])


def paren(node: cst.BaseExpression) -> cst.BaseExpression:
    if (
        isinstance(
            node, cst.Name | cst.Integer | cst.Float | cst.Call | cst.Attribute | cst.Subscript
        )
        or node.lpar
    ):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


OPERATORS = [
    (cst.BaseNumber, library.operator_number),
    (cst.Name, library.operator_name),
    (cst.UnaryOperation, library.operator_remove_unary_ops),
    (cst.Call, library.operator_arg_removal),
    (cst.Call, library.operator_symmetric_string_methods_swap),
    (cst.CSTNode, library.operator_keywords),
    (cst.CSTNode, library.operator_swap_op),
    (cst.IfExp, library.operator_if_exp),
    (cst.BaseNumber, one_less),
    (cst.Arg, other_axis),
    (cst.Call, without_the_call),
    (cst.Call, swapped_arguments),
    (cst.Call, range_off_by_one),
    (cst.Slice, slice_off_by_one),
    (cst.BinaryOperation, one_operand),
    (cst.Attribute, not_transposed),
    (cst.UnaryOperation, without_the_minus),
    (cst.If, without_the_guard),
    (cst.SimpleStatementLine, without_the_step),
]


class Places(cst.CSTVisitor):
    """Every node that may be changed: none in annotations, docstrings, imports or the words of an
    error."""

    def __init__(self) -> None:
        self.nodes: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(
            node, cst.Annotation | cst.Raise | cst.Import | cst.ImportFrom | cst.SimpleString
        ):
            return False
        if m.matches(
            node,
            m.With(
                items=[m.AtLeastN(m.WithItem(m.Call(m.Attribute(attr=m.Name("errstate")))), n=1)]
            ),
        ):
            node.body.visit(self)  # what silences a warning changes no result
            return False
        self.nodes.append(node)
        return True


def mutants_of(exercise: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a cell, once. Those that do not compile are left out."""
    module = cst.parse_module(source)
    places = Places()
    module.visit(places)
    seen = {source}
    for node in places.nodes:
        for kind, operator in OPERATORS:
            if not isinstance(node, kind):
                continue
            for changed in operator(node):
                try:
                    code = module.deep_replace(node, changed).code
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", SyntaxWarning)
                        compile(code, "<mutant>", "exec")
                except (SyntaxError, cst.CSTValidationError, ValueError, TypeError):
                    continue
                if code not in seen:
                    seen.add(code)
                    yield Mutant(exercise, *changed_lines(source, code), code)


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, without their indentation."""
    one, other = before.splitlines(), after.splitlines()
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return tuple("\n".join(line.strip() for line in lines) for lines in (one, other))


# -------------------------------------------------------------------------------- are they noticed?


@cache
def namespace(before: tuple[str, ...]) -> dict[str, Any]:
    """What the cells before a solution define."""
    names: dict[str, Any] = {}
    for cell in before:
        exec(compile(TransformerManager().transform_cell(cell), "<notebook>", "exec"), names)
    return names


@cache
def examination(exercise: Exercise, seed: int) -> list[Case]:
    """The cases of a draw: values and gradients first, since most mutants fail there."""
    return sorted(
        exercise.drawn_cases(seed), key=lambda case: case.aspect not in ("values", "gradient")
    )


def loses_points(exercise: Exercise, function: Any, seed: int) -> bool:
    """Whether an answer fails some case of that draw, changes an input, or returns a view of
    one."""
    strict = dataclasses.replace(exercise, seconds=SECONDS)
    for case in examination(exercise, seed):
        expected, may_alias = expect(exercise, case)
        outcome, changed, aliased = observe(strict, function, case, SECONDS)
        if (
            difference(strict, case, expected.value, outcome) is not None
            or changed
            or (aliased and not may_alias)
        ):
            return True
    return False


def survives(exercise: Exercise, mutant: Mutant, before: Iterable[str]) -> bool:
    """Whether the mutant keeps all points on some seed."""
    names = dict(namespace(tuple(before)))
    try:
        exec(compile(mutant.source, "<mutant>", "exec"), names)
    except Exception:
        return False
    return not all(loses_points(exercise, names[exercise.name], seed) for seed in SEEDS)


@cache
def listed() -> dict[tuple[str, str, str], str]:
    """The survivors that are right answers, with the reason."""
    with open(SURVIVORS, "rb") as file:
        return {
            (one["exercise"], one["before"], one["after"]): one["reason"]
            for one in tomllib.load(file)["survivor"]
        }


def is_listed(mutant: Mutant) -> bool:
    return (mutant.exercise, mutant.before, mutant.after) in listed()


def all_mutants(exercise: Exercise) -> tuple[list[Mutant], list[str]]:
    """The mutants of an exercise's solution, and the cells before it."""
    before, source = solution_cells(exercise.slug)[exercise.name]
    return list(mutants_of(exercise.id, source)), before


def names_of(exercise: Exercise, mutant: Mutant, before: list[str]) -> list[tuple[str, ...]]:
    """What a mutant is called on the public cases, and on each seed."""
    names = dict(namespace(tuple(before)))
    exec(compile(mutant.source, "<mutant>", "exec"), names)
    strict = dataclasses.replace(exercise, seconds=SECONDS)
    draws = [exercise.public_cases(), *(exercise.drawn_cases(seed) for seed in SEEDS)]
    return [
        tuple(one.name for one in judge(strict, names[exercise.name], cases).misconceptions)
        for cases in draws
    ]


def main(arguments: list[str]) -> int:
    """Prints a row an exercise, and every survivor that is not listed. arguments: slugs or ids, all
    if there is none;
    with --names also how many of the noticed mutants get a name, and how many of the names another
    draw contradicts.
    """
    wanted, unlisted, poor, totals = (
        [one for one in arguments if one != "--names"],
        [],
        [],
        np.zeros(6, int),
    )
    print(
        f"{'exercise':<40} {'mutants':>8} {'noticed':>8} {'right':>6} {'unlisted':>9} {'named':>6}"
        f" {'misnamed':>9}"
    )
    for exercise in (exercise for slug in slugs() for exercise in exercises(slug)):
        if wanted and exercise.slug not in wanted and exercise.id not in wanted:
            continue
        mutants, before = all_mutants(exercise)
        alive = [mutant for mutant in mutants if survives(exercise, mutant, before)]
        right = [mutant for mutant in alive if is_listed(mutant)]
        rest = [mutant for mutant in alive if not is_listed(mutant)]
        named = misnamed = 0
        if "--names" in arguments:
            for mutant in mutants:
                if mutant not in alive:
                    first, *others = names_of(exercise, mutant, before)
                    named += bool(first)
                    misnamed += bool(first) and any(other != first for other in others)
        row = (len(mutants), len(mutants) - len(alive), len(right), len(rest), named, misnamed)
        print_row(exercise.id, row)
        totals += row
        unlisted += rest
        if row[1] < 0.95 * (len(mutants) - len(right)):
            poor.append(exercise.id)
    print_row("all", tuple(totals))
    for mutant in unlisted:
        print(f"\n{mutant.exercise}\n- " + mutant.before.replace("\n", "\n- "))
        print("+ " + mutant.after.replace("\n", "\n+ "))
    for id in poor:
        print(f"{id}: fewer than 95 % of the wrong mutants are noticed")
    return bool(unlisted)


def print_row(name: str, row: tuple[int, ...]) -> None:
    """One line of the table: noticed is a share of all mutants, named one of those noticed."""
    mutants, noticed, right, rest, named, misnamed = row
    print(
        f"{name:<40} {mutants:8d} {noticed / mutants:8.1%} {right:6d} {rest:9d}"
        f" {named / max(noticed, 1):6.0%} {misnamed:9d}",
        flush=True,
    )


def sample(exercise: Exercise, count: int) -> Iterator[tuple[Mutant, list[str]]]:
    """Some mutants of an exercise, the same every time."""
    mutants, before = all_mutants(exercise)
    for mutant in random.Random(exercise.id).sample(mutants, min(count, len(mutants))):
        yield mutant, before


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1:]))
