"""What a check found, as plain data: it crosses process borders, and every report format is made from it
alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bninspect.commands.check.sketch import Sketch
    from bninspect.rules import Case, Finding, NotRun

Verdict = Literal["fail", "not judged", "clean", "without batch norm"]
WEIGHTS_MISSING = "BN113"
"""What it finds, other rules could not judge."""


@frozen_dataclass
class Found:
    """A finding in one model."""

    finding: Finding
    """What is wrong."""
    name: str
    """The rule's name, which states the bad thing."""
    known: bool = False
    """It stands in the baseline: it is counted, and does not fail the check."""
    former: tuple[tuple[str, str], ...] = ()
    """(code, node) of what an older version said of the same error: known under these, it is known."""

    @property
    def fingerprint(self) -> str:
        """The same for one code at one node of any version of the model: 32 hexadecimal digits."""
        where = self.finding.node or self.finding.layer or ""
        return hashlib.sha256(f"{self.finding.code}\0{where}".encode(errors="surrogatepass")).hexdigest()[:32]


@frozen_dataclass
class ModelResult:
    """One model: what was found, or why it could not be read."""

    path: str
    """As it was given or found."""
    error: str | None = None
    """One line where it could not be checked; where only its run failed, what the file shows is beside it."""
    bug: str | None = None
    """The traceback, where the error is a fault of this program rather than of the model."""
    sentence: str = ""
    """The verdict on its modes (`batchnorm.verdict`), as every command says it."""
    modes: Mapping[str, int] = field(default_factory=dict)
    """How many layers run in each mode: training, inference, switched."""
    found: tuple[Found, ...] = ()
    """What is wrong, by code and graph order."""
    not_run: tuple[NotRun, ...] = ()
    """The rules that could not judge, or not all of it."""
    allowed: tuple[tuple[str, str, str], ...] = ()
    """(code, layer, reason) of what the configuration allows."""
    judged: tuple[str, ...] = ()
    """Codes of the rules that could judge all of the model: only of these does silence say anything."""
    case: Case | None = field(default=None, repr=False, compare=False)
    """What it was judged on, where that was asked for (`Settings.keep`): it holds the graph, and crosses no
    process."""
    unmatched: tuple[str, ...] = ()
    """Layer globs of its allowances that match no layer of it."""
    weightless: bool = False
    """No file gives its weights, so that its statistics were not judged."""
    wanted: str = ""
    """The options that would have it measured, `--image DIR`; empty where no inputs would, because it has no
    layers, no weights or no placeholder, and where it was run on some.
    """
    measured: bool = False
    """It was run on images, and stored statistics stood beside measured ones."""
    sketch: Sketch | None = None
    """The wiring of the first layer of its gravest finding; None where no finding names a layer."""

    @property
    def layers(self) -> int:
        """How many batch-norm layers it has."""
        return sum(self.modes.values())

    @property
    def fresh(self) -> tuple[Found, ...]:
        """The findings that are not in the baseline."""
        return tuple(one for one in self.found if not one.known)

    def verdict(self, fail_on: Severity) -> Verdict:
        """What the check says of it, with findings as grave as `fail_on`, or graver, as failures."""
        grave = [one for one in self.fresh if one.finding.severity.rank >= fail_on.rank]
        if self.error is None and any(one.finding.code != WEIGHTS_MISSING for one in grave):
            return "fail"
        if self.error is not None or self.weightless:
            return "not judged"
        return "clean" if self.layers else "without batch norm"

    @property
    def worst(self) -> Severity | None:
        """The gravest finding that is not in the baseline."""
        return worst(one.finding.severity for one in self.fresh)


@frozen_dataclass
class CheckResult:
    """All models, in the order they were named."""

    models: tuple[ModelResult, ...]
    fail_on: Severity = Severity.ERROR
    """The least severity that fails."""
    stale: tuple[str, ...] = ()
    """Entries of the baseline that nothing matches any more, in words."""
    compared: bool = False
    """There is a baseline."""
    probe_required: bool = False
    """The configuration wants every model measured: `require = ["probe"]`."""

    @property
    def unmeasured(self) -> tuple[ModelResult, ...]:
        """The models with batch norm of which nobody knows whether their statistics are stale."""
        return tuple(model for model in self.models if model.layers and not model.measured)

    @property
    def not_run(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(code, reason) -> the models in which the rule did not run for that reason, in order."""
        models: dict[tuple[str, str], list[str]] = {}
        for model in self.models:
            for skip in model.not_run:
                models.setdefault((skip.code, skip.reason), []).append(model.path)
        return {what: tuple(paths) for what, paths in models.items()}

    @property
    def not_run_by_reason(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]:
        """(reason, models) -> codes: what is to be said of many rules and many models, said once. Rules that
        are for another kind of file are left out.
        """
        foreign = {(one.code, one.reason) for model in self.models for one in model.not_run if one.foreign}
        codes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (code, reason), models in self.not_run.items():
            if (code, reason) not in foreign:
                codes.setdefault((reason, models), []).append(code)
        return {what: tuple(of) for what, of in codes.items()}

    def verdict(self, model: ModelResult) -> Verdict:
        """What the check says of one of its models."""
        return model.verdict(self.fail_on)

    def exit_code(self, exit_zero: bool = False) -> int:
        """3 if a model met a bug of ours, 2 if one could not be checked, or not be measured though that is
        required, 1 if a finding is as grave as `fail_on`, else 0.
        """
        if any(model.bug is not None for model in self.models):
            return 3
        if any(model.error is not None for model in self.models) or (self.probe_required and self.unmeasured):
            return 2
        gravest = worst(model.worst for model in self.models)
        return int(gravest is not None and gravest.rank >= self.fail_on.rank and not exit_zero)


def worst(severities: Iterable[Severity | None]) -> Severity | None:
    """The gravest of them; None where there is none."""
    return max((one for one in severities if one is not None), key=lambda one: one.rank, default=None)
