"""A probe judged, by the same judge as a check: what each kind of evidence says, and what it does not."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.cli import run
from bninspect.commands.check.one_model import Settings, check
from bninspect.inputs.request import Request
from bninspect.measure.presets import PresetTrial
from bninspect.options import Preprocess
from bninspect.rules.facts.measurements import DRAWN
from tests.support.places import FIXTURES
from tests.support.probes import codes, diagnosis, net, probe, probed, wrong
from tests.support.probing import fit, net_with, part_way, shifted

if TYPE_CHECKING:
    from bninspect.measure.facts import ProbedLayer
    from tests.networks import Trained

CASES = FIXTURES / "cases"
PUBLISHED = os.environ.get("BNINSPECT_MODELS", "")


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON of a command."""
    assert run([*arguments, "--format", "json"]) in (0, 1)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def under(layer: ProbedLayer, refit: ProbedLayer) -> ProbedLayer:
    """The layer, with what another preset leaves of its error."""
    from dataclasses import replace

    return replace(layer, refit=refit.own)


RAW, TF = fit("raw", 9.0), fit("tf", 0.2)
TRIAL = PresetTrial(layer="net/block0/bn", images=16, fits=(TF, RAW), given=RAW)


def test_what_the_preset_explains_is_not_said_again_and_what_is_left_is() -> None:
    """The first layer fits under the other preset, the fourth is stale under it, too."""
    layers = [under(bad, good) for bad, good in zip(net(stored=shifted), net_with(3, shifted), strict=True)]
    found = probe(*layers, presets=TRIAL)
    assert codes(found) == ["BN405", "BN403"]
    stale = wrong(found)[1]
    assert stale.layer == "net/block3/bn"
    assert "with --preprocess tf" in stale.evidence
    assert stale.fix == "bninspect probe model.pb --image photos --preprocess tf"


def test_no_refresh_is_advised_where_a_preset_explains_most() -> None:
    layers = [under(bad, bad) for bad in net(stored=shifted)]
    assert not any("refresh" in (one.fix or "") for one in wrong(probe(*layers, presets=TRIAL)))
    assert "refresh" in (wrong(probe(*layers))[0].fix or "")


def test_five_averages_on_their_way_and_a_stale_layer_are_two_findings() -> None:
    layers = net(stored=part_way(0.4))
    layers[3] = net_with(3, shifted)[3]
    assert codes(probe(*layers)) == ["BN404", "BN403"]


def test_variances_stored_a_little_too_small_are_stale_and_not_epsilons_fault() -> None:
    """Epsilon is beyond the stored variance, and far below the measured one."""
    small = [
        probed(f"net/block{index}/bn", index, stored=lambda given: (given.mean, given.variance / 4000))
        for index in range(6)
    ]
    assert codes(probe(*small)) == ["BN403"]


@pytest.mark.tensorflow
def test_layers_with_each_other_s_statistics_are_not_taken_for_a_preset() -> None:
    images = tuple(map(str, sorted((CASES / "photos_12px").iterdir())))
    request = Request(images=images, batch_size=32)
    model = check(Settings(path=str(CASES / "swapped_statistics.pb"), ignore=("BN104",), request=request))
    assert [(one.finding.code, one.finding.layer, one.finding.severity.value) for one in model.found] == [
        ("BN403", "bn4", "error"),
        ("BN403", "bn6", "error"),
    ]


@pytest.mark.tensorflow
@pytest.mark.skipif(not PUBLISHED, reason="BNINSPECT_MODELS names no folder of published models")
@pytest.mark.parametrize(
    ("file", "given", "right"),
    [("vww_96.h5", "raw", "unit"), ("pretrainedResnet.h5", "tf", "raw")],
)
def test_a_wrong_preset_of_a_published_model_is_named_and_no_refresh_advised(
    file: str, given: Preprocess, right: str
) -> None:
    """On photos that are not its own, so that something is left under the right preset, too."""
    images = tuple(map(str, sorted((CASES / "photos_12px").iterdir())[:16]))
    request = Request(images=images, preprocess=given)
    model = check(Settings(path=str(Path(PUBLISHED) / "mlcommons__tiny" / file), request=request))
    remedies = {one.finding.code: one.finding.remedy or "" for one in model.found}
    model_path = Path(PUBLISHED) / "mlcommons__tiny" / file
    assert remedies["BN405"] == f"bninspect probe {model_path} --image DIR --preprocess {right}"
    assert not any("refresh" in remedy for remedy in remedies.values())


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["probe", "check"])
def test_modes_of_statistics_that_were_never_updated_do_not_disagree(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = command(capsys, name, str(CASES / "blend_under_assign.pb"), "--random", "8")
    found = document["diagnosis" if name == "probe" else "findings"]
    assert "BN406" not in {one["code"] for one in found}
    assert any("bninspect strip " in (one["fix"] or "") for one in found)


@pytest.mark.tensorflow
def test_random_numbers_judge_no_statistics(network: Any, capsys: pytest.CaptureFixture[str]) -> None:
    trained: Trained = network("fused")
    document = command(capsys, "check", str(trained.path), "--random", "16")
    assert {one["code"] for one in document["findings"]} == {"BN103"}
    skipped = {one["code"]: one["reason"] for one in document["skipped"]}
    assert {skipped[code] for code in ("BN403", "BN404", "BN405", "BN406")} == {DRAWN}
    assert not {"BN401", "BN402"} & set(skipped)
    measured = command(capsys, "probe", str(trained.path), "--random", "16")
    assert measured["guilty"] == measured["diagnosis"] == []
    assert {one["own"]["verdict"] for one in measured["layers"]} == {None}
    assert all(one["own"]["score_error"] > 0 for one in measured["layers"])
    assert {one["what"] for one in measured["skipped"]} >= {"BN403", "BN404", "BN405"}


@pytest.mark.tensorflow
def test_a_refresh_from_random_numbers_says_so_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, target = tmp_path / "m.pb", tmp_path / "new.pb"
    shutil.copy(FIXTURES / "net_mixed.pb", model)
    assert run(["refresh", str(model), "-o", str(target), "--random", "16"]) == 0
    first = " ".join(capsys.readouterr().out.split("refreshed, over")[0].split())
    assert "with statistics of random numbers" in first


@pytest.mark.tensorflow
@pytest.mark.parametrize(("rows", "single"), [(1, True), (16, False)])
def test_one_value_per_channel_is_no_comparison(
    rows: int, single: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dense layer and a batch of one: training mode gives beta whatever the input."""
    values = tmp_path / "x.npy"
    np.save(values, np.random.default_rng(0).normal(0, 1, (rows, 5)).astype(np.float32))
    arguments = ("probe", str(FIXTURES / "dense.pb"), "--feed", f"rows=@{values}")
    (layer,) = (document := command(capsys, *arguments))["layers"]
    assert (layer["own"]["verdict"] is None) is single
    assert (layer["own"]["score"] is None) is (layer["own"]["score_error"] is None) is single
    assert any("one value per channel" in one["reason"] for one in document["skipped"]) is single
    assert run(list(arguments)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert ("one value per channel in a batch says nothing about bn" in told) is single


def test_a_diagnosis_of_some_layers_leaves_the_others_out() -> None:
    found = probe(*net_with(2, shifted))
    assert [one.layer for one in diagnosis(found, {"net/block2/bn"}).findings] == ["net/block2/bn"]
    assert diagnosis(found, {"net/block1/bn"}).findings == ()
