"""strip, of a model with a branch that is not taken: what stands there has no value to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.models.open import load
from bninspect.run.program import Program
from bninspect.run.session import tensorflow
from tests.support.places import FIXTURES
from tests.support.stripping import strip

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.graphdef import GraphDef

pytestmark = pytest.mark.tensorflow


def _two_branches(path: Path, *, left: bool) -> Path:
    """A model with one layer in each branch of a conditional; `left` is which one is taken by default."""
    tf: Any = tensorflow()
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None, 2, 2, 2], name="x")
        chosen = tf.compat.v1.placeholder_with_default(left, [], name="chosen")
        no, yes = tf.raw_ops.Switch(data=x, pred=chosen)
        layers = [
            tf.raw_ops.FusedBatchNormV3(
                x=taken,
                scale=tf.constant([1.5, 0.5]),
                offset=tf.constant([0.1, 0.2]),
                mean=tf.constant([0.3, shift]),
                variance=tf.constant([2.0, 0.7]),
                is_training=False,
                name=name,
            ).y
            for taken, shift, name in ((no, 0.4, "right"), (yes, 0.9, "left"))
        ]
        merged, _ = tf.raw_ops.Merge(inputs=layers)
        tf.identity(merged, name="output")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


@pytest.mark.parametrize("left", [True, False])
def test_a_layer_in_a_branch_that_is_not_taken_is_no_difference(left: bool, tmp_path: Path) -> None:
    result = strip(_two_branches(tmp_path / "model.pb", left=left), tmp_path / "out.pb")
    assert result.verification is not None
    assert (result.verification.state, result.verification.max_abs) == ("verified", 0.0)
    assert {layer.name for layer in result.stripped.report.layers} == {"left", "right"}


def test_a_value_that_the_new_model_lost_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new model is run with the other branch taken."""
    model, other = (_two_branches(tmp_path / f"{left}.pb", left=left) for left in (True, False))
    wrong = [load(str(other)).graphdef]

    made = Program.of

    def swapped(graphdef: GraphDef, *rest: Any) -> Program:
        return made(wrong.pop() if wrong else graphdef, *rest)

    monkeypatch.setattr(Program, "of", swapped)
    with pytest.raises(RewriteError, match="left:0 has a value in the original and none in the new model"):
        strip(model, tmp_path / "out.pb")
    assert not (tmp_path / "out.pb").exists()


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_conditional_that_the_file_decides_is_gone(mode: str, tmp_path: Path) -> None:
    """Both layers of this GAN of 2017 stand in a branch that a constant takes."""
    result = strip(FIXTURES / "cases/blend_under_assign.pb", tmp_path / "out.pb", mode=mode, verify=True)
    assert result.verification is not None
    assert result.verification.state != "differs"
    written = load(str(tmp_path / "out.pb"))
    assert {node.op for node in written} & {"Switch", "Merge"} == set()
    assert len(inspect(written).layers) == 2
