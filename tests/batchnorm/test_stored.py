"""The state of stored statistics: by the numbers they hold, and why they hold none."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.batchnorm import State, inspect
from bninspect.batchnorm.layer import MovingStatistics
from bninspect.batchnorm.stored import stored_statistics
from bninspect.errors import CutShortError
from bninspect.graph import flatten
from bninspect.graph.trace import content
from bninspect.graphdef.reader import records
from tests.support.parts import IMAGE, PARAMETERS, only_layer
from tests.support.reports import constant, tensor
from tests.support.text import graph, graphdef

LAYER = "y = FusedBatchNormV3(x, gamma, beta, {mean}, {variance}, is_training=false)\n"
NONE = "none = Const([])\n"
VARIABLES = "kept_mean = VariableV2(shape=[3])\nkept_variance = VariableV2(shape=[3])\n"
EMPTY = "what should hold them is empty"


@pytest.mark.parametrize(("mean", "variance"), [("none", "none"), ("none", "variance"), ("mean", "none")])
def test_empty_constants_hold_no_statistics(mean: str, variance: str) -> None:
    statistics = only_layer(IMAGE + PARAMETERS + NONE + LAYER.format(mean=mean, variance=variance)).statistics
    assert (statistics.state, statistics.reason, statistics.values) == (State.ABSENT, EMPTY, None)


@pytest.mark.parametrize(("mean", "variance"), [("none", "none"), ("none", "variance"), ("mean", "none")])
def test_empty_variables_of_a_checkpoint_hold_no_statistics(mean: str, variance: str) -> None:
    layer = LAYER.format(mean="kept_mean", variance="kept_variance")
    found = graph(IMAGE + PARAMETERS + NONE + VARIABLES + layer)
    nodes = {node.name: node for node in found.nodes}
    nodes["kept_mean"].stored, nodes["kept_variance"].stored = content(nodes[mean]), content(nodes[variance])
    statistics = inspect(found).layers[0].statistics
    assert (statistics.state, statistics.reason, statistics.values) == (State.ABSENT, EMPTY, None)


NAN, INF = float("nan"), float("inf")
STATES = {
    "zeros and ones": ([0.0, 0.0], [1.0, 1.0], State.INITIAL, None),
    "zeros": ([0.0, 0.0], [0.0, 0.0], State.INITIAL, None),
    "zeros, and zeros and ones": ([0.0, 0.0], [0.0, 1.0], State.STORED, None),
    "a mean of ones": ([1.0, 1.0], [1.0, 1.0], State.STORED, None),
    "one mean": ([0.0, 0.5], [1.0, 1.0], State.STORED, None),
    "a mean below 0": ([-0.5, 0.0], [1.0, 1.0], State.STORED, None),
    "one variance": ([0.0, 0.0], [1.0, 2.0], State.STORED, None),
    "twos": ([0.0, 0.0], [2.0, 2.0], State.STORED, None),
    "a variance of 0": ([0.5, 0.25], [0.0, 1.0], State.STORED, None),
    "no number": ([0.5, NAN], [1.0, 1.0], State.INVALID, "1 of 2 channels are not finite"),
    "infinite": ([0.5, 0.0], [INF, 1.0], State.INVALID, "1 of 2 channels are not finite"),
    "infinite below": ([-INF, 0.0], [1.0, NAN], State.INVALID, "2 of 2 channels are not finite"),
    "of other lengths": ([0.5, 0.0, NAN], [1.0, NAN], State.INVALID, "some of 3 channels are not finite"),
    "negative": ([0.5, 0.0], [-1.0, 0.0], State.INVALID, "1 of 2 channels have a negative variance"),
}


@pytest.mark.parametrize("case", STATES)
def test_the_state_of_numbers(case: str) -> None:
    mean, variance, state, reason = STATES[case]
    found = stored_statistics(
        MovingStatistics(mean=constant("mean", mean), variance=constant("variance", variance))
    )
    assert (found.state, found.reason, found.values is None) == (state, reason, False)


@pytest.mark.parametrize(
    ("mean", "bounds"),
    [
        ([0.5, -1.5, 2.0], (-1.5, 2.0)),
        ([0.5, INF], (0.5, None)),
        ([-INF, 1.0], (None, 1.0)),
        ([NAN, 1.0], (None, None)),
    ],
)
def test_bounds_that_are_not_finite_are_none(mean: list[float], bounds: tuple[float | None, ...]) -> None:
    moving = MovingStatistics(mean=constant("mean", mean), variance=constant("variance", [1.0] * len(mean)))
    found = stored_statistics(moving).values
    assert found is not None
    assert (found.mean_range, found.variance_range) == (bounds, (1.0, 1.0))
    np.testing.assert_array_equal(found.numbers(), (mean, [1.0] * len(mean)))


ONES = constant("ones", [1.0])
WORDS = graph('words = Const(["a"])\n').node("words").output()
NOT_READ = "they are in variables, which were not read"
UNREAD = {
    "mean in a variable": (tensor("v", "VariableV2"), ONES, State.UNREAD, NOT_READ),
    "variance in a variable": (ONES, tensor("v", "VarHandleOp"), State.UNREAD, NOT_READ),
    "fed": (
        ONES,
        tensor("fed", "Placeholder"),
        State.UNREAD,
        "they are given by Placeholder fed when the model runs",
    ),
    "mean without a value": (tensor("c", "Const"), ONES, State.UNREAD, "a constant without a value"),
    "variance without a value": (ONES, tensor("c", "Const"), State.UNREAD, "a constant without a value"),
    "words": (ONES, WORDS, State.INVALID, "a constant of type string, where numbers were expected"),
}


@pytest.mark.parametrize("case", UNREAD)
def test_why_there_are_no_numbers(case: str) -> None:
    mean, variance, state, reason = UNREAD[case]
    found = stored_statistics(MovingStatistics(mean=mean, variance=variance))
    assert (found.state, found.reason, found.values) == (state, reason, None)


def test_a_file_that_is_cut_short_is_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of the file."""

    def cut_short() -> None:
        raise CutShortError("the file is cut short")

    moving = MovingStatistics(mean=ONES, variance=ONES)
    held = content(ONES.node)
    assert held is not None
    monkeypatch.setattr(type(held), "few", lambda *_: cut_short())
    with pytest.raises(CutShortError):
        stored_statistics(moving)


@pytest.mark.parametrize(
    ("mean", "variance", "reason"),
    [
        ("mean", "square", "they are computed by Mul square when the model runs"),
        ("square", "variance", "they are computed by Mul square when the model runs"),
        ("square", "twice", "they are computed by Mul square when the model runs"),
        ("mean", "lost", "a constant without a value"),
        ("lost", "square", "a constant without a value"),
    ],
)
def test_statistics_that_are_not_stored_are_blamed_on_the_node_that_stores_none(
    mean: str, variance: str, reason: str
) -> None:
    computed = "square = Mul(variance, variance)\ntwice = Add(variance, variance)\nlost = Const([1.0])\n"
    message = graphdef(IMAGE + PARAMETERS + computed + LAYER.format(mean=mean, variance=variance))
    for node in message.node:
        if node.name == "lost":
            node.attr.pop("value")
    statistics = inspect(flatten(records(message.SerializeToString(), "m.pb"))).layers[0].statistics
    assert (statistics.state, statistics.reason) == (State.UNREAD, reason)
