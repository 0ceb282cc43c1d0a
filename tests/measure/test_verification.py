"""What is held against the original, and on how many images: decided before anything runs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.graph import load
from bninspect.graph.loops import in_loops
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import Placeholder
from bninspect.measure.both_modes import MODES, both_modes
from bninspect.measure.facts import Verification
from bninspect.measure.verify import Check, _feeds, _merges, _tensors, check, run_by
from tests.measure.test_undecided import _model
from tests.support import parts
from tests.support.fixtures import with_loops
from tests.support.measuring import NOTHING
from tests.support.places import FIXTURES
from tests.support.reports import tensor
from tests.support.text import graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.measure.both_modes import BothModes


def report_of(name: str) -> Report:
    return inspect(load(str(FIXTURES / name)))


def checked(report: Report) -> Check | Verification:
    """Of both modes, cut at nothing."""
    both = both_modes(report, lambda mode, _: mode, report.outputs, report.layers, report.layers)
    return check(report, both, NOTHING)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fixed_training_fused_2.pb", "the mode of every layer is fixed in the file"),
        ("cases/tf_case_14.pb", None),
        ("classic.pb", None),
    ],
)
def test_a_model_without_a_choice_is_not_held_against_the_original(name: str, reason: str | None) -> None:
    found = checked(report_of(name))
    if reason is None:
        assert isinstance(found, Check)
    else:
        assert found == Verification(state="impossible", reason=reason)


@pytest.mark.parametrize(
    ("name", "fetched", "fed"),
    [
        ("classic.pb", {"output:0", "bn/cond/Merge:0", "bn/cond/Merge:1", "training:0"}, {"training:0"}),
        ("stateless_if.pb", {"Identity:0", "cond:0", "training:0"}, {"training:0"}),
        (
            "two_switches.pb",
            {
                "output:0", "bn_a/cond/Merge:0", "bn_a/cond/Merge:1", "bn_b/cond/Merge:0",
                "bn_b/cond/Merge:1", "training_a:0", "training_b:0",
            },
            {"training_a:0", "training_b:0"},
        ),
    ],
)  # fmt: skip
def test_what_the_original_has_to_give(name: str, fetched: set[str], fed: set[str]) -> None:
    """Outputs of the model and of its layers, the branch of each Merge, and what decides."""
    found = checked(report_of(name))
    assert isinstance(found, Check)
    assert set(found.original.fetched) == fetched
    assert found.original.fed == fed


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("classic.pb", {"bn/cond/Merge:1": (1, 0)}),
        ("negated.pb", {"bn/cond/Merge:1": (1, 0)}),
        ("stateless_if.pb", {}),
        ("fixed_training_fused_2.pb", {}),
        ("while_inside_switched.pb", {}),
    ],
)
def test_which_input_of_a_merge_each_mode_takes(name: str, taken: dict[str, tuple[int, int]]) -> None:
    report = with_loops(name)
    both = both_modes(report, lambda mode, _: mode, report.outputs)
    found = [_merges(report, both, mode) for mode in MODES]
    for side, mode in enumerate(found):
        assert mode == {merge: sides[side] for merge, sides in taken.items()}


def test_what_may_be_fed_runs_before_the_outputs_and_decides_nothing() -> None:
    report = report_of("net_mixed.pb")
    names = {node.name for node in run_by(report)}
    assert {"image", "bn1/gamma", "dropout/cond/Merge"} <= names
    assert "training" not in names
    assert (
        not {
            node.name
            for node in report.graph
            if node.op == "Identity" and node.inputs[0].name == "training:0"
        }
        & names
    )


def test_what_is_computed_of_what_decides_may_be_fed() -> None:
    """What only hands it on may not: each copy is fed its own value there."""
    net = (
        parts.PHASE + "handed = Identity(phase)\nnegated = LogicalNot(handed)\nodd = Select(negated, x, x)\n"
    )
    lines = parts.STORED + net + parts.fused_cond("handed", "y") + "out = AddN(y, odd)\n"
    names = {node.name for node in run_by(parts.report(lines))}
    assert {"negated", "odd", "y"} <= names
    assert not {"phase", "handed", "y_pred_id"} & names


@pytest.mark.parametrize(
    ("name", "wanted", "found"),
    [
        ("classic.pb", (), ["output:0", "bn/cond/Merge:0"]),
        ("stateless_if.pb", (), ["Identity:0", "cond:0"]),
        ("nested_functions.pb", ("inside",), []),
        ("while_inside_switched.pb", ("looped",), []),
    ],
)
def test_what_both_programs_can_give_is_compared(
    name: str, wanted: tuple[str, ...], found: list[str]
) -> None:
    """Nothing inside a function, and nothing in a loop."""
    report = with_loops(name)
    loops = in_loops(report.graph)
    odd = {
        "inside": [node.output() for node in report.graph if node.functions and node not in loops],
        "looped": [node.output() for node in report.graph if node in loops and not node.functions],
    }
    outputs = [tensor for kind in wanted for tensor in odd[kind]] or report.outputs
    assert outputs
    both = cast("BothModes", SimpleNamespace(outputs={mode: {} for mode in MODES}))
    if not wanted:
        both = both_modes(report, lambda mode, _: mode, report.outputs)
    asked = replace(report, outputs=tuple(outputs))
    assert [[one.name for one in _tensors(asked, both, mode)] for mode in MODES] == [found] * 2


def test_a_select_has_no_number_of_its_branch() -> None:
    report = inspect(graph(_model("p")), outputs=("logits",))
    both = both_modes(report, lambda mode, _: mode, report.outputs)
    assert {change.what for change in both.changes[Mode.TRAINING].values()} == {"branch"}
    assert [_merges(report, both, mode) for mode in MODES] == [{}, {}]


@pytest.mark.parametrize("what", ["flipped", "left", "kept"])
def test_a_layer_none_of_whose_branches_was_taken_has_no_number(what: str) -> None:
    report = report_of("classic.pb")
    both = both_modes(report, lambda mode, _: mode, report.outputs)
    [(name, change)] = both.changes[Mode.TRAINING].items()
    assert _merges(report, both, Mode.TRAINING) == {"bn/cond/Merge:1": 1}
    other = replace(both, changes={Mode.TRAINING: {name: replace(change, what=what)}})
    assert _merges(report, other, Mode.TRAINING) == {}


class Counted:
    """Ten images, each its number."""

    names: tuple[str, ...] = ("numbers",)
    recipe = None
    drawn = False
    count = 10

    def batch(self, start: int, stop: int) -> NDArray[Any]:
        return np.arange(start, stop)

    def photo(self) -> None:
        return None


@pytest.mark.parametrize(
    ("shape", "size", "more", "runs"),
    [
        ((None, 3), 4, {}, [2, 4]),
        (None, 4, {}, [2, 4]),
        ((None, 3), 3, {}, [2, 3]),
        ((None, 3), 2, {}, [2]),
        ((None, 3), 1, {}, [1]),
        ((4, 3), 4, {}, [4]),
        ((), 4, {}, [4]),
        ((None, 3), 4, {"feeds": {"rows:0": np.zeros(4)}}, [4]),
        ((None, 3), 4, {"feeds": {"rate:0": np.zeros(())}}, [2, 4]),
        ((None, 3), 4, {"columns": True}, [4]),
    ],
    ids=[
        "any number", "any rank", "three", "two", "one", "a fixed number", "no axes", "rows beside it",
        "a number beside it", "another column",
    ],
)  # fmt: skip
def test_two_images_are_compared_and_then_the_batch(
    shape: tuple[int | None, ...] | None, size: int, more: dict[str, Any], runs: list[int]
) -> None:
    place = Placeholder(tensor=tensor("x"), dtype="float", shape=shape, has_default=False)
    other = Placeholder(tensor=tensor("other"), dtype="float", shape=None, has_default=False)
    columns = ((other, Counted()),) if more.get("columns") else ()
    given = Inputs(
        place=place, pictures=Counted(), batch_size=size, preset=None, feeds=more.get("feeds", {}), said={},
        columns=columns,
    )  # fmt: skip
    found = list(_feeds(given))
    assert [feeds["x:0"].tolist() for feeds in found] == [list(range(count)) for count in runs]
    for feeds in found:
        assert all(name in feeds for name in given.feeds)


def test_what_was_fed_by_hand_is_run_once() -> None:
    (found,) = _feeds(Inputs(**{**_fields(NOTHING), "feeds": {"x:0": np.zeros((9, 2))}}))
    assert found["x:0"].shape == (9, 2)


def _fields(given: Inputs) -> dict[str, Any]:
    return {"place": given.place, "pictures": given.pictures, "batch_size": 1, "preset": None, "said": {}}


def test_a_layer_that_the_file_fixes_stays_so_in_the_copies_that_are_compared() -> None:
    """Where that makes them others than those that are measured, they are made anew."""
    report = report_of("net_mixed.pb")
    both = both_modes(report, lambda mode, _: mode, report.outputs)
    found = check(report, both, NOTHING)
    assert isinstance(found, Check)
    fixed = {layer.name for layer in report.layers if layer.mode is not Mode.SWITCHED}
    assert (found.ours is both) is not bool(fixed)
    switched = report_of("classic.pb")
    both = both_modes(switched, lambda mode, _: mode, switched.outputs)
    same = check(switched, both, NOTHING)
    assert isinstance(same, Check)
    assert same.ours is both
