"""What a training graph says of its moving statistics."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.layer import BatchNorm
from bninspect.render.graph.numbers import numbers
from bninspect.render.graph.training import training_lines
from tests.support.reports import fixed_training, layer, phase, predicate, report, tensor

LEARNS = ("gamma", "beta")
GAMMA = tensor("bn/gamma", "VariableV2")
RUN = "training graph: the train op updates the moving statistics"
FROZEN = "training graph: its layers run on stored statistics, and training does not update them"


def told(*layers: BatchNorm) -> list[str]:
    return [line.label + line.text for line in training_lines(report(*layers))]


def test_a_graph_that_does_not_train_says_nothing() -> None:
    assert told(fixed_training(), layer(), layer(decided=predicate(phase()))) == []


def test_updates_that_run() -> None:
    assert told(fixed_training(updates="run", trainable=LEARNS, gamma=GAMMA)) == [RUN]


def test_updates_that_the_optimizer_does_not_run_itself() -> None:
    first, second = told(fixed_training("ewma", updates="run", updates_apart=True))
    assert first == RUN
    assert second.startswith(
        "ewma: what waits for the optimizer's op, or is grouped with it, runs the updates"
    )


def test_updates_of_another_call() -> None:
    _, second = told(
        fixed_training("a", updates="run"), fixed_training("b", updates="run", updated_by_others=True)
    )
    assert second == (
        "b: the train op runs the updates of another call with the same statistics, not of this one"
    )


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        ("unused", "no train op runs the updates of the moving statistics"),
        ("none", "nothing updates the moving statistics"),
    ],
)
def test_updates_that_nobody_runs(updates: str, words: str) -> None:
    end = "so inference will not use what training saw"
    first, fix = told(fixed_training("a", updates=updates))
    assert first == f"training graph: {words}, {end}"
    assert fix.startswith("fix: run UPDATE_OPS with every training step")
    run, part, _ = told(fixed_training("a", updates=updates), fixed_training("b", updates="run"))
    assert run == f"{RUN} of b"
    assert part == f"training graph: {words} of a, {end}"


def test_no_updates_on_stored_statistics() -> None:
    assert told(layer("b", updates="none")) == [FROZEN]


@pytest.mark.parametrize("updates", ["run", "unused"])
def test_trainable_false_is_explained_where_the_layer_trains_on_its_batch(updates: str) -> None:
    """Whether its updates run or not: with another version they would not, or would."""
    one = fixed_training("net/bn", updates=updates, trainable=(), gamma=GAMMA)
    text = told(one)[-1]
    assert text.startswith("net/bn: trainable=False, but training mode. TensorFlow 1.4 lists the updates")
    (said,) = [line for line in numbers(one) if line.text.startswith("trainable=False")]
    assert "TensorFlow 2 runs in inference mode" in said.text
    assert said.tone == "warning"


def test_trainable_false_needs_no_word_elsewhere() -> None:
    """At a frozen layer; where only beta learns; where gamma and beta are no variables; without a list."""
    alone = [
        layer(updates="none", trainable=(), gamma=GAMMA),
        fixed_training(updates="run", trainable=("beta",), gamma=GAMMA),
        fixed_training(updates="run", trainable=()),
        fixed_training(updates="run", trainable=None, gamma=GAMMA),
    ]
    for one in alone:
        assert not any("trainable=False" in text for text in told(one))
        assert not any(line.text.startswith("trainable=False") for line in numbers(one))


def test_statistics_that_the_optimizer_moves() -> None:
    listed = (*LEARNS, "moving_mean", "moving_variance")
    assert told(layer(updates="none", trainable=listed))[-1].endswith("they are in TRAINABLE_VARIABLES")
    assert told(fixed_training(updates="run", trainable=listed, gamma=GAMMA)) == [RUN]


@pytest.mark.parametrize(
    ("updates", "words", "tone"),
    [
        ("run", "a train op runs them (bn/up)", "plain"),
        ("unused", "they exist, and no train op runs them (bn/up)", "warning"),
        (None, "they exist, and the graph has no train op (bn/up)", "plain"),
    ],
)
def test_numbers_name_the_update_ops(updates: str | None, words: str, tone: str) -> None:
    ops = (tensor("bn/up", "AssignSub").node,)
    lines = {line.text: line.tone for line in numbers(fixed_training(updates=updates, update_ops=ops))}
    assert lines[f"updates of the moving statistics: {words}"] == tone
    assert "momentum: no constant, computed when the updates run" in lines
