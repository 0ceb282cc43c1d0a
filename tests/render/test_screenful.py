"""A report of any size fits into 40 rows, with its verdict first, and last if more than a screen follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.render.line import Line
from bninspect.render.screenful import MOST_ROWS, ONE_SCREEN, Screenful
from tests.support.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Callable

VERDICT = Line("model.pb: 3 layers are stale")


def lines(count: int) -> Callable[[], list[Line]]:
    """So many lines."""
    return lambda: [Line(f"line {number} of {count}") for number in range(count)]


def shown(*counts: int, limited: bool = True) -> list[str]:
    """What is drawn of bodies of so many lines."""
    return drawn([Screenful(VERDICT, *map(lines, counts), limited=limited)]).splitlines()


@pytest.mark.parametrize(("rows", "again"), [(0, False), (ONE_SCREEN - 1, False), (ONE_SCREEN, True)])
def test_the_verdict_is_first_and_last_if_more_than_a_screen_follows(rows: int, again: bool) -> None:
    text = shown(rows)
    assert text[0] == VERDICT.text
    assert (text[-1] == VERDICT.text and len(text) > 1) is again
    assert len(text) == 1 + rows + again


def test_the_fullest_body_that_fits_is_drawn() -> None:
    assert shown(60, 30, 5)[1] == "line 0 of 30"


def test_of_the_last_body_as_much_as_fits() -> None:
    text = shown(100, 60)
    assert len(text) == MOST_ROWS
    assert text[-2:] == ["and 23 more lines: --all", VERDICT.text]


def test_all_is_drawn_whole() -> None:
    assert len(shown(100, limited=False)) == 102
