"""Picture 2, how a layer is wired: x, what decides, both branches with the statistics they read, where they
meet, and the output.

One template for each form: branches of their own behind a Switch, an If or before a Select; one chain whose
statistics are chosen; a single branch. The drawing stands upright and is 360 wide, so that it can be read on
a telephone, and beside it every name stands in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.layer import State
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.render.graph.wiring import conditional
from bninspect.render.page.markup import Html, shortened
from bninspect.render.page.pictures.boxes import Box, arrow, label
from bninspect.render.page.pictures.scales import drawing

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.switch import ModeSwitch

_WIDTH = 360.0
_LANE, _LEFT, _RIGHT = 168.0, 4.0, 188.0
"""Width of a lane, and where both begin: training on the left, inference on the right."""
_BESIDE = 30.0
"""Where the left lane begins if a line goes past it."""
_GAP = 34.0
"""Between rows: room for an arrow and its label."""


class Lane(NamedTuple):
    """One mode's side of the drawing."""

    mode: Mode
    branch: Branch
    x: float
    idle: bool
    """Whether its branch never runs, as the predicate is a constant."""


def wiring_picture(layer: BatchNorm) -> Html:
    """The drawing of one layer."""
    training, inference = layer.branch(Mode.TRAINING), layer.branch(Mode.INFERENCE)
    switch = layer.switch
    if switch is None or training is None or inference is None:
        parts, height = _single(layer)
    else:
        idle = [layer.untaken is branch for branch in (training, inference)]
        lanes = (
            Lane(Mode.TRAINING, training, _LEFT, idle[0]),
            Lane(Mode.INFERENCE, inference, _RIGHT, idle[1]),
        )
        kind = conditional(layer)
        if training.output == inference.output:
            parts, height = _chosen(layer, switch, lanes, kind)
        elif kind in ("Switch", "If"):
            parts, height = _switched(layer, switch, lanes, kind)
        else:
            parts, height = _selected(layer, switch, lanes, kind)
    return drawing(_WIDTH, height, f"How {shortened(layer.name, 120)} is wired", *parts, class_="plot")


def decides(switch: ModeSwitch) -> tuple[str, str]:
    """(what decides the mode, what is known of it), in few words."""
    predicate = switch.predicate
    if predicate.constant is not None:
        return f"constant {str(predicate.constant).lower()}", "whatever is fed"
    if predicate.source is None:
        return predicate.behind.name, f"computed by {predicate.behind.node.op}"
    op = predicate.source.node.op
    if predicate.default is not None:
        return predicate.source.name, f"default {str(predicate.default).lower()}"
    return predicate.source.name, "must be fed" if op == "Placeholder" else op


def value_of(switch: ModeSwitch, branch: Branch, mode: Mode) -> str:
    """What the one who decides must say for this branch to be taken."""
    source = switch.predicate.source
    if source is None or switch.training_when is None:
        return "?" if branch.taken_when is None else str(branch.taken_when).lower()
    return source_value(source, switch.training_when == (mode is Mode.TRAINING))


def _short(name: str) -> str:
    """The last part of a node's name."""
    return name.rsplit("/", 1)[-1]


def _reads(layer: BatchNorm, mode: Mode) -> tuple[tuple[str, ...], int]:
    """(which statistics a branch reads, how many of these lines say what is wrong)."""
    if mode is Mode.TRAINING:
        return ("mean, variance", "of this batch"), 0
    state = layer.statistics.state
    if state is State.INITIAL:
        zero = layer.statistics.values is not None and layer.statistics.values.variance_range == (0.0, 0.0)
        return ("moving_mean 0", f"moving_variance {0 if zero else 1}", "never updated"), 3
    if layer.nearest(Mode.INFERENCE).site.folded:
        return ("folded into weights",), 0
    if state is State.INVALID:
        return ("moving_mean,", "moving_variance", "invalid"), 1
    if state is State.ABSENT:
        return ("moving_mean,", "moving_variance", "not in the file"), 1
    return ("moving_mean,", "moving_variance"), 0


def _ends(y: float, layer: BatchNorm, switch: ModeSwitch) -> tuple[Box, Box]:
    """x on the left, and what decides on the right."""
    name, known = decides(switch)
    x = Box(x=_LEFT, y=y, width=_LANE, title="x", lines=(_short(layer.x.name),))
    return x, Box(x=_RIGHT, y=y, width=_LANE, title=_short(name), lines=(known,))


