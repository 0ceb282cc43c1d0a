"""strip, where a source has not one value for inference: none that serves all layers, or several.

The oracle is TensorFlow on the original: a layer is fed what it gives where its own value of the source is
fed, so that the rest can be had under the other value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.batchnorm.verdict import behaviours, verdict
from bninspect.errors import RewriteError
from bninspect.models.open import load
from bninspect.render.strip.text import summary
from bninspect.rewrite.serving import deciders
from tests.rewrite.conditionals import halved, layer, write
from tests.support.parts import PARAMETERS, fused_cond, report
from tests.support.places import FIXTURES
from tests.support.stripping import placeholders_of, run_file, same_numbers, strip

if TYPE_CHECKING:
    from pathlib import Path

CASES = FIXTURES / "cases"
IMAGE = np.random.default_rng(5).uniform(0, 255, (3, 12, 12, 3)).astype(np.float32)
SMALL = np.random.default_rng(6).standard_normal((4, 4, 4, 3)).astype(np.float32)
NET = f"x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n{PARAMETERS}"
OPPOSED = NET + (
    "phase = Placeholder(dtype=bool, shape=[])\n"
    + fused_cond("phase", "a", "x")
    + fused_cond("phase", "b", "a", true_is="inference")
)


@pytest.mark.tensorflow
def test_opposed_polarities_are_fixed_layer_by_layer(tmp_path: Path) -> None:
    model, target = CASES / "opposed_polarities.pb", tmp_path / "out.pb"
    result = strip(model, target)
    assert [layer.mode for layer in inspect(load(str(target))).layers] == [Mode.INFERENCE] * 2
    assert placeholders_of(target) == {"image"}
    first = run_file(model, "bn2/cond/Merge:0", image=IMAGE, training=np.array(False))
    right = run_file(model, "logits:0", image=IMAGE, training=np.array(True), bn2__cond__Merge=first)
    same_numbers(run_file(target, "logits:0", image=IMAGE), right)
    assert result.verification is not None
    assert result.verification.state == "verified"
    assert result.verification.layer_by_layer
    assert result.verification.rounds == ("training:0=false", "training:0=true")
    assert any("verified: each layer is as the original has it" in line.text for line in summary(result))


@pytest.mark.tensorflow
@pytest.mark.parametrize("wrong", ["bn2", "bn4"])
def test_a_layer_left_in_the_other_mode_is_a_difference(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two layers is wrong, the comparison sees it."""
    from bninspect.rewrite import strip as rewriting
    from bninspect.rewrite.specialize import specialize

    def one_in_training(report: Any, mode: Mode, *, everything: bool) -> Any:
        return specialize(report, lambda layer: Mode.TRAINING if layer.name == wrong else mode)

    monkeypatch.setattr(rewriting, "specialize", one_in_training)
    with pytest.raises(RewriteError, match=f"{wrong} would still not run in inference mode"):
        strip(CASES / "opposed_polarities.pb", tmp_path / "out.pb")
    monkeypatch.setattr(rewriting, "_refuse_other", lambda *given: None)
    with pytest.raises(RewriteError, match="differs by"):
        strip(CASES / "opposed_polarities.pb", tmp_path / "out.pb")
    assert not (tmp_path / "out.pb").exists()


@pytest.mark.tensorflow
def test_a_number_of_which_several_values_serve_inference_stays_fed(tmp_path: Path) -> None:
    model, target = CASES / "several_inference_values.pb", tmp_path / "out.pb"
    result = strip(model, target)
    assert [layer.mode for layer in inspect(load(str(target))).layers] == [Mode.INFERENCE]
    assert placeholders_of(target) == {"image", "mode"}
    for mode in (1, 2):
        given = {"image": IMAGE, "mode": np.array(mode, np.int32)}
        same_numbers(run_file(target, "logits:0", **given), run_file(model, "logits:0", **given))
    assert result.verification is not None
    assert result.verification.rounds == ("mode:0=1", "mode:0=2", "mode:0=3")
    told = "still fed: mode, which decides more than batch norm (1, 2, 3 all serve inference mode)"
    assert told in [line.text for line in summary(result)]


