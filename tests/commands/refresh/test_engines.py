"""Engines give each task in order, whether their results come back one by one or by the round."""

from __future__ import annotations

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
