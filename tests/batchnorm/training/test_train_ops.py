"""Which ops train a graph, and how many steps they made: optimizers, steps by hand, gathered gradients."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.training.train_ops import Training, training_of
from bninspect.errors import GraphDefError
from bninspect.graph import Graph, flatten
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.tensors import TensorValue
from tests.batchnorm.comparison.test_verdicts import stored
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
        ("a = VariableV2(dtype=int64, shape=[])\ncount = AssignSub(a, one, ^learn)\n", None),
        ("a = Const(0)\ncount = AssignAdd(a, one, ^learn)\n", None),
        (
            "a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, one, ^learn)\n"
            "b = VariableV2(dtype=int64, shape=[])\nagain = AssignAdd(b, one, ^learn)\n",
            None,
        ),
    ],
    ids=["ref", "resource", "no whole number", "not run", "not 1", "down", "frozen", "several"],
)
def test_the_global_step_without_a_collection(counters: str, found: str | None) -> None:
    text = STORED + TRAIN.format(control="") + "one = Const(1)\ntwo = Const(2)\n" + counters
    step = Training(graph(text)).global_step
    assert (None if step is None else step.name) == found


def listing(text: str, **collections: tuple[str, ...]) -> Graph:
    """The graph of these lines in a MetaGraph with these collections."""
    return flatten(replace(graph(text).graphdef, collections=collections))


@pytest.mark.parametrize(
    ("listed", "found"),
    [(("b:0",), "b"), (("gone:0", "b:0"), "b"), (("gone:0",), "a"), (("b:0", "a:0"), None), ((), "a")],
    ids=["one", "one that is left", "one that was pruned", "several", "none"],
)
def test_the_global_step_of_the_collection(listed: tuple[str, ...], found: str | None) -> None:
    """Whatever it is; without one that is in the graph, what is counted."""
    text = STORED + TRAIN.format(control="") + "one = Const(1)\nb = VariableV2(dtype=float, shape=[])\n"
    text += "a = VariableV2(dtype=int64, shape=[])\ncount = AssignAdd(a, one, ^learn)\n"
    step = Training(listing(text, global_step=listed)).global_step
    assert (None if step is None else step.name) == found


@pytest.mark.parametrize(
    ("numbers", "steps"),
    [([20.0], 20), ([0.0], 0), ([-1.0], None), ([math.nan], None), ([math.inf], None), ([1.0, 2.0], None),
     (None, None)],
    ids=str,
)  # fmt: skip
def test_the_steps_are_one_count(numbers: list[float] | None, steps: int | None) -> None:
    text = STORED + TRAIN.format(control="") + "b = VariableV2(dtype=float, shape=[])\n"
    counting = listing(text, global_step=("b:0",))
    if numbers is not None:
        counting.node("b").stored = stored(numbers)
    assert Training(counting).steps == steps


def test_a_damaged_count_is_none() -> None:
    text = STORED + TRAIN.format(control="") + "b = VariableV2(dtype=float, shape=[])\n"
    counting = listing(text, global_step=("b:0",))
    counting.node("b").stored = TensorValue(message_class("TensorProto")(dtype=1, tensor_content=b"12345"))
    assert Training(counting).steps is None


GROUPED = """
moved = AssignSub(mean, variance)
averaged = AssignSub(variance, mean)
group = NoOp(^learn, ^moved)
apart = NoOp(^averaged)
"""


@pytest.mark.parametrize(
    ("listed", "by_optimizer"),
    [
        ((), {"learn"}),
        (("group:0",), {"learn", "group", "moved"}),
        (("gone", "apart"), {"learn", "apart", "averaged"}),
    ],
    ids=["none", "a group", "another, and one that was pruned"],
)
def test_what_train_ops_run(listed: tuple[str, ...], by_optimizer: set[str]) -> None:
    """What waits for the optimizer runs with it; with it alone only what it waits for, or what is listed."""
    training = Training(listing(STORED + TRAIN.format(control="") + GROUPED, train_op=listed))
    ends = {"learn", "group", "moved", "apart", "averaged"}
    assert {node.name for node in training.run} & ends == {"learn", "group", "moved"}
    assert {node.name for node in training.run_by_optimizer} & ends == by_optimizer
    assert {node.name for node in training.applies} == {"learn"}


STEPS = """
fed = Placeholder(dtype=float, shape=[3])
w = VariableV2(dtype=float, shape=[3])
old = Identity(w)
other = VariableV2(dtype=float, shape=[3])
less = Sub(old, fed)
more = Add(other, fed)
"""


@pytest.mark.parametrize(
    ("lines", "learned", "steps"),
    [
        ("a = Assign(w, less)\nb = AssignSub(w, fed)\n", ("w:0",), ["a", "b"]),
        ("a = Assign(w, less)\n", (), []),
        ("a = Assign(w, less)\nb = Assign(other, more)\n", ("other:0",), ["b"]),
        ("a = Assign(w, fed)\nb = Assign(w, more)\n", ("w:0",), []),
        ("a = AssignSub(w, old)\nb = Assign(w, old)\n", ("w:0",), []),
        ("a = Assign(w, less)\nlearn = ApplyGradientDescent(w, fed, fed)\n", ("w:0",), ["learn"]),
    ],
    ids=["by hand", "nothing is trainable", "one is trainable", "loaded", "nothing is fed", "an optimizer"],
)
def test_the_steps_of_a_graph(lines: str, learned: tuple[str, ...], steps: list[str]) -> None:
    found = listing(STEPS + lines, trainable_variables=learned)
    assert [node.name for node in Training(found).applies] == steps
    averages = {found.node(name) for name in steps if name != "learn"}
    assert [node.name for node in Training(found, averages).applies] == (steps if "learn" in steps else [])


def test_the_training_side_of_a_report_knows_its_updates() -> None:
    """Without an optimizer, what updates statistics that are trainable is no step."""
    text = STORED + MOMENTS + CHOSEN + MEAN_STEP + VARIANCE_STEP + "head = Relu(y)\n"
    found = listing(text + BY_HAND.format(control=""), trainable_variables=("w:0", "mean:0", "variance:0"))
    assert [node.name for node in training_of(inspect(found)).applies] == ["learn"]
    assert {node.name for node in Training(found).applies} == {"learn", "mean_update", "variance_update"}


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


def test_an_average_that_is_added_to_is_no_gradient() -> None:
    """The optimizer reads the statistics, and what updates them adds in place: that alone runs no update."""
    updates = (MEAN_STEP + VARIANCE_STEP).replace("AssignSub(", "AssignAdd(")
    for name in ("mean", "variance"):
        updates = updates.replace(f"Sub({name}, c_{name})", f"Sub(c_{name}, {name})")
    learn = "learn = ApplyGradientDescent(beta, mean, variance)\n"
    one = only_layer(STORED + MOMENTS + CHOSEN + updates + learn + "head = Relu(y)\n")
    assert [node.name for node in one.update_ops] == ["mean_update", "variance_update"]
    assert one.updates == "unused"
