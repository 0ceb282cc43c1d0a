"""The same images in every format give the same model, byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bninspect
from bninspect.cli import run
from tests.support.data_sets import all_formats, images, tfrecord
from tests.support.pictures import graph_bytes
from tests.support.places import ROOT
from tests.support.refreshing import MODEL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow


def test_every_format_gives_the_same_bytes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = images(7, (12, 12))
    written = {}
    for name, options in all_formats(tmp_path, pixels, "image").items():
        target = tmp_path / f"{name}.pb"
        asked = [
            "refresh",
            str(MODEL),
            "-o",
            str(target),
            *options,
            "--batch-size",
            "3",
            "--preprocess",
            "tf",
        ]
        assert run(asked) == 0, (name, capfd.readouterr().err)
        written[name] = target.read_bytes()
    assert all(data == written["png"] for data in written.values())


def test_nothing_optional_is_imported_unless_asked_for(tmp_path: Path) -> None:
    records = tfrecord(tmp_path / "x.tfrecord", images(4, (12, 12)))
    barred = ("joblib", "dask", "distributed", "ray", "pyspark", "joblibspark", "pyarrow", "fsspec")
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({barred!r}))\n"
        "from bninspect.cli import run\nsys.exit(run(sys.argv[1:]))\n"
    )
    asked = ["refresh", str(MODEL), "-o", str(tmp_path / "o.pb"), "--data", records, "--batch-size", "2"]
    ended = {
        options: subprocess.run(
            [sys.executable, "-c", code, *asked, *options],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
        for options in ((), ("--parts", str(tmp_path / "parts")), ("--jobs", "2"))
    }  # fmt: skip
    assert [one.returncode for one in ended.values()] == [0, 0, 2], ended
    assert "--jobs needs joblib, the extra `parallel` of bninspect" in ended["--jobs", "2"].stderr


def test_images_labels_and_arrays_are_fed_together(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def build(tf: Any) -> None:
        """x is image + extra + label, channel by channel."""
        v1 = tf.compat.v1
        image = v1.placeholder(tf.float32, [None, 5, 4, 3], name="image")
        extra = v1.placeholder(tf.float32, [None, 3], name="extra")
        label = v1.placeholder(tf.int64, [None], name="label")
        x = image + extra[:, None, None, :] + tf.cast(label, tf.float32)[:, None, None, None]
        y, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=[1.0] * 3, offset=[0.0] * 3, mean=[0.0] * 3, variance=[1.0] * 3, is_training=False
        )
        tf.identity(y, name="out")

    model, new, data = tmp_path / "m.pb", tmp_path / "new.pb", tmp_path / "x.npz"
    model.write_bytes(graph_bytes(build))
    pixels, label = images(6, (5, 4)), np.array([3, 1, 4, 1, 5, 9])
    extra = np.arange(18, dtype=np.float32).reshape(6, 3)
    np.savez(data, image=pixels, extra=extra, label=label)
    assert run(["refresh", str(model), "-o", str(new), "--data", str(data)]) == 0, capfd.readouterr().err
    (layer,) = bninspect.inspect(str(new)).layers
    assert layer.statistics.values is not None
    x = pixels + extra[:, None, None, :] + label[:, None, None, None]
    np.testing.assert_allclose(layer.statistics.values.numbers()[0], x.mean(axis=(0, 1, 2)), rtol=1e-6)
    capfd.readouterr()
    assert run(["probe", str(new), "--data", str(data), "--format", "json"]) == 0
    (probed,) = json.loads(capfd.readouterr().out)["layers"]
    assert probed["own"]["score"] < 0.01