def _branch(layer: BatchNorm, lane: Lane, y: float) -> Box:
    """A branch that normalizes by itself, with what it reads."""
    reads, loud = _reads(layer, lane.mode)
    lines = (_short(lane.branch.node.label), *reads)
    if lane.idle:
        lines, loud = (*lines, "never runs"), 0
    return Box(
        x=lane.x,
        y=y,
        width=_LANE,
        title=lane.mode.value,
        lines=lines,
        ink=lane.mode.value,
        loud=loud,
        idle=lane.idle,
    )


def _centre(y: float, title: str, *lines: str, ink: str = "", width: float = _LANE) -> Box:
    """A box in the middle."""
    return Box(x=(_WIDTH - width) / 2, y=y, width=width, title=title, lines=lines, ink=ink)


def _into(box: Box, share: float) -> tuple[float, float]:
    """A place on the upper edge of a box."""
    return box.x + box.width * share, box.y


def _elbow(start: tuple[float, float], end: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """Down, across half way, and down again."""
    half = (start[1] + end[1]) / 2
    return start, (start[0], half), (end[0], half), end


def _switched(
    layer: BatchNorm, switch: ModeSwitch, lanes: tuple[Lane, Lane], kind: str
) -> tuple[list[Html], float]:
    """x and the predicate into a Switch (or an If), one of two branches, and where they meet."""
    x, source = _ends(1, layer, switch)
    fork = _centre(x.y + x.height + _GAP, kind, _short(switch.predicate.tensor.name))
    branches = [_branch(layer, lane, fork.y + fork.height + _GAP + 8) for lane in lanes]
    parts = [x.draw(), source.draw(), fork.draw()]
    parts.append(arrow(_elbow(x.bottom, _into(fork, 0.3))))
    parts.append(arrow(_elbow(source.bottom, _into(fork, 0.7))))
    low = max(branch.y + branch.height for branch in branches) + _GAP
    names = list(dict.fromkeys(_short(node.label) for node in layer.merges))
    join = _centre(low, "Merge" if kind == "Switch" else f"{kind}, its output", *names[:1]) if names else None
    for lane, branch, share in zip(lanes, branches, (0.3, 0.7), strict=True):
        ink = lane.mode.value
        start = fork.x + fork.width * share, fork.y + fork.height
        parts += [branch.draw(), arrow(_elbow(start, branch.top), ink, idle=lane.idle)]
        port = (
            f", output {int(lane.branch.taken_when)}"
            if kind == "Switch" and lane.branch.taken_when is not None
            else ""
        )
        said = value_of(switch, lane.branch, lane.mode) + port
        outward = lane.mode is Mode.TRAINING
        at = branch.top[0] + (-6 if outward else 6), branch.y - 9
        parts.append(label(said, *at, ink=ink, anchor="end" if outward else "start"))
        if join is not None:
            parts.append(arrow(_elbow(branch.bottom, _into(join, share)), ink, idle=lane.idle))
    if join is None:
        return parts, low
    return _with_output(layer, [*parts, join.draw()], join)


def _selected(
    layer: BatchNorm, switch: ModeSwitch, lanes: tuple[Lane, Lane], kind: str
) -> tuple[list[Html], float]:
    """Both branches run, and one of their outputs is taken."""
    x = _centre(1, "x", _short(layer.x.name))
    branches = [_branch(layer, lane, x.y + x.height + _GAP) for lane in lanes]
    low = max(branch.y + branch.height for branch in branches) + _GAP
    name, known = decides(switch)
    source = Box(x=_RIGHT, y=low + _GAP / 2, width=_LANE, title=_short(name), lines=(known,))
    join = Box(x=_LEFT, y=low + _GAP / 2, width=_LANE, title=kind, lines=("takes one of both",))
    parts = [x.draw(), join.draw(), source.draw()]
    for lane, branch, share in zip(lanes, branches, (0.35, 0.75), strict=True):
        parts += [
            branch.draw(),
            arrow(_elbow((x.x + x.width * share, x.y + x.height), branch.top), lane.mode.value),
            arrow(_elbow(branch.bottom, _into(join, share)), lane.mode.value, idle=lane.idle),
        ]
        said = value_of(switch, lane.branch, lane.mode)
        parts.append(
            label(
                said, branch.bottom[0] + 6, branch.y + branch.height + 14, ink=lane.mode.value, anchor="start"
            )
        )
    middle = join.y + join.height / 2
    parts.append(arrow(((source.x, middle), (join.x + join.width, middle))))
    return _with_output(layer, parts, join)


def _chosen(
    layer: BatchNorm, switch: ModeSwitch, lanes: tuple[Lane, Lane], kind: str
) -> tuple[list[Html], float]:
    """One chain of arithmetic, whose mean and variance are chosen; x goes past them on the left."""
    x = Box(x=_LEFT, y=1, width=_LANE, title="x", lines=(_short(layer.x.name),))
    boxes = [_statistics(layer, lane, x.y + x.height + _GAP) for lane in lanes]
    low = max(box.y + box.height for box in boxes) + _GAP
    name, known = decides(switch)
    names = tuple(dict.fromkeys(_short(node.label) for node in layer.merges))
    join = Box(x=_BESIDE, y=low, width=138, title="Merge" if kind == "Switch" else kind, lines=names[:2])
    source = Box(x=_RIGHT + 16, y=low, width=_LANE - 16, title=_short(name), lines=(known,))
    chain = Box(
        x=_BESIDE + 22,
        y=join.y + join.height + _GAP,
        width=_WIDTH - 2 * (_BESIDE + 22),
        title="normalizes",
        lines=("(x - mean) * gamma", "/ sqrt(variance + epsilon)", "+ beta"),
    )
    parts = [x.draw(), join.draw(), source.draw(), chain.draw()]
    parts.append(arrow(_elbow(x.bottom, boxes[0].top), "training"))
    for lane, box, share in zip(lanes, boxes, (0.3, 0.7), strict=True):
        parts += [box.draw(), arrow(_elbow(box.bottom, _into(join, share)), lane.mode.value, idle=lane.idle)]
        said = value_of(switch, lane.branch, lane.mode)
        at = box.bottom[0] + 6, box.y + box.height + 13
        parts.append(label(said, *at, ink=lane.mode.value, anchor="start"))
    middle = join.y + join.height / 2
    parts.append(arrow(((source.x, middle), (join.x + join.width, middle))))
    parts.append(arrow(_elbow(join.bottom, _into(chain, 0.5))))
    end = chain.y + chain.height / 2
    parts.append(arrow(((_LEFT + 10, x.y + x.height), (_LEFT + 10, end), (chain.x, end))))
    return _with_output(layer, parts, chain)


def _statistics(layer: BatchNorm, lane: Lane, y: float) -> Box:
    """What one mode hands to the chain that serves both."""
    lines, loud = _reads(layer, lane.mode)
    title = "moving statistics"
    if lane.mode is Mode.TRAINING:
        title = "moments of x"
        lines = tuple(_short(tensor.name) for tensor in (lane.branch.mean, lane.branch.variance))
    return Box(
        x=_BESIDE if lane.mode is Mode.TRAINING else _RIGHT + 16,
        y=y,
        width=_LANE - 16,
        title=title,
        lines=lines,
        ink=lane.mode.value,
        loud=loud,
        idle=lane.idle,
    )


def _single(layer: BatchNorm) -> tuple[list[Html], float]:
    """One branch, and nothing that chooses."""
    lane = Lane(layer.mode, layer.wiring.served[0], (_WIDTH - _LANE) / 2, idle=False)
    x = _centre(1, "x", _short(layer.x.name))
    branch = _branch(layer, lane, x.y + x.height + _GAP)
    parts = [x.draw(), branch.draw(), arrow((x.bottom, branch.top), lane.mode.value)]
    parts.append(label("always", x.bottom[0] + 8, branch.y - 12, ink=lane.mode.value, anchor="start"))
    return _with_output(layer, parts, branch)


def _with_output(layer: BatchNorm, parts: list[Html], last: Box) -> tuple[list[Html], float]:
    """The parts with y below the last box, and the height of it all."""
    y = Box(
        x=last.x + last.width / 2 - _LANE / 2,
        y=last.y + last.height + _GAP - 8,
        width=_LANE,
        title="y",
        lines=(_short(layer.output.name),),
    )
    return [*parts, arrow((last.bottom, y.top)), y.draw()], y.y + y.height + 1
