"""A probe judged: each cause is named once, with its numbers, and a healthy model has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm.layer import State, Statistics
from bninspect.batchnorm.mode import Mode
from bninspect.measure.companions.companions import CompanionTest, Dependence
from bninspect.measure.facts import InputFact
from bninspect.measure.presets import PresetFit, PresetTrial
from bninspect.options import Channels, Preprocess
from bninspect.rules import rules
from bninspect.rules.explain import ORDER
from bninspect.rules.facts.inconclusive import inconclusive
from bninspect.rules.facts.stale_layers import inheriting
from tests.support.probes import CHANNELS, codes, diagnosis, net, output, probe, probed, said, wrong

if TYPE_CHECKING:
    from bninspect.measure.facts import Probe
    from tests.support.probes import Truth


def never(given: Truth) -> tuple[Any, Any]:
    return 0.0, 1.0


def converged_by(share: float, start: float = 1.0) -> Any:
    return lambda given: (share * given.mean, (1 - share) * start + share * given.variance)


def widened(given: Truth) -> tuple[Any, Any]:
    return given.mean, given.variance * 4


def shifted_by(deviations: float) -> Any:
    return lambda given: (given.mean + deviations * np.sqrt(given.variance), given.variance)


def collapsed(given: Truth) -> tuple[Any, Any]:
    return given.mean, np.where(np.arange(CHANNELS) == 3, 0.0, given.variance)


def concluded(found: Probe) -> str:
    return diagnosis(found).conclusion


def test_a_healthy_model_is_one_line_and_no_diagnosis() -> None:
    found = probe(*net())
    assert wrong(found) == ()
    assert concluded(found).startswith("the stored statistics of all 6 layers fit 64 images (own error")
    assert inconclusive(found) == ""


@pytest.mark.parametrize("images", [1, 64])
def test_never_updated_says_why_inference_is_huge(images: int) -> None:
    found = probe(probed("bn", 3, stored=never, scale=80, images=images), outputs=(output(165),))
    assert codes(found) == ["BN201"]
    (told,) = wrong(found)
    assert told.layer == "bn"
    assert told.title == "the statistics of bn were never updated"
    assert "(mean 0, variance 1) in 16 channels" in told.evidence
    assert "gamma/sqrt(1 + 0.001)" in told.evidence
    assert "what channel 9 normalizes has mean 2" in told.evidence
    assert "logits:0 differs by 165x its training-mode RMS" in told.evidence
    assert "bninspect refresh" in (told.fix or "")


def test_never_updated_from_zero_and_zero() -> None:
    found = probe(probed("bn", 3, stored=lambda given: (0.0, 0.0)))
    assert codes(found) == ["BN201"]
    assert "(mean 0, variance 0)" in wrong(found)[0].message


def test_every_layer_never_updated_is_one_diagnosis() -> None:
    found = probe(*net(stored=never))
    assert codes(found) == ["BN201"]
    assert wrong(found)[0].layer is None
    assert wrong(found)[0].title == "the statistics of all 6 layers were never updated"


def test_a_model_that_never_uses_them_needs_no_update() -> None:
    assert codes(probe(*net(stored=never, mode=Mode.TRAINING))) == []


def test_invalid_statistics_come_first() -> None:
    broken = Statistics(state=State.INVALID, reason="1 of 16 channels have a negative variance")
    layers = net()
    layers[2] = probed("net/block2/bn", 2, statistics=broken)
    layers[4] = probed("net/block4/bn", 4, stored=widened)
    found = probe(*layers)
    assert codes(found) == ["BN203", "BN403"]
    assert "negative variance" in wrong(found)[0].evidence


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
@pytest.mark.parametrize("start", [0.0, 1.0])
def test_an_average_on_its_way_says_how_far_and_how_many_steps(share: float, start: float) -> None:
    found = probe(*net(stored=converged_by(share, start)), momentum=0.99)
    assert codes(found) == ["BN404"]
    told = wrong(found)[0].message
    way = float(told.partition(" % of the way")[0].rpartition(" ")[2])
    assert way == pytest.approx(100 * share, rel=0.05)
    steps = int(told.rpartition("about ")[2].split()[0])
    assert steps == pytest.approx(np.log(1 - share) / np.log(0.99), rel=0.1)


def test_the_momentum_of_the_graph_counts_where_none_is_told() -> None:
    assert "with momentum 0.9 " in wrong(probe(*net(stored=converged_by(0.4), momentum=0.9)))[0].message
    assert "--momentum M" in wrong(probe(*net(stored=converged_by(0.4))))[0].message


@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("stored", [widened, shifted_by(1.0)])
def test_one_stale_layer_is_blamed_and_those_behind_it_inherit(index: int, stored: Any) -> None:
    layers = [
        probed(f"net/block{at}/bn", at, inherits=0.8 if at > index else 0.0)
        if at != index
        else probed(f"net/block{at}/bn", at, stored=stored)
        for at in range(6)
    ]
    found = probe(*layers, outputs=(output(0.8, 0.625),))
    assert codes(found) == ["BN403"]
    (told,) = wrong(found)
    assert told.layer == f"net/block{index}/bn" == found.guilty[0]
    assert len(inheriting(found)) == 5 - index
    assert ("inherited" in told.message) is (index < 5)
    assert "its top-1 changes for 37.5 % of the images" in told.evidence
    assert ("first layer" in told.evidence) is (index == 0)


def test_two_stale_layers_are_one_diagnosis() -> None:
    layers = net()
    for index in (1, 4):
        layers[index] = probed(f"net/block{index}/bn", index, stored=widened)
    found = probe(*layers)
    assert codes(found) == ["BN403"]
    assert wrong(found)[0].layer is None
    assert "net/block1/bn, net/block4/bn" in wrong(found)[0].message


def test_other_images_show_in_every_layer_and_grow() -> None:
    layers = [probed(f"net/block{index}/bn", index, stored=shifted_by(0.15 * index)) for index in range(8)]
    found = probe(*layers)
    assert codes(found) == ["BN403"]
    assert "the deeper the more" in wrong(found)[0].message
    flat = probe(*net(stored=shifted_by(0.7)))
    assert codes(flat) == ["BN403"]
    assert "other weights or to other images" in wrong(flat)[0].message


def test_random_numbers_say_nothing_of_statistics() -> None:
    fact = InputFact(
        name="x:0", dtype="float32", shape=(8, 4), source=("random, seed 0",), preset=None, drawn=True
    )
    found = probe(*net(stored=shifted_by(0.7)), inputs=(fact,))
    assert codes(found) == []
    assert "random inputs say nothing of the stored statistics (BN403, BN404, BN405)" in concluded(found)


def test_collapsed_channels_stand_for_their_layer() -> None:
    layers = net()
    layers[2] = probed("net/block2/bn", 2, stored=collapsed)
    found = probe(*layers)
    assert codes(found) == ["BN204"]
    assert "1 of 16 channels (3)" in wrong(found)[0].evidence
    assert "multiplies by up to 32" in wrong(found)[0].message


def test_an_epsilon_that_is_not_small() -> None:
    found = probe(*net(epsilon=1.0))
    assert codes(found) == ["BN206"]
    assert codes(probe(*net(epsilon=1e-3))) == []


def fit(preset: Preprocess, gap: float, channels: Channels | None = None) -> PresetFit:
    usual: Channels = "bgr" if preset == "caffe" else "rgb"
    return PresetFit(preset=preset, channels=channels or usual, gap=gap, w=gap, r=2.0)


def trial(*fits: PresetFit, given: PresetFit | None, clear: bool = True) -> PresetTrial:
    return PresetTrial(layer="net/block0/bn", images=16, fits=fits, clear=clear, given=given)


def test_another_preset_explains_the_layers_behind_the_first() -> None:
    layers = net()
    layers[0] = probed("net/block0/bn", 0, stored=shifted_by(2.0))
    tf, raw = fit("tf", 0.05), fit("raw", 9.0)
    found = probe(*layers, presets=trial(tf, fit("torch", 1.0), raw, given=raw))
    assert codes(found) == ["BN405"]
    assert wrong(found)[0].fix == "bninspect probe model.pb --image photos --preprocess tf"
    assert "W 9 " in wrong(found)[0].evidence
    near = fit("raw", 0.09)
    assert codes(probe(*layers, presets=trial(tf, near, given=near))) == ["BN403"]
    assert codes(probe(*net(), presets=trial(tf, raw, given=tf))) == []


def moved(change: float, rerun: float = 0.0) -> CompanionTest:
    one = Dependence(
        name="logits:0", change=change, rerun=rerun, floor=max(1e-5, 4 * rerun), size=2.0, control=1.0
    )
    return CompanionTest(outputs=(one,), images=4)


def test_an_output_that_depends_on_its_companions_comes_before_all() -> None:
    layers = net()
    layers[1] = probed("net/block1/bn", 1, mode=Mode.TRAINING)
    layers[3] = probed("net/block3/bn", 3, stored=widened)
    found = probe(*layers, companions=moved(0.5))
    assert codes(found) == ["BN401", "BN403"]
    assert wrong(found)[0].layer == "net/block1/bn"
    assert "changes by 0.5 (25 % of its largest value)" in wrong(found)[0].evidence
    assert codes(probe(*net(), companions=moved(1e-6))) == []


def test_the_fix_of_layers_that_mix_a_batch_is_their_inference_mode() -> None:
    baked = probed("net/bn", 1, mode=Mode.TRAINING)
    fix = wrong(probe(baked, companions=moved(0.5)))[0].fix
    assert fix == "bninspect strip model.pb --output logits -o model.serving.pb"


def test_two_runs_that_differ() -> None:
    found = probe(*net(), companions=moved(0.5, rerun=0.4), random="dropout/RandomUniform")
    assert codes(found) == ["BN402"]
    assert "dropout/RandomUniform draws" in wrong(found)[0].evidence


def test_modes_that_disagree_for_no_reason_of_a_layer() -> None:
    assert codes(probe(*net(), outputs=(output(0.9, 0.5),))) == ["BN406"]
    assert codes(probe(*net(images=1), outputs=(output(0.9, 0.0),))) == []
    assert codes(probe(*net(stored=never), outputs=(output(0.9, 0.0),))) == ["BN201"]


def test_the_order_holds_every_code_that_a_probe_can_have() -> None:
    assert set(ORDER) == {rule.code for rule in rules() if rule.code.startswith(("BN2", "BN4"))}


def test_the_order_of_layers_on_the_screen_changes_nothing() -> None:
    layers = [probed(f"net/block{index}/bn", index, stored=shifted_by(0.15 * index)) for index in range(8)]
    found = probe(*layers)
    turned = replace(found, layers=tuple(reversed(found.layers)))
    assert wrong(turned) == wrong(found)


def test_a_layer_that_was_not_measured_may_be_why_the_modes_disagree() -> None:
    layers = net()
    whole = {"report": probe(*layers).report, "outputs": (output(0.9, 0.5),)}
    (found,) = wrong(probe(*layers[:5], **whole))
    assert found.code == "BN406"
    assert "every other layer fit" in found.message
    assert f"whether {layers[5].layer.name} explains it is open, it was not measured" in found.message
    (alone,) = wrong(probe(**whole))
    assert "statistics" not in alone.message
    assert "they were not measured" in alone.message


def test_an_output_that_is_not_finite_is_told_as_that() -> None:
    found = probe(*net(), outputs=(output(float("nan"), 0.0),))
    assert "logits:0 is not finite in one of the modes" in said(wrong(found))
    assert "share" not in said(wrong(found))
