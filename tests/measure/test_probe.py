"""A probe from end to end with functions in place of TensorFlow: what is asked of a session, in which order,
and what is said of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.errors import Absent
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import placeholders
from bninspect.inputs.preprocess import Recipe
from bninspect.inputs.request import Request
from bninspect.measure import run as measuring
from bninspect.measure.facts import Gap, Probe, Question, Verification
from bninspect.measure.passes import GAP, OUTPUT
from bninspect.measure.run import probe
from bninspect.steps import listening
from tests.measure.test_preset_trial import Drawn
from tests.support import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.graph import Tensor
    from bninspect.measure.companions.companions import Run
    from bninspect.run.running import Wish

    Array = NDArray[Any]

PIXELS = np.random.default_rng(7).integers(0, 256, (5, 8, 8, 3)) * np.array([1.0, 0.5, 0.9])


def recipe(preset: Any = "raw", channels: str | None = None) -> Recipe:
    return Recipe(
        size=None, channels=3, layout="NHWC", dtype=np.dtype(np.float32), preset=preset, bgr=channels == "bgr"
    )


def prepared(preset: Any) -> Array:
    return Drawn(PIXELS, recipe(preset)).batch(0, len(PIXELS))


def model(mean: Array, variance: Array) -> Report:
    """Two layers that a placeholder switches, with these statistics."""
    stored = {"mean": mean, "variance": variance}
    lines = [line for line in parts.STORED.splitlines() if line.partition(" = ")[0] not in stored]
    lines += [f"{name} = Const({[float(one) for one in row]})" for name, row in stored.items()]
    layers = parts.fused_cond("phase", "one") + parts.fused_cond("phase", "two", "one")
    layers = layers.replace("_train)", "_train, T=float)")  # a Merge says what it gives
    return parts.report("\n".join(lines) + "\n" + parts.PHASE + layers + "logits = Identity(two)\n")


REPORT = model(prepared("torch").mean(axis=(0, 1, 2)), prepared("torch").var(axis=(0, 1, 2)))
"""Its statistics are those of the images as torch has them."""
ONE, TWO = REPORT.layers


class Lab:
    """In place of an experiment: a model whose layers all normalize the image itself. An output is the mean
    of each image, and 1 more in inference mode. Notes what is asked, in order.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.without: dict[Any, str] = {}
        """What a wish is of -> why it has no value."""
        self.lost: dict[Any, Absent] = {}
        self.running = self

    def anew(self) -> None:
        self.asked.append("anew")

    def values(self, wishes: Sequence[Wish], feeds: Mapping[str, Array]) -> dict[Wish, Any]:
        x = feeds["x:0"]
        self.asked.append(f"run {len(x)}: {', '.join(dict.fromkeys(wish.what[0] for wish in wishes))}")
        row = x.mean(axis=(1, 2))
        gives = {OUTPUT: [row, row + 1], GAP: [2.0, 0.0, x.size / 2, x.size / 2, x.size]}
        measured = [row, x.var(axis=(1, 2)), np.array([64])]
        for wish in wishes:
            if wish.what in self.without:
                self.lost[wish.fate] = Absent(what="", reason=self.without[wish.what])
        alive = [wish for wish in wishes if wish.what not in self.without]
        return {wish: gives.get(wish.what[0], measured) for wish in alive}

    def verify(self, inputs: Inputs) -> Verification:
        self.asked.append(f"verify {inputs.preset}")
        return Verification(state="verified", max_abs=0.5)

    def served(self, mode: Mode) -> Run:
        self.asked.append(f"served {mode.value}")

        def run(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
            x = feeds["x:0"]
            mixed = x.mean(axis=0) if mode is Mode.TRAINING else 0.0
            return [x if tensor.name == "x:0" else (x - mixed).mean(axis=(1, 2)) for tensor in tensors]

        return run


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    """What is asked for in the test is asked of it; the images are given as they are asked for."""
    made = Lab()

    @contextmanager
    def opened(*_: object) -> Iterator[Lab]:
        yield made

    def bound(graph: Any, reached: Any, layers: Any, request: Request, decided: Any, later: Any) -> Inputs:
        [place] = [one for one in placeholders(graph, set(graph)) if one.name == "x:0"]
        assert (layers, decided) == (REPORT.layers, {"phase:0"})
        assert place.tensor.node in reached
        assert bool(later) is bool(request.feeds)
        return Inputs(
            place=place, pictures=Drawn(PIXELS, recipe(request.preprocess, request.channels)), batch_size=3,
            preset=request.preprocess, feeds={}, said={"rate:0": 0.5},
        )  # fmt: skip

    monkeypatch.setattr(measuring, "experiment", opened)
    monkeypatch.setattr(measuring, "bind", bound)
    return made


RUNS = ["run 3: output, training, inference, gap", "run 2: output, training, inference, gap"]
OWN = ["run 3: training", "run 2: training"]
TRIED = ["served inference"]
COMPANIONS = ["served inference", "served training"]


def asked(**changes: Any) -> Question:
    return Question(**{"layers": REPORT.layers, "presets": False, "companions": False, **changes})


def images(**changes: Any) -> Request:
    return Request(images=("x.png",), **changes)


@pytest.mark.parametrize(
    ("question", "request_", "order"),
    [
        (asked(companions=True), images(), [*RUNS, "verify raw", *COMPANIONS]),
        (asked(verify=False), images(feeds=("rate=0.5",)), RUNS),
        (asked(layers=()), images(), ["run 3: output", "run 2: output", "verify raw"]),
        (asked(), images(preprocess="auto"), [*TRIED, "anew", *RUNS, "verify torch"]),
        (asked(presets=True), images(), [*RUNS, "verify raw", *TRIED, "anew", *OWN]),
        (asked(presets=True), images(preprocess="torch"), [*RUNS, "verify torch"]),
    ],
    ids=["all", "nothing verified", "outputs alone", "auto", "a better preset", "the preset that fits"],
)  # fmt: skip
def test_what_is_asked_of_a_session_in_order(
    question: Question, request_: Request, order: list[str], lab: Lab
) -> None:
    probe(REPORT, question, request_)
    assert lab.asked == order


def test_the_steps_that_a_person_waits_for(lab: Lab) -> None:
    heard: list[str] = []
    done: list[tuple[int, int]] = []
    with listening(lambda what, *_: heard.append(what)):
        probe(REPORT, asked(presets=True, companions=True), images(), lambda *at: done.append(at))
    assert heard == [
        "comparing with the original", "trying every --preprocess",
        "testing whether the images of a batch mix", "measuring with --preprocess torch",
    ]  # fmt: skip
    assert done == [(0, 5), (3, 5)]


def test_what_was_measured_is_said(lab: Lab) -> None:
    x = prepared("raw").astype(np.float64)
    found = probe(REPORT, asked(momentum=0.9, keep=True, seen=True, patch="0"), images())
    assert (found.report, found.ran, found.switch, found.momentum) == (REPORT, True, "layers", 0.9)
    assert [one.layer for one in found.layers] == [ONE, TWO]
    for one in found.layers:
        assert (one.values, one.images, one.refit) == (5 * 64, 5, None)
        assert one.own is not None
        np.testing.assert_allclose(one.own.moments.mean, x.mean(axis=(1, 2)), rtol=1e-6)
        assert one.difference == Gap(max_abs=2.0, rms=1.0, relative_l2=1.0)
    [output] = found.outputs
    assert output.name == "logits:0"
    assert output.difference is not None
    assert output.difference.max_abs == pytest.approx(1.0)
    assert found.verification == Verification(state="verified", max_abs=0.5)
    assert (found.fed, found.decided) == ({"rate:0": 0.5}, {"phase:0": ("true", "false")})
    assert (found.random, found.companions, found.presets) == (None, None, None)
    assert [one.preset for one in found.inputs] == ["raw"]
    assert found.inputs[0].shape == (5, 8, 8, 3)
    assert sorted(found.kept) == ["inference/logits:0", "training/logits:0"]
    np.testing.assert_allclose(found.kept["training/logits:0"], x.mean(axis=(1, 2)), rtol=1e-6)
    assert found.seen is not None
    assert list(found.seen.outputs) == ["logits:0"]
    [patch] = found.patches
    assert (patch.tensor, patch.slice) == (ONE.output.name, "0")
    np.testing.assert_allclose(patch.inference - patch.training, 1.0, rtol=1e-5)
    assert found.skipped == ()


def test_what_was_not_asked_for_is_not_said(lab: Lab) -> None:
    found = probe(REPORT, asked(verify=False), images())
    assert (found.kept, found.seen, found.patches) == ({}, None, ())
    assert found.verification == Verification(state="impossible", reason="it was not asked for")


@pytest.mark.parametrize(
    ("without", "layers", "skipped"),
    [
        ([(OUTPUT, REPORT.outputs[0])], ["one", "two"], [("logits:0", "no value 0")]),
        ([("training", "two")], ["one", "two"], []),
        ([("inference", "two")], ["one", "two"], []),
        ([("training", "two"), ("inference", "two")], ["one"], [("two", "no value 0")]),
        ([("inference", "one"), ("training", "one")], ["two"], [("one", "no value 1")]),
        ([(GAP, "one")], ["one", "two"], []),
    ],
    ids=["an output", "training alone", "inference alone", "both", "both, the other way", "a gap"],
)
def test_what_has_no_value_is_skipped_with_the_reason(
    without: list[Any], layers: list[str], skipped: list[tuple[str, str]], lab: Lab
) -> None:
    lab.without = {what: f"no value {number}" for number, what in enumerate(without)}
    found = probe(REPORT, asked(), images())
    assert [one.name for one in found.layers] == layers
    assert [(one.what, one.reason) for one in found.skipped] == skipped
    assert (found.outputs == ()) is ((OUTPUT, REPORT.outputs[0]) in without)


def test_a_better_preset_is_measured_beside(lab: Lab) -> None:
    found = probe(REPORT, asked(presets=True), images())
    assert found.presets is not None
    assert found.presets.given is not None
    assert (found.presets.given.preset, [one.preset for one in found.inputs]) == ("raw", ["raw"])
    x = prepared("torch").astype(np.float64)
    for one in found.layers:
        assert one.own is not None
        assert one.refit is not None
        np.testing.assert_allclose(one.refit.moments.mean, x.mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)
        assert one.refit.verdict == "fine"
        assert one.own.verdict == "error"


def test_the_best_preset_is_measured_with(lab: Lab) -> None:
    found = probe(REPORT, asked(), images(preprocess="auto"))
    assert [one.preset for one in found.inputs] == ["torch"]
    assert found.presets is not None
    assert (found.presets.given, found.presets.clear) == (None, True)
    assert {one.own.verdict for one in found.layers if one.own is not None} == {"fine"}


@pytest.mark.parametrize(("switch", "state"), [("layers", "impossible"), ("graph", "verified")])
def test_only_where_layers_alone_are_switched_an_undecided_one_forbids_a_verdict(
    switch: Any, state: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Verification(state="impossible", reason="an undecided one")
    monkeypatch.setattr(measuring, "qualified", lambda *_: other)
    assert probe(REPORT, asked(switch=switch), images()).verification.state == state
    assert probe(REPORT, asked(switch=switch, verify=False), images()).verification.reason == (
        "it was not asked for"
    )


def test_a_model_without_layers_is_not_run(lab: Lab) -> None:
    nothing = parts.report(parts.STORED + "y = Relu(x)\n")
    found = probe(nothing, Question(layers=()), images())
    assert lab.asked == []
    reason = "there is no layer to run in both modes"
    assert found == Probe(
        report=nothing, inputs=(), fed={}, layers=(), outputs=(), patches=(), skipped=(), ran=False,
        verification=Verification(state="impossible", reason=reason),
    )  # fmt: skip
