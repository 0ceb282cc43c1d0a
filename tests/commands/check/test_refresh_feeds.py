"""What is fed to a refresh serves all its steps: the moments, the comparison, the look at the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect import cli
from bninspect.errors import InputError
from bninspect.inputs.request import Request
from tests.rewrite.conditionals import layer, write
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh
from tests.support.stripping import strip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

_MODEL = FIXTURES / "cases" / "label_after_the_layer.pb"
"""Its output is conditioned on `label`, behind the one layer: the moments do not depend on it."""
_IMAGES = 8


@pytest.fixture
def label(tmp_path: Path) -> str:
    """A label for each image, as it is fed."""
    path = tmp_path / "label.npy"
    np.save(path, np.arange(_IMAGES, dtype=np.int32) % 2)
    return f"label=@{path}"


@pytest.mark.parametrize("stripped", [False, True])
def test_what_only_a_later_step_needs_is_taken(tmp_path: Path, label: str, stripped: bool) -> None:
    request = Request(random=_IMAGES, feeds=(label,))
    done = refresh(_MODEL, tmp_path / "out.pb", request, stripped=stripped)
    assert len(done.rows) == 1
    assert done.images_checked == _IMAGES
    assert done.rows[0].after is not None
    assert done.result is not None
    assert done.result.error is None
    if stripped:
        assert done.verification is not None
        assert done.verification.state == "verified", done.verification.reason


def test_what_no_step_needs_is_refused(tmp_path: Path, label: str) -> None:
    request = Request(random=_IMAGES, feeds=(label, "bn2/cond/pred_id=true"))
    with pytest.raises(InputError, match="pred_id:0: nothing that is compared depends on it"):
        refresh(_MODEL, tmp_path / "out.pb", request)
    with pytest.raises(InputError, match="training:0: it decides the mode"):
        refresh(_MODEL, tmp_path / "out.pb", Request(random=_IMAGES, feeds=("training=true",)))
    assert not (tmp_path / "out.pb").exists()


@pytest.mark.parametrize("command", ["probe", "strip", "refresh"])
def test_what_the_original_alone_reads_is_taken_by_every_command(tmp_path: Path, command: str) -> None:
    """A conditional that always chooses the same asks the text that decides; rewritten, there is neither."""
    path = str(write(tmp_path / "model.pb", _asked_again))
    target = () if command == "probe" else ("-o", str(tmp_path / "out.pb"))
    feeds = ("--random", "4", "--feed", "mode=eval")
    assert cli.run([command, path, *target, *feeds]) == 0


def _asked_again(tf: Any, x: Any) -> Any:
    """Other than training, it evaluates; whatever it does, it does the same."""
    mode = tf.compat.v1.placeholder(tf.string, [], name="mode")
    no, yes = tf.raw_ops.Switch(data=x, pred=tf.equal(mode, "train"))
    one, other = tf.raw_ops.Switch(data=no, pred=tf.equal(mode, "eval"))
    row = tf.constant([0.5, 1.0, 2.0])
    kept = {"scale": row, "offset": row, "mean": row, "variance": row, "is_training": False}
    served = [tf.raw_ops.FusedBatchNormV3(x=x, **kept).y for x in (one, other)]
    empty = tf.constant([], tf.float32)
    trained = tf.raw_ops.FusedBatchNormV3(
        x=yes, **{**kept, "mean": empty, "variance": empty, "is_training": True}
    )
    return tf.raw_ops.Merge(inputs=[tf.raw_ops.Merge(inputs=served).output, trained.y]).output


@pytest.mark.parametrize("command", ["probe", "strip", "refresh"])
def test_what_a_predicate_is_computed_of_is_refused_by_every_command(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(tf: Any, x: Any) -> Any:
        step = tf.compat.v1.placeholder(tf.int32, [], name="step")
        return layer(x, tf.less(step, 100), "a", trains_when=True)

    path = str(write(tmp_path / "model.pb", build))
    target = () if command == "probe" else ("-o", str(tmp_path / "out.pb"))
    assert cli.run([command, path, *target, "--random", "4", "--feed", "step=7"]) == 2
    told = "--feed step:0: what is computed of it decides the mode, which is set already; leave it out"
    assert told in capsys.readouterr().err


def test_images_are_made_up_for_as_many_rows_as_are_fed(tmp_path: Path, label: str) -> None:
    verification = strip(_MODEL, tmp_path / "out.pb", request=Request(feeds=(label,))).verification
    assert verification is not None
    assert verification.state == "verified", verification.reason
