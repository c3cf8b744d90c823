"""The checks of arguments: one meaning of an integer, a number, an id and offsets, in every
room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embcourse.arguments import (
    require_choice,
    require_flag,
    require_floats,
    require_ids,
    require_integers,
    require_number,
    require_offsets,
    require_whole,
)

INTEGERS = [np.dtype(letter) for letter in np.typecodes["AllInteger"]]
FLOATS = [np.dtype(letter) for letter in np.typecodes["Float"]]
NO_INTEGERS = [True, np.True_, 2.0, np.float64(2), "2", None, 2j, np.array(2), np.array([2]), [2]]


class TestValues:
    @pytest.mark.parametrize("dtype", INTEGERS, ids=str)
    def test_every_numpy_integer_is_one_and_comes_back_as_pythons(self, dtype) -> None:
        whole = require_whole("f", "n", dtype.type(100), least=1, most=100)
        assert type(whole) is int
        assert whole == 100
        assert type(require_number("f", "x", dtype.type(100))) is float

    @pytest.mark.parametrize("value", NO_INTEGERS, ids=repr)
    def test_what_is_no_integer(self, value) -> None:
        with pytest.raises(TypeError, match="^f: n must be an integer, got "):
            require_whole("f", "n", value)

    @pytest.mark.parametrize("value", [True, "2", None, 2j, np.array(2.0), [2.0]], ids=repr)
    def test_what_is_no_number(self, value) -> None:
        with pytest.raises(TypeError, match="^f: x must be a number, got "):
            require_number("f", "x", value)

    @pytest.mark.parametrize("dtype", FLOATS, ids=str)
    def test_numbers_of_every_float_type(self, dtype) -> None:
        assert require_number("f", "x", dtype.type(0.5), least=0, most=1) == 0.5
        for bad in (np.nan, np.inf, -np.inf):
            with pytest.raises(ValueError, match="^f: x must be finite, got "):
                require_number("f", "x", dtype.type(bad))

    @given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
    def test_ranges(self, value, low, high) -> None:
        closed = {"least": low, "most": high}
        for check in (require_whole, require_number):
            if low <= value <= high:
                assert check("f", "x", value, **closed) == value
            else:
                with pytest.raises(ValueError, match=f"^f: x must lie between {low} and {high}, "):
                    check("f", "x", value, **closed)
        if low < value < high:
            assert require_number("f", "x", value, above=low, below=high) == value
        else:
            with pytest.raises(ValueError, match=f"must be above {low} and below {high}, got "):
                require_number("f", "x", value, above=low, below=high)

    def test_an_integer_that_no_float_holds(self) -> None:
        with pytest.raises(ValueError, match="^f: x must be finite and not negative"):
            require_number("f", "x", 10**400, least=0)

    @pytest.mark.parametrize("value", ["c", 1, ["a"], np.zeros(3), ("a",)], ids=repr)
    def test_choices(self, value) -> None:
        require_choice("f", "kind", "a", ("a", "b", None))
        require_choice("f", "kind", np.str_("b"), ("a", "b", None))
        require_choice("f", "kind", None, ("a", "b", None))
        with pytest.raises(ValueError, match="^f: kind must be 'a', 'b' or None, got "):
            require_choice("f", "kind", value, ("a", "b", None))

    @pytest.mark.parametrize("value", [1, 0, "no", None, np.array(True)], ids=repr)
    def test_flags(self, value) -> None:
        assert require_flag("f", "flag", np.True_) is True
        with pytest.raises(TypeError, match="^f: flag must be True or False, got "):
            require_flag("f", "flag", value)


class TestArrays:
    @pytest.mark.parametrize("dtype", INTEGERS, ids=str)
    def test_ids_of_every_type(self, dtype) -> None:
        ids = np.array([0, 2, 1], dtype)
        checked = require_ids("f", "ids", ids, 3)
        assert checked.dtype == np.int64
        assert checked.tolist() == [0, 2, 1]
        with pytest.raises(ValueError, match="^f: ids must lie between 0 and 1, got 2 at position"):
            require_ids("f", "ids", ids, 2)

    @pytest.mark.parametrize("wrong", [2**32, 2**63, -1, -(2**32)])
    def test_ids_are_looked_at_before_the_cast(self, wrong) -> None:
        wide = np.uint64 if wrong > 0 else np.int64
        for dtype in (np.int32, np.int64):
            with pytest.raises(ValueError, match=f"got {wrong} at position 1$"):
                require_ids("f", "ids", np.array([0, wrong], wide), 3, dtype=dtype)

    @pytest.mark.parametrize("wrong", [2**31, 2**32, 2**63, -(2**31) - 1])
    def test_integers_fit_into_the_type_they_get(self, wrong) -> None:
        wide = np.uint64 if wrong > 0 else np.int64
        with pytest.raises(ValueError, match=f"must fit into int32, got {wrong} at position 1$"):
            require_integers("f", "ids", np.array([0, wrong], wide), dtype=np.int32)

    def test_no_copy_where_the_type_is_right(self) -> None:
        ids = np.array([0, 1], np.int64)
        table = np.ones((2, 2))
        assert require_ids("f", "ids", ids, 2) is ids
        assert require_floats("f", "table", table, "(words, dim)") is table

    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ([1.0], TypeError),
            ([True], TypeError),
            (["a"], TypeError),
            ([None], TypeError),
            (None, TypeError),
            ("a", TypeError),
            ({1}, TypeError),
            ([[1], [1, 2]], ValueError),
            ([[1]], ValueError),
            (1, ValueError),
        ],
        ids=repr,
    )
    def test_what_are_no_ids(self, values, error) -> None:
        with pytest.raises(error, match="^f: ids must be "):
            require_ids("f", "ids", values, 3)

    @given(st.lists(st.integers(0, 4), max_size=5), st.integers(0, 6))
    def test_offsets(self, values, tokens) -> None:
        right = values and values[0] == 0 and values[-1] == tokens and values == sorted(values)
        if right:
            assert require_offsets("f", values, tokens).tolist() == values
        else:
            with pytest.raises(ValueError, match="^f: offsets must rise from 0 to the number of"):
                require_offsets("f", values, tokens)

    def test_unsigned_offsets_that_fall(self) -> None:
        with pytest.raises(ValueError, match="got 1 after 3$"):
            require_offsets("f", np.array([0, 3, 1, 4], np.uint8), 4)

    @pytest.mark.parametrize(
        ("shape", "right", "wrong"),
        [
            ("(n,)", [1], 1),
            ("(words, dim)", [[1]], [1]),
            ("(..., words)", [[1]], 1),
            ("(..., keys, d)", [[1]], [1]),
        ],
    )
    def test_shapes(self, shape, right, wrong) -> None:
        assert require_floats("f", "x", right, shape).dtype == np.float64
        with pytest.raises(ValueError, match=r"^f: x must have shape \(.*\), got shape "):
            require_floats("f", "x", wrong, shape)

    @pytest.mark.parametrize("values", [["a"], [1j], [None], [[1], [1, 2]], None, "a"], ids=repr)
    def test_what_are_no_numbers(self, values) -> None:
        with pytest.raises((TypeError, ValueError), match="^f: x must be .*real numbers, got "):
            require_floats("f", "x", values, "(n,)")

    @pytest.mark.parametrize(
        ("keywords", "values", "message"),
        [
            ({}, [0, np.nan], "must be finite, got nan at position 1"),
            ({"least": 0}, [0, -1], "must be finite and not negative, got -1.0 at position 1"),
            ({"least": 0, "finite": False}, [np.inf, -1], "must be at least 0, got -1.0 at pos"),
            ({"filled": True}, [], "must not be empty"),
        ],
        ids=str,
    )
    def test_numbers_that_are_not_allowed(self, keywords, values, message) -> None:
        require_floats("f", "x", values[:1] or [1], "(n,)", **keywords)
        with pytest.raises(ValueError, match=f"^f: x {message}"):
            require_floats("f", "x", values, "(n,)", **keywords)
