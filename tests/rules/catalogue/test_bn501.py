"""BN501 statistics-unchanged."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison.comparison import diff
from bninspect.graph import flatten
from bninspect.graph.trace import stored_value
from bninspect.models.restore import load
from bninspect.rules import Case, judge, select
from tests.support.catching import fused
from tests.support.parts import IMAGE, PARAMETERS, PHASE, fused_cond, report
from tests.support.places import FIXTURES
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.batchnorm import Report
    from bninspect.graphdef import TensorValue
    from bninspect.rules import Judgement

WEIGHTS = "weights = Const([1.0, 2.0, 3.0])\nmade = Mul(x, weights)\n"
NET = IMAGE + PARAMETERS + WEIGHTS
CASES = sorted(path.name for path in (FIXTURES / "training").iterdir())
STALE = {
    "unwired_14", "unwired_115", "untrainable_wired_115", "untrainable_unwired_14", "untrainable_unwired_115",
    "untrainable_wired_2", "ewma_not_called_14", "ewma_not_called_115",
}  # fmt: skip
"""Where a layer normalizes with its batch, its weights learned, and nobody ran its updates."""
NOT_JUDGED = {"not_saved_115": "1 layer could not be compared"}


def between(old: Report, new: Report) -> Judgement:
    """What the rule says of two reports."""
    return judge(Case(report=new, moved=diff(old, new)), select(["BN501"]))


def moved(text: str, *changes: tuple[str, str]) -> Judgement:
    """What the rule says of these lines and of the same after changes."""
    after = text
    for what, other in changes:
        assert what in after
        after = after.replace(what, other)
    return between(report(text), report(after))


LEARNED = ("[1.0, 2.0, 3.0]", "[1.0, 2.0, 3.5]")
GAMMA = ("[1.5, 2.0, 0.5]", "[1.25, 2.0, 0.5]")
MEAN = ("[0.5, -0.5, 0.25]", "[0.5, -0.5, 0.125]")
VARIANCE = ("[1.5, 2.5, 0.5]", "[1.5, 2.5, 0.75]")
TRAINING = NET + fused(x="made", training=True)
SWITCHED = NET + PHASE + fused_cond("phase", x="made")
TRAINED = """
rate = Const(0.1)
drop = Sub(mean, y:1)
share = Mul(drop, rate)
update = AssignSub(mean, share)
drop2 = Sub(variance, y:2)
share2 = Mul(drop2, rate)
update2 = AssignSub(variance, share2)
step = ApplyGradientDescent(weights, rate, weightsCONTROLS)
scores = Relu(y)
"""


@pytest.mark.parametrize("text", [TRAINING, SWITCHED], ids=["training", "switched"])
@pytest.mark.parametrize("change", [LEARNED, GAMMA], ids=["weights", "gamma"])
def test_catches_weights_that_moved_alone(text: str, change: tuple[str, str]) -> None:
    outcome = moved(text, change)
    (finding,) = outcome.findings
    assert (finding.layer, finding.node, finding.severity.value) == ("y", "mean", "error")
    assert "the same in both files in all of 3 channels" in finding.message
    assert not outcome.not_run


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        ("unused", ["(their updates exist, and no train op runs them)"]),
        ("none", ["(nothing in the graph updates them)"]),
        ("run", []),
        (None, []),
    ],
)
@pytest.mark.parametrize("in_old", [True, False])
def test_says_what_a_training_graph_says_of_updates(updates: Any, words: list[str], in_old: bool) -> None:
    both = [report(TRAINING), report(TRAINING.replace(*LEARNED))]
    known = both[0 if in_old else 1]
    told = replace(known, layers=tuple(replace(layer, updates=updates) for layer in known.layers))
    both[0 if in_old else 1] = told
    (finding,) = between(*both).findings
    assert re.findall(r"\((?:their updates|nothing).*?\)", finding.message) == words


def test_catches_one_update_of_the_weights_however_small() -> None:
    """The next float32 after 3 is a move."""
    assert moved(TRAINING, ("[1.0, 2.0, 3.0]", "[1.0, 2.0, 3.0000002384185791]")).findings


def test_catches_a_layer_that_is_called_twice_once() -> None:
    twice = TRAINING + fused("z", "y", training=True)
    outcome = moved(twice, GAMMA)
    assert [finding.layer for finding in outcome.findings] == ["y"]


def test_catches_a_layer_without_weights_where_others_learned() -> None:
    """It normalizes the image itself; its gamma and beta are constants beside the variables that learn."""
    statistics = "".join(
        f"{name} = VariableV2(dtype=float, shape=[3])\n" for name in ("mean", "variance", "weights")
    )
    ones = "gamma = Const([1.0, 1.0, 1.0])\nbeta = Const([0.0, 0.0, 0.0])\n"
    second = "ones = Const([2.0, 2.0, 2.0])\nmade = Mul(y, weights)\n" + fused("z", "made", "ones", "ones")
    text = IMAGE + statistics + ones + fused(training=True) + second
    values = [
        dict.fromkeys(("mean", "variance"), tensor([0.5, 0.5, 0.5])) | {"weights": tensor([1.0, 1.0, last])}
        for last in (1.0, 2.0)
    ]
    (finding,) = between(*(with_values(report(text), held) for held in values)).findings
    assert finding.layer == "y"
    assert finding.message.startswith(
        "the weights of other layers moved; moving mean and variance are the same"
    )


def tensor(values: list[float]) -> TensorValue:
    """A tensor of float32, shape (n,)."""
    (node,) = graph(f"held = Const({values})\n")
    found = stored_value(node)
    assert found is not None
    return found


def test_catches_updates_that_no_train_op_runs() -> None:
    (finding,) = moved(TRAINING + TRAINED.replace("CONTROLS", ""), LEARNED).findings
    assert finding.message.endswith("(their updates exist, and no train op runs them)")


def test_catches_updates_that_some_other_train_op_runs() -> None:
    """The graph runs them, and the files show that nobody did."""
    (finding,) = moved(TRAINING + TRAINED.replace("CONTROLS", ", ^update, ^update2"), LEARNED).findings
    assert finding.message.endswith("in all of 3 channels")


def test_catches_the_layer_that_is_stale_alone() -> None:
    second = PARAMETERS.replace("mean =", "mean2 =").replace("variance =", "variance2 =")
    second = "".join(line + "\n" for line in second.splitlines() if line.startswith(("mean2", "variance2")))
    text = TRAINING + second.replace("-0.5", "-0.75") + fused("z", "y", "mean2", "variance2", training=True)
    (finding,) = moved(text, GAMMA, MEAN).findings
    assert finding.layer == "z"


def test_does_not_catch_statistics_that_moved() -> None:
    for change in (MEAN, VARIANCE):
        assert not moved(TRAINING, LEARNED, change).findings


def test_does_not_catch_one_update_with_a_momentum_near_1() -> None:
    """A last bit is a move of the statistics, too."""
    assert not moved(
        TRAINING, LEARNED, ("variance = Const([1.5,", "variance = Const([1.5000001192092896,")
    ).findings


def test_does_not_catch_a_frozen_layer() -> None:
    """Its own weights stay, and those behind it move."""
    head = "head = Const([1.0, 1.0, 0.5])\nscores = Mul(y, head)\n"
    outcome = moved(TRAINING + head, ("[1.0, 1.0, 0.5]", "[1.0, 0.0, 0.5]"))
    assert (outcome.findings, outcome.not_run) == ((), ())


def test_does_not_catch_the_same_file() -> None:
    assert not moved(TRAINING).findings


def test_does_not_catch_batch_statistics_on_purpose() -> None:
    """There are no moving statistics that could have moved."""
    text = NET + "none = Const([])\n" + fused(x="made", mean="none", variance="none", training=True)
    outcome = moved(text, LEARNED)
    assert not outcome.findings
    assert outcome.not_run[0].reason == "1 layer could not be compared"


def test_does_not_catch_what_graphs_for_inference_do_not_tell() -> None:
    outcome = moved(NET + fused(x="made"), LEARNED)
    assert not outcome.findings
    assert [one.reason for one in outcome.not_run] == [
        "weights moved and statistics did not at y: a graph for inference does not tell whether training "
        "normalizes with the batch there; name the training graph (.meta)"
    ]


def test_one_training_graph_tells_of_both_files() -> None:
    frozen, training = report(NET + fused(x="made")), report(TRAINING.replace(*LEARNED))
    assert [len(between(*pair).findings) for pair in ((frozen, training), (training, frozen))] == [1, 1]


def test_does_not_catch_a_switch_that_was_fed_inference() -> None:
    """The train op runs the updates, and they moved nothing."""
    case = FIXTURES / "training" / "switched_115"
    old, new = (inspect(load(str(case / f"model.ckpt-{step}"))) for step in (20, 0))
    held = dict(old.graph.graphdef.variables or {})
    learned = dict(new.graph.graphdef.variables or {})
    kept = {name: learned[name] if "moving" in name else value for name, value in held.items()}
    assert set(kept) == set(learned)
    outcome = between(with_values(old, kept), new)
    assert not outcome.findings
    assert [one.reason for one in outcome.not_run] == [
        "weights moved and statistics did not at bn, though the train op runs their updates: training was "
        "fed inference mode, so it trained on stored statistics"
    ]


def with_values(found: Report, values: Mapping[str, TensorValue]) -> Report:
    """The report of the same graph with other values of its variables."""
    return inspect(flatten(replace(found.graph.graphdef, variables=values)))


@pytest.mark.parametrize("case", CASES)
def test_it_fires_exactly_where_checkpoints_show_it(case: str) -> None:
    folder = FIXTURES / "training" / case
    outcome = between(*(inspect(load(str(folder / f"model.ckpt-{step}"))) for step in (0, 20)))
    assert bool(outcome.findings) is (case in STALE)
    reasons = [one.reason for one in outcome.not_run]
    assert reasons == ([NOT_JUDGED[case]] if case in NOT_JUDGED else [])


def test_alone_it_says_that_it_needs_two() -> None:
    (one,) = judge(Case(report=report(TRAINING)), select(["BN501"])).not_run
    assert one.reason == "needs two files: bninspect diff OLD NEW"
