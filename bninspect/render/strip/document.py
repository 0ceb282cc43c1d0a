"""What `strip` did as a document with a version, for programs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.json import file_facts, head

if TYPE_CHECKING:
    from bninspect.commands.strip.stripping import StripResult
    from bninspect.measure.facts import Verification
    from bninspect.render.json import Document


def strip_document(result: StripResult) -> Document:
    """The model as it was read, what was written, and what was done to each layer."""
    stripped = result.stripped
    return {
        **head(),
        "model": {**file_facts(result.original), "outputs": [one.name for one in stripped.report.outputs]},
        "written": {
            "path": result.target,
            "bytes": result.size,
            "nodes": len(stripped.pruned.graphdef.nodes),
            "outputs": [stripped.pruned.names[tensor] for tensor in stripped.report.outputs],
        },
        "mode": stripped.mode.value,
        "verification": verification_document(result.verification),
        "layers": [
            {
                "name": change.layer.name,
                "mode": change.layer.mode.value,
                "change": change.what,
                "statistics": change.layer.statistics.state.value,
            }
            for change in stripped.changes
        ],
    }


def verification_document(found: Verification | None) -> Document | None:
    """Whether a written model gives what the original gives; null where that was not asked for."""
    if found is None:
        return None
    return {
        "state": found.state,
        "max_abs": found.max_abs,
        "reason": found.reason,
        "rounds": list(found.rounds),
        "layer_by_layer": found.layer_by_layer,
    }
