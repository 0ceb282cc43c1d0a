"""The two lines that matter most of a check: the verdict on one model, and the count over all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, get_args

from bninspect.commands.check.result import Verdict
from bninspect.options import IMAGES
from bninspect.render.line import Line
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.commands.check.result import CheckResult, Found, ModelResult
    from bninspect.render.line import Tone

_SEVERITIES = ("error", "warning", "note")


def headline(model: ModelResult) -> str:
    """`net.pb: 4 batch norms run in inference mode, whatever is fed; no findings`, or without its weights
    `net.meta: 4 batch norms, all switched by training:0; weights missing, so not judged`.
    """
    what = model.sentence
    if model.error is not None:
        reason = model.error.removeprefix(f"{model.path}: ")
        return f"{model.path}: not judged: {reason}" + (f" ({what})" if what else "")
    if model.weightless:
        return f"{model.path}: {what}, so not judged"
    return f"{model.path}: {what}" + ("" if model.found else "; no findings")


def counts(found: Sequence[Found], word: str = "") -> str:
    """`2 errors, 1 note`, with the word `2 known errors, 1 known note`; empty for none."""
    many = Counter(one.finding.severity.value for one in found)
    return ", ".join(counted(many[grave], f"{word} {grave}".strip()) for grave in _SEVERITIES if many[grave])


def summary(result: CheckResult) -> Line:
    """`47 models: 21 fail, 2 not judged, 24 clean (14 warnings: --fail-on warning shows them)`."""
    verdicts: Counter[Verdict] = Counter(map(result.verdict, result.models))
    clean = [model for model in result.models if result.verdict(model) in ("clean", "without batch norm")]
    lesser = [one for model in clean for one in model.fresh]
    noted, last = "", "clean" if verdicts["clean"] else "without batch norm"
    if lesser:
        hidden = len(result.models) > 1
        least = min((one.finding.severity for one in lesser), key=lambda severity: severity.rank).value
        hint = f": --fail-on {least} shows them" if hidden else ""
        noted = f" ({counts(lesser)}{hint})"
    parts = [
        _part(verdict, verdicts[verdict], alone=len(result.models) == 1) + (noted if verdict == last else "")
        for verdict in get_args(Verdict)
        if verdicts[verdict]
    ]
    known = [one for model in result.models for one in model.found if one.known]
    if known:
        parts.append(f"{counted(len(known), 'finding')} known from the baseline")
    if allowed := sum(len(model.allowed) for model in result.models):
        parts.append(f"{counted(allowed, 'finding')} allowed by the configuration")
    text = f"{counted(len(result.models), 'model')}: {', '.join(parts)}{_unmeasured(result)}"
    return Line(text, _tone(result, verdicts))


def _part(verdict: Verdict, count: int, *, alone: bool) -> str:
    """`21 fail`; of one model `fails`."""
    word = "fails" if verdict == "fail" and count == 1 else verdict
    return word if alone else f"{count:,} {word}"


def _unmeasured(result: CheckResult) -> str:
    """What the end of the count says of staleness, which images alone show."""
    missing = result.unmeasured
    if not missing:
        return ""
    layered = [model for model in result.models if model.layers]
    where = "" if len(missing) == len(layered) else f" in {len(missing):,} of {len(layered):,} models"
    wanted = ', which require = ["probe"] asks for' if result.probe_required else ""
    return f"; staleness not measured{where}{wanted}{measured_by(missing)}"


def measured_by(models: Sequence[ModelResult]) -> str:
    """`: give --image DIR`, what would have models measured that were not; empty where no inputs would."""
    wanted = sorted({model.wanted for model in models if model.wanted})
    if not wanted:
        return ": weights missing" if all(model.weightless for model in models) else ""
    if len(wanted) == 1:
        return f": give {wanted[0]}"
    return ": give " + (IMAGES if any(IMAGES in one for one in wanted) else "each its inputs with --feed")


def _tone(result: CheckResult, verdicts: Counter[Verdict]) -> Tone:
    """Red where a model fails, and green only where all of them were judged."""
    if verdicts["fail"] or (result.probe_required and result.unmeasured):
        return "error"
    if verdicts["not judged"]:
        return "warning"
    return "good" if verdicts["clean"] and not result.unmeasured else "bold"
