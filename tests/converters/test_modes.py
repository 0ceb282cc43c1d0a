"""What a converted model is held against: every predicate has its value in each round."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.commands.forecast.modes import modes_of
from bninspect.errors import InputError, RunError
from bninspect.graph import flatten, load
from bninspect.graphdef.reader import records
from bninspect.graphdef.schema import message_class
from tests.support.places import FIXTURES

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("fixture", ["classic.pb", "and_two.pb", "cases/constant_waits_on_switch.pb"])
def test_each_round_is_its_mode(fixture: str) -> None:
    """Fed itself, or what it is computed from: the conjunction of two placeholders, a step below a limit."""
    pytest.importorskip("tensorflow", reason="runs the model")
    report = inspect(load(str(FIXTURES / fixture)))
    modes = modes_of(report)
    assert not modes.decided_inside
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        assert {modes.mode_in(layer, mode.value) for layer in report.layers} == {mode}
    given = {name.rpartition(":")[0] for name in modes.rounds["training"].feeds}
    needed = {node.name for node in report.graph if node.op == "Placeholder"}
    assert given == needed


def test_what_is_given_is_fed_in_both_modes() -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    image = np.random.default_rng(3).normal(size=(3, 224, 224, 3)).astype(np.float32)
    modes = modes_of(report, {"image:0": image})
    assert all(one.feeds["image:0"] is image for one in modes.rounds.values())
    assert {mode: values[0].shape[0] for mode, values in modes.values.items()} == {
        Mode.INFERENCE: 3,
        Mode.TRAINING: 3,
    }


def test_an_image_that_is_read_where_none_is_fed_is_made_up_or_given() -> None:
    message = message_class("GraphDef").FromString((FIXTURES / "classic.pb").read_bytes())
    place = next(node for node in message.node if node.name == "image")
    place.op = "PlaceholderWithDefault"
    place.input.append("read")
    message.node.add(name="handle", op="Placeholder").attr["dtype"].type = 7  # a string
    message.node.add(name="read", op="IteratorGetNext", input=["handle"])
    report = inspect(flatten(records(message.SerializeToString(), "read.pb")))
    assert {name for one in modes_of(report).rounds.values() for name in one.feeds} == {
        "image:0",
        "training:0",
    }
    image = np.ones((2, 224, 224, 3), np.float32)
    assert all(one.feeds["image:0"] is image for one in modes_of(report, {"image:0": image}).rounds.values())
    with pytest.raises(InputError, match=r"\(image:0\)$"):
        modes_of(report, {"handle:0": np.array("")})


@pytest.mark.parametrize("name", ["training:0", "output:0"])
def test_what_decides_or_is_computed_is_not_given(name: str) -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    with pytest.raises(InputError, match=rf"^--feed {name}: converters are fed .* \(image:0\)$"):
        modes_of(report, {name: np.zeros(())})


def test_of_several_that_cannot_be_given_the_first_is_named() -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    for names in (("c:0", "a:0", "b:0"), ("b:0", "c:0", "a:0"), ("a:0", "c:0", "b:0")):
        with pytest.raises(InputError, match=rf"^--feed {names[0]}: "):
            modes_of(report, dict.fromkeys(names, np.zeros(())))


def test_a_size_that_does_not_fit_is_changed_by_a_feed() -> None:
    """`forecast` makes inputs up, and has no option for their size."""
    message = message_class("GraphDef").FromString((FIXTURES / "classic.pb").read_bytes())
    shape = message.node.add(name="shape", op="Const")
    shape.attr["dtype"].type = 3  # int32
    tensor = shape.attr["value"].tensor
    tensor.dtype = 3
    tensor.tensor_shape.dim.add(size=2)
    tensor.int_val.extend([-1, 7919])
    message.node.add(name="rows", op="Reshape", input=["output", "shape"]).attr["T"].type = 1
    report = inspect(flatten(records(message.SerializeToString(), "rows.pb")))
    with pytest.raises(RunError, match=r"; give another number or size \(--feed NAME=@values\.npy\)$"):
        modes_of(report)
