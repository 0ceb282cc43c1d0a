"""A probe as a person sees it, as golden files at two widths; see `pytest --update-expected`."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.errors import Absent
from bninspect.measure.companions.companions import CompanionTest, Dependence
from bninspect.measure.facts import Gap, LayerMeasurement, OutputDifference, Patch, ProbedLayer, Verification
from bninspect.measure.measured import worst_first
from bninspect.measure.presets import ranked
from bninspect.render.console import Screen
from bninspect.render.probe.screen import render_probe
from bninspect.render.screenful import MOST_ROWS, ONE_SCREEN
from bninspect.statistics.distance import Ranked, Rankings
from tests.commands.probe.test_diagnosis import fit, moved, never, shifted_by, widened
from tests.support.drawing import coloured, drawn
from tests.support.probes import DECIDED, diagnosis, net, output, probe, probed
from tests.support.reports import report, resnet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bninspect.measure.facts import Probe
    from bninspect.render.line import Item


def rendered(found: Probe, *, everything: bool = False) -> Iterator[Item]:
    """The probe as the command prints it."""
    return render_probe(worst_first(found), diagnosis(found), everything=everything)


WIDTHS = (80, 100)
BAD = 20
"""Which of the layers of ResNet-50 is stale."""


def resnet_with_one_stale_layer() -> Probe:
    """53 layers, of which those behind the stale one inherit less and less."""
    names = [one.name for one in resnet(DECIDED)]
    layers = [
        probed(name, index, stored=widened)
        if index == BAD
        else probed(name, index, inherits=0.0 if index < BAD else 0.5 * 0.96 ** (index - BAD))
        for index, name in enumerate(names)
    ]
    return probe(*layers, outputs=(output(0.8, 0.625),), companions=CompanionTest(images=4))


def another_preset() -> Probe:
    """Raw pixels for a model of -1..1; two layers could not be compared."""
    layers = net()
    layers[0] = probed("net/block0/bn", 0, stored=shifted_by(2.0))
    fits = [fit("tf", 0.05), fit("tf", 0.06, "bgr"), fit("torch", 1.0), fit("unit", 1.2), fit("raw", 9.0)]
    trial = ranked("net/block0/bn", 16, fits).given_as("raw", bgr=False)
    skipped = (Absent(what="net/odd", reason="no inference mode: its stored statistics are not in the file"),)
    differs = Verification(state="differs", max_abs=0.5, tensor="logits:0")
    return probe(*layers, presets=trial, skipped=skipped, verification=differs)


def classic() -> Probe:
    """One layer, one image, and a patch of it."""
    values = np.arange(12.0).reshape(3, 4)
    patch = Patch(tensor="bn:0", slice="0,:3,:4,0", training=values / 7, inference=100 * values)
    layer = probed("bn", 3, stored=never, scale=80, images=1)
    made = CompanionTest(outputs=moved(1e-7).outputs, images=2, made=True)
    return probe(layer, outputs=(output(165),), patches=(patch,), companions=made)


def batch_dependent() -> Probe:
    """A layer that normalizes with the batch whatever is fed, and random numbers."""
    dice = Dependence(name="aux:0", change=0.1, rerun=0.3, floor=1.2, size=2.0, control=1.0)
    test = CompanionTest(outputs=(*moved(0.5).outputs, dice), images=4)
    return probe(*net(), companions=test, random="dropout/random_uniform/RandomUniform")


def undecided() -> Probe:
    """`auto` where nothing can be told, and no companions."""
    from bninspect.measure.presets import PresetTrial

    reason = "the statistics of bn, the first layer, are initial: any preset is as far from them"
    return probe(
        *net(images=1),
        presets=PresetTrial(layer="bn", reason=reason),
        companions=CompanionTest(reason="image:0 takes one image at a time"),
        verification=Verification(state="impossible", reason="TensorFlow refuses the original"),
    )


def classes() -> Probe:
    """A map of classes, scores, and more outputs than are shown; names of layers in common."""
    scores = replace(
        output(0.8, 0.5),
        top=Rankings((Ranked(207, 0.91), Ranked(3, 0.05)), (Ranked(3, 0.64), Ranked(207, 0.2))),
    )
    labels = OutputDifference(name="labels:0", difference=None, agreement=0.625)
    more = [output(0.1 / number, name=f"head{number}:0") for number in range(1, 7)]
    return probe(*net(), outputs=(*more, labels, scores))


def nan() -> Probe:
    """Outputs and a layer that are not finite."""
    return probe(*net(), outputs=(output(math.nan),))


def single() -> Probe:
    """A batch of one: training mode has one value per channel."""
    layers = [replace(one, single=True, own=replace_own(one)) for one in net(images=1)]
    return probe(*layers)


def replace_own(one: ProbedLayer) -> LayerMeasurement:
    """Its measurement with nothing to compare."""
    assert one.own is not None
    return replace(one.own, staleness=None)


PROBES: dict[str, Callable[[], Probe]] = {
    "resnet": resnet_with_one_stale_layer,
    "healthy": lambda: probe(*net()),
    "preset": another_preset,
    "classic": classic,
    "batch": batch_dependent,
    "classes": classes,
    "nan": nan,
    "single": single,
    "undecided": undecided,
    "forgotten": lambda: probe(*net(stored=never)),
    "none": lambda: probe(report=report(), ran=False, layers=(), outputs=(), inputs=(), decided={}),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PROBES)
def test_probe(name: str, width: int, expected: Callable[[str, str], None]) -> None:
    text = drawn(rendered(PROBES[name]()), width)
    lines = text.split("\n")
    assert max(len(line) for line in lines if not line.startswith("  fix: ")) <= width
    assert len(lines) - 1 <= MOST_ROWS
    if len(lines) - 1 > ONE_SCREEN:
        assert lines[-2] in lines[:3], "the verdict again"
    expected(f"probe-{name}-{width}.txt", text)


def rows(text: str) -> list[str]:
    """The rows of the table of layers."""
    return [line for line in text.split("\n") if line.startswith(("conv1 ", "block"))]


def test_the_ten_worst_layers_and_how_many_more() -> None:
    text = drawn(rendered(PROBES["resnet"]()), 100)
    assert len(rows(text)) == 10
    assert [row for row in rows(text) if "warning" in row] == rows(text)[:1]
    assert "43 more layers, own error at most " in text


def test_all_is_a_row_for_each_of_53_layers_and_no_name_folded() -> None:
    text = drawn(rendered(PROBES["resnet"](), everything=True), 80)
    assert len(rows(text)) == 53
    assert len([row for row in rows(text) if "warning" in row]) == 1


def test_layers_left_open_are_one_line_and_rows_of_all() -> None:
    left = [replace(one, difference=Gap(max_abs=0.03, rms=0.01, relative_l2=0.01)) for one in net(images=1)]
    text = drawn(rendered(probe(*left)), None)
    first, *_ = text.split("\n")
    assert first.endswith("1 image is too few to judge these 6 layers; give 16 or more")
    assert "own error" not in text
    assert "inconclusive: all 6 layers, where the two modes differ by at most 0.03000 (at " in text
    assert len(rows(drawn(rendered(probe(*left), everything=True), None))) == 6


def test_a_layer_left_open_by_itself_is_a_row_where_it_is_wrong_as_deployed() -> None:
    bent, healthy = probed("bent", 0, images=1, inherits=20.0), probed("healthy", 1, images=1)
    text = drawn(rendered(probe(bent, healthy)), None)
    assert re.search(r"^bent .* inconclusive .* 19\.\d", text, re.MULTILINE)
    assert "inconclusive: healthy: --all shows them\n" in text


def test_a_fix_of_two_findings_is_said_once() -> None:
    found = PROBES["resnet"]()
    judged = diagnosis(found)
    [one] = judged.findings
    again = replace(judged, findings=(one, replace(one, code="BN405")))
    text = drawn(render_probe(worst_first(found), again), None)
    assert text.count("fix: bninspect ") == 1
    assert f"  fix: the one of {one.code}\n" in text


def test_a_narrow_console_folds_names_and_loses_none() -> None:
    text = drawn(rendered(PROBES["resnet"](), everything=True), 40)
    assert max(len(line) for line in text.split("\n") if not line.startswith("  fix: ")) <= 40
    assert "bottleneck_v1/" in text


def test_a_pipe_grows_rather_than_fold_a_name() -> None:
    deep = "/".join(f"scope_{index}" for index in range(20))
    found = probe(probed(f"net/{deep}/bn", 0), probed("net/b", 1))
    text = drawn(rendered(found), None)
    assert any(line.startswith(f"{deep}/bn  ") for line in text.split("\n"))


@pytest.mark.parametrize("no_color", [False, True])
def test_colour_says_the_verdict_and_only_where_there_is_colour(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown = coloured(rendered(PROBES["resnet"]()), no_color=no_color)
    assert ("\x1b[33mwarning" in shown) is not no_color
    assert ("\x1b[32mfine" in shown) is not no_color


def test_bars_of_signs_where_there_are_no_blocks() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Screen(file, 100).write(rendered(PROBES["resnet"]()))
    file.flush()
    assert "#####" in file.buffer.getvalue().decode("ascii")
