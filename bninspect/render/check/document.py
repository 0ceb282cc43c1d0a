"""The result of a check as JSON, schema_version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.json import head

if TYPE_CHECKING:
    from bninspect.commands.check.result import CheckResult
    from bninspect.render.json import Document


def check_document(result: CheckResult) -> Document:
    """models, findings and skipped, each in the order of the command line, findings by code and graph
    order.
    """
    return {
        **head(),
        "models": [
            {
                "path": model.path,
                "layers": model.layers,
                "modes": dict(model.modes),
                "worst": model.worst.value if model.worst is not None else None,
                "error": model.error,
            }
            for model in result.models
        ],
        "findings": [
            {
                "model": model.path,
                "code": found.finding.code,
                "name": found.name,
                "severity": found.finding.severity.value,
                "layer": found.finding.layer,
                "node": found.finding.node,
                "message": found.finding.message,
                "remedy": found.finding.remedy,
                "title": found.finding.title,
                "evidence": found.finding.evidence,
                "fix": found.finding.fix,
                "fingerprint": found.fingerprint,
                "baseline": found.known,
            }
            for model in result.models
            for found in model.found
        ],
        "allowed": [
            {"model": model.path, "code": code, "layer": layer, "reason": reason}
            for model in result.models
            for code, layer, reason in model.allowed
        ],
        "skipped": [
            {"model": model.path, "code": skip.code, "reason": skip.reason}
            for model in result.models
            for skip in model.not_run
        ],
        "stale_baseline": list(result.stale),
    }
