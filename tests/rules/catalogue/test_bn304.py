"""BN304 momentum-out-of-range."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import flatten, load
from bninspect.graphdef import TensorValue, read
from bninspect.graphdef.schema import message_class
from bninspect.models.restore import load as with_values
from bninspect.rules import Case, Finding, judge, select
from bninspect.rules.catalogue.bn304 import _for
from bninspect.statistics import thresholds
from tests.support.catching import checkpointed, not_run, of_checkpoint
from tests.support.places import FIXTURES
from tests.support.reports import value

SLOW = FIXTURES / "training" / "slow_115" / "model.ckpt-20.meta"


def count(steps: int) -> TensorValue:
    """A global step, int64, as a checkpoint gives it."""
    message = message_class("TensorProto")()
    message.dtype = 9
    message.int64_val.append(steps)
    return TensorValue(message)


def after(steps: int, **statistics: list[float]) -> list[Finding]:
    """What is found of a momentum of 0.99 after so many steps."""
    held = {"moving_mean": [3.0, -1.0], "moving_variance": [2.0, 4.0], **statistics}
    values = {f"bn/{name}": value(numbers) for name, numbers in held.items()}
    graphdef = replace(read(str(SLOW)), variables={**values, "global_step": count(steps)})
    return list(judge(Case(report=inspect(flatten(graphdef))), select(["BN304"])).findings)


def test_catches_a_momentum_too_large_for_the_steps() -> None:
    """0.99^20 = 0.818: what TensorFlow's own training left, in the checkpoint of its 20 steps."""
    (finding,) = of_checkpoint("BN304", "slow_115")
    assert finding.remedy == "a smaller momentum (0.85), or more steps"  # 0.9**20 is 12 %
    assert (finding.layer, finding.node) == ("bn", "bn/moving_mean")
    assert finding.message == (
        "after 20 steps with momentum 0.99 the moving statistics still hold 81.8 % of their initial values"
    )


@pytest.mark.parametrize("version", ["14", "115"])
def test_catches_an_average_of_the_last_batches(version: str) -> None:
    (finding,) = of_checkpoint("BN304", f"cond_ema_{version}")
    assert finding.message == "momentum 0.5: the last batch alone makes 50 % of the moving statistics"


def test_catches_nothing_from_the_step_on_where_5_percent_are_left() -> None:
    """0.99^298 = 0.05003, 0.99^299 = 0.0495."""
    (finding,) = after(298)
    assert "still hold 5 % of" in finding.message
    assert not after(299)


def test_does_not_catch_a_momentum_that_fits() -> None:
    """0.85^20 = 0.04."""
    for case in ("wired_14", "wired_115", "slim_115", "ewma_called_115", "switched_115", "format_v1_14"):
        assert not of_checkpoint("BN304", case)
        assert not not_run("BN304", checkpointed(case))


def test_does_not_catch_before_the_first_step() -> None:
    assert not of_checkpoint("BN304", "slow_115", step=0)


def test_does_not_catch_initial_statistics() -> None:
    """That they are as they started is BN201's."""
    assert not after(20, moving_mean=[0.0, 0.0], moving_variance=[1.0, 1.0])


def test_does_not_catch_updates_that_nobody_runs() -> None:
    """Those are BN301's."""
    assert not of_checkpoint("BN304", "unwired_115")


def test_does_not_judge_steps_that_nobody_told_and_says_so() -> None:
    case = Case(report=inspect(load(str(SLOW))))
    assert not judge(case, select(["BN304"])).findings
    assert not_run("BN304", case) == [
        "how many steps were made is not known: no global step was read from a checkpoint"
    ]


@pytest.mark.parametrize(("momentum", "open_"), [(0.79, False), (0.8, True), (0.99, True)])
def test_the_steps_matter_to_averages_that_are_slow(momentum: float, open_: bool) -> None:
    report = inspect(load(str(SLOW)))
    report = replace(report, layers=(replace(report.layers[0], momentum=momentum),))
    assert bool(not_run("BN304", Case(report=report))) is open_


def test_a_momentum_that_is_no_constant_is_said_unless_the_user_tells_it() -> None:
    report = inspect(with_values(str(SLOW)))
    (layer,) = report.layers
    report = replace(report, layers=(replace(layer, momentum=None),))
    assert not_run("BN304", Case(report=report)) == ["the momentum of bn is no constant of the graph"]
    told = judge(Case(report=report, momentum=0.999), select(["BN304"]))
    (finding,) = told.findings
    assert finding.message.startswith("after 20 steps with momentum 0.999 ")
    assert not told.not_run


@pytest.mark.parametrize("steps", [1, 13, 14, 18, 19, 28, 29, 58, 59, 98, 99, 298, 299, 997, 998, 2994, 2995])
def test_the_remedy_is_the_largest_usual_momentum_that_forgets_its_start(steps: int) -> None:
    usual = [m for m in (0.8, 0.85, 0.9, 0.95, 0.97, 0.99, 0.997, 0.999) if m**steps <= 0.05]
    expected = f"a smaller momentum ({max(usual):g}), or more steps" if usual else "more steps"
    assert _for(steps) == expected


@pytest.mark.parametrize(("momentum", "caught"), [(0.79, True), (0.8, False), (0.81, False)])
def test_the_last_batch_may_make_a_fifth(momentum: float, caught: bool) -> None:
    report = inspect(with_values(str(SLOW)))
    report = replace(report, layers=(replace(report.layers[0], momentum=momentum),))
    told = judge(Case(report=report), select(["BN304"])).findings
    assert [finding.message.partition(":")[0] for finding in told] == [f"momentum {momentum:g}"] * caught


@pytest.mark.parametrize(
    ("momentum", "most", "words"),
    [
        (0.9, 0.9**20, None),
        (
            0.9,
            0.9**20 * 0.999,
            "momentum 0.9 the moving statistics still hold 12.2 % of their initial values",
        ),
        (1.5, 0.05, "momentum 1.5 the moving statistics still hold 100 % of their initial values"),
    ],
    ids=["as much as may be", "more", "an average that never moves"],
)
def test_what_may_be_left_of_the_start(
    momentum: float, most: float, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "MOST_OF_START", most)
    report = inspect(with_values(str(SLOW)))
    report = replace(report, layers=(replace(report.layers[0], momentum=momentum),))
    told = judge(Case(report=report), select(["BN304"])).findings
    assert [one.message for one in told] == ([] if words is None else [f"after 20 steps with {words}"])


def test_the_remedy_leaves_as_much_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "MOST_OF_START", 0.9**3)
    assert _for(3) == "a smaller momentum (0.9), or more steps"


def test_before_the_first_step_all_is_known() -> None:
    assert not not_run("BN304", checkpointed("slow_115", step=0))