@pytest.mark.tensorflow
def test_what_else_an_opposed_source_decides_is_left_to_it(tmp_path: Path) -> None:
    def build(tf: Any, x: Any) -> Any:
        phase = tf.compat.v1.placeholder(tf.bool, [], name="phase")
        first = layer(x, phase, "a", trains_when=True)
        return halved(layer(first, phase, "b", trains_when=False), phase)

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    result = strip(model, target)
    assert placeholders_of(target) == {"x", "phase"}
    assert result.verification is not None
    assert result.verification.state == "verified"
    whole, half = (run_file(target, "y:0", x=SMALL, phase=np.array(value)) for value in (False, True))
    same_numbers(half * 2, whole)
    first = run_file(model, "a:0", x=SMALL, phase=np.array(False))
    same_numbers(half, run_file(model, "y:0", x=SMALL, phase=np.array(True), a=first))
    why = "no one value serves inference mode to all layers"
    assert f"still fed: phase, which decides more than batch norm ({why})" in [
        told.text for told in summary(result)
    ]


@pytest.mark.tensorflow
def test_what_else_a_boolean_of_one_polarity_decides_goes_with_the_layers(tmp_path: Path) -> None:
    def build(tf: Any, x: Any) -> Any:
        phase = tf.compat.v1.placeholder(tf.bool, [], name="phase")
        return halved(layer(x, phase, "a", trains_when=True), phase)

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    strip(model, target)
    assert placeholders_of(target) == {"x"}
    assert {node.op for node in load(str(target))}.isdisjoint({"Switch", "Merge"})
    same_numbers(run_file(target, "y:0", x=SMALL), run_file(model, "y:0", x=SMALL, phase=np.array(False)))


@pytest.mark.tensorflow
def test_what_else_a_computed_predicate_decides_goes_with_the_layers(tmp_path: Path) -> None:
    """A step compared with a limit: the comparison and the placeholder are gone."""

    def build(tf: Any, x: Any) -> Any:
        step = tf.compat.v1.placeholder(tf.int32, [], name="step")
        early = tf.less(step, 100)
        return halved(layer(x, early, "a", trains_when=True), early)

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    strip(model, target)
    assert placeholders_of(target) == {"x"}
    assert {node.op for node in load(str(target))}.isdisjoint({"Switch", "Merge", "Less"})
    same_numbers(
        run_file(target, "y:0", x=SMALL), run_file(model, "y:0", x=SMALL, step=np.array(100, np.int32))
    )


@pytest.mark.tensorflow
def test_a_conditional_in_a_conditional_leaves_neither(tmp_path: Path) -> None:
    """What reads the inner Switch reads, in the end, what the outer one was given."""

    def build(tf: Any, x: Any) -> Any:
        phase = tf.compat.v1.placeholder(tf.bool, [], name="phase")
        other = tf.compat.v1.placeholder(tf.bool, [], name="other")
        no, yes = tf.raw_ops.Switch(data=x, pred=phase)
        inner = tf.raw_ops.Switch(data=other, pred=phase).output_false
        evaluated = layer(no, inner, "a", trains_when=True)
        outer = tf.raw_ops.Merge(inputs=[evaluated, yes * tf.constant(0.5)]).output
        return layer(outer, phase, "b", trains_when=True)

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    strip(model, target)
    assert placeholders_of(target) == {"x"}
    assert {node.op for node in load(str(target))}.isdisjoint({"Switch", "Merge"})
    false = np.array(False)
    same_numbers(run_file(target, "y:0", x=SMALL), run_file(model, "y:0", x=SMALL, phase=false, other=false))


@pytest.mark.parametrize(
    ("predicate", "values", "serving"),
    [
        ("p = Cast(mode, SrcT=int32, DstT=bool)", (0, 1), (0,)),
        ("one = Const(1)\np = Equal(mode, one)", (0, 1, 2), (0, 2)),
        ("none = Const(0)\np = Greater(mode, none)", (-1, 0, 1), (-1, 0)),
        ("none = Const(0)\nq = Equal(mode, none)\np = LogicalNot(q)", (-1, 0, 1), (0,)),
    ],
)
def test_the_values_of_a_number_that_serve_inference(
    predicate: str, values: tuple[int, ...], serving: tuple[int, ...]
) -> None:
    lines = NET + f"mode = Placeholder(dtype=int32, shape=[])\n{predicate}\n" + fused_cond("p", "y", "x")
    (decider,) = deciders(report(lines))
    assert decider.values == values
    assert decider.serving(Mode.INFERENCE) == serving


