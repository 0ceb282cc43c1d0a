"""BN113 weights-missing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.missing import missing_weights
from bninspect.commands.check.one_model import Settings, check
from bninspect.models.restore import load
from bninspect.rules import Case, judge, select
from tests.support.catching import caught, checkpointed, found, fused, of_fixture
from tests.support.parts import IMAGE, PARAMETERS, report
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = IMAGE + "\n".join(
    f"{name} = VariableV2(dtype=float, shape=[3])" for name in ("gamma", "beta", "mean", "variance")
)
UNFROZEN = VARIABLES + "\n" + fused()


def test_catches_a_graph_that_was_not_frozen() -> None:
    finding = caught("BN113", UNFROZEN)
    assert (finding.severity.value, finding.layer, finding.node) == ("error", None, "mean")
    assert finding.message == (
        "not frozen: it holds 4 variables and no values, so that the statistics of 1 layer were not judged"
    )
    assert finding.remedy == "freeze it, or give the .meta of its checkpoint instead"


@pytest.mark.parametrize(("deploy", "severity"), [(False, "note"), (True, "error")])
def test_a_training_graph_without_its_checkpoint(deploy: bool, severity: str) -> None:
    (finding,) = of_fixture("BN113", "train.meta", deploy=deploy)
    assert finding.severity.value == severity
    assert finding.message.startswith("no checkpoint beside it: it holds 7 variables and no values, so that")
    assert finding.remedy == "put train.index and train.data-* into its folder"


def test_a_savedmodel_without_its_variables(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "saved_tfkeras" / "saved_model.pb", tmp_path)
    case = Case(report=inspect(load(str(tmp_path))))
    (finding,) = judge(case, select(["BN113"])).findings
    assert "no variables folder beside it: it holds" in finding.message
    assert finding.remedy == "copy the variables of the export beside saved_model.pb"


def test_does_not_catch_what_has_its_values() -> None:
    assert not found("BN113", IMAGE + PARAMETERS + fused())
    case = checkpointed("switched_115")
    assert not judge(case, select(["BN113"])).findings
    assert missing_weights(case.report) is None


def test_statistics_that_a_checkpoint_lacks_are_those_of_bn303() -> None:
    case = checkpointed("not_saved_115")
    assert {one.code for one in judge(case, select(["BN113", "BN303"])).findings} == {"BN303"}


def test_a_variable_that_no_output_needs() -> None:
    step = "step = VariableV2(dtype=float, shape=[])\n"
    assert not found("BN113", step + IMAGE + PARAMETERS + fused())


def test_does_not_catch_weights_of_other_ops() -> None:
    """The statistics are there: they were judged."""
    head = "w = VariableV2(dtype=float, shape=[3])\nhead = Mul(y, w)\n"
    text = IMAGE + PARAMETERS + fused() + head
    assert missing_weights(report(text)) is not None
    assert not found("BN113", text)


def test_what_gives_the_weights_comes_before_a_command() -> None:
    """No command of ours can run the model, or rewrite it, before."""
    result = check(Settings(path=str(FIXTURES / "train.meta"), select=("BN103",)))
    (one,) = result.found
    assert one.finding.remedy == "put train.index and train.data-* into its folder"
