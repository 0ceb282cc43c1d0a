"""The layer that presets are tried at: the first that sees the image, and what it has to have stored."""

from __future__ import annotations

from dataclasses import replace

from bninspect.measure.auto import first_layer, trial
from bninspect.measure.presets import PresetTrial
from tests.measure.test_preset_trial import identity, inputs, model
from tests.support import parts


def test_an_input_that_no_layer_sees_and_statistics_that_are_nowhere() -> None:
    report = model([0.5] * 3, [2.0] * 3)
    given = inputs(report)
    assert given.place is not None
    hidden = replace(given, place=replace(given.place, tensor=report.graph.node("y").output()))
    assert trial(report, hidden, identity) == PresetTrial(reason="no batch norm sees the image")
    computed = parts.report(
        "image = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n" + parts.PARAMETERS + parts.EMPTY
        + "bn = FusedBatchNormV3(image, gamma, beta, none, none, T=float)\n"
    )  # fmt: skip
    nowhere = "bn, the first layer, has no stored statistics"
    assert trial(computed, inputs(computed), identity) == PresetTrial(layer="bn", reason=nowhere)


def test_a_layer_that_waits_for_an_input_does_not_see_it() -> None:
    report = parts.report(
        "early = Placeholder(dtype=float)\nimage = Placeholder(dtype=float)\n" + parts.PARAMETERS
        + "x = Relu(image, ^early, T=float)\n"
        + "bn = FusedBatchNormV3(x, gamma, beta, mean, variance, ^early, T=float, is_training=false)\n"
    )  # fmt: skip
    assert first_layer(report, report.graph.node("image").output()) is report.layers[0]
    assert first_layer(report, report.graph.node("early").output()) is None


def test_the_first_layer_sees_the_input_by_itself() -> None:
    report = model([0.5] * 3, [2.0] * 3)
    image, gamma, y = (report.graph.node(name).output() for name in ("image", "gamma", "y"))
    first, second = report.layers
    assert first_layer(report, image) is first
    assert first_layer(report, gamma) is second
    assert first_layer(report, y) is None
