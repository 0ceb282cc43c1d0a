"""Statistics that no file gives, as they start: what `refresh` needs of them, before it measures them.

A graph that was not frozen may hold its weights as constants and its moving statistics as variables without
a value. Training mode reads none of these. Weights are another matter: nothing can be run without them.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.naming import named_as
from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import upstream
from bninspect.graph.trace import declared_shape
from bninspect.graphdef.dtypes import NUMPY
from bninspect.graphdef.writer import new_node
from bninspect.text import first_few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bninspect.batchnorm import Report
    from bninspect.graph import Node
    from bninspect.graphdef import TensorValue

_MOST_VALUES = 1 << 20
"""More channels than any layer has."""


def with_initial_statistics(report: Report) -> Report:
    """The same model, its moving statistics 0 and 1 where no file gives them; itself where it lacks none.

    Raises RewriteError where its outputs need another variable, or a statistic of unknown shape.
    """
    missing = missing_weights(report)
    if missing is None:
        return report
    values = dict(_started(report))
    if others := _others(report, values):
        raise RewriteError(
            f"{report.graph.graphdef.path}: refresh runs the model, and these variables have no value: "
            f"{first_few(others)}; {missing.fix} (--unfrozen does without moving statistics alone)"
        )
    found = inspect(
        flatten(replace(report.graph.graphdef, variables=values)),
        outputs=[tensor.name for tensor in report.outputs],
    )
    return named_as(report, found)


def refuse_without_values(report: Report) -> None:
    """Raises RewriteError for a model without the values of its variables; where moving statistics are all
    that it lacks, with the option that does without them.
    """
    missing = missing_weights(report)
    if missing is None:
        return
    alone = not _others(report, dict(_started(report)))
    hint = "; or give --unfrozen: they are moving statistics alone, which it measures" if alone else ""
    raise RewriteError(f"{report.graph.graphdef.path}: {missing}{hint}")


def _others(report: Report, values: Collection[str]) -> list[str]:
    """The variables that the outputs need, and that have no value here."""
    needed = upstream(tensor.node for tensor in report.outputs)
    return sorted(node.label for node in needed if node.op in VARIABLES and node.name not in values)


def _started(report: Report) -> Iterator[tuple[str, TensorValue]]:
    """The variables that hold moving statistics, with the values they start from."""
    for moving in filter(None, (layer.moving for layer in report.layers)):
        for tensor, start in ((moving.mean, 0), (moving.variance, 1)):
            shape = _shape(tensor.node) if tensor.node.op in VARIABLES else None
            if shape is not None:
                dtype = str(tensor.node.attr("dtype", "float")).removesuffix("_ref")
                array = np.full(shape, start, NUMPY[dtype])
                constant = new_node(tensor.node.name, "Const", (), {"dtype": dtype, "value": array})
                yield tensor.node.name, constant.attr("value")


def _shape(variable: Node) -> tuple[int, ...] | None:
    """The shape of a variable; None if that is not known."""
    shape = declared_shape(variable)
    known = shape is not None and all(size >= 0 for size in shape) and prod(shape) <= _MOST_VALUES
    return shape if known else None
