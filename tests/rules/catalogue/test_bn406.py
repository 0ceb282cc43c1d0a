"""BN406 modes-disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.mode import Mode
from bninspect.rules import Severity
from tests.support.probes import net, output, probe, probed
from tests.support.probing import net_with, outcome, reason, shifted


def test_catches_outputs_far_apart() -> None:
    (finding,) = outcome("BN406", probe(*net(), outputs=(output(0.8),))).findings
    assert finding.severity is Severity.WARNING
    assert "logits:0 differs by 80 % of its training-mode RMS" in finding.message


def test_catches_a_flip_of_the_top_1() -> None:
    (finding,) = outcome("BN406", probe(*net(), outputs=(output(0.1, 0.5),))).findings
    assert "its top-1 changes for 50 % of the images" in finding.message


def test_does_not_catch_modes_that_agree() -> None:
    found = outcome("BN406", probe(*net(), outputs=(output(0.05, 1.0),)))
    assert (found.findings, found.not_run) == ((), ())


def test_does_not_catch_what_a_stale_layer_explains() -> None:
    """That is BN403, and this its consequence."""
    assert not outcome("BN406", probe(*net_with(2, shifted), outputs=(output(0.8),))).findings


def test_does_not_judge_by_one_image() -> None:
    """In training mode one image is no batch: the modes disagree in any model."""
    found = outcome("BN406", probe(*net(images=1), outputs=(output(0.8),)))
    assert not found.findings
    assert "too few to judge" in reason(found)


def test_does_not_catch_a_model_that_trains_whatever_is_fed() -> None:
    """There is no other mode of it to disagree with."""
    trained = [probed(f"net/block{index}/bn", index, mode=Mode.TRAINING) for index in range(2)]
    assert not outcome("BN406", probe(*trained, outputs=(output(0.8),))).findings
    assert outcome("BN406", probe(trained[0], *net()[1:], outputs=(output(0.8),))).findings


@pytest.mark.parametrize(
    ("lost", "title"),
    [
        (
            (),
            "the modes disagree at the outputs, though the statistics of every layer fit these images (many "
            "small errors add up, or what depends on the mode is no batch norm)",
        ),
        (
            (1,),
            "the modes disagree at the outputs, though the statistics of every other layer fit these images: "
            "whether net/block1/bn explains it is open, it was not measured",
        ),
        (
            (0, 1),
            "the modes disagree at the outputs: whether net/block0/bn, net/block1/bn explain it is open, "
            "they were not measured",
        ),
    ],
)
def test_says_which_layers_may_explain_it(lost: tuple[int, ...], title: str) -> None:
    layers = [replace(layer, own=None) if index in lost else layer for index, layer in enumerate(net(2))]
    (finding,) = outcome("BN406", probe(*layers, outputs=(output(0.8),))).findings
    assert finding.title == title
