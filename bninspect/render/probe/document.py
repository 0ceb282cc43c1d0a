"""`probe --format json`: both modes' distance as a document with a version, for programs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.json import head, model, staleness_document

if TYPE_CHECKING:
    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import LayerMeasurement, OutputDifference, Probe, ProbedLayer
    from bninspect.render.json import Document
    from bninspect.rules import Finding
    from bninspect.statistics.distance import Ranked


def probe_document(probe: Probe, diagnosis: Diagnosis) -> Document:
    """The document of `probe`, with what the judge says of it."""
    return {
        **head(),
        "model": model(probe.report.graph, probe.report.outputs),
        "inputs": [
            {
                "name": fact.name,
                "dtype": fact.dtype,
                "shape": list(fact.shape),
                "source": list(fact.source),
                "preprocess": fact.preset,
            }
            for fact in probe.inputs
        ],
        "fed": dict(probe.fed),
        "verification": {
            "state": probe.verification.state,
            "max_abs": probe.verification.max_abs,
            "reason": probe.verification.reason,
        },
        "layers": [_layer(one, drawn=probe.drawn) for one in probe.layers],
        "guilty": list(probe.guilty),
        "outputs": [_output(one) for one in probe.outputs],
        "patches": [
            {
                "tensor": one.tensor,
                "slice": one.slice,
                "training": one.training.tolist(),
                "inference": one.inference.tolist(),
            }
            for one in probe.patches
        ],
        "diagnosis": [_finding(one) for one in diagnosis.findings],
        "skipped": [
            *({"what": skip.what, "reason": skip.reason} for skip in probe.skipped),
            *({"what": skip.code, "reason": skip.reason} for skip in diagnosis.not_run if not skip.foreign),
        ],
    }


def _finding(one: Finding) -> Document:
    """What is wrong, as it is printed; command and fix are null where nothing of ours helps."""
    return {
        "code": one.code,
        "layer": one.layer,
        "message": one.message,
        "evidence": one.evidence,
        "command": one.remedy,
        "severity": one.severity.value,
        "title": one.title,
        "fix": one.fix,
    }


def _layer(one: ProbedLayer, *, drawn: bool) -> Document:
    gap = one.difference
    return {
        "name": one.layer.name,
        "values": one.values,
        "images": one.images,
        "own": _error(one.own, single=one.single, drawn=drawn),
        "deployed": _error(one.deployed, single=one.single, drawn=drawn),
        "difference": gap and {"max_abs": gap.max_abs, "rms": gap.rms, "relative_rms": gap.relative_l2},
    }


def _error(measured: LayerMeasurement | None, *, single: bool, drawn: bool) -> Document | None:
    """What one pass says of the stored statistics; null where there is nothing to compare. Its verdict is
    null where random numbers were fed, and all of it where training mode had one value per channel.
    """
    if measured is None:
        return None
    document = staleness_document(measured.staleness)
    if document is None:
        return {"score": None, "score_error": None, "verdict": None, "worst": None} if single else None
    return {**document, "verdict": None} if drawn else document


def _output(one: OutputDifference) -> Document:
    """Both modes at one output: what is not measured of whole numbers, or of real ones, is null."""
    numbers = ("max_abs", "mean_abs", "rms", "relative_l2", "cosine", "top1_agreement")
    return {
        "name": one.name,
        **{key: None if one.difference is None else getattr(one.difference, key) for key in numbers},
        "agreement": one.agreement,
        "top": None if one.top is None else {mode: _top(row) for mode, row in one.top._asdict().items()},
    }


def _top(row: tuple[Ranked, ...]) -> list[Document]:
    return [{"index": ranked.place, "value": ranked.value} for ranked in row]
