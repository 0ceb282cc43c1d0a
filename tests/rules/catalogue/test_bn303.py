"""BN303 statistics-not-saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import flatten, load
from bninspect.graphdef import read
from bninspect.rules import Case, judge, select
from tests.support.catching import checkpointed, not_run, of_checkpoint, of_fixture
from tests.support.places import FIXTURES
from tests.support.reports import value

META = str(FIXTURES / "train.meta")


def with_variables(*names: str) -> Case:
    """A training graph beside a checkpoint that holds these variables."""
    values = dict.fromkeys(names, value([1.0, 1.0, 1.0, 1.0]))
    return Case(report=inspect(flatten(replace(read(META), variables=values))))


@pytest.mark.parametrize("step", [0, 20])
def test_catches_a_saver_of_the_trainable_variables(step: int) -> None:
    (finding,) = of_checkpoint("BN303", "not_saved_115", step=step)
    assert (finding.layer, finding.node) == ("bn", "bn/moving_mean")
    assert finding.message == (
        "moving mean and moving variance (bn/moving_mean, bn/moving_variance) are not in the checkpoint: "
        "restoring it leaves them at their initial values"
    )


def test_catches_one_of_the_two() -> None:
    (finding,) = judge(with_variables("bn/gamma", "bn/moving_mean"), select(["BN303"])).findings
    assert finding.node == "bn/moving_variance"
    assert finding.message.startswith("moving variance (bn/moving_variance) is not in the checkpoint")


@pytest.mark.parametrize(
    "case", ["wired_14", "wired_115", "format_v1_14", "sharded_115", "inference_115", "ewma_called_115"]
)
def test_does_not_catch_what_is_saved(case: str) -> None:
    assert not of_checkpoint("BN303", case)
    assert not not_run("BN303", checkpointed(case))


def test_does_not_catch_averages_that_are_restored_under_other_names() -> None:
    assert not of_checkpoint("BN303", "restored_averages_115")


def test_does_not_catch_constants() -> None:
    assert not of_fixture("BN303", "classic.pb")
    assert not not_run("BN303", Case(report=inspect(load(str(FIXTURES / "classic.pb")))))


def test_does_not_judge_without_a_checkpoint_and_says_so() -> None:
    case = Case(report=inspect(load(META)))
    assert not of_fixture("BN303", "train.meta")
    assert not_run("BN303", case) == [
        "the statistics could not be read: they are in variables, which were not read"
    ]


def test_the_remedy_is_data_where_refresh_gives_it() -> None:
    (finding,) = of_checkpoint("BN303", "not_saved_115")
    assert finding.remedy is not None
    assert finding.remedy.startswith(("bninspect refresh ", "tf.train.Saver("))
