"""What `refresh` did as a document with a version, for programs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.commands.check.result import CheckResult
from bninspect.render.check.document import check_document
from bninspect.render.json import head, model, staleness_document
from bninspect.render.strip.document import verification_document

if TYPE_CHECKING:
    from bninspect.commands.refresh.refreshed import Refreshed, Row
    from bninspect.render.json import Document


def refresh_document(done: Refreshed) -> Document:
    """The model as it was read, what was measured and written, and each layer before and after; `findings`
    are as those of `check`, of the result.
    """
    checked = check_document(CheckResult(models=() if done.result is None else (done.result,)))
    return {
        **head(),
        "model": model(done.report.graph, done.report.outputs),
        "written": {"path": done.target, "bytes": done.size},
        "measured": {
            "images": done.estimates.images,
            "batch_size": done.estimates.batch_size,
            "parts": done.parts,
            "prepared": dict(done.estimates.how),
        },
        "certainty": {
            "standard_error": done.estimates.certainty and done.estimates.certainty.error,
            "layer": done.estimates.certainty and done.estimates.certainty.layer,
            "curve": [{"images": one.images, "standard_error": one.error} for one in done.estimates.curve],
        },
        "mix": done.mix,
        "stripped": done.stripped,
        "verification": verification_document(done.verification),
        "layers": [_row(row) for row in done.rows],
        "left": [{"layer": one.what, "reason": one.reason} for one in done.left],
        "images_checked": done.images_checked,
        "findings": checked["findings"],
        "skipped": checked["skipped"],
    }


def _row(row: Row) -> Document:
    return {
        "name": row.layer.name,
        "channels": row.layer.channels,
        "values": row.values,
        "before": staleness_document(row.before),
        "after": staleness_document(row.own),
        "deployed": staleness_document(row.deployed),
        "shared_with": list(row.others),
        "made": row.made,
        "note": row.note,
    }
