"""Two reports of one net in which layers move in every way, for tests of what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.parts import IMAGE, report

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

SCOPE = "resnet_v1_50/block"
_LAYERS = (
    ("1/unit_1/bottleneck_v1/conv1", "true"),
    ("1/unit_1/bottleneck_v1/conv2", "true"),
    ("1/unit_1/bottleneck_v1/shortcut", "true"),
    ("2/unit_1/bottleneck_v1/conv1", "true"),
    ("2/unit_1/bottleneck_v1/conv2", "false"),
    ("2/unit_2/bottleneck_v1/conv3", "true"),
)
"""Scope and is_training of each."""
_PARTS = {
    "weights": [1.0, 2.0, 3.0],
    "gamma": [1.5, 2.0, 0.5],
    "beta": [0.0, 0.0, 0.0],
    "moving_mean": [0.5, -0.5, 0.25],
    "moving_variance": [1.5, 2.5, 0.5],
}
_MOVED: dict[int, dict[str, list[float]]] = {
    1: {"moving_variance": [1.5, 40.0, 0.5]},
    2: {"weights": [1.0, 2.5, 3.0], "beta": [0.0, 0.1, 0.0]},
    3: {"gamma": [1.5, 2.1, 0.5], "moving_mean": [0.5, 0.5, 0.25]},
    4: {"gamma": [1.5, 2.0, 0.501]},
    5: {"gamma": [1.5, 2.0, 0.75], "moving_mean": [float("inf"), 0.5, 0.25]},
}
"""Layer -> what is not as before in NEW."""


def old_and_new() -> tuple[Report, Report]:
    """NEW has other values, another scope for the last layer but one, and one layer more."""
    old, new = _net({}, len(_LAYERS)), _net(_MOVED, len(_LAYERS))
    renamed = f"{SCOPE}{_LAYERS[4][0]}"
    assert renamed in new
    new = new.replace(renamed, "tower/conv2").replace("# more\n", _layer("head", 9, "false", {}))
    return report(old), report(new.replace("Relu(last)", "Relu(head/BatchNorm/out)"))


def _net(moved: dict[int, dict[str, list[float]]], count: int) -> str:
    text, x = IMAGE, "x"
    for place, (scope, training) in enumerate(_LAYERS[:count]):
        name = f"{SCOPE}{scope}"
        text += _layer(name, place, training, moved.get(place, {}), x)
        x = f"{name}/BatchNorm/out"
    last = f"last = Identity({x})\n"
    return text + last + "# more\nscores = Relu(last)\n"


def _layer(name: str, place: int, training: str, moved: dict[str, list[float]], x: str = "last") -> str:
    values = {part: [number + place for number in held] for part, held in _PARTS.items()}
    values |= {part: [number + place for number in held] for part, held in moved.items()}
    lines = [f"{name}/{part} = Const({held})".replace("inf", "1e999") for part, held in values.items()]
    scope = f"{name}/BatchNorm"
    return "\n".join(
        [
            *lines,
            f"{name}/Conv = Mul({x}, {name}/weights)",
            f"{scope}/out = FusedBatchNormV3({name}/Conv, {name}/gamma, {name}/beta, {name}/moving_mean, "
            f"{name}/moving_variance, epsilon=0.001, is_training={training})",
            "",
        ]
    )
