"""Conditionals within conditionals that choose a mode together: one layer, and what it takes."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import BatchNorm, Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.deciding import deciders_of, value_of
from bninspect.batchnorm.wiring.nested import analysed
from bninspect.graph import Node
from bninspect.rewrite import specialize
from bninspect.rewrite.serving import deciders
from tests.batchnorm.wiring.test_alternatives import NOT, OTHER, branch
from tests.support.parts import EMPTY, PHASE, STORED, fused_cond, only_layer, report
from tests.support.text import graph

PARTS = ("x", "gamma", "beta", "mean", "variance")


def inside(outer: str, port: str, names: tuple[str, str], predicate: str, modes: tuple[bool, bool]) -> str:
    """A conditional of two fused ops (on false, on true; whether each trains) in a branch of another one."""
    given = "".join(f"{predicate}_{port}_{part} = Switch({part}, {outer})\n" for part in PARTS)
    out = ":1" if port == "true" else ""
    given += f"{predicate}_{port}_asked = Switch({predicate}, {outer})\n"
    for name, own, trains in zip(names, ("", ":1"), modes, strict=True):
        text = branch(name, f"{predicate}_{port}_asked{out}", own, training=trains)
        for part in PARTS:
            text = text.replace(f"Switch({part}, ", f"Switch({predicate}_{port}_{part}{out}, ")
        given += text
    return given


HEAD = STORED + PHASE + OTHER + EMPTY
ENDS = "inner = Merge(b, c)\ny = Merge(inner, a)\n"
INSIDE = {
    "phase:0 or other:0": (True, False, True),
    "phase:0 or not other:0": (True, True, False),
    "other:0 and not phase:0": (False, False, True),
    "not other:0 and not phase:0": (False, True, False),
}
"""Predicate -> which of a (phase is true), b (both are false) and c (other alone is true) train."""


def text(modes: tuple[bool, bool, bool]) -> str:
    """A conditional on `other` in the false branch of one on `phase`."""
    a, b, c = modes
    within = inside("phase", "false", ("b", "c"), "other", (b, c))
    return HEAD + branch("a", "phase", ":1", training=a) + within + ENDS


def switched(modes: tuple[bool, bool, bool]) -> BatchNorm:
    layer = only_layer(text(modes))
    assert (layer.mode, layer.output.name) == (Mode.SWITCHED, "y:0")
    return layer


@pytest.mark.parametrize("name", INSIDE)
def test_one_layer_whose_predicate_two_decide(name: str) -> None:
    layer = switched(INSIDE[name])
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == name
    assert layer.switch.predicate.source is None
    assert layer.switch.predicate.reason in (
        "computed from several: phase:0, other:0",
        "computed from several: other:0, phase:0",
    )
    assert [node.name for node in layer.merges] == ["y", "inner"]


@pytest.mark.parametrize("name", INSIDE)
def test_the_values_that_are_said_to_train_do(name: str) -> None:
    """All of them together train, and all of the opposites do not, by the modes that were written."""
    a, b, c = INSIDE[name]
    layer = switched((a, b, c))
    assert layer.switch is not None
    for training in (True, False):
        mode = Mode.TRAINING if training else Mode.INFERENCE
        fed = {tensor.name: given for tensor, given in deciders_of(layer.switch, mode).items()}
        assert set(fed) == {"phase:0", "other:0"}
        assert (a if fed["phase:0"] else c if fed["other:0"] else b) is training


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_specialized_nothing_reads_the_predicates(name: str, mode: Mode) -> None:
    found = report(text(INSIDE[name]))
    kept = specialize(found, mode).pruned(found.outputs).kept
    assert not {node.name for node in kept} & {"phase", "other"}
    assert not {node.op for node in kept} & {"Switch", "Merge"}
    (fused,) = (node for node in kept if node.op == "FusedBatchNormV3")
    trains = dict(zip("abc", INSIDE[name], strict=True))
    assert trains[fused.name] is (mode is Mode.TRAINING)


def test_each_decider_serves_by_the_value_that_is_enough_alone() -> None:
    found = report(text(INSIDE["other:0 and not phase:0"]))
    serving = {one.tensor.name: one.serving(Mode.INFERENCE) for one in deciders(found)}
    assert serving == {"other:0": (False,), "phase:0": (True,)}
    serving = {one.tensor.name: one.serving(Mode.TRAINING) for one in deciders(found)}
    assert serving == {"other:0": (True,), "phase:0": (False,)}


def test_one_operand_may_be_enough() -> None:
    layer = switched(INSIDE["other:0 and not phase:0"])
    assert layer.switch is not None
    predicate = layer.switch.predicate.tensor
    by_name = {tensor.name: tensor for tensor in deciders_of(layer.switch, Mode.TRAINING)}
    assert value_of(predicate, {by_name["phase:0"]: True}) is False
    assert value_of(predicate, {by_name["phase:0"]: False}) is None
    assert value_of(predicate, {by_name["phase:0"]: False, by_name["other:0"]: True}) is True


def test_the_same_question_twice_is_one_predicate() -> None:
    found = only_layer(
        HEAD.replace(OTHER, NOT)
        + branch("a", "phase", ":1", training=True)
        + inside("phase", "false", ("b", "c"), "not", (False, False))
        + ENDS.replace("Merge(b, c)", "Merge(c, b)")
    )
    assert found.switch is not None
    assert found.switch.predicate.tensor.name == "phase:0"


def test_statistics_of_two_kinds_are_two_layers() -> None:
    """The inference mode of one branch is not that of the other: which of them serves is another choice."""
    changed = text(INSIDE["other:0 and not phase:0"])
    changed = changed.replace("a_mean = Switch(mean,", "a_mean = Switch(beta,")
    assert "y:0" not in [layer.output.name for layer in report(changed).layers]


@pytest.mark.parametrize(("many", "decided"), [(6, 6), (7, 0)])
def test_of_many_parts_no_values_are_looked_for(many: int, decided: int) -> None:
    lines = "".join(f"p{number} = Placeholder(dtype=bool, shape=[])\n" for number in range(many))
    parts = graph(lines)
    predicate = parts.node("p0").output()
    for number in range(1, many):
        node = Node(name=f"and {number}", op="LogicalAnd", nodedef=None, stands_for="all of them")
        node.inputs = predicate, parts.node(f"p{number}").output()
        predicate = node.output()
    assert len(analysed(predicate, Conditions(parts)).parts) == decided


EITHER = (
    HEAD
    + inside("phase", "true", ("d", "e"), "other", (True, False))
    + inside("phase", "false", ("b", "c"), "other", (False, True))
    + "first = Merge(d, e)\nsecond = Merge(b, c)\ny = Merge(second, first)\n"
)
"""Training where exactly one of `phase` and `other` is true."""
ONE_OF_TWO = "(phase:0 and not other:0) or (not phase:0 and other:0)"


def test_exclusive_or_is_one_layer() -> None:
    layer = only_layer(EITHER)
    assert (layer.mode, layer.output.name) == (Mode.SWITCHED, "y:0")
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == ONE_OF_TWO
    assert {node.name for node in layer.merges} == {"y", "first", "second"}


def test_of_exclusive_or_not_all_values_are_opposite() -> None:
    """The opposite of two values that differ differ, too: what serves the other mode are two alike."""
    layer = only_layer(EITHER)
    assert layer.switch is not None
    values = {mode: deciders_of(layer.switch, mode) for mode in (Mode.TRAINING, Mode.INFERENCE)}
    fed = {mode: {one.name: value for one, value in each.items()} for mode, each in values.items()}
    assert fed == {
        Mode.TRAINING: {"phase:0": True, "other:0": False},
        Mode.INFERENCE: {"phase:0": False, "other:0": False},
    }


@pytest.mark.parametrize(("mode", "trains"), [(Mode.TRAINING, {"d", "c"}), (Mode.INFERENCE, {"e", "b"})])
def test_specialized_of_exclusive_or_one_is_left(mode: Mode, trains: set[str]) -> None:
    found = report(EITHER)
    kept = specialize(found, mode).pruned(found.outputs).kept
    assert not {node.name for node in kept} & {"phase", "other"}
    (fused,) = (node for node in kept if node.op == "FusedBatchNormV3")
    assert fused.name in trains


def test_a_comparison_of_numbers_is_fed_as_a_boolean() -> None:
    text = "m = Placeholder(dtype=int32)\nten = Const(10)\nq = Less(m, ten, T=int32)\n"
    layer = only_layer(STORED + text + fused_cond("q"))
    assert layer.switch is not None
    assert source_value(layer.switch.decided_by, True) == "true"


def test_neither_of_exclusive_or_is_fixed_for_what_else_reads_it() -> None:
    """Both values of each serve inference, with one of the other."""
    asked = "half = Const(0.5)\nhalved = Mul(y, half)\nz = Select(phase, halved, y)\n"
    found = report(EITHER + asked)
    assert {one.tensor.name: one.serving(Mode.INFERENCE) for one in deciders(found)} == {
        "phase:0": (False, True),
        "other:0": (False, True),
    }
    assert {one.tensor.name: one.to_feed(Mode.INFERENCE) for one in deciders(found)} == {
        "phase:0": (False,),
        "other:0": (False,),
    }
    kept = specialize(found, Mode.INFERENCE, everything=True).pruned(found.outputs).kept
    assert {node.name for node in kept} >= {"phase", "z"}
    assert "other" not in {node.name for node in kept}


def test_values_that_serve_no_two_layers_together_fix_nothing() -> None:
    """One layer by exclusive-or, one by each of the two: two true and two false, and the third trains."""
    text = EITHER + fused_cond("other", "u", "y") + fused_cond("phase", "v", "u", true_is="inference")
    found = report(text)
    assert [layer.output.name for layer in found.layers] == ["y:0", "u:0", "v:0"]
    (fixed,) = (one for one in deciders(found) if one.tensor.name == "phase:0")
    assert fixed.serving(Mode.INFERENCE) == ()
    kept = specialize(found, Mode.INFERENCE, everything=True).pruned(found.outputs).kept
    assert [node.attr("is_training") for node in kept if node.op == "FusedBatchNormV3"] == [False] * 3


def test_exclusive_or_of_statistics_is_one_layer() -> None:
    """The moments of x are taken by nodes of their own in either branch."""
    moments = "".join(
        f"{at}_mean = Mean(x, axes)\n{at}_still = StopGradient({at}_mean)\n"
        f"{at}_gap = SquaredDifference(x, {at}_still)\n{at}_variance = Mean({at}_gap, axes)\n"
        for at in ("here", "there")
    )
    chosen = "".join(
        f"inner_{part} = Select(other, {part}, here_{part})\n"
        f"beside_{part} = Select(other, there_{part}, {part})\n"
        f"one_{part} = Select(phase, inner_{part}, beside_{part})\n"
        for part in ("mean", "variance")
    )
    formula = (
        "add = Add(one_variance, epsilon)\nroot = Rsqrt(add)\nscale = Mul(root, gamma)\n"
        "scaled = Mul(x, scale)\nshift = Mul(one_mean, scale)\noffset = Sub(beta, shift)\n"
        "y = Add(scaled, offset)\n"
    )
    layer = only_layer(HEAD + "axes = Const([0, 1, 2])\n" + moments + chosen + formula)
    assert layer.mode is Mode.SWITCHED
    assert layer.switch is not None
    assert layer.switch.predicate.tensor.name == ONE_OF_TWO


def parity(many: int) -> str:
    """Training where an odd number of so many predicates is true, by a Select for each and its opposite."""
    rows = [f"p{number} = Placeholder(dtype=bool, shape=[])\n" for number in range(many)]
    rows += ["odd0 = Select(p0, train, infer)\n", "even0 = Select(p0, infer, train)\n"]
    for at in range(1, many):
        odd, even = f"odd{at - 1}", f"even{at - 1}"
        rows.append(f"odd{at} = Select(p{at}, {even}, {odd})\n")
        if at < many - 1:
            rows.append(f"even{at} = Select(p{at}, {odd}, {even})\n")
    fused = (
        "train = FusedBatchNormV3(x, gamma, beta, none, none)\n"
        "infer = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
    )
    return STORED + EMPTY + fused + "".join(rows) + f"y = Identity(odd{many - 1})\n"


@pytest.mark.parametrize("many", [2, 3, 6])
def test_parity_of_a_few_is_one_layer(many: int) -> None:
    layer = only_layer(parity(many))
    assert (layer.mode, layer.output.name) == (Mode.SWITCHED, f"odd{many - 1}:0")
    assert layer.switch is not None
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        given = deciders_of(layer.switch, mode)
        assert len(given) == many
        assert sum(given.values()) % 2 == (mode is Mode.TRAINING)


def test_of_parity_of_more_no_part_passes_for_the_whole() -> None:
    """Two of the Selects alone choose by exclusive-or, and what they give is chosen again."""
    found = report(parity(7))
    assert found.layers == ()
    (said,) = found.unrecognised
    assert said.reason == (
        "training mode (train) and inference mode (infer) of one x: "
        "more conditionals than can be told apart choose between them"
    )


def test_what_is_chosen_behind_a_layer_is_no_choice_of_its_mode() -> None:
    """A dropout behind it, on another predicate: one side of its Select is the layer's output."""
    text = (
        HEAD
        + fused_cond("phase")
        + "half = Const(0.5)\nhalved = Mul(y, half)\nz = Select(other, halved, y)\n"
    )
    assert only_layer(text).output.name == "y:0"
