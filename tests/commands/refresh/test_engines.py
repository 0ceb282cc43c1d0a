"""Engines give each task in order, whether their results come back one by one or by the round."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from bninspect.commands.refresh import engines

joblib: Any = pytest.importorskip("joblib")


class InRounds(joblib._parallel_backends.ThreadingBackend):  # type: ignore[misc]
    """As the backends of ray and spark: it gives results only when all are there."""

    supports_return_generator = False


def measure(packed: bytes, first: int, last: int) -> Any:
    return packed, first, last


@pytest.mark.parametrize("streams", [True, False])
def test_results_come_in_order(streams: bool) -> None:
    joblib.register_parallel_backend("in_rounds", InRounds)
    tasks = [(first, first + 1) for first in range(2 * engines.TASKS_OF_A_ROUND + 3)]
    with joblib.parallel_config(backend="threading" if streams else "in_rounds"):
        given: list[Any] = list(engines._by_backend(joblib, 1, measure, b"work", tasks))
        beside: list[Any] = list(engines._by_backend(joblib, 2, measure, b"work", tasks))
    assert given == beside == [(b"work", *task) for task in tasks]


def frozen(packed: bytes, first: int, last: int) -> Any:
    return gc.get_freeze_count() > 0


def test_the_collector_leaves_alone_what_a_process_loaded_for_its_first_task() -> None:
    with engines._processes(joblib, 1) as pool:
        found = [pool.submit(engines._in_process, frozen, b"work", 0, 1).result() for _ in range(2)]
    assert found == [False, True]
