"""Which value of an element goes to which input, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import InputError
from bninspect.graph import load
from bninspect.graph.search import upstream
from bninspect.inputs.bind import bind
from bninspect.inputs.preprocess import prepare
from bninspect.inputs.request import Request
from tests.support.data_sets import images, shard
from tests.support.pictures import graph_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.inputs.inputs import Inputs

pytestmark = pytest.mark.tensorflow

PIXELS = images(5, (5, 4))
LABELS = [3, 1, 4, 1, 5]


def _build(tf: Any) -> None:
    """An image, an array and a number of the same rows, into one batch norm."""
    v1 = tf.compat.v1
    image = v1.placeholder(tf.float32, [None, 5, 4, 3], name="image")
    extra = v1.placeholder(tf.float32, [None, 3], name="extra")
    label = v1.placeholder(tf.int64, [None], name="label")
    x = image + extra[:, None, None, :]
    y, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=[1.0] * 3, offset=[0.0] * 3, mean=[0.0] * 3, variance=[1.0] * 3, is_training=False
    )
    tf.identity(tf.reduce_sum(y, [1, 2, 3]) + tf.cast(label, tf.float32), name="out")


def _bound(path: Path, *specs: str, **asked: Any) -> Inputs:
    (path / "m.pb").write_bytes(graph_bytes(_build))
    report = inspect(load(str(path / "m.pb")))
    reached = upstream(output.node for output in report.outputs)
    return bind(report.graph, reached, report.layers, Request(data=specs, **asked), ())


def test_the_keys_of_an_npz_are_inputs(tmp_path: Path) -> None:
    extra = np.arange(15, dtype=np.float32).reshape(5, 3)
    np.savez(tmp_path / "x.npz", extra=extra, label=np.array(LABELS), image=PIXELS)
    inputs = _bound(tmp_path, str(tmp_path / "x.npz"), preprocess="unit", batch_size=2)
    assert inputs.place is not None
    assert inputs.place.name == "image:0"
    assert inputs.names == {"image:0", "extra:0", "label:0"}
    assert [len(batch["image:0"]) for batch in inputs.batches()] == [2, 2, 1]
    fed = {name: np.concatenate([batch[name] for batch in inputs.batches()]) for name in inputs.names}
    assert inputs.pictures is not None
    assert inputs.pictures.recipe is not None
    np.testing.assert_array_equal(
        fed["image:0"], [prepare(image, inputs.pictures.recipe) for image in PIXELS]
    )
    np.testing.assert_array_equal(fed["extra:0"], extra)
    assert fed["label:0"].tolist() == LABELS
    assert fed["label:0"].dtype == np.int64


def test_an_image_and_its_label_of_a_shard(tmp_path: Path) -> None:
    np.save(tmp_path / "e.npy", np.zeros((5, 3), np.float32))
    spec = shard(tmp_path / "x.tar", PIXELS, LABELS) + "#png,cls=label"
    inputs = _bound(tmp_path, spec, feeds=(f"extra=@{tmp_path}/e.npy",), batch_size=5)
    (batch,) = inputs.batches()
    np.testing.assert_array_equal(batch["image:0"], PIXELS.astype(np.float32))
    assert batch["label:0"].tolist() == LABELS


def test_the_order_of_a_seed_keeps_rows_together(tmp_path: Path) -> None:
    extra = np.zeros((5, 3), np.float32)
    np.savez(tmp_path / "x.npz", extra=extra, label=np.array(LABELS), image=PIXELS)
    inputs = _bound(tmp_path, str(tmp_path / "x.npz"), shuffle=True, seed=3, batch_size=5)
    (batch,) = inputs.batches()
    order = np.random.default_rng(3).permutation(5)
    assert batch["label:0"].tolist() == [LABELS[index] for index in order]
    np.testing.assert_array_equal(batch["image:0"], PIXELS[order].astype(np.float32))


@pytest.mark.parametrize(
    ("arrays", "asked", "said"),
    [
        (
            {"image": PIXELS, "lable": np.array(LABELS)},
            {},
            "--data holds lable, which is no input of the model",
        ),
        ({"image": PIXELS}, {}, "the model also has to be fed extra:0"),
        (
            {"image": PIXELS + 0.5, "extra": np.zeros((5, 3)), "label": np.array(LABELS)},
            {"preprocess": "tf"},
            "x.npz[0] is no image, and is fed as it is; leave it out",
        ),
        (
            {"image": PIXELS.astype(np.float32)[:, :4], "extra": np.zeros((5, 3)), "label": np.array(LABELS)},
            {},
            "has shape [4, 4, 3], which is no row of image:0",
        ),
        (
            {"image": PIXELS, "extra": np.zeros((5, 3)), "label": np.array(LABELS) + 0.5},
            {},
            "holds float64, and label:0 (int64, [?]) takes int64",
        ),
        (
            {"image": PIXELS},
            {"feeds": ("image=@{}/x.npy",)},
            "--data feeds it, too; leave one of the two out",
        ),
        ({"image": PIXELS}, {"random": 4}, "--data and --random: give one of the two"),
    ],
)
def test_what_does_not_fit_is_said(
    tmp_path: Path, arrays: dict[str, Any], asked: dict[str, Any], said: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    np.save(tmp_path / "x.npy", PIXELS)
    if "feeds" in asked:
        asked = {"feeds": tuple(feed.format(tmp_path) for feed in asked["feeds"])}
    with pytest.raises(InputError) as found:
        list(_bound(tmp_path, str(tmp_path / "x.npz"), **asked).batches())
    assert said in str(found.value)
