"""What one rule says of a graph written as text, of a fixture, or of a probe made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.models.restore import load as with_values
from bninspect.rules import Case, judge, select
from tests.support.parts import PARAMETERS, report
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.rules import Finding

FIXED = "FusedBatchNormV3({x}, gamma, beta, {mean}, {variance}, epsilon={epsilon}, is_training={training})"


def found(code: str, text: str, *, deploy: bool = False) -> list[Finding]:
    """What the rule finds in a graph of these lines."""
    return list(judge(Case(report=report(text), deploy=deploy), select([code])).findings)


def of_fixture(code: str, file: str, *, deploy: bool = False) -> list[Finding]:
    """What the rule finds in a fixture."""
    case = Case(report=inspect(load(str(FIXTURES / file))), deploy=deploy)
    return list(judge(case, select([code])).findings)


def of_checkpoint(code: str, case: str, *, step: int = 20, deploy: bool = False) -> list[Finding]:
    """What the rule finds in a training graph of the fixtures, with the checkpoint of that step."""
    return list(judge(checkpointed(case, step=step, deploy=deploy), select([code])).findings)


def checkpointed(case: str, *, step: int = 20, deploy: bool = False) -> Case:
    """A training graph of the fixtures, with the values in the checkpoint of that step."""
    path = FIXTURES / "training" / case / f"model.ckpt-{step}.meta"
    return Case(report=inspect(with_values(str(path))), deploy=deploy)


def not_run(code: str, case: Case) -> list[str]:
    """Why the rule could not run, or not judge everything."""
    return [one.reason for one in judge(case, select([code])).not_run]


def caught(code: str, text: str, *, deploy: bool = False) -> Finding:
    """The one thing that the rule finds in a graph of these lines."""
    (finding,) = found(code, text, deploy=deploy)
    return finding


def fused(
    name: str = "y",
    x: str = "x",
    mean: str = "mean",
    variance: str = "variance",
    *,
    epsilon: float = 0.001,
    training: bool = False,
) -> str:
    """A line with a fused layer that is fixed to inference, unless told otherwise."""
    filled = FIXED.format(x=x, mean=mean, variance=variance, epsilon=epsilon, training=str(training).lower())
    return f"{name} = {filled}\n"


def replaced(**values: str) -> str:
    """The parameters that tests share, with other values for some: `variance="[1.0, 1.0, 1.0]"`."""
    lines = []
    for line in PARAMETERS.strip().splitlines():
        name = line.partition(" = ")[0]
        lines.append(f"{name} = Const({values[name]})" if name in values else line)
    return "\n".join(lines) + "\n"
