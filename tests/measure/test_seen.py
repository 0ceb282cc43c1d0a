"""The image that a person is shown beside its outputs: the first one, as the model takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.data import images
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

pytestmark = pytest.mark.tensorflow
PICTURE = FIXTURES / "image.jpg"


def probed(request: Request, *, seen: bool = True) -> Probe:
    report = inspect(load(str(FIXTURES / "classic.pb")), outputs=("output",))
    question = Question(layers=report.layers, seen=seen, keep=True, verify=False, companions=False)
    return probe(report, question, request)


def test_a_photo_is_seen_with_its_rows() -> None:
    found = probed(Request(images=(str(PICTURE),)))
    assert found.seen is not None
    assert found.seen.source.endswith("image.jpg")
    assert np.array_equal(found.seen.pixels, images.decode(images.read(PICTURE), PICTURE))
    training, inference = found.seen.outputs["output:0"]
    assert np.array_equal(training, found.kept["training/output:0"][0])
    assert np.array_equal(inference, found.kept["inference/output:0"][0])


def test_nobody_sees_it_unasked() -> None:
    assert probed(Request(images=(str(PICTURE),)), seen=False).seen is None


@pytest.mark.parametrize("how", ["random", "array"])
def test_numbers_are_no_photo(tmp_path: Path, how: str) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(2, 224, 224, 3)).astype(np.float32))
    given = Request(random=2) if how == "random" else Request(feeds=(f"image=@{tmp_path / 'x.npy'}",))
    assert probed(given).seen is None
