"""Conditionals in and beside conditionals: what meets behind several Merges is one layer.

What never runs is none, and that is said.
"""

from __future__ import annotations

import pytest

from bninspect.batchnorm import BatchNorm
from bninspect.batchnorm.wiring import alternatives as alternatives_module
from bninspect.batchnorm.wiring.alternatives import alternatives
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, only_layer, report
from tests.support.text import graph

OTHER = "other = Placeholder(dtype=bool, shape=[])\n"
NOT = "not = LogicalNot(phase)\n"


def branch(name: str, predicate: str, port: str, *, training: bool, x: str = "x") -> str:
    """One fused op in one branch of a conditional."""
    inputs = "".join(
        f"{name}_{part} = Switch({x if part == 'x' else part}, {predicate})\n"
        for part in ("x", "gamma", "beta", "mean", "variance")
    )
    moments = "none, none" if training else f"{name}_mean{port}, {name}_variance{port}"
    mode = "true" if training else "false"
    parts = f"{name}_x{port}, {name}_gamma{port}, {name}_beta{port}, {moments}"
    return inputs + f"{name} = FusedBatchNormV3({parts}, is_training={mode})\n"


BESIDE = (
    STORED
    + PHASE
    + NOT
    + EMPTY
    + branch("infer", "not", ":1", training=False)
    + "zeros = Const([0.0])\nswitch = Switch(zeros, not)\ninner = Merge(switch, infer)\n"
    + branch("train", "phase", ":1", training=True)
    + "handed = Switch(inner, phase)\ny = Merge(handed, train)\n"
)
"""A conditional whose result another conditional takes for its other branch, as tf.case of TensorFlow 1.4."""


def told(layer: BatchNorm) -> tuple[str, str, bool | None, list[str]]:
    """(training node, inference node, training_when, merges)"""
    assert layer.training is not None
    assert layer.inference is not None
    assert layer.switch is not None
    merges = [node.name for node in layer.merges]
    return layer.training.node.name, layer.inference.node.name, layer.switch.training_when, merges


def test_a_conditional_beside_a_conditional() -> None:
    layer = only_layer(BESIDE)
    assert told(layer) == ("train", "infer", True, ["y", "inner"])
    assert layer.output.name == "y:0"


def test_the_order_of_the_cases_does_not_matter() -> None:
    text = (
        STORED
        + PHASE
        + NOT
        + EMPTY
        + branch("train", "phase", ":1", training=True)
        + "zeros = Const([0.0])\nswitch = Switch(zeros, phase)\ninner = Merge(switch, train)\n"
        + branch("infer", "not", ":1", training=False)
        + "handed = Switch(inner, not)\ny = Merge(handed, infer)\n"
    )
    assert told(only_layer(text)) == ("train", "infer", True, ["y", "inner"])


def nested(inner: str) -> str:
    """tf.case of TensorFlow 1.15 with a default: a conditional inside the false branch of a conditional."""
    given = branch("train", "phase", ":1", training=True)
    given += "".join(
        f"o_{part} = Switch({part}, phase)\n" for part in ("x", "gamma", "beta", "mean", "variance")
    )
    given += f"asked = Switch({inner}, phase)\n"
    for name, port in (("second", ":1"), ("default", "")):
        text = branch(name, "asked", port, training=False)
        for part in ("x", "gamma", "beta", "mean", "variance"):
            text = text.replace(f"Switch({part}, asked)", f"Switch(o_{part}, asked)")
        given += text
    return (
        STORED
        + PHASE
        + NOT
        + OTHER
        + EMPTY
        + given
        + "inner = Merge(default, second)\ny = Merge(inner, train)\n"
    )


def test_a_default_that_no_case_leaves_anything_to() -> None:
    found = report(nested("not"))
    assert [told(layer) for layer in found.layers] == [("train", "second", True, ["y", "inner"])]
    assert [(skip.what, skip.reason) for skip in found.skipped] == [
        ("batch-norm node in branches that never run (default)", "their conditions cannot hold at once")
    ]


def test_two_alike_in_inference_mode_are_one_layer() -> None:
    """Whichever of them runs, the layer is in inference mode; the inner choice makes no difference."""
    found = report(nested("other"))
    assert [told(layer) for layer in found.layers] == [("train", "second", True, ["y", "inner"])]
    assert found.skipped == ()


def test_data_beside_a_mode_is_not_that_mode() -> None:
    """Where neither case holds, x is handed on as it is: what meets at the end is more than a layer."""
    text = nested("other").replace("Merge(default, second)", "Merge(default_x, second)")
    assert "y:0" not in [layer.output.name for layer in report(text).layers]


def test_two_in_inference_mode_of_other_statistics_stay_apart() -> None:
    """Which of them runs is a choice of the model, and no matter of the mode."""
    text = nested("other").replace("second_mean = Switch(o_mean,", "second_mean = Switch(beta,")
    assert [told(layer) for layer in report(text).layers] == [("train", "second", True, ["y"])]


def test_a_constant_predicate_on_a_lone_branch() -> None:
    """The branch never runs; what is served instead is another matter."""
    lines = "never = Const(false)\n" + EMPTY + branch("train", "never", ":1", training=True)
    found = report(STORED + lines + "other = Switch(x, never)\ny = Merge(other, train)\n")
    assert found.layers == ()
    assert [(skip.count, skip.reason) for skip in found.skipped] == [(1, "never:0 is always false")]


