"""What a probe asks of a model, set up to share one session: both modes, their check, the model as served."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.measure.examined import as_served, running_as_served
from bninspect.measure.facts import Verification
from bninspect.measure.sharing.together import together
from bninspect.measure.verify import Check, check, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import Report
    from bninspect.batchnorm.mode import Mode
    from bninspect.graph import Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.companions.companions import Run
    from bninspect.measure.facts import Question
    from bninspect.measure.sharing.together import Together
    from bninspect.run.running import Running

_MODES, _CHECKED, _SERVED = "modes", "checked", "served"
"""The parts of what runs."""


@frozen_dataclass
class Experiment:
    """What runs, and how each question is put to it."""

    report: Report
    check: Check | Verification
    """What is held against the original; or why nothing can be."""
    refusal: BninspectError | None
    """Why the model as it serves cannot be written; None if it can."""
    together: Together

    @property
    def running(self) -> Running:
        """What runs both modes."""
        return self.together.parts[_MODES][1]

    def verify(self, inputs: Inputs) -> Verification:
        """Both modes against the original."""
        if isinstance(self.check, Verification):
            return self.check
        assert self.together.original is not None
        return verify(self.report, self.together.parts[_CHECKED], self.together.original, inputs)

    def served(self, mode: Mode) -> Run:
        """What runs the model as it serves, from the first random number on. Raises RewriteError."""
        if self.refusal is not None:
            raise self.refusal
        both, running = self.together.parts[_SERVED]
        running.anew()
        return running_as_served(both, running)(mode)


@contextmanager
def experiment(
    report: Report, question: Question, both: BothModes, inputs: Inputs, outputs: Sequence[Tensor]
) -> Iterator[Experiment]:
    """The session of a probe, open; `both` is cut at the inputs. Raises RunError if it is refused."""
    parts, refusal = {_MODES: both}, None
    checked: Check | Verification = Verification(state="impossible", reason="it was not asked for")
    if question.verify:
        checked = check(report, both, inputs)
    if isinstance(checked, Check):
        parts[_CHECKED] = checked.ours
    try:
        parts[_SERVED] = as_served(report, inputs, outputs)
    except BninspectError as error:
        refusal = error
    original = checked.original if isinstance(checked, Check) else None
    with together(parts, original, question.allowed) as opened:
        yield Experiment(report=report, check=checked, refusal=refusal, together=opened)
