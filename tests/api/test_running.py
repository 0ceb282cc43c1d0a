"""`probe`, `strip` and `refresh` from Python: the verbs of the commands, with keywords that are checked."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import bninspect
from bninspect import cli
from tests.support.places import FIXTURES

CLASSIC = FIXTURES / "classic.pb"
NET = FIXTURES / "classic_net.pb"
PHOTOS = FIXTURES / "cases" / "photos_12px"
IMAGE = FIXTURES / "image.jpg"


def copies(report: Any) -> None:
    for other in (pickle.loads(pickle.dumps(report)), copy.deepcopy(report)):
        assert other.to_dict() == report.to_dict()
    asdict(report)


@pytest.mark.tensorflow
def test_probe_says_what_the_command_says(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    report = bninspect.probe(bninspect.load(CLASSIC), images=str(IMAGE), preprocess="tf")
    assert capsys.readouterr().out == ""
    assert (
        cli.run(["probe", str(CLASSIC), "--image", str(IMAGE), "--preprocess", "tf", "--format", "json"]) == 0
    )
    assert report.to_dict() == json.loads(capsys.readouterr().out)
    layer = report.layers["bn"]
    assert layer is report.layers[0]
    assert layer.own is not None
    assert (layer.own.score, layer.own.verdict) == (
        report.to_dict()["layers"][0]["own"]["score"],
        report.to_dict()["layers"][0]["own"]["verdict"],
    )
    assert [finding.code for finding in report] == [one["code"] for one in report.to_dict()["diagnosis"]]
    assert report.inputs[0].preset == "tf"
    copies(report)


@pytest.mark.tensorflow
def test_a_request_stands_for_the_keywords_and_feeds_may_be_a_mapping(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    request = bninspect.Request(random=2, seed=3)
    one = bninspect.probe(CLASSIC, request=request, save=tmp_path / "arrays.npz")
    assert one.to_dict() == bninspect.probe(CLASSIC, random=2, seed=3).to_dict()
    assert (tmp_path / "arrays.npz").stat().st_size > 0
    with pytest.raises(bninspect.InputError, match="it decides the mode"):
        bninspect.probe(CLASSIC, random=2, feeds={"training": True})


@pytest.mark.tensorflow
def test_a_check_with_images_runs_the_model() -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    judged = bninspect.check(bninspect.load(NET), images=PHOTOS, select="BN4")
    assert not any("no probe images" in skip.reason for model in judged.models for skip in model.not_run)


def test_strip_writes_and_says_what_was_done(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.pb"
    result = bninspect.strip(bninspect.load(CLASSIC), target, verify=False)
    assert (result.target, result.size) == (str(target), target.stat().st_size)
    assert (result.changes["bn"].what, result.mode.value, result.verification) == (
        "branch",
        "inference",
        None,
    )
    assert result.to_dict()["written"] == {
        "path": str(target), "bytes": result.size, "nodes": result.to_dict()["written"]["nodes"],
        "outputs": list(result.outputs),
    }  # fmt: skip
    assert [layer.mode.value for layer in bninspect.inspect(target).layers] == ["inference"]
    assert capfd.readouterr() == ("", "")
    copies(result)


@pytest.mark.tensorflow
def test_refresh_gives_each_layer_before_and_after(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    done = bninspect.refresh(bninspect.load(NET), tmp_path / "out.pb", images=PHOTOS, batch_size=32)
    row = done.rows["bn"]
    assert row.before is not None
    assert row.after is not None
    assert row.after.own is not None
    assert done.to_dict()["layers"][0]["after"]["score"] == row.after.own.score
    assert done.images == 64
    assert [finding.code for finding in done] == [one["code"] for one in done.to_dict()["findings"]]
    copies(done)
    parts = [tmp_path / "one.npz", tmp_path / "two.npz"]
    files = sorted(PHOTOS.iterdir())
    for part, images in zip(parts, (files[:32], files[32:]), strict=True):
        bninspect.write_moments(NET, part, images=images, batch_size=32)
    bninspect.refresh(NET, tmp_path / "merged.pb", parts=parts)
    assert (tmp_path / "merged.pb").read_bytes() == (tmp_path / "out.pb").read_bytes()


@pytest.mark.parametrize(
    ("verb", "asked", "told"),
    [
        ("probe", {"preprocess": "tff"}, "did you mean 'tf'?"),
        ("probe", {"switch": "layer"}, "did you mean 'layers'?"),
        ("probe", {"size": "big"}, "is no size"),
        ("probe", {"imgaes": "photos/"}, "imgaes is no option of probe; did you mean images?"),
        ("probe", {"request": bninspect.Request(), "seed": 3}, "request and seed"),
        ("strip", {"mode": "both"}, "one of inference, training is wanted"),
        ("strip", {"verify": False, "require_verified": True}, "give one of them"),
        ("strip", {"verify": False, "images": "photos/"}, "leave out what to feed"),
        ("refresh", {"images": "photos/", "mix": 1}, "at least 0 and less than 1"),
        ("refresh", {"images": "photos/", "batches": 0.5}, "a whole number is wanted"),
        ("write_moments", {}, "give images, data or random"),
    ],
    ids=str,
)
def test_a_wrong_option_raises_before_anything_is_read(
    verb: str, asked: dict[str, Any], told: str, tmp_path: Path
) -> None:
    places = [] if verb == "probe" else [tmp_path / "out.pb"]
    with pytest.raises(bninspect.OptionError) as caught:
        getattr(bninspect, verb)(tmp_path / "absent.pb", *places, **asked)
    assert told in str(caught.value)


def test_refresh_takes_images_or_parts(tmp_path: Path) -> None:
    for asked in ({}, {"random": 2, "parts": ["a.npz"]}):
        with pytest.raises(bninspect.InputError, match="images to run, or parts to merge"):
            bninspect.refresh(CLASSIC, tmp_path / "out.pb", **asked)  # type: ignore[arg-type]
    with pytest.raises(bninspect.InputError, match="name a file"):
        bninspect.refresh(CLASSIC, "-", random=2)