def test_a_constant_predicate_that_takes_the_lone_branch() -> None:
    lines = "always = Const(true)\n" + EMPTY + branch("train", "always", ":1", training=True)
    layer = only_layer(STORED + lines + "other = Switch(x, always)\ny = Merge(other, train)\n")
    assert layer.mode.value == "training"


def test_a_constant_predicate_on_a_pair_keeps_the_branch_it_never_takes() -> None:
    layer = only_layer(STORED + "never = Const(false)\n" + fused_cond("never"))
    assert layer.mode.value == "inference"
    assert layer.untaken is not None


SIDES = STORED + PHASE + OTHER + EMPTY + (
    "train = FusedBatchNormV3(x, gamma, beta, none, none)\n"
    "infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    "data = Relu(x)\n"
)  # fmt: skip
THIRD = "third = FusedBatchNormV3(x, gamma, beta, beta, variance, is_training=false)\n"
CHOSEN = {
    "a side that its own question leaves": (
        "i = Select(phase, data, infer)\ny = Select(phase, train, i)\n",
        ("train", "infer", True, ["y", "i"]),
    ),
    "the other side": (
        "i = Select(phase, infer, data)\ny = Select(phase, i, train)\n",
        ("train", "infer", False, ["y", "i"]),
    ),
    "asked as a negation": (
        NOT + "i = Select(phase, data, infer)\ny = Select(not, i, train)\n",
        ("train", "infer", True, ["y", "i"]),
    ),
    "two of other statistics, each left by the question": (
        THIRD + "i = Select(phase, data, infer)\nj = Select(phase, data, third)\nk = Select(other, i, j)\n"
        "y = Select(phase, train, k)\n",
        ("train", "infer", True, ["y", "i", "j"]),
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_the_joins_of_a_layer_are_those_of_its_question(case: str) -> None:
    lines, expected = CHOSEN[case]
    layer = only_layer(SIDES + lines)
    assert told(layer) == expected
    assert [site.node.name for site in layer.again] == (["third"] if "third" in lines else [])


@pytest.mark.parametrize("inner", ["infer, train", "train, infer"])
def test_a_side_of_either_mode_is_no_side(inner: str) -> None:
    """Where the two conditionals do not choose one mode together, since statistics differ."""
    found = report(SIDES + THIRD + f"i = Select(other, {inner})\ny = Select(phase, third, i)\n")
    layers = [(layer.mode.value, layer.output.name) for layer in found.layers]
    assert (layers, found.unrecognised) == ([("inference", "third:0"), ("switched", "i:0")], ())


def test_alike_in_a_further_choice_the_predicate_stays_that_of_the_layer() -> None:
    """A choice of two that do the same has no say."""
    again = "again = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    lines = "read = Identity(phase)\ni = Select(other, infer, again)\ny = Select(read, train, i)\n"
    layer = only_layer(SIDES + again + lines)
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == "read:0"
    assert [site.node.name for site in layer.again] == ["again"]


QUESTIONS = (
    "p = Placeholder(dtype=bool)\nq = Placeholder(dtype=bool)\n"
    "a = Placeholder(dtype=float)\nb = Placeholder(dtype=float)\nc = Placeholder(dtype=float)\n"
)
MAY_BE = {
    "itself": ("y = Neg(a)", "y", [("y", "")]),
    "what it hands on": ("y = Identity(a)", "y", [("a", "")]),
    "either": ("y = Select(p, a, b)", "y", [("a", "y"), ("b", "y")]),
    "either of what is handed on": ("i = Identity(a)\ny = Select(p, i, b)", "y", [("a", "y"), ("b", "y")]),
    "one of three": (
        "i = Select(q, a, b)\ny = Select(p, i, c)",
        "y",
        [("a", "y i"), ("b", "y i"), ("c", "y")],
    ),
    "what the question leaves": ("i = Select(p, a, b)\ny = Select(p, i, c)", "y", [("a", "y i"), ("c", "y")]),
    "which side a Merge took": ("s = Switch(a, p)\ny = Merge(s, s:1)", "y:1", [("y:1", "")]),
    "itself again": (
        "y = Select(p, a, z)\nz = Select(q, y, b)",
        "y",
        [("a", "y"), ("y", "y z"), ("b", "y z")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAY_BE)
def test_what_a_tensor_can_be(case: str) -> None:
    lines, end, expected = MAY_BE[case]
    nodes = graph(QUESTIONS + lines)
    name, _, port = end.partition(":")
    found = alternatives(nodes.node(name).output(int(port or 0)), Conditions(nodes))
    assert [
        (one.tensor.name.removesuffix(":0"), " ".join(node.name for node in one.joins)) for one in found
    ] == expected


@pytest.mark.parametrize(("most", "count"), [(5, 1), (6, 3)])
def test_where_too_much_chooses_it_is_itself(most: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two Selects and three tensors are five places."""
    monkeypatch.setattr(alternatives_module, "_MOST_PLACES", most)
    nodes = graph(QUESTIONS + "i = Select(q, a, b)\ny = Select(p, i, c)")
    assert len(alternatives(nodes.node("y").output(), Conditions(nodes))) == count
