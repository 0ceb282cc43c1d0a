"""Processes that are killed while they work: the rest is done, in order, and none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from bninspect.commands.check.workers import in_processes

MANY = range(400)


def squared(number: int) -> int:
    return number * number


def mortal(number: int) -> int:
    """Every hundredth piece ends its process, as the kernel does where memory runs out."""
    if number % 100 == 50:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def slow(number: int) -> int:
    time.sleep(60)
    return number


def none(number: int) -> int:
    return -1


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_order(jobs: int) -> None:
    assert list(in_processes(squared, MANY, jobs, none)) == [number * number for number in MANY]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_process_loses_the_piece_it_was_at_and_no_other(jobs: int) -> None:
    found = list(in_processes(mortal, MANY, jobs, none))
    assert found == [-1 if number % 100 == 50 else number * number for number in MANY]
    assert not multiprocessing.active_children()


def test_every_process_killed_from_outside_ends_the_run() -> None:
    results = in_processes(squared, MANY, 2, none)
    assert next(results) == 0
    for process in multiprocessing.active_children():
        process.kill()
    rest = list(results)
    assert len(rest) == len(MANY) - 1
    assert sum(result == -1 for result in rest) <= 2


def test_whoever_stops_reading_waits_for_nothing() -> None:
    begun = time.monotonic()
    results = in_processes(slow, MANY, 2, none)
    with pytest.raises(RuntimeError):
        _ended_early(results)
    results.close()
    assert time.monotonic() - begun < 30
    assert not multiprocessing.active_children()


def _ended_early(results: object) -> None:
    """Stops while both processes are at something."""

    def ring(number: int, frame: object) -> None:
        raise RuntimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(2)
    try:
        next(results)  # type: ignore[call-overload]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
