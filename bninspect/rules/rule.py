"""The nouns of the rules: a Rule, what it is shown, and what it finds.

A rule is a module named after its code: its docstring is the page that `bninspect rule CODE` prints, its
`RULE` says what it is called and how grave it is, and `check` yields what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.comparison.comparison import Comparison, LayerMove
    from bninspect.inputs.request import Request
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


@frozen_dataclass
class Finding:
    """One thing that is wrong."""

    code: str
    """Of the rule: BN101."""
    severity: Severity
    """error, warning or note."""
    layer: str | None
    """The layer's name; None where it is said of the model."""
    node: str | None
    """The node to look at, as reports name nodes; None where there is no one node."""
    message: str
    """What is wrong, with its evidence; one sentence or two."""
    remedy: str | None = None
    """What fixes it: a whole command of ours that would succeed on this model, else what does it in words."""
    title: str = ""
    """What is wrong, as a clause that a sentence can begin with."""
    evidence: str = ""
    """The numbers that say so."""
    accounts_for: frozenset[str] = frozenset()
    """Names of the layers whose error it accounts for: what it explains (`rules.explain`) is not said of them
    again."""

    @property
    def fix(self) -> str | None:
        """The remedy, by the name that reports give it."""
        return self.remedy


@frozen_dataclass
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
    request: Request | None = None
    """What the model was run with, for the fixes that run it again; None where it was not."""
    allowed_ops: tuple[str, ...] = ()
    """Ops that were let through then."""
    converters: tuple[str, ...] = ()
    """Names of the converters that the model is meant for (`bninspect.converters`)."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Code -> how grave its findings are, whatever their rule says."""
    moved: Comparison | None = None
    """What moved since an older file of the same graph; None where this one is looked at alone."""
    explained: Mapping[str, str] = field(default_factory=dict)
    """Layer name -> code of the finding that accounts for its error, of those that explain the rule at work.
    Set by the judge for each rule.
    """

    @property
    def layers(self) -> tuple[BatchNorm, ...]:
        """The layers, in graph order."""
        return self.report.layers

    @property
    def moves(self) -> tuple[LayerMove, ...]:
        """Of each layer, what moved since the older file; none where there is no older file."""
        return () if self.moved is None else self.moved.layers


Check = Callable[[Case], Iterator[Finding]]
Undecided = Callable[[Case], "str | None"]
Together = Callable[[Case, Sequence[Finding]], Finding]


@frozen_dataclass
class Rule:
    """One rule. Its name states the bad thing."""

    code: str
    name: str
    severity: Severity
    """Of its findings, unless a finding carries another by a condition that the page states."""
    needs: Needs = Needs.GRAPH
    summary: str
    """The bad thing in half a line."""
    title: str = ""
    """The bad thing as a clause about `{layers}`; empty: the summary."""
    check: Check = field(repr=False)
    page: str = field(repr=False)
    """The documentation, in Markdown: What it does / Why is this bad? / Example / Use instead / References.
    """
    undecided: Undecided | None = field(default=None, repr=False)
    """Why nothing could be said of this model, or of a part of it; None where all of it was judged."""
    together: Together | None = field(default=None, repr=False)
    """One finding for several of this rule in one model; None: the title names their layers, and the evidence
    is that of the gravest."""

    def finding(
        self,
        evidence: str,
        *,
        layer: str | None = None,
        node: str | None = None,
        severity: Severity | None = None,
        remedy: str | None = None,
        title: str | None = None,
        message: str | None = None,
        accounts_for: frozenset[str] | None = None,
    ) -> Finding:
        """A finding of this rule: without a message, the evidence says it; without a title, the rule's.

        It accounts for its own layer by default.
        """
        if accounts_for is None:
            accounts_for = frozenset() if layer is None else frozenset({layer})
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            layer=layer,
            node=node,
            message=evidence if message is None else message,
            remedy=remedy,
            title=self.titled(layer or "") if title is None else title,
            evidence=evidence,
            accounts_for=accounts_for,
        )

    def titled(self, layers: str) -> str:
        """The title about these layers, as a sentence names them."""
        return self.title.format(layers=layers) if self.title and layers else self.summary
