"""A graph -> all that is said of it without TensorFlow, as facts: what they are about -> field -> value."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm import inspect
from bninspect.batchnorm.verdict import verdict
from bninspect.commands.check.one_model import Settings, check
from bninspect.commands.check.result import CheckResult
from bninspect.commands.diff.pair import compare_reports
from bninspect.commands.strip.stripping import StripOptions, strip
from bninspect.errors import BninspectError
from bninspect.files import STREAM
from bninspect.render.check.document import check_document
from bninspect.render.diff.document import diff_document
from bninspect.render.json import finite, graph_document
from bninspect.render.strip.document import strip_document
from tests.answers.graphs import opened
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph
    from bninspect.options import FixedMode

Facts = dict[str, dict[str, Any]]
Documents = dict[str, Any]
MODES: tuple[FixedMode, ...] = ("inference", "training")
_SIZES = (
    ("graph", "model"),
    ("diff", "old"),
    ("diff", "new"),
    ("strip inference", "model"),
    ("strip training", "model"),
)
"""Where documents have the size of the file that is read, which is no answer."""


def report_of(data: bytes, fixture: str) -> Report:
    """What the graph in these bytes tells. Raises BninspectError."""
    return inspect(opened(data, fixture))


def facts_of(data: bytes, fixture: str, original: Report) -> Facts:
    """What is said of the graph in these bytes, and of what moved since the original of it."""
    try:
        graph = opened(data, fixture)
        report = inspect(graph)
    except BninspectError as error:
        return {"not read": {"error": _local(str(error))}}
    documents: Documents = {
        "graph": {**graph_document(report, report.layers), "beside": _beside(report)},
        "check": _check(graph),
        "diff": _diff(original, report),
        **{f"strip {mode}": _strip(report, mode) for mode in MODES},
    }
    for key, side in _SIZES:
        documents[key].get(side, {}).pop("bytes", None)
    documents = _rounded(json.loads(_local(json.dumps(finite(documents)))))
    return _facts(documents)


def _beside(report: Report) -> dict[str, Any]:
    """What screens say beside the document of `graph`."""
    return {
        "verdict": [verdict(report, deploy=deploy).text for deploy in (False, True)],
        "asking": {
            decides.name: {tensor.name: opposite for tensor, opposite in asking.items()}
            for decides, asking in report.asking.items()
        },
        "layers": [_layer_beside(layer) for layer in report.layers],
    }


def _layer_beside(layer: BatchNorm) -> dict[str, Any]:
    untaken = layer.untaken
    return {
        "untaken": None if untaken is None else untaken.node.label,
        "runs_when": [f"{tensor.name}={value}" for tensor, value in layer.runs_when],
        "kept_axes": list(layer.kept_axes),
        "trains_on_batch": layer.trains_on_batch,
        "is_untrainable": layer.is_untrainable,
    }


def _check(graph: Graph) -> dict[str, Any]:
    result = check(Settings(path=graph.graphdef.path, deploy=True), graph)
    assert result.bug is None, result.bug
    return check_document(CheckResult(models=(result,)))


def _diff(original: Report, report: Report) -> dict[str, Any]:
    try:
        return diff_document(compare_reports(original, report))
    except BninspectError as error:
        return {"refused": str(error)}


def _strip(report: Report, mode: FixedMode) -> dict[str, Any]:
    """What strip says of the graph that it writes, and a digest of that; or why it writes none."""
    written = io.BytesIO()
    options = StripOptions(
        outputs=tuple(tensor.name for tensor in report.outputs),
        mode=mode,
        verify=False,
    )
    try:
        with contextlib.redirect_stdout(io.TextIOWrapper(written)) as stream:
            result = strip(report.graph, STREAM, options)
            stream.detach()
    except BninspectError as error:
        return {"refused": str(error)}
    document = strip_document(result)
    after = result.stripped.written
    return {
        **document,
        "digest": digest(written.getvalue()),
        "after": [
            f"{layer.name} {layer.mode.value} {layer.statistics.state.value}" for layer in after.layers
        ],
    }


def digest(data: bytes) -> str:
    """Some digits that tell one text from another."""
    return hashlib.sha256(data).hexdigest()[:12]


def _local(text: str) -> str:
    return text.replace(str(FIXTURES), "fixtures")


def _rounded(value: Any) -> Any:
    """The document with numbers of as many digits as every machine computes alike."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items() if key not in ("tool", "schema_version")}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _facts(documents: Documents) -> Facts:
    """The documents as facts, and one more with their digests."""
    graph, checked, moved = documents["graph"], documents["check"], documents["diff"]
    beside = graph["beside"]
    [model] = checked["models"]
    facts: Facts = {
        "model": {**_flat(graph["model"]), "verdict": beside["verdict"], "asking": beside["asking"] or None},
        **_each("signature", "key", graph["signatures"]),
        **_each("switch", "source", graph["switches"]),
        **_each("layer", "name", [a | b for a, b in zip(graph["layers"], beside["layers"], strict=True)]),
        **_each("lookalike", "name", graph["lookalikes"]),
        **_each("unrecognised", "node", graph["unrecognised"]),
        **_each("skipped", "what", graph["skipped"]),
        "check": _flat({"worst": model["worst"], "error": model["error"]}),
        **_each("finding", "code", checked["findings"], ("severity", "layer", "node", "message", "remedy")),
        "not judged": _by_reason(checked["skipped"]),
    }
    if "refused" in moved:
        facts["diff"] = moved
    else:
        facts |= _each("diff", "name", moved["layers"])
        facts |= _each("diff unmatched", "name", moved["unmatched"])
        facts |= _each("diff finding", "code", moved["findings"], ("severity", "layer", "message"))
    for key in ("strip inference", "strip training"):
        facts |= _stripping(key, documents[key])
    texts = {key: json.dumps(document, sort_keys=True) for key, document in documents.items()}
    facts["digests"] = {key: digest(text.encode()) for key, text in texts.items()}
    return facts


def _stripping(key: str, document: dict[str, Any]) -> Facts:
    if "refused" in document:
        return {key: {"refused": document["refused"]}}
    layers = [f"{layer['name']} {layer['change']}" for layer in document["layers"]]
    written = _flat({"written": document["written"]})
    return {key: {**written, "layers": layers, "after": document["after"], "digest": document["digest"]}}


def _each(what: str, name: str, records: Iterable[dict[str, Any]], fields: tuple[str, ...] = ()) -> Facts:
    """Facts about each of the records, called by its name, with a mark where several have it."""
    facts: Facts = {}
    for record in records:
        called = f"{what} {record[name]}"
        while called in facts:
            called += "'"
        shown = {key: record[key] for key in fields} if fields else record
        facts[called] = _flat({key: value for key, value in shown.items() if key != name})
    return facts


def _by_reason(skipped: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Codes -> why these rules could not judge."""
    codes: dict[str, list[str]] = {}
    for record in skipped:
        codes.setdefault(record["reason"], []).append(record["code"])
    return {" ".join(some): reason for reason, some in codes.items()}


def _flat(record: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Field -> value, those of records within it as `switch.source`; what is null or empty is left out."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{key}.")
        elif value is not None and value != []:
            found[f"{above}{key}"] = value
    return found
