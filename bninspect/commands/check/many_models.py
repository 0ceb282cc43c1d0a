"""Many models side by side. What comes out, and in which order, does not depend on how many run at once.

A process of its own costs about as much to start as a hundred small models to check, so there are some only
once the models that are left would take longer than that. Each holds one model at a time.
"""

from __future__ import annotations

import os
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from bninspect.commands.check.one_model import check
from bninspect.commands.check.result import ModelResult
from bninspect.commands.check.workers import in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bninspect.commands.check.one_model import Settings

WORTH_IT = 2.0
"""Seconds of work left, by the pace so far, from which on processes are started."""
_MOST = 8
"""Processes, where nobody says how many."""


def check_all(
    work: Sequence[Settings],
    jobs: int | None = None,
    done: Callable[[ModelResult], None] = lambda result: None,
) -> tuple[ModelResult, ...]:
    """The results in the order of the work, at most `jobs` models at a time; `done` is called with each.

    Without `jobs`, as many as there are processors, and one where models are run: TensorFlow uses every
    processor by itself.
    """
    if jobs is None:
        jobs = 1 if any(settings.request for settings in work) else min(_MOST, _processors())
    if any(settings.path == "-" or settings.keep for settings in work):
        jobs = 1  # standard input is this process's, and so is what is kept
    results = []
    for result in _results(work, jobs):
        done(result)
        results.append(replace(result, case=None))
    return tuple(results)


def _processors() -> int:
    """Those that this process may use: a container has fewer than the machine."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _results(work: Sequence[Settings], jobs: int) -> Iterator[ModelResult]:
    begun = monotonic()
    for number, settings in enumerate(work):
        left = len(work) - number
        if number and jobs > 1 and left > 1 and (monotonic() - begun) / number * left >= WORTH_IT:
            yield from _side_by_side(work[number:], min(jobs, left))
            return
        yield check(settings)


def _side_by_side(work: Sequence[Settings], jobs: int) -> Iterator[ModelResult]:
    """In processes. A model that takes its process with it takes no other model."""
    yield from in_processes(check, work, jobs, _ended)


def _ended(settings: Settings) -> ModelResult:
    """The result of a model whose process was ended from outside."""
    path = settings.path
    return ModelResult(path=path, error=f"{path}: the process that checked it was ended (out of memory?)")
