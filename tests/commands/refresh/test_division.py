"""The batches of a run in tasks: several in one while there are many, the last ones each by itself."""

from __future__ import annotations

import pytest

from bninspect.commands.refresh.jobs import division


@pytest.mark.parametrize(
    ("batches", "sizes"),
    [
        (1, [1]),
        (8, [1] * 8),
        (11, [1] * 11),
        (12, [4] + [1] * 8),
        (13, [4] + [1] * 9),
        (16, [4, 4] + [1] * 8),
        (64, [4] * 14 + [1] * 8),
    ],
)
def test_the_last_batches_are_tasks_of_their_own(batches: int, sizes: list[int]) -> None:
    tasks = division(batches)
    assert [last - first for first, last in tasks] == sizes
    assert [number for task in tasks for number in range(*task)] == list(range(batches))
