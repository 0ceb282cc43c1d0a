"""Which ops train a graph, and how many steps they made: optimizers, steps by hand, gathered gradients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.training.train_ops import Training
from bninspect.errors import GraphDefError
from bninspect.graph import flatten
from tests.batchnorm.training.test_updates import CHOSEN, MEAN_STEP, STORED, TRAIN, VARIANCE_STEP
from tests.support.parts import MOMENTS, only_layer
from tests.support.text import graph


@pytest.mark.parametrize(
    ("counters", "found"),
    [
        ("a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, one, ^learn)\n", "a"),
        ("a = VarHandleOp(dtype=int64, shape=[])\ncount = AssignAddVariableOp(a, one, ^learn)\n", "a"),
        ("a = VariableV2(dtype=float, shape=[])\ncount = AssignAdd(a, one, ^learn)\n", None),
        ("a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, one)\n", None),
        ("a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, two, ^learn)\n", None),
        (
            "a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, one, ^learn)\n"
            "b = VariableV2(dtype=int64, shape=[])\nagain = AssignAdd(b, one, ^learn)\n",
            None,
        ),
    ],
    ids=["ref", "resource", "no whole number", "not run", "not 1", "several"],
)
def test_the_global_step_without_a_collection(counters: str, found: str | None) -> None:
    text = STORED + TRAIN.format(control="") + "one = Const(1)\ntwo = Const(2)\n" + counters
    step = Training(graph(text)).global_step
    assert (None if step is None else step.name) == found


BY_HAND = """
loss = Mean(y, axes)
gradient = Mul(loss, epsilon)
w = VariableV2(dtype=float, shape=[3])
old_w = Identity(w)
learned = Sub(old_w, gradient)
learn = Assign(w, learned{control})
"""


def test_an_update_of_trainable_statistics_is_no_step() -> None:
    """Keras up to 2.2 makes them trainable, whoever updates them."""
    text = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
    for step, updates in (("", None), (BY_HAND.format(control=""), "unused")):
        listed = {"trainable_variables": ("w:0", "mean:0", "variance:0")}
        (layer,) = inspect(flatten(replace(graph(text + step).graphdef, collections=listed))).layers
        assert layer.updates == updates


@pytest.mark.parametrize(
    ("step", "updates"),
    [
        (BY_HAND.format(control=", ^mean_update, ^variance_update"), "run"),
        (BY_HAND.format(control=""), "unused"),
        (BY_HAND.format(control="").replace("Assign(w, learned)", "AssignSub(w, gradient)"), "unused"),
        (BY_HAND.format(control="").replace("Sub(old_w, gradient)", "Mul(old_w, epsilon)"), None),
        (BY_HAND.format(control="").replace("Assign(w, learned)", "Assign(w, gradient)"), None),
        (BY_HAND.format(control="").replace("(w,", "(other,") + "other = Identity(gamma)\n", None),
    ],
    ids=["waits", "does not wait", "in place", "decay alone", "a value that is loaded", "not trainable"],
)
def test_a_step_without_an_optimizer_of_tensorflow(step: str, updates: str | None) -> None:
    """`w = w - rate*gradient`, on a trainable variable and from what is fed."""
    text = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n" + step
    graphdef = replace(graph(text).graphdef, collections={"trainable_variables": ("w:0",)})
    (layer,) = inspect(flatten(graphdef)).layers
    assert layer.updates == updates


@pytest.mark.parametrize("op", ["Assign", "AssignSub", "AssignAdd", "AssignVariableOp"])
@pytest.mark.parametrize("inputs", ["", "mean"])
def test_an_assign_without_its_inputs_is_damage(op: str, inputs: str) -> None:
    with pytest.raises(GraphDefError, match=f"damaged: {op} 'nothing' has . of its 2 inputs"):
        graph(STORED + f"nothing = {op}({inputs})\n" + TRAIN.format(control=""))


GATHERED = """
gradient = Mean(y, axes)
total = VariableV2(dtype=float, shape=[3])
gathered = AssignAdd(total, gradient{control})
sum = Identity(total)
learn = ApplyGradientDescent(beta, epsilon, {read})
"""


@pytest.mark.parametrize(
    ("control", "read", "updates"),
    [
        (", ^mean_update, ^variance_update", "sum", "run"),
        ("", "sum", "unused"),
        (", ^mean_update, ^variance_update", "gradient", "unused"),
    ],
    ids=["with the gradients", "with nothing", "with what no optimizer reads"],
)
def test_updates_run_with_gradients_that_are_gathered(control: str, read: str, updates: str) -> None:
    """Several runs add to a variable, and another one applies it: no edge leads from these to that."""
    text = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
    assert only_layer(text + GATHERED.format(control=control, read=read)).updates == updates
