"""What a probe is asked beside both modes, with runs that are functions: what is asked when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.errors import RunError
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.examined import (
    _served_mode,
    as_served,
    bound_first,
    examined,
    fitting_alone,
    mixed,
    prepared,
    running_as_served,
)
from bninspect.measure.facts import ProbedLayer, Question
from bninspect.measure.presets import PresetTrial
from tests.measure.test_preset_trial import inputs, model, of
from tests.support.measuring import NOTHING, off_by
from tests.support.places import FIXTURES
from tests.support.probes import probe
from tests.support.probing import fit
from tests.support.reports import fixed_training, layer, tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.batchnorm import Report
    from bninspect.measure.companions.companions import Run
    from bninspect.measure.facts import Probe
    from bninspect.run.program import Program
    from bninspect.run.running import Running

TRIAL = PresetTrial(layer="bn", images=4, fits=(fit("tf", 0.1),))


def bound(request: Request) -> Any:
    """In place of inputs, how they were asked for."""
    return request.preprocess, request.channels


@pytest.mark.parametrize(("asked", "first"), [("auto", "raw"), ("tf", "tf"), ("raw", "raw")])
def test_pixels_stay_raw_until_their_preset_is_known(asked: Any, first: str) -> None:
    assert bound_first(Request(images=("x.png",), preprocess=asked), bound)[0] == first  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "trial", "fed", "told"),
    [
        ("tf", TRIAL, "first", None),
        ("auto", PresetTrial(reason="nothing fits"), "first", PresetTrial(reason="nothing fits")),
        ("auto", TRIAL, ("tf", "rgb"), TRIAL),
    ],
    ids=["a preset was given", "nothing can be told", "the best"],
)
def test_what_fits_best_is_fed_where_it_was_asked(
    asked: Any, trial: PresetTrial, fed: Any, told: PresetTrial | None
) -> None:
    first: Any = "first"
    found = prepared(first, Request(images=("x.png",), preprocess=asked), bound, lambda _: trial)
    assert found == (fed, told)


REPORT = model(*(part.tolist() for part in of("torch")))


def probed(off: float | None) -> Probe:
    """The first layer of the model, whose own error is so many standard deviations; None: it has none."""
    one = ProbedLayer(
        layer=REPORT.layers[0], values=576, images=64, own=off_by(off), deployed=None, difference=None
    )
    return probe(one, report=REPORT)


def runs(mode: Mode) -> Run:
    """A model that gives the image for everything, in training mode less the mean of the batch."""
    share = float(mode is Mode.TRAINING)
    return lambda tensors, feeds: [feeds["image:0"] - share * feeds["image:0"].mean(0)] * len(tensors)


@pytest.mark.parametrize(
    ("question", "off", "given", "trial", "tried"),
    [
        ({}, 2.0, {}, None, True),
        ({"presets": False}, 2.0, {}, None, False),
        ({}, 0.0, {}, None, False),
        ({}, None, {}, None, False),
        ({}, 2.0, {}, TRIAL, True),
        ({}, 2.0, {"pictures": None, "place": None}, None, False),
        ({}, 2.0, {"pictures": object()}, None, False),
    ],
    ids=["off", "not asked", "it fits", "no error of its own", "tried before", "by hand", "no images"],
)
def test_presets_are_tried_where_the_first_layer_is_off(
    question: dict[str, Any], off: float | None, given: dict[str, Any], trial: PresetTrial | None, tried: bool
) -> None:
    asked = Question(layers=REPORT.layers, companions=False, **question)
    place = replace(inputs(REPORT), **given)
    found = examined(probed(off), asked, place, (), trial, runs)
    assert (found.presets is not None) is tried
    assert found.companions is None
    if tried and trial is None:
        assert found.presets is not None
        assert found.presets.given is not None
        assert (found.presets.given.preset, found.presets.given.channels) == ("raw", "rgb")
        assert found.presets.fits[0].preset == "torch"
    elif trial is not None:
        assert found.presets is trial


def test_a_trial_that_does_not_have_what_was_given_is_left_out() -> None:
    """It failed: nothing is said of the preset."""
    asked = Question(layers=REPORT.layers, companions=False)

    def fails(mode: Mode) -> Run:
        raise RunError("no")

    assert examined(probed(2.0), asked, inputs(REPORT), (), None, fails).presets is None


def test_companions_are_tested_where_that_was_asked() -> None:
    asked = Question(layers=REPORT.layers, presets=False)
    found = examined(probed(0.0), asked, inputs(REPORT), [tensor("y")], None, runs)
    assert found.companions is not None
    assert [one.name for one in found.companions.outputs] == ["y:0"]


def test_a_companion_test_that_cannot_be_made_says_why() -> None:
    assert mixed(inputs(REPORT), (), runs).reason == "there is no output to compare"

    def fails(mode: Mode) -> Run:
        raise RunError("no model here")

    assert mixed(inputs(REPORT), [tensor("y")], fails).reason == "no model here"
    assert mixed(inputs(REPORT), [tensor("y"), tensor("y")], runs).reason is None


def test_the_model_as_it_serves() -> None:
    """Training is what the copy for training runs, and a layer that the file fixes to it."""
    training, inference = Mode.TRAINING, Mode.INFERENCE
    fixed, other = fixed_training(), layer(mode=inference)
    found = [[_served_mode(mode, one) for mode in (training, inference)] for one in (fixed, other)]
    assert found == [[training, training], [training, inference]]
    both = as_served(REPORT, inputs(REPORT), REPORT.outputs)
    assert {name for _, name in _fetched(REPORT, both)} == {"y:0", "image:0"}
    assert both.cut_at == {"image:0"}
    assert {name for _, name in _fetched(REPORT, as_served(REPORT, NOTHING, REPORT.outputs))} == {"y:0"}


def _fetched(report: Report, both: Any) -> set[tuple[Mode, str]]:
    """The tensors of the original that can be fetched, but for the outputs of layers."""
    own = {one.output for one in report.layers}
    return {(mode, one.name) for mode, one in both._names if one not in own}


class Opened:
    """In place of what runs: whether it is open, and what was asked of it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.is_open = False

    def __enter__(self) -> Opened:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def run(self, names: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        assert self.is_open
        assert list(names) == ["inference/image:0" if "inference/image:0" in feeds else "image:0"]
        return [feeds["image:0"]]


def test_presets_alone_are_tried_in_a_session_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Opened] = []

    def made(program: Program) -> Opened:
        opened.append(Opened(program))
        return opened[-1]

    monkeypatch.setattr("bninspect.measure.examined.Running", made)
    found = fitting_alone(REPORT, inputs(REPORT), ("Print",))
    assert (found.layer, found.images, found.fits[0].preset) == ("bn", 6, "torch")
    [one] = opened
    assert not one.is_open
    assert one.program.allowed == {"Print"}


def test_the_model_as_it_serves_runs_in_the_mode_that_is_asked_for() -> None:
    """Whatever else reads what decides is served inference in both copies."""
    asked: list[tuple[list[str], dict[str, Any]]] = []

    class Noted:
        def run(self, names: list[str], feeds: dict[str, Any]) -> list[str]:
            asked.append((names, feeds))
            return names

    switched = inspect(load(str(FIXTURES / "net_mixed.pb")))
    both = as_served(switched, NOTHING, switched.outputs)
    run = running_as_served(both, cast("Running", Noted()))
    output = switched.outputs[0]
    for mode in Mode.TRAINING, Mode.INFERENCE:
        assert run(mode)([output, output], {}) == [both.fetch(mode, output)] * 2
    assert [{name: bool(value) for name, value in feeds.items()} for _, feeds in asked] == [
        {"training:0": False, "inference/training:0": False}
    ] * 2


def test_presets_alone_fail_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RunError("refused")

    monkeypatch.setattr("bninspect.measure.examined.as_served", refused)
    found = fitting_alone(REPORT, inputs(REPORT), ())
    assert (found.layer, found.reason) == ("bn", "refused")
    assert fitting_alone(REPORT, NOTHING, ()).layer is None
