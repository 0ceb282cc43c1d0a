"""Rules that new statistics help: `refresh` of all their layers is the fix, else what each rule says."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm.comparison.comparison import diff
from bninspect.rules import Case, judge, select
from tests.support.catching import checkpointed, fused, replaced
from tests.support.parts import IMAGE, STORED, report
from tests.support.probes import net, probe
from tests.support.probing import part_way, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ZEROS, ONES = "[0.0, 0.0, 0.0]", "[1.0, 1.0, 1.0]"


def two(**values: str) -> str:
    """Two layers, each with statistics of its own, and both with these."""
    again = {f"{name}2": numbers for name, numbers in values.items()}
    second = "".join(f"{name} = Const({numbers})\n" for name, numbers in again.items())
    first = IMAGE + replaced(**values) + second + "w = Const([1.0, 2.0, 3.0])\nmade = Mul(x, w)\n"
    mean, variance = (name if name in again else name[:-1] for name in ("mean2", "variance2"))
    return first + fused(x="made") + fused("z", "y", mean, variance)


def of(text: str, before: str = "") -> Case:
    """The model of these lines; beside an older one, if its lines are given."""
    found = report(text)
    return Case(report=found, moved=diff(report(before), found) if before else None)


def probed(stored: Any) -> Case:
    found = probe(*net(2, stored=stored))
    return Case(report=found.report, probe=found)


BOTH = ["y", "z"]
TRAINING = two(mean="[0.5, 1.0, 2.0]", variance=ONES).replace("is_training=false", "is_training=true")
CASES: dict[str, tuple[Callable[[], Case], Sequence[str], str]] = {
    "BN201": (lambda: of(two(mean=ZEROS, variance=ONES)), BOTH, "run UPDATE_OPS with every training step"),
    "BN202": (lambda: of(two(mean="[0.0, 0.0, 1e-4]", variance=ONES)), BOTH, "train longer"),
    "BN203": (
        lambda: of(two(mean="[0.0, 1e999, 0.0]", variance=ONES)),
        BOTH,
        "go back to a checkpoint from before the first NaN",
    ),
    "BN205": (
        lambda: of(two(mean="[0.5, 1.0, 2.0]", variance="[1.0, 2.0, 3.0]")),
        BOTH,
        "restore each layer from its own entry of the checkpoint and freeze it again",
    ),
    "BN303": (
        lambda: checkpointed("not_saved_115"),
        ["bn"],
        "save all variables: tf.train.Saver(), not tf.train.Saver(tf.trainable_variables())",
    ),
    "BN403": (
        lambda: probed(shifted),
        ["net/block0/bn", "net/block1/bn"],
        "train on with the update ops run, or restore statistics that belong to these weights",
    ),
    "BN404": (lambda: probed(part_way(0.4)), [], "train on with the update ops run"),
    "BN501": (
        lambda: of(TRAINING.replace("w = Const([1.0", "w = Const([9.0"), TRAINING),
        ["y"],
        "run UPDATE_OPS with every training step",
    ),
    "BN502": (
        lambda: of(two(mean=ZEROS, variance=ONES), two(mean="[0.5, 1.0, 2.0]", variance=ONES)),
        BOTH,
        "restore the moving statistics with the weights",
    ),
}


@pytest.mark.parametrize("code", CASES)
@pytest.mark.parametrize("offered", [True, False], ids=["refresh would succeed", "refresh would refuse"])
def test_all_layers_are_refreshed_at_once(code: str, offered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    case, names, otherwise = CASES[code]
    asked: list[list[str]] = []

    def refresh_command(case: Case, names: Sequence[str] = ()) -> str | None:
        asked.append(list(names))
        return "bninspect refresh" if offered else None

    module = import_module(f"bninspect.rules.catalogue.{code.lower()}")
    monkeypatch.setattr(module, "refresh_command", refresh_command)
    findings = judge(case(), select([code])).findings
    assert {one.remedy for one in findings} == {"bninspect refresh" if offered else otherwise}
    assert asked[0] == list(names)


def test_one_layer_is_refreshed_where_all_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    from bninspect.rules.catalogue import bn201

    def refresh_command(case: Case, names: Sequence[str]) -> str | None:
        return f"refresh {' '.join(names)}" if len(names) == 1 else None

    monkeypatch.setattr(bn201, "refresh_command", refresh_command)
    findings = judge(of(two(mean=ZEROS, variance=ONES)), select(["BN201"])).findings
    assert [one.remedy for one in findings] == ["refresh y", "refresh z"]
    assert not judge(of(STORED + fused()), select(["BN201"])).findings
