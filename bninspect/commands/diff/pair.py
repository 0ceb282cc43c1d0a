"""Two files of one graph: opened, compared, and judged by the rules that need two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison.comparison import diff
from bninspect.commands.check.one_model import Allowance, Settings, judge_model
from bninspect.errors import GraphDefError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph import Graph, collector_held_off, flatten
from bninspect.graph.ops import VARIABLES
from bninspect.models.checkpoint.locate import bare_checkpoint
from bninspect.models.open import load, path_of
from bninspect.models.restore import with_checkpoint
from bninspect.rules import Case, Needs, rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from bninspect.batchnorm import Report
    from bninspect.batchnorm.comparison.comparison import Comparison
    from bninspect.batchnorm.comparison.matching import Side
    from bninspect.commands.check.result import ModelResult
    from bninspect.rules import Severity

    Model = str | PathLike[str] | Graph


@frozen_dataclass
class PairResult:
    """What moved from one file to the other, and what is wrong with it."""

    comparison: Comparison
    result: ModelResult
    """What the rules say, at the path of NEW."""
    borrowed: Side | None = None
    """Which of the two is a checkpoint without a graph of its own, read with the other's."""


def compare(
    old: Model,
    new: Model,
    allowances: Sequence[Allowance] = (),
    severities: Mapping[str, Severity] | None = None,
) -> PairResult:
    """Two files, given by their paths or as graphs, compared.

    Raises BninspectError where one cannot be read, or they are not of one graph.
    """
    with collector_held_off():
        before, after, borrowed = _opened(old, new)
        pair = compare_reports(inspect(before), inspect(after), allowances, severities)
        found = replace(pair, borrowed=borrowed)
        return _with_graph_first(found) if borrowed == "new" else found


def _with_graph_first(pair: PairResult) -> PairResult:
    """The result with its fixes as they can be run: the checkpoint needs its graph beside it for that."""
    old, new = (side.graph.graphdef for side in (pair.comparison.old, pair.comparison.new))
    meta = f"{old.checkpoint}.meta" if Path(f"{old.checkpoint}.meta").is_file() else old.path
    first = f"cp {quote(meta)} {quote(f'{new.checkpoint}.meta')} && "
    found = tuple(
        replace(one, finding=replace(one.finding, remedy=f"{first}{one.finding.remedy}"))
        if (one.finding.remedy or "").startswith("bninspect ")
        else one
        for one in pair.result.found
    )
    return replace(pair, result=replace(pair.result, found=found))


def compare_reports(
    old: Report,
    new: Report,
    allowances: Sequence[Allowance] = (),
    severities: Mapping[str, Severity] | None = None,
) -> PairResult:
    """Two reports at hand, compared. Raises BninspectError where they are not of one graph."""
    comparison = diff(old, new)
    case = Case(report=new, moved=comparison)
    codes = tuple(rule.code for rule in rules() if rule.needs is Needs.PAIR)
    settings = Settings(
        path=new.graph.graphdef.path,
        select=codes,
        allowances=tuple(allowances),
        severities=severities or {},
    )
    return PairResult(comparison=comparison, result=judge_model(settings, case))


def _opened(old: Model, new: Model) -> tuple[Graph, Graph, Side | None]:
    """Both graphs, and which one is borrowed. A checkpoint without its graph takes that of the other file:
    many keep one for all.
    """
    bare = _bare(old), _bare(new)
    if bare[0] is not None and bare[1] is None:
        graph = load(new)
        return _with(graph, path_of(old), bare[0]), graph, "old"
    graph = load(old)
    if bare[1] is not None:
        return graph, _with(graph, path_of(new), bare[1]), "new"
    return graph, load(new), None


def _bare(model: Model) -> str | None:
    """The prefix of a checkpoint without a graph; None for a graph, or a path that leads to one."""
    return None if isinstance(model, Graph) else bare_checkpoint(path_of(model))


def _with(graph: Graph, path: str, prefix: str) -> Graph:
    """The graph with the values of another checkpoint for its variables.

    Raises GraphDefError where the checkpoint cannot be read, or the graph has no variables to take them.
    """
    record = graph.graphdef
    if not any(node.op in VARIABLES for node in record.nodes):
        raise GraphDefError(
            f"{path}: a checkpoint without its graph, and {record.path} holds its weights as constants; "
            "name the .meta file of the graph"
        )
    return flatten(with_checkpoint(replace(record, path=path), prefix))