@pytest.mark.parametrize(
    ("also", "fed"), [("two = Const(2)", (0, 2, 3)), ("two = Const(-1)", (-2, -1, 0, 2))]
)
def test_a_negative_number_is_fed_if_the_graph_compares_with_one(also: str, fed: tuple[int, ...]) -> None:
    """Elsewhere a number may be an index; -1 itself is compared here, and what is below it."""
    lines = NET + f"mode = Placeholder(dtype=int32, shape=[])\none = Const(1)\n{also}\np = Equal(mode, one)\n"
    lines += (
        fused_cond("p", "z", "x")
        + "q = Equal(mode, two)\nhalved = Mul(z, epsilon)\ny = Select(q, halved, z)\n"
    )
    (decider,) = deciders(report(lines))
    assert decider.to_feed(Mode.INFERENCE) == fed


def test_no_value_of_an_opposed_source_serves_inference() -> None:
    (decider,) = deciders(report(OPPOSED))
    assert decider.serving(Mode.INFERENCE) == decider.serving(Mode.TRAINING) == ()


def test_the_verdict_tells_both_polarities() -> None:
    told = report(OPPOSED)
    assert verdict(told).text == (
        "2 batch norms: 1 switched by phase:0 (true is training), 1 switched by phase:0 (false is training); "
        "no value serves inference to all"
    )
    assert [[one.name for one in way.layers] for way in behaviours(told)] == [["a"], ["b"]]


def test_the_verdict_of_one_polarity_behind_a_negation_is_one() -> None:
    lines = NET + "phase = Placeholder(dtype=bool, shape=[])\nnot = LogicalNot(phase)\n"
    lines += fused_cond("phase", "a", "x") + fused_cond("not", "b", "a", true_is="inference")
    assert verdict(report(lines)).text.startswith("2 batch norms, all switched by phase:0 (placeholder")


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["assigned_statistics", "averaged_statistics"])
def test_statistics_that_an_assignment_ties_to_a_layer_are_used(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.pb"
    before = inspect(load(str(CASES / name))).layers[0].statistics
    result = strip(CASES / name, target)
    (layer_after,) = inspect(load(str(target))).layers
    assert layer_after.mode is Mode.INFERENCE
    after = layer_after.statistics
    assert before.values is not None
    assert after.values is not None
    np.testing.assert_array_equal(after.values.numbers(), before.values.numbers())
    assert result.verification is not None
    assert result.verification.state == "verified"


@pytest.mark.tensorflow
@pytest.mark.parametrize(("value", "mean"), [(np.nan, True), (np.inf, True), (-1.0, False)])
def test_statistics_that_give_nan_are_said_at_once(value: float, mean: bool, tmp_path: Path) -> None:
    model = write(
        tmp_path / "model.pb",
        lambda tf, x: layer(x, tf.constant(False), "a", trains_when=True, spoilt=(value, mean)),
    )
    result = strip(model, tmp_path / "out.pb")
    _, second, *_ = summary(result)
    assert second.text == (
        "inference gives NaN: statistics that are not finite, or a negative variance, in a"
    )
    assert second.tone == "error"


@pytest.mark.tensorflow
def test_good_statistics_are_not_mentioned(tmp_path: Path) -> None:
    result = strip(CASES / "several_inference_values.pb", tmp_path / "out.pb")
    lines = [line.text for line in summary(result)]
    assert lines[0] == (
        f"{tmp_path / 'out.pb'}: written, verified: the outputs are those of the original in inference mode, "
        "bit for bit, fed mode:0=1, mode:0=2, mode:0=3"
    )
    assert not [line for line in lines if "NaN" in line or "initial" in line]
