"""`graph`: every batch norm is a layer with its mode, what decides it, its parts; or it is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.generated import running
from tests.generated.numbers import number_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.generated.outcome import Tally
    from tests.generated.truth import Norm, Truth

    Layer = Mapping[str, Any]

MODES = {(True,): "training", (False,): "inference", (False, True): "switched"}


def hold(tally: Tally) -> dict[int, Layer]:
    """What `graph` disagrees in, or says; the layer of each batch norm by its place."""
    truth = tally.truth
    ended = running.command("graph", truth.path, "--format", "json")
    if ended.code != 0:
        (tally.said if ended.code == 2 else tally.wrong)("graph", f"exit {ended.code}: {ended.line}")
        return {}
    told = json.loads(ended.out)
    if told["model"]["outputs"] != truth.outputs:
        tally.wrong("graph", f"outputs {', '.join(told['model']['outputs'])}, not {', '.join(truth.outputs)}")
    layers = match(truth, told["layers"])
    _missing(tally, told, layers)
    for norm in truth.norms:
        if norm.place in layers:
            _layer(tally, norm, layers[norm.place])
    return layers


def match(truth: Truth, layers: Sequence[Layer]) -> dict[int, Layer]:
    """The layer of each batch norm, by its output, its x, or the variable of its mean."""
    found: dict[int, Layer] = {}
    left = list(layers)
    keys: tuple[Callable[[Norm, Layer], bool], ...] = (
        lambda norm, layer: layer["output"] == norm.y,
        lambda norm, layer: layer["input"] == norm.x,
        lambda norm, layer: layer["moving_mean"] is not None and layer["moving_mean"] == norm.mean,
    )
    for key in keys:
        for norm in truth.norms:
            same = [layer for layer in left if norm.place not in found and key(norm, layer)]
            if same:
                found[norm.place] = same[0]
                left.remove(same[0])
    return found


def _missing(tally: Tally, told: Mapping[str, Any], layers: Mapping[int, Layer]) -> None:
    """The batch norms without a layer, and the layers that are none."""
    reasons = [record["reason"] for record in told["unrecognised"] + told["skipped"]]
    missing = [norm for norm in tally.truth.norms if norm.place not in layers]
    for norm in missing:
        if reasons:
            tally.said("graph", f"no layer: {reasons[0]}")
        else:
            tally.wrong("graph", f"{norm.scope} is missing, and nothing is said")
    names = {layer["name"] for layer in layers.values()}
    for layer in told["layers"]:
        if layer["name"] not in names:
            tally.wrong("graph", f"{layer['name']} is no batch norm of the network")
    if not missing:
        for reason in (record["reason"] for record in told["unrecognised"]):
            tally.wrong("graph", f"every batch norm is a layer, and yet: {reason}")


def _layer(tally: Tally, norm: Norm, layer: Layer) -> None:
    if not norm.loop:
        mode = MODES[tuple(sorted(set(tally.truth.modes(norm))))]
        if layer["mode"] != mode:
            tally.wrong("graph", f"{norm.scope}: mode {layer['mode']}, not {mode}")
        elif mode == "switched":
            _switch(tally, norm, layer["switch"])
    if layer["epsilon"] is None or number_apart(layer["epsilon"], norm.epsilon):
        tally.wrong("graph", f"{norm.scope}: epsilon {layer['epsilon']}, not {norm.epsilon}")
    if layer["channels"] is None:
        tally.said("graph", f"channels not told: statistics {layer['statistics']['state']}")
    elif layer["channels"] != norm.channels:
        tally.wrong("graph", f"{norm.scope}: channels {layer['channels']}, not {norm.channels}")
    for part in ("gamma", "beta"):
        name = getattr(norm, part)
        if name is not None and layer[part] != name:
            tally.wrong("graph", f"{norm.scope}: {part} {layer[part]}, not {name}")
    _statistics(tally, norm, layer)


def _switch(tally: Tally, norm: Norm, switch: Layer) -> None:
    """The source and its value for training, against what TensorFlow did for every combination."""
    truth = tally.truth
    trains = truth.modes(norm)
    deciding = [name for name in truth.sources if _decides(truth, trains, name)]
    if switch["source"] is None:
        if deciding and len(truth.sources[deciding[0]]) == 2:
            tally.said(
                "graph", f"no source, which is one of {len(truth.sources)}: {', '.join(truth.notes[:1])}"
            )
        return
    name = switch["source"].removesuffix(":0")
    if name not in deciding:
        tally.wrong("graph", f"{norm.scope}: source {name}, which alone does not decide")
        return
    for one, trained in zip(truth.combinations, trains, strict=True):
        if (_boolean(one.feed[name]) == switch["training_when"]) != trained:
            tally.wrong(
                "graph", f"{norm.scope}: training_when {switch['training_when']}, wrong of {one.feed}"
            )


def _decides(truth: Truth, trains: Sequence[bool], name: str) -> bool:
    """Whether the mode is a function of this source alone."""
    by_value: dict[str, set[bool]] = {}
    for one, trained in zip(truth.combinations, trains, strict=True):
        by_value.setdefault(str(one.feed[name]), set()).add(trained)
    return all(len(modes) == 1 for modes in by_value.values())


def _boolean(value: Any) -> bool:
    return bool(value[0] if isinstance(value, list) else value)


def _statistics(tally: Tally, norm: Norm, layer: Layer) -> None:
    state = layer["statistics"]["state"]
    if not norm.stored:
        if state != "absent":
            tally.wrong("graph", f"{norm.scope}: statistics {state}, and the file has none")
        return
    if (layer["moving_mean"], layer["moving_variance"]) != (norm.mean, norm.variance):
        names = f"{layer['moving_mean']}, {layer['moving_variance']}"
        tally.wrong("graph", f"{norm.scope}: statistics in {names}, not {norm.mean}, {norm.variance}")
        return
    if state != "stored":
        tally.wrong("graph", f"{norm.scope}: statistics {state}, not stored")
        return
    for part in ("mean", "variance"):
        values = tally.truth.arrays[f"norm/{norm.place}/{part}"]
        for own, right in zip(layer["statistics"][part], (values.min(), values.max()), strict=True):
            if number_apart(own, float(right)):
                tally.wrong("graph", f"{norm.scope}: {part} reaches {own}, not {right}")
