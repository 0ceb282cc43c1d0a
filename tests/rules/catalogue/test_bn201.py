"""BN201 statistics-never-updated."""

from __future__ import annotations

import pytest

from tests.support.catching import caught, found, fused, of_checkpoint, replaced
from tests.support.parts import IMAGE, PHASE, STORED, fused_cond

ZEROS, ONES = "[0.0, 0.0, 0.0]", "[1.0, 1.0, 1.0]"
INITIAL = IMAGE + replaced(mean=ZEROS, variance=ONES)


def test_catches_zero_and_one() -> None:
    finding = caught("BN201", INITIAL + fused())
    assert (finding.layer, finding.node) == ("y", "mean")
    assert "(mean 0, variance 1) in 3 channels" in finding.message
    assert "gamma/sqrt(1 + 0.001)" in finding.message


def test_catches_zero_and_zero() -> None:
    finding = caught("BN201", IMAGE + replaced(mean=ZEROS, variance=ZEROS) + fused())
    assert finding.message.endswith("gamma/sqrt(0.001)")


def test_catches_a_switched_layer() -> None:
    assert found("BN201", INITIAL + PHASE + fused_cond("phase"))


def test_catches_a_layer_in_training_mode_among_others() -> None:
    text = "mean2 = Const([1.0, 2.0, 3.0])\n" + fused(training=True) + fused("z", "y", "mean2")
    assert caught("BN201", INITIAL + text).layer == "y"


def test_two_calls_are_one_finding() -> None:
    assert len(found("BN201", INITIAL + fused() + fused("z", "y"))) == 1


@pytest.mark.parametrize("changed", [{"mean": "[0.0, 0.0, 0.001]"}, {"variance": "[1.0, 1.0, 0.999]"}])
def test_does_not_catch_one_channel_that_moved(changed: dict[str, str]) -> None:
    values = {"mean": ZEROS, "variance": ONES, **changed}
    assert not found("BN201", IMAGE + replaced(**values) + fused())


@pytest.mark.parametrize("version", ["14", "115"])
def test_a_layer_that_trains_on_them_is_told_so(version: str) -> None:
    """No update ops exist there, and statistics of images would be new to its weights."""
    (finding,) = of_checkpoint("BN201", f"inference_{version}")
    assert "training (training=False) and inference only multiply by gamma/sqrt(1 + 0.001)" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.startswith("train with training=True")
    assert "refresh" not in finding.remedy


def test_does_not_catch_gamma_0() -> None:
    """The last norm of a residual branch starts so, and gives beta whatever its statistics are."""
    text = replaced(mean=ZEROS, variance=ONES, gamma=ZEROS)
    assert not found("BN201", IMAGE + text + fused())


def test_does_not_catch_a_model_of_batch_statistics() -> None:
    text = fused(training=True) + fused("z", "y", training=True)
    assert not found("BN201", INITIAL + text)


def test_does_not_catch_stored_statistics() -> None:
    assert not found("BN201", STORED + fused())


def test_catches_what_others_have_learned_where_all_train() -> None:
    """One layer has been updated: the others should have been, too."""
    text = "mean2 = Const([1.0, 2.0, 3.0])\n" + fused(training=True)
    text += fused("z", "y", "mean2", training=True)
    assert caught("BN201", INITIAL + text).layer == "y"
