"""What stands below the table of a training graph."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.layer import BatchNorm
from bninspect.render.graph.notes import training_notes
from bninspect.render.graph.numbers import numbers
from tests.support.reports import fixed_training, layer, phase, predicate, tensor

LEARNS = ("gamma", "beta")
GAMMA = tensor("bn/gamma", "VariableV2")


def told(*layers: BatchNorm) -> list[tuple[str, str]]:
    return [(note.term, note.text) for note in training_notes(layers)]


def test_a_graph_that_does_not_train_has_no_notes() -> None:
    assert told(fixed_training(), layer(), layer(decided=predicate(phase()))) == []


def test_updates_that_run_need_no_note() -> None:
    assert told(fixed_training(updates="run", trainable=LEARNS, gamma=GAMMA)) == []


def test_updates_that_the_optimizer_does_not_run_itself() -> None:
    ((term, text),) = told(fixed_training("ewma", updates="run", updates_apart=True))
    assert term == "run by train op"
    assert text.endswith("runs the optimizer's op alone leaves the updates out (ewma).")


def test_updates_that_nobody_runs_are_explained_once() -> None:
    one = fixed_training(updates="unused", trainable=LEARNS, gamma=GAMMA)
    ((term, text),) = told(one, one)
    assert term == "never run"
    assert "unless the training loop runs these ops by name" in text


def test_no_updates_mean_two_things() -> None:
    trains = layer("a", decided=predicate(phase()), updates="none")
    frozen = layer("b", updates="none")
    assert [text.split(":")[0] for _, text in told(trains)] == [
        "no op assigns what a batch gave to the moving statistics"
    ]
    assert told(frozen) == [("none", "with training=False a layer makes no updates, whatever trainable is.")]
    assert len(told(trains, frozen)) == 2


@pytest.mark.parametrize("updates", ["run", "unused"])
def test_trainable_false_is_explained_where_the_layer_trains_on_its_batch(updates: str) -> None:
    """Whether its updates run or not: with another version they would not, or would."""
    one = fixed_training("net/bn", updates=updates, trainable=(), gamma=GAMMA)
    term, text = told(one)[-1]
    assert term == "trainable=False"
    assert text.startswith("net/bn. TensorFlow 1.4 lists the updates")
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
        assert "trainable=False" not in dict(told(one))
        assert not any(line.text.startswith("trainable=False") for line in numbers(one))


def test_statistics_that_the_optimizer_moves() -> None:
    listed = (*LEARNS, "moving_mean", "moving_variance")
    assert told(layer(updates="none", trainable=listed))[-1][0] == "trainable"
    assert told(fixed_training(updates="run", trainable=listed, gamma=GAMMA)) == []


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
