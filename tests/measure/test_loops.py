"""Loops of TensorFlow 1: what stands in them and cannot be measured is named, all else is probed.

Verified means: equal to what TensorFlow gives for the original, fed for the mode.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.cli import run
from bninspect.commands.probe.diagnosis import diagnose
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rules import Case
from bninspect.run.session import Session
from tests.support.places import FIXTURES
from tests.support.probes import difference

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe

pytestmark = pytest.mark.tensorflow

_CASES = FIXTURES / "cases"
_MANY_VALUES = "it stands in a loop, where x has many values in one run"


def _probe(name: str) -> Probe:
    report = inspect(load(str(_CASES / name)))
    return probe(report, Question(layers=report.layers, keep=True), Request(random=6, seed=3))


@pytest.mark.parametrize(
    ("name", "measured", "looped"),
    [
        ("map_fn_fused.pb", ["before", "after"], ["map/while/inside"]),
        ("while_fused.pb", ["after", "while/invariant"], ["while/switched"]),
        ("dynamic_rnn.pb", ["before", "after"], ["rnn/while/c/cell_bn"]),
    ],
)
def test_layers_in_a_loop_are_named_and_the_rest_is_verified(
    name: str, measured: list[str], looped: list[str]
) -> None:
    found = _probe(name)
    assert sorted(one.layer.name for one in found.layers) == sorted(measured)
    assert all(one.own is not None for one in found.layers)
    assert {skip.what: skip.reason for skip in found.skipped} == dict.fromkeys(looped, _MANY_VALUES)
    assert found.verification.state == "verified", found.verification.reason
    assert found.verification.max_abs == 0.0
    assert difference(found).max_abs > 0.1


@pytest.mark.parametrize("name", ["while_fused.pb", "dynamic_rnn.pb"])
def test_a_loop_in_inference_mode_gives_what_the_original_gives(name: str, tmp_path: Path) -> None:
    found = _probe(name)
    report = found.report
    (fact,) = found.inputs
    draw = np.random.default_rng(5)
    x = draw.normal(0, 1, fact.shape).astype(np.float32)
    with Session(serialized(report.graph.graphdef)) as session:
        served = [
            session.run(["logits:0"], {fact.name: x, "training:0": np.asarray(mode)})[0]
            for mode in (True, False)
        ]
    again = inspect(load(str(_CASES / name)))
    np.save(tmp_path / "x.npy", x)
    kept = probe(
        again,
        Question(layers=again.layers, keep=True, companions=False),
        Request(feeds=(f"{fact.name}=@{tmp_path / 'x.npy'}",)),
    ).kept
    np.testing.assert_array_equal(kept["inference/logits:0"], served[1])
    if name == "dynamic_rnn.pb":  # in the other, a layer fixed to inference mode has a training copy
        np.testing.assert_array_equal(kept["training/logits:0"], served[0])


def test_a_chain_that_the_file_fixes_in_a_loop_is_left_with_the_reason() -> None:
    found = _probe("while_chain.pb")
    assert found.layers == ()
    (skip,) = found.skipped
    assert "it stands in a loop, where its formula cannot be replaced" in skip.reason


@pytest.mark.parametrize(
    "name", ["while_chain.pb", "rnn_training.pb", "dynamic_rnn.pb", "map_fn_fused.pb", "while_fused.pb"]
)
def test_probe_and_check_end(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_CASES)  # no path is told, in which a clone may be called bninspect/
    assert run(["probe", name, "--random", "4"]) == 0
    out, err = capsys.readouterr()
    assert "bninspect/" not in out + err
    run(["check", name, "--random", "4", "--format", "json"])
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["error"] is None


def test_an_output_that_is_all_0_alone_is_told_without_a_share() -> None:
    found = _probe("rnn_training.pb")
    (told,) = [
        one for one in diagnose(Case(report=found.report, probe=found)).findings if one.code == "BN401"
    ]
    assert "it is all 0 alone" in told.evidence
