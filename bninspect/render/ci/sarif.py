"""Findings -> SARIF 2.1.0, as code-scanning services read it.

Source: docs.oasis-open.org/sarif/sarif/v2.1.0. A model has no lines: the node stands in `logicalLocations`,
and the region is line 1, which GitHub asks for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bninspect.render.json import dumps
from bninspect.rules import rules
from bninspect.version import __version__

if TYPE_CHECKING:
    from bninspect.commands.check.result import CheckResult, Found, ModelResult

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(result: CheckResult) -> str:
    """The result as one SARIF log, with every rule described."""
    index = {rule.code: number for number, rule in enumerate(rules())}
    run = {
        "tool": {"driver": _driver()},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(model, found, index, result.compared) for model in result.models for found in model.found
        ],
        "invocations": [_invocation(result)],
    }
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _driver() -> dict[str, Any]:
    return {
        "name": "bninspect",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            {
                "id": rule.code,
                "name": _pascal(rule.name),
                "shortDescription": {"text": f"{rule.summary[:1].upper()}{rule.summary[1:]}."},
                "help": {"text": rule.page.strip(), "markdown": rule.page.strip()},
                "defaultConfiguration": {"level": rule.severity.value},
                "properties": {"tags": ["batch-normalization", rule.needs.value]},
            }
            for rule in rules()
        ],
    }


def _pascal(name: str) -> str:
    """`StatisticsNeverUpdated`: SARIF wants an identifier."""
    return "".join(part.capitalize() for part in name.split("-"))


def _result(model: ModelResult, found: Found, index: dict[str, int], compared: bool) -> dict[str, Any]:
    finding = found.finding
    location = _file(model)
    named = [(finding.node, "member"), (finding.layer, "module")]
    logical = [{"fullyQualifiedName": name, "kind": kind} for name, kind in named if name is not None]
    if logical:
        location["logicalLocations"] = logical
    text = finding.message if finding.layer is None else f"{finding.layer}: {finding.message}"
    if finding.fix:
        text += f"\nfix: {finding.fix}"
    written: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [location],
        # The second key is the one that GitHub tells alerts apart by; all of ours are on line 1.
        "partialFingerprints": {
            "codeAndNode/v1": found.fingerprint,
            "primaryLocationLineHash": f"{found.fingerprint}:1",
        },
    }
    if compared:
        written["baselineState"] = "unchanged" if found.known else "new"
    if found.known:
        written["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return written


def _file(model: ModelResult) -> dict[str, Any]:
    """The model as a location."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(model.path)},
            "region": {"startLine": 1},
        }
    }


def _invocation(result: CheckResult) -> dict[str, Any]:
    """What could not be read, and which rules could not run: silence would look like health."""
    notes = [
        {
            "level": "error",
            "message": {"text": f"{model.path}: {model.error.removeprefix(f'{model.path}: ')}"},
            "locations": [_file(model)],
        }
        for model in result.models
        if model.error is not None
    ]
    notes += [
        {
            "level": "note",
            "message": {"text": f"{model.path}: {skip.code} not judged: {skip.reason}"},
            "locations": [_file(model)],
            "associatedRule": {"id": skip.code},
        }
        for model in result.models
        for skip in model.not_run
    ]
    return {
        "executionSuccessful": all(model.error is None for model in result.models),
        "toolExecutionNotifications": notes,
    }


def uri(path: str) -> str:
    """The path as artifactLocation wants it: a relative URI reference, a `file:` URI where it is absolute."""
    from urllib.parse import quote

    if Path(path).is_absolute():
        return Path(path).as_uri()
    return quote(Path(path).as_posix(), errors="surrogateescape")
