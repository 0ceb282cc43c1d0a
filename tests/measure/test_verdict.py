"""What is said of a tensor that differs from the original: by how much, or that another branch was taken."""

from __future__ import annotations

from bninspect.batchnorm import Mode
from bninspect.measure.verify import _differs


def test_a_difference_is_told_by_its_size() -> None:
    found = _differs("logits:0", 0.1234567, Mode.TRAINING)
    assert (found.state, found.tensor, found.max_abs) == ("differs", "logits:0", 0.1234567)
    assert found.reason == "logits:0 in training mode differs by 0.123 from the original"


def test_without_a_value_another_branch_was_taken() -> None:
    found = _differs("logits:0", None, Mode.INFERENCE)
    assert found.reason == "logits:0 in inference mode took another branch from the original"
