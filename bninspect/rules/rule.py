"""The nouns of the rules: a Rule, what it is shown, what it finds, and why it could not run.

A rule is a module named after its code: its docstring is the page that `bninspect rule CODE` prints, its
`RULE` says what it is called and how grave it is, and `check` yields what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.comparison.comparison import Comparison
    from bninspect.measure.facts import Probe


class Severity(str, Enum):
    """How grave a finding is; the levels of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """3 for an error, 2, 1: the higher the graver."""
        return {"error": 3, "warning": 2, "note": 1}[self.value]


class Needs(str, Enum):
    """What a rule must be shown to run."""

    GRAPH = "graph"
    VALUES = "values"
    """The stored statistics of at least one layer."""
    TRAINING = "training"
    """A training graph."""
    PROBE = "probe"
    """A run of the model on images."""
    PAIR = "pair"
    """Two files of one graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    code: str
    severity: Severity
    layer: str | None
    """The layer's name; None where it is said of the model."""
    node: str | None
    """The node to look at, as reports name nodes; None where there is no one node."""
    message: str
    """What is wrong, with its evidence; one sentence or two."""
    remedy: str | None = None
    """The command or the code that mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that the rules are shown of one model."""

    report: Report
    deploy: bool = False
    """The model is about to be shipped: what is left to the caller counts."""
    momentum: float | None = None
    """Of the moving averages, where the user tells it."""
    probe: Probe | None = None
    """None where no images were given."""
    no_probe: str = "no probe images given"
    """Why there is no probe."""
    moved: Comparison | None = None
    """What moved since an older file of the same graph; None where this one is looked at alone."""

    @property
    def layers(self) -> tuple[BatchNorm, ...]:
        """The layers, in graph order."""
        return self.report.layers


Check = Callable[[Case], Iterator[Finding]]
Undecided = Callable[[Case], "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Its name states the bad thing."""

    code: str
    name: str
    severity: Severity
    """Of its findings, unless a finding carries another by a condition that the page states."""
    needs: Needs = Needs.GRAPH
    summary: str
    """The bad thing in half a line."""
    check: Check = field(repr=False)
    page: str = field(repr=False)
    """The documentation, in Markdown: What it does / Why is this bad? / Example / Use instead / References.
    """
    undecided: Undecided | None = field(default=None, repr=False)
    """Why nothing could be said of this model, or of a part of it; None where all of it was judged."""

    def finding(
        self,
        message: str,
        *,
        layer: str | None = None,
        node: str | None = None,
        severity: Severity | None = None,
        remedy: str | None = None,
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            layer=layer,
            node=node,
            message=message,
            remedy=remedy,
        )
