"""Conditionals in and beside conditionals: what meets behind several Merges is one layer.

What never runs is none, and that is said.
"""

from __future__ import annotations

from bninspect.batchnorm import BatchNorm
from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, only_layer, report

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
