"""A training chain beside what its inference mode was folded into, and what is none."""

from __future__ import annotations

import pytest

from tests.support.parts import BATCH, IMAGE, PARAMETERS, PHASE, report

TRAINING = """
shifted = Add(batch_variance, epsilon)
root = Rsqrt(shifted)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
moved = Mul(batch_mean, scale)
rest = Sub(beta, moved)
train = Add(scaled, rest)
by = Const([0.5, 0.25, 0.125])
off = Const([1.0, 2.0, 3.0])
"""
SELECT = "y = Select(phase, {true}, {false})\n"
FOLDED = {
    "scale, then offset": "s = Mul(by, x)\ninfer = Add(s, off)\n",
    "the bias of an image": "s = Mul(x, by)\ninfer = BiasAdd(s, off)\n",
    "offset, then scale": "s = Sub(x, off)\ninfer = Mul(s, by)\n",
    "divided": "s = Sub(x, off)\nd = RealDiv(s, by)\ninfer = Add(d, off)\n",
    "by a number, too": "two = Const(2.0)\nd = Mul(x, two)\ns = Mul(d, by)\ninfer = Add(s, off)\n",
    "scale alone": "infer = Mul(x, by)\n",
}
OTHER = {
    "by a number alone": "two = Const(2.0)\ninfer = Mul(x, two)\n",
    "x itself": "infer = Identity(x)\n",
    "an offset alone": "infer = Add(x, off)\n",
    "another image": "z = Placeholder(dtype=float)\ns = Mul(z, by)\ninfer = Add(s, off)\n",
    "divided by x": "infer = RealDiv(by, x)\n",
    "an activation": "s = Mul(x, by)\nt = Relu(s)\ninfer = Add(t, off)\n",
}


@pytest.mark.parametrize("case", FOLDED)
@pytest.mark.parametrize("training_when", [True, False])
def test_one_layer(case: str, training_when: bool) -> None:
    sides = ("train", "infer") if training_when else ("infer", "train")
    found = report(BATCH + PHASE + TRAINING + FOLDED[case] + SELECT.format(true=sides[0], false=sides[1]))
    (layer,) = found.layers
    assert layer.switch is not None
    assert layer.inference is not None
    assert (layer.mode.value, layer.switch.training_when) == ("switched", training_when)
    assert (layer.inference.node.name, layer.output.name) == ("infer", "y:0")
    assert layer.statistics.state.value == "unread"
    assert str(layer.statistics.reason).startswith("they were folded into weights")
    assert layer.epsilon == pytest.approx(0.001)
    assert [merge.name for merge in layer.merges] == ["y"]


MADE = """
image = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
weights = VariableV2(shape=[3, 3, 3, 3])
folded = VariableV2(shape=[3, 3, 3, 3])
made = Conv2D(image, weights)
x = BiasAdd(made, beta)
"""


@pytest.mark.parametrize(("op", "of"), [("Conv2D", "image"), ("Conv2D", "another"), ("MatMul", "image")])
def test_folded_into_the_weights_that_x_is_made_with(op: str, of: str) -> None:
    """One convolution of one input with other weights; of another input, or another op, it is none."""
    lines = f"another = Placeholder(dtype=float)\nc = {op}({of}, folded)\ninfer = BiasAdd(c, off)\n"
    chain = BATCH.replace(IMAGE, "") + PHASE + TRAINING + lines + SELECT.format(true="train", false="infer")
    (layer,) = report(PARAMETERS + MADE + chain.replace(PARAMETERS, "")).layers
    assert layer.mode.value == ("switched" if (op, of) == ("Conv2D", "image") else "training")


@pytest.mark.parametrize("case", OTHER)
def test_what_is_no_folded_layer(case: str) -> None:
    found = report(BATCH + PHASE + TRAINING + OTHER[case] + SELECT.format(true="train", false="infer"))
    assert [layer.mode.value for layer in found.layers] == ["training"]


@pytest.mark.parametrize(("steps", "mode"), [(6, "switched"), (7, "training")])
def test_a_folded_branch_is_of_six_steps_at_most(steps: int, mode: str) -> None:
    lines = "n0 = Mul(x, by)\n" + "".join(f"n{i} = Mul(n{i - 1}, by)\n" for i in range(1, steps))
    chain = BATCH + PHASE + TRAINING + lines + SELECT.format(true="train", false=f"n{steps - 1}")
    assert [layer.mode.value for layer in report(chain).layers] == [mode]


def test_six_steps_from_something_else_lead_to_no_x() -> None:
    lines = "z = Placeholder(dtype=float)\nn0 = Mul(z, by)\n"
    lines += "".join(f"n{i} = Mul(n{i - 1}, by)\n" for i in range(1, 8))
    chain = BATCH + PHASE + TRAINING + lines + SELECT.format(true="train", false="n7")
    assert [layer.mode.value for layer in report(chain).layers] == ["training"]


def test_x_that_is_a_sum_of_data_is_made_of_no_one_convolution() -> None:
    lines = "c = Conv2D(image, folded)\ninfer = BiasAdd(c, off)\n"
    made = MADE.replace("BiasAdd(made, beta)", "Add(made, image)")
    chain = BATCH.replace(IMAGE, "") + PHASE + TRAINING + lines + SELECT.format(true="train", false="infer")
    (layer,) = report(PARAMETERS + made + chain.replace(PARAMETERS, "")).layers
    assert layer.mode.value == "training"
