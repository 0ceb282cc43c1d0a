"""Two files of one graph as JSON, schema_version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.commands.check.result import CheckResult
from bninspect.render.check.document import check_document
from bninspect.render.json import head, model, unrecognised

if TYPE_CHECKING:
    from bninspect.batchnorm.comparison.change import StatisticsChange, TensorChange
    from bninspect.batchnorm.comparison.comparison import LayerMove
    from bninspect.batchnorm.layer import Report
    from bninspect.commands.diff.pair import PairResult
    from bninspect.render.json import Document


def diff_document(result: PairResult) -> Document:
    """The document of `diff`; `findings`, `allowed` and `skipped` are as those of `check`."""
    found = result.comparison
    checked = check_document(CheckResult(models=(result.result,)))
    return {
        **head(),
        "old": _side(found.old, found.steps[0]),
        "new": _side(found.new, found.steps[1]),
        "layers": [_layer(move) for move in found.layers],
        "unmatched": [{"side": one.side, "name": one.name, "reason": one.reason} for one in found.unmatched],
        "findings": checked["findings"],
        "allowed": checked["allowed"],
        "skipped": checked["skipped"],
    }


def _side(report: Report, step: int | None) -> Document:
    """One file: as `model` of the other commands, with its checkpoint and the global step."""
    record = report.graph.graphdef
    return {
        **model(report.graph, report.outputs),
        "checkpoint": record.checkpoint,
        "step": step,
        "unrecognised": unrecognised(report),
    }


def _layer(move: LayerMove) -> Document:
    return {
        "name": move.name,
        "old_name": move.old.name,
        "matched": move.matched,
        "mode": move.new.mode.value,
        "trains": move.trains.value,
        "channels": move.new.channels,
        "weights": _change(move.weights),
        "gamma": _change(move.gamma),
        "beta": _change(move.beta),
        "statistics": _statistics(move.statistics),
        "verdict": move.verdict.value,
        "reason": move.reason,
    }


def _change(change: TensorChange | None) -> Document | None:
    if change is None:
        return None
    return {
        "nodes": list(change.nodes),
        "moved": change.moved,
        "values": change.values,
        "relative_l2": change.relative,
        "max_abs": change.max_abs,
        "reason": change.reason,
    }


def _statistics(change: StatisticsChange) -> Document:
    worst = change.worst
    return {
        "moved": change.moved,
        "w": change.rms_w,
        "undefined": change.undefined,
        "max_abs": {"mean": change.max_abs_mean, "variance": change.max_abs_variance},
        "worst": None if worst is None else worst._asdict(),
        "reason": change.reason,
    }
