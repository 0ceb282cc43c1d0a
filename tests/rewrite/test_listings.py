"""What each mode changes in the fixtures, node by node, as one reads it: golden listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode
from bninspect.rewrite import specialize
from tests.support.fixtures import with_loops
from tests.support.listing import changed
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import Report

CASES = (
    "axes_apart", "blend_by_a_number", "case_exclusive_refresh", "case_of_equal_cases", "dead_switch_hangs",
    "folded_beside_training", "ghost_batches", "label_after_the_layer", "nested_two_predicates_of_outputs",
    "opposed_polarities", "quantized_early_step", "quantized_eval", "quantized_frozen_step",
    "quantized_training", "several_inference_values", "std_stored", "tf_case_without_default_115",
    "while_chain", "while_fused",
)  # fmt: skip
NAMES = [
    *(path.name for path in sorted(FIXTURES.glob("*.pb"))),
    *(f"cases/{name}.pb" for name in CASES),
]


def in_mode(report: Report, mode: Mode) -> list[str]:
    """The listing under its heading, and what was left as it was."""
    special = specialize(report, mode, everything=True)
    changes = [f"{change.name}: {change.what}" for change in special.changes]
    reasons = [f"  {change.reason}" for change in special.changes if change.reason]
    after = special.pruned((), report.outputs).graphdef
    return [f"{mode.value}: {', '.join(changes)}", *reasons, *changed(after, report.graph.graphdef), ""]


@pytest.mark.parametrize("name", NAMES)
def test_the_nodes_that_a_mode_changes(name: str, expected: Callable[[str, str], None]) -> None:
    report = with_loops(name)
    if not report.layers:
        assert specialize(report, Mode.INFERENCE).changes == ()
        return
    lines = [line for mode in (Mode.TRAINING, Mode.INFERENCE) for line in in_mode(report, mode)]
    expected(f"{name.removeprefix('cases/')}.txt", "\n".join(lines))
