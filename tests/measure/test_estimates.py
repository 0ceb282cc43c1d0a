"""What an estimate says beside its numbers: nothing to measure, how images were prepared, of which model."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.refresh.parts import digest
from bninspect.commands.refresh.reestimate import estimate
from bninspect.errors import RewriteError
from bninspect.graph import load
from bninspect.graphdef import read
from bninspect.inputs.request import Request
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh

LOOPED = FIXTURES / "cases" / "while_chain.pb"


def test_nothing_to_measure_is_an_empty_estimate_with_the_reasons() -> None:
    report = inspect(load(str(LOOPED)))
    found = estimate(report, report.layers, Request(random=2))
    assert dict(found.layers) == {}
    assert list(found.left) == [layer.name for layer in report.layers]
    assert all("it stands in a loop" in reason for reason in found.left.values())
    assert (found.images, found.batch_size, found.last, dict(found.how)) == (0, 1, 0, {})


def test_refresh_of_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(RewriteError, match="it stands in a loop"):
        refresh(LOOPED, tmp_path / "out.pb", Request(random=2))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_how_tells_the_recipe_and_what_was_fed() -> None:
    report = inspect(load(str(FIXTURES / "classic.pb")))
    request = Request(random=3, preprocess="caffe", batch_size=2, size=(224, 224))
    found = estimate(report, report.layers, request)
    assert dict(found.how) == {
        "images": "random",
        "preset": "caffe",
        "order of colours": "bgr",
        "size": "224x224",
        "resizing": "stretch",
    }
    assert (found.images, found.batch_size, found.last) == (3, 2, 1)


@pytest.mark.tensorflow
def test_how_tells_what_was_fed_by_hand(tmp_path: Path) -> None:
    report = inspect(load(str(FIXTURES / "cases" / "dynamic_rnn.pb")))
    chosen = [layer for layer in report.layers if layer.name == "before"]
    np.save(tmp_path / "x.npy", np.ones((4, 5, 4), np.float32))
    found = estimate(report, chosen, Request(feeds=(f"sequence=@{tmp_path / 'x.npy'}",)))
    assert dict(found.how) == {"--feed of sequence:0": f"@{tmp_path / 'x.npy'}"}
    assert list(found.layers) == ["before"]


def test_a_keras_file_is_known_by_its_bytes_wherever_it_stands(tmp_path: Path) -> None:
    """Keras makes another graph of it in every process."""
    graphdef = read(str(FIXTURES / "classic.pb"))
    copy = tmp_path / "other.keras"
    shutil.copy(FIXTURES / "model.keras", copy)
    for path in (FIXTURES / "model.keras", copy):
        of_file = digest(replace(graphdef, path=str(path), format="keras"))
        assert of_file == hashlib.sha256((FIXTURES / "model.keras").read_bytes()).hexdigest()
    copy.write_bytes(copy.read_bytes() + b"x")
    changed = digest(replace(graphdef, path=str(copy), format="keras"))
    assert changed == hashlib.sha256(copy.read_bytes()).hexdigest() != of_file


def test_a_frozen_graph_is_known_by_its_content(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "classic.pb", tmp_path / "copy.pb")
    ours = digest(read(str(FIXTURES / "classic.pb")))
    assert digest(read(str(tmp_path / "copy.pb"))) == ours
    assert digest(read(str(FIXTURES / "classic_net.pb"))) != ours
    assert len(ours) == 64
