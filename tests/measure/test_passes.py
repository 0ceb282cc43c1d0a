"""What is summed up over batches, against NumPy in float64 on all values at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.errors import Absent, RunError
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.passes import OUTPUT, GapSums, Passes
from bninspect.measure.run import probe
from bninspect.run.running import Wish
from bninspect.statistics.distance import RELATIVE_FLOOR
from tests.support.places import FIXTURES
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Hashable


def _exact(training: np.ndarray, inference: np.ndarray) -> tuple[float, float, float]:
    """max |i - t|, the root mean square, and the norm of i - t over that of t."""
    t, i = training.astype(np.float64).ravel(), inference.astype(np.float64).ravel()
    gap = i - t
    norm = max(np.sqrt(np.sum(t * t)), RELATIVE_FLOOR * np.sqrt(t.size))
    return float(np.abs(gap).max()), float(np.sqrt(np.mean(gap**2))), float(np.sqrt(np.sum(gap**2)) / norm)


@pytest.mark.tensorflow
@pytest.mark.parametrize("batch_size", [2, 3, 7])
@pytest.mark.parametrize("name", ["net_mixed", "cases/dynamic_rnn", "cases/map_fn_fused"])
def test_the_gap_of_every_layer_over_several_batches(name: str, batch_size: int) -> None:
    """7 images: 4, 3 and 1 batches, of which the last is smaller in the first two."""
    path = str(FIXTURES / f"{name}.pb")
    outputs = tuple(layer.output.name for layer in inspect(load(path)).layers if "while" not in layer.name)
    report = inspect(load(path), outputs=outputs)
    request = Request(random=7, seed=1, batch_size=batch_size)
    found = probe(report, Question(layers=report.layers, keep=True, companions=False), request)
    assert len(found.layers) >= 2
    for one in found.layers:
        assert one.difference is not None
        output = one.layer.output.name
        exact = _exact(found.kept[f"training/{output}"], found.kept[f"inference/{output}"])
        assert exact[0] > 0
        ours = one.difference
        # TensorFlow subtracts and sums in float32: 2e-5 for up to some thousand values.
        assert (ours.max_abs, ours.rms, ours.relative_l2) == pytest.approx(exact, rel=2e-5)


def test_sums_of_batches_are_those_of_all_values() -> None:
    draw = np.random.default_rng(2)
    batches = [draw.normal(scale, 2, (2, size, 3)) for scale, size in ((1, 4), (-3, 1), (0, 9))]
    sums = GapSums()
    for t, i in batches:
        gap = i - t
        sums.add(gap.max(), gap.min(), np.sum(gap**2) / 2, np.sum(t**2) / 2, t.size)
    together = [np.concatenate([batch[side].ravel() for batch in batches]) for side in (0, 1)]
    found = sums.gap()
    assert (found.max_abs, found.rms, found.relative_l2) == pytest.approx(_exact(*together), rel=1e-12)


@pytest.mark.parametrize(
    ("highest", "lowest", "largest"), [(0.5, -2.0, 2.0), (3.0, 1.0, 3.0), (-1.0, -4.0, 4.0)]
)
def test_the_largest_gap_is_of_either_sign(highest: float, lowest: float, largest: float) -> None:
    sums = GapSums()
    sums.add(highest, lowest, 1.0, 1.0, 4)
    assert sums.gap().max_abs == largest


def test_an_output_of_zeros_is_measured_by_the_floor_and_no_batch_is_0() -> None:
    sums = GapSums()
    sums.add(1.0, 1.0, 2.0, 0.0, 4)
    assert sums.gap().relative_l2 == pytest.approx(2.0 / (RELATIVE_FLOOR * 2.0))
    row = GapSums()
    row.add(1.0, 1.0, 4.5, 0.0, 9)
    assert row.gap().relative_l2 == pytest.approx(3.0 / (RELATIVE_FLOOR * 3.0))
    single = GapSums()
    single.add(2.0, 2.0, 2.0, 8.0, 1)
    assert (single.gap().rms, single.gap().relative_l2) == (2.0, 0.5)
    empty = GapSums().gap()
    assert (empty.max_abs, empty.rms, empty.relative_l2) == (0.0, 0.0, 0.0)


def test_what_is_not_finite_is_told_as_such() -> None:
    sums = GapSums()
    sums.add(float("nan"), float("nan"), float("nan"), 1.0, 4)
    found = sums.gap()
    assert np.isnan([found.max_abs, found.rms, found.relative_l2]).all()


@pytest.mark.parametrize(
    ("training", "inference", "reason"),
    [
        (np.zeros((2, 3)), np.zeros((4, 3)), "its shape depends on the mode: [2, 3], [4, 3]"),
        (np.zeros(()), np.zeros((1,)), "its shape depends on the mode: [], [1]"),
        (np.array([b"a"], object), np.array([b"b"], object), "its values are no real numbers (object)"),
        (np.zeros(2, np.complex64), np.zeros(2, np.complex64), "its values are no real numbers (complex64)"),
    ],
)
def test_an_output_that_cannot_be_subtracted_is_lost_with_the_reason(
    training: np.ndarray, inference: np.ndarray, reason: str
) -> None:
    tensor = graph("x = Placeholder(dtype=float)").node("x").output()
    passes = Passes([Wish((OUTPUT, tensor), ("a:0", "b:0"), None)], (), {})
    passes._take(OUTPUT, tensor, [training, inference])
    assert passes.lost == {(OUTPUT, tensor): reason}
    assert tensor not in passes.meters


def test_an_output_that_is_kept_is_kept_in_both_modes() -> None:
    tensor = graph("x = Placeholder(dtype=float)").node("x").output()
    passes = Passes([Wish((OUTPUT, tensor), ("a:0", "b:0"), None)], [tensor], {})
    for value in (1.0, 2.0):
        passes._take(OUTPUT, tensor, [np.full(2, value), np.full(2, -value)])
    assert passes.lost == {}
    assert passes.together(Mode.TRAINING, tensor).tolist() == [1.0, 1.0, 2.0, 2.0]
    assert passes.together(Mode.INFERENCE, tensor).tolist() == [-1.0, -1.0, -2.0, -2.0]
    found = passes.meters[tensor].difference()
    assert found is not None
    assert found.max_abs == 4.0


@dataclass
class OneLoss:
    """In place of a program that runs: of the first batch all wishes have values, then one has none."""

    lost: dict[Hashable, Absent] = field(default_factory=dict)
    batches: int = 0

    def values(self, wishes: list[Wish], feeds: object) -> dict[Wish, list[np.ndarray]]:
        self.batches += 1
        if self.batches == 2:
            self.lost["branch"] = Absent(what="b", reason="its branch was not taken")
        return {wish: [np.ones(2), np.ones(2)] for wish in wishes if wish.fate not in self.lost}


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_what_loses_its_value_on_the_way_is_told_and_not_asked_for_again(is_asked_for: bool) -> None:
    nodes = graph("a = Placeholder(dtype=float)\nb = Placeholder(dtype=float)\n")
    kept, lost = nodes.node("a").output(), nodes.node("b").output()
    wishes = [Wish((OUTPUT, kept), ("a:0",), None), Wish((OUTPUT, lost), ("b:0",), "branch")]
    passes = Passes(wishes, [lost] if is_asked_for else [], {})
    feeds = [{"x:0": np.zeros((4, 2))}] * 3
    inputs: Any = SimpleNamespace(batches=lambda: feeds, batch_size=4, count=12, place=None)
    both: Any = SimpleNamespace(feeds=lambda values, served: values)
    running: Any = OneLoss()
    if is_asked_for:
        with pytest.raises(RunError, match="b:0 has no value: its branch was not taken"):
            passes.run(running, both, inputs)
        return
    steps: list[tuple[int, int]] = []
    passes.run(running, both, inputs, lambda done, count: steps.append((done, count)))
    assert passes.lost == {(OUTPUT, lost): "its branch was not taken"}
    assert list(passes.meters) == [kept]
    assert passes.wishes == wishes[:1]
    assert (running.batches, steps) == (3, [(0, 12), (4, 12), (8, 12)])
