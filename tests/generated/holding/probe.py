"""`probe`: outputs of both modes, their differences, moments of each x in both passes, whether images mix."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.generated import running
from tests.generated.numbers import OUTPUTS, apart, moments_apart, number_apart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.generated.outcome import Tally
    from tests.generated.truth import Norm

    Facts = Mapping[str, Any]
    Arrays = Mapping[str, NDArray[Any]]

PASSES = {"own": "training", "deployed": "inference"}


def hold(tally: Tally, layers: Mapping[int, Facts], folder: Path) -> None:
    """What `probe` disagrees in, or says; notes which batch norms were measured right."""
    target = folder / "probe.npz"
    ended = running.fed(tally, folder, "probe", "--format", "json", "--save", target)
    if ended.code != 0:
        (tally.said if ended.code == 2 else tally.wrong)("probe", f"exit {ended.code}: {ended.line}")
        return
    told = json.loads(ended.out)
    with np.load(target) as held:
        arrays = dict(held)
    unmade = re.compile(r"BN\d")  # judgements, which are about statistics and not about numbers
    skipped = [
        (record["what"], record["reason"])
        for record in told["skipped"]
        if not unmade.match(record["what"] or "")
    ]
    for name, reason in skipped:
        tally.said("probe", f"skipped: {reason}" if name else reason)
    _verification(tally, told["verification"])
    _outputs(tally, told, arrays, skipped)
    by_name = {layer["name"]: layer for layer in told["layers"]}
    for norm in tally.outside:
        layer = layers.get(norm.place)
        if layer is not None:
            _layer(tally, norm, layer["name"], by_name, arrays, skipped)
    _companions(tally, told)


def _verification(tally: Tally, verification: Facts) -> None:
    state, reason = verification["state"], verification["reason"]
    tally.verified = state == "verified"
    if state == "differs":
        tally.wrong("probe", f"verification differs: {reason}")
    elif state == "impossible":
        tally.said("probe", f"not verified: {reason}")


def _outputs(tally: Tally, told: Facts, arrays: Arrays, skipped: list[tuple[str, str]]) -> None:
    """Both modes of every output, and each number of their difference; the inference mode alone where a layer
    in a loop is said to keep it.
    """
    differences = {one["name"]: one for one in told["outputs"]}
    names = {name for name, _ in skipped}
    kept = any("no training mode" in reason or "body of a While" in reason for _, reason in skipped)
    modes = ("inference",) if kept else ("training", "inference")
    for at, name in enumerate(tally.truth.outputs):
        right = {mode: tally.truth.arrays[f"{mode}/{at}"] for mode in modes}
        for mode, value in right.items():
            if f"{mode}/{name}" in arrays:
                gap = apart(arrays[f"{mode}/{name}"], value)
                if gap is not None:
                    tally.wrong("probe", f"{name} in {mode} mode {gap}")
            elif name not in names:
                tally.wrong("probe", f"{name} in {mode} mode is missing, and nothing is said")
        if name in differences and not kept:
            _difference(tally, differences[name], **right)


def _difference(tally: Tally, own: Facts, training: NDArray[Any], inference: NDArray[Any]) -> None:
    gap = np.float64(inference) - np.float64(training)
    norm = float(np.linalg.norm(training.ravel()))
    size = float(np.abs(training).max())
    right = {
        "max_abs": (np.abs(gap).max(), size),
        "mean_abs": (np.abs(gap).mean(), size),
        "rms": (np.sqrt((gap**2).mean()), size),
        "relative_l2": (np.linalg.norm(gap.ravel()) / norm, 1.0),
    }
    for name, (value, scale) in right.items():
        wrong = number_apart(own[name], float(value), scale)
        if wrong is not None:
            tally.wrong("probe", f"{own['name']}: {name} {wrong}")


def _layer(
    tally: Tally,
    norm: Norm,
    name: str,
    told: Mapping[str, Facts],
    arrays: Arrays,
    skipped: list[tuple[str, str]],
) -> None:
    if name not in told:
        if all(name != what for what, _ in skipped):
            tally.wrong("probe", f"{norm.scope} is missing, and nothing is said")
        return
    right = [_moments(tally, norm, name, part, arrays) for part in PASSES]
    gap = tally.truth.arrays[f"norm/{norm.place}/gap"]
    own = told[name]["difference"]
    if own is None:
        tally.said("probe", "a layer without a difference")
    else:
        for what, value in zip(("max_abs", "rms"), gap, strict=True):
            wrong = number_apart(own[what], float(value), max(1.0, float(gap[0])))
            if wrong is not None:
                tally.wrong("probe", f"{norm.scope}: difference {what} {wrong}")
    if all(right):
        tally.measured.add(norm.place)


def _moments(tally: Tally, norm: Norm, name: str, part: str, arrays: Arrays) -> bool:
    """Whether the moments of one pass, and d and r from them, are those of NumPy."""
    truth = tally.truth.arrays
    scope = f"{name}/{part}"
    if f"{scope}/batch_mean" not in arrays:
        tally.said("probe", f"no {part} moments")
        return False
    right = truth[f"norm/{norm.place}/{part}"]
    gap = moments_apart((arrays[f"{scope}/batch_mean"], arrays[f"{scope}/batch_variance"]), right)
    if gap is not None:
        tally.wrong("probe", f"{norm.scope}, {part}: {gap}")
        return False
    if not norm.stored:
        return True
    mean, variance = truth[f"norm/{norm.place}/mean"], truth[f"norm/{norm.place}/variance"]
    deviation = np.sqrt(variance + norm.epsilon)
    expected = {"d": (right[0] - mean) / deviation, "r": np.sqrt(right[1] + norm.epsilon) / deviation}
    for what, value in expected.items():
        own = arrays.get(f"{scope}/{what}")
        if own is None or np.abs(own - value).max() > 10 * OUTPUTS * (1 + np.abs(value).max()):
            tally.wrong("probe", f"{norm.scope}, {part}: {what} is not that of the formula")
            return False
    return True


def _companions(tally: Tally, told: Facts) -> None:
    """Whether the output of an image depends on its companions where the model is asked to serve; of what is
    fed by hand the program does not know which axis is the images'.
    """
    serving = tally.truth.serving
    if serving is None or tally.truth.draws or not tally.truth.images:
        return
    said = any(finding["code"] == "BN401" for finding in told["diagnosis"])
    if said != serving.mixes:
        tally.wrong(
            "probe", "BN401 is missing" if serving.mixes else "BN401, and no image depends on another"
        )
