"""Models that recognition once got wrong: their layers, or what is said in their place."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from tests.support.places import FIXTURES

CASES = FIXTURES / "cases"
LAYERS = {
    "predicate_per_channel": [("bn1", "switched", "training:0", True, "stored", 0.001)],
    "negated_predicate_per_channel": [
        ("bn2", "switched", "is_test:0", False, "stored", 0.001),
        ("bn4", "switched", "is_test:0", False, "stored", 0.001),
    ],
    "tf_case_14": [("bn2/case", "switched", "training:0", True, "stored", 0.001)],
    "folded_beside_training": [("bn1", "switched", "training:0", True, "unread", 0.001)],
    "fused_moments": [("bn2", "switched", "training:0", True, "stored", 0.001)],
    "ghost_batches": [("bn", "switched", "training:0", True, "stored", 0.001)],
    "epsilon_inside_cond": [("moments", "switched", "training:0", True, "stored", 0.001)],
    "clipped_variance_div": [("moments", "switched", "training:0", True, "stored", 0.001)],
    "cross_replica_sum": [("bn", "training", None, None, "absent", 0.001)],
    "axis_list": [("bn", "switched", "training:0", True, "stored", 0.001)],
    "tf_case_without_default_115": [("case", "switched", "training:0", True, "stored", 0.001)],
    "axes_apart": [("bn", "switched", "training:0", True, "stored", 0.001)],
    "axes_apart_inference": [("bn", "inference", None, None, "stored", 0.001)],
    "tf_case_exclusive_115": [("case", "switched", "training:0", True, "stored", 0.001)],
    "nested_two_predicates_of_outputs": [("cond", "switched", None, None, "stored", 0.001)],
    "nested_two_predicates_of_statistics": [("moments", "switched", None, None, "stored", 0.001)],
    "case_exclusive_refresh": [("case", "switched", "training:0", True, "stored", 0.001)],
    "case_of_equal_cases": [("case", "switched", "phase:0", False, "stored", 0.001)],
    "blend_of_outputs": [("add", "switched", "training:0", True, "stored", 0.001)],
    "blend_of_statistics": [("moments", "switched", "training:0", True, "stored", 0.001)],
}
"""name, mode, source, the source's value for training, state of the statistics, epsilon"""


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    report = inspect(load(str(CASES / f"{name}.pb")))
    said = []
    for layer in report.layers:
        source = None if layer.switch is None else layer.switch.predicate.source
        said.append(
            (
                layer.name,
                layer.mode.value,
                None if source is None else source.name,
                None if layer.switch is None else layer.switch.training_when,
                layer.statistics.state.value,
                None if layer.epsilon is None else float(f"{layer.epsilon:.6g}"),
            )
        )
    assert said == LAYERS[name]
    assert (report.lookalikes, report.unrecognised) == ((), ())


UNDECIDED = {
    "always_blend_div": ("truediv_1", "the statistics mix those of the batch with stored ones"),
    "masked_div": ("truediv", "the statistics are computed from another tensor, mask:0"),
    "reduce_std_training": ("truediv_1", "epsilon is added to the root of the variance"),
    "std_stored": ("truediv_1", "a predicate chooses a root of the variance"),
    "library_lost": ("bn2/case/cond", "If calls function 'bn2_case_cond_false_frozen_6871', which is not"),
    "blend_by_a_number": ("add", "AddV2 add adds up training mode (batchnorm/add_1) and inference mode"),
}
"""Per case the node, and how the reason begins."""


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_cannot_be_decided_is_said(name: str) -> None:
    report = inspect(load(str(CASES / f"{name}.pb")))
    node, reason = UNDECIDED[name]
    assert (report.layers, report.lookalikes) == ((), ())
    assert [found.node for found in report.unrecognised] == [node]
    assert report.unrecognised[0].reason.startswith(reason)
