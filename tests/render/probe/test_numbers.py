"""How the numbers of a patch are written."""

from __future__ import annotations

import numpy as np

from bninspect.render.probe.patch import grid, planes
from bninspect.text import short


def test_four_significant_digits() -> None:
    told = [short(value) for value in (0.0, 1.0, -0.251381, 253.14673, 12345.6, 1e-3, 3e-7, 2.5e9, np.inf)]
    assert told == ["0", "1.000", "-0.2514", "253.1", "12346", "0.001000", "3.000e-07", "2.500e+09", "inf"]


def test_decimal_points_stand_below_one_another() -> None:
    assert grid(np.array([[1.0, -0.5], [123.456, 0.0]]), 80) == [
        ["    1.000    -0.5000", "  123.5       0     "]
    ]


def test_columns_go_on_where_the_line_ends() -> None:
    parts = grid(np.arange(10)[None], 9)
    assert parts == [["  0  1  2"], ["  3  4  5"], ["  6  7  8"], ["  9"]]


def test_more_than_two_axes_are_shown_plane_by_plane() -> None:
    shown = list(planes(np.zeros((2, 1, 3, 4))))
    assert [place for place, _ in shown] == ["[0, 0, :, :]", "[1, 0, :, :]"]
    assert [table.shape for _, table in shown] == [(3, 4), (3, 4)]
    assert [table.shape for _, table in planes(np.float32(1).reshape(()))] == [(1, 1)]
