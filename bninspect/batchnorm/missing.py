"""Weights that no file gives: what a model lacks that is neither frozen nor beside its checkpoint.

The one place of the fact and its words, for the headline of `graph`, BN113, and what `strip` and `refresh`
refuse.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import upstream

if TYPE_CHECKING:
    from bninspect.batchnorm.layer import Report
    from bninspect.graphdef import GraphDef


@frozen_dataclass
class MissingWeights:
    """Variables without a value, because there is no checkpoint to read."""

    variables: int
    """How many of them the outputs and the statistics of the layers need."""
    where: str
    """What is not there: `not frozen`, `no checkpoint beside it`, `no variables folder beside it`."""
    fix: str
    """What gives the model its values."""

    @property
    def fact(self) -> str:
        """`not frozen: it holds 12 variables and no values`."""
        many = "1 variable" if self.variables == 1 else f"{self.variables:,} variables"
        return f"{self.where}: it holds {many} and no values"

    def __str__(self) -> str:
        return f"{self.fact}; {self.fix}"


def missing_weights(report: Report) -> MissingWeights | None:
    """The weights that are missing; None if a checkpoint was read, or the outputs need no variable."""
    record = report.graph.graphdef
    variables = [] if record.variables is not None else report.graph.where(VARIABLES.__contains__)
    if not variables:
        return None
    kept = [tensor for layer in report.layers for tensor in (layer.moving_mean, layer.moving_variance)]
    roots = [tensor.node for tensor in (*report.outputs, *kept) if tensor is not None]
    needed = len(upstream(roots).intersection(variables))
    if not needed:
        return None
    where, fix = _words(record)
    return MissingWeights(variables=needed, where=where, fix=fix)


def _words(record: GraphDef) -> tuple[str, str]:
    """What is not there, and what helps, for a file of this format."""
    if record.format.startswith("savedmodel"):
        return "no variables folder beside it", "copy the variables of the export beside saved_model.pb"
    if record.format.startswith("metagraph") and record.path != "-":
        stem = os.path.basename(record.path).rpartition(".")[0]
        return "no checkpoint beside it", f"put {stem}.index and {stem}.data-* into its folder"
    return "not frozen", "freeze it, or give the .meta of its checkpoint instead"
