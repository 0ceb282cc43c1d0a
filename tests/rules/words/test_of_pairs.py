"""Clauses of what moved between two files, and of averages in half precision."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.rules.catalogue import bn207, bn501, bn502
from bninspect.statistics import thresholds


def change(relative: float | None, *, moved: bool = True) -> Any:
    return SimpleNamespace(moved=moved, relative=relative)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "the weights of other layers moved"),
        ({"weights": change(0.5)}, "moved, as a share of their size: weights by 0.5"),
        (
            {"weights": change(0.5), "gamma": change(0.25), "beta": change(2.0)},
            "moved, as a share of their size: weights by 0.5, gamma by 0.25, beta by 2",
        ),
        ({"gamma": change(0.5, moved=False), "beta": change(None)}, "the weights of other layers moved"),
        ({"gamma": change(None), "beta": change(0.5)}, "moved, as a share of their size: beta by 0.5"),
    ],
    ids=["nothing of it", "weights", "all", "nothing that counts", "what has a share"],
)
def test_what_moved(changes: dict[str, Any], words: str) -> None:
    move: Any = SimpleNamespace(**{"weights": None, "gamma": None, "beta": None, **changes})
    assert bn501._moved(move) == words


UNUSED = " (their updates exist, and no train op runs them)"
NONE = " (nothing in the graph updates them)"


@pytest.mark.parametrize(
    ("new", "old", "words"),
    [
        ("unused", "none", UNUSED),
        ("none", "unused", NONE),
        (None, "unused", UNUSED),
        (None, "none", NONE),
        ("run", "run", ""),
        (None, None, ""),
    ],
)
def test_the_newer_training_graph_tells_of_updates(new: str | None, old: str | None, words: str) -> None:
    move: Any = SimpleNamespace(new=SimpleNamespace(updates=new), old=SimpleNamespace(updates=old))
    assert bn501._updates(move) == words


def stale(name: str, trains: Trains) -> Any:
    return SimpleNamespace(name=name, verdict=Verdict.STALE, trains=trains)


def other(verdict: Verdict) -> Any:
    return SimpleNamespace(name="other", verdict=verdict, trains=Trains.BATCH)


INFERENCE = (
    "weights moved and statistics did not at {}: a graph for inference does not tell whether training "
    "normalizes with the batch there; name the training graph (.meta)"
)
WAS_FED = (
    "weights moved and statistics did not at {}, though the train op runs their updates: training was fed "
    "inference mode, so it trained on stored statistics"
)


@pytest.mark.parametrize(
    ("moves", "unmatched", "words"),
    [
        ([], (), None),
        ([stale("a", Trains.BATCH)], (), None),
        ([stale("a", Trains.UNKNOWN), stale("b", Trains.UNKNOWN)], (), INFERENCE.format("a, b")),
        ([stale("a", Trains.FED)], (), WAS_FED.format("a")),
        ([other(Verdict.UNREAD)], (), "1 layer could not be compared"),
        ([other(Verdict.UNREAD), other(Verdict.WEIGHTS_UNREAD)], (), "2 layers could not be compared"),
        ([], ("a", "b"), "2 layers without a match in the other file"),
        ([other(Verdict.UNREAD)], ("a",),
         "1 layer could not be compared; 1 layer without a match in the other file"),
    ],
    ids=["nothing", "what was judged", "inference", "fed", "unread", "or the weights", "no match", "both"],
)  # fmt: skip
def test_what_two_files_leave_open(moves: list[Any], unmatched: tuple[str, ...], words: str | None) -> None:
    case: Any = SimpleNamespace(moves=moves, moved=SimpleNamespace(unmatched=unmatched))
    assert bn501.undecided(case) == words


def test_a_file_alone_leaves_nothing_open() -> None:
    alone: Any = SimpleNamespace(moves=(), moved=None)
    assert bn501.undecided(alone) is bn502.undecided(alone) is None


def states(old: State, new: State) -> Any:
    def side(state: State) -> Any:
        return SimpleNamespace(statistics=SimpleNamespace(state=state))

    return SimpleNamespace(old=side(old), new=side(new))


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([states(State.STORED, State.STORED)], None),
        ([states(State.UNREAD, State.STORED)], "1 layer"),
        ([states(State.STORED, State.UNREAD), states(State.UNREAD, State.UNREAD)], "2 layers"),
    ],
    ids=["both", "not the older", "neither"],
)
def test_statistics_that_one_file_does_not_tell(moves: list[Any], words: str | None) -> None:
    case: Any = SimpleNamespace(moves=moves)
    expected = None if words is None else f"the statistics of {words} could not be read in both files"
    assert bn502.undecided(case) == expected


def half(mean: list[float], variance: list[float], of: str = "half", x: str = "float") -> str | None:
    """What is said of statistics, of a layer whose op and x have these types."""

    def typed(dtype: str) -> Any:
        return SimpleNamespace(node=SimpleNamespace(attr=lambda name: {"T": dtype}.get(name)))

    branch = SimpleNamespace(site=typed(of))
    layer = SimpleNamespace(x=typed(x), wiring=SimpleNamespace(served=(branch,)))
    values: Any = SimpleNamespace(
        layer=layer, mean=np.array(mean), variance=np.array(variance), size=len(mean)
    )
    return bn207._beyond(values)


LARGEST, SMALLEST = thresholds.HALF_LARGEST, thresholds.HALF_SMALLEST


@pytest.mark.parametrize(
    ("mean", "variance", "words"),
    [
        ([LARGEST], [LARGEST], None),
        ([LARGEST + 1], [1.0], "a statistic of 65,505, where"),
        ([-LARGEST - 1], [1.0], "a statistic of 65,505, where"),
        ([0.0], [LARGEST + 1], "a statistic of 65,505, where"),
        ([np.inf, 1.0], [np.nan, 1.0], None),
        ([0.0, 0.0], [SMALLEST, 1.0], "1 of 2 variances, the smallest "),
        ([0.0, 0.0], [SMALLEST * 1.01, 1.0], None),
        ([0.0, 0.0], [0.0, 1.0], None),
        ([0.0, 0.0], [SMALLEST / 2, SMALLEST], "2 of 2 variances, the smallest "),
    ],
)
def test_what_float16_cannot_hold(mean: list[float], variance: list[float], words: str | None) -> None:
    for types in (("half", "float"), ("float", "half")):
        found = half(mean, variance, *types)
        assert found is words is None or (words is not None and str(found).startswith(words))
    assert half(mean, variance, "float") is None
