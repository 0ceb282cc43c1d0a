"""The first thing a person reads: in plain words, which mode this model serves, and what decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from bninspect.batchnorm.layer import State
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import sent_to_training_by
from bninspect.render.line import Line
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report, SwitchGroup
    from bninspect.batchnorm.switch import ModeSwitch, Predicate
    from bninspect.graph import Tensor
    from bninspect.render.line import Tone

_VARIABLES = {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "VarIsInitializedOp"}


class _Says(NamedTuple):
    """How layers come to their mode, as the end of a sentence about them."""

    verb: Literal["run", "are"]
    text: str
    tone: Tone = "plain"


class _Way(NamedTuple):
    """Layers that come to their mode in the same way."""

    layers: tuple[BatchNorm, ...]
    says: _Says


def verdict(report: Report) -> list[Line]:
    """The statements on the whole model, the headline first."""
    total = len(report.layers)
    if not total:
        return [*_nothing(report), *_by_signature(report)]
    ways = sorted(_ways(report), key=lambda way: way.says.tone != "error")
    subject = counted(total, "batch-norm layer")
    if len(ways) == 1:
        sentences = [_all_alike(subject, total, ways[0].says)]
    else:
        sentences = [
            Line(f"{subject}, which do not all behave alike:"),
            *(_some(way, total) for way in ways),
        ]
    return [
        *sentences,
        *_by_signature(report),
        *_opposed(report),
        *_weights(report),
        *_training(report),
        *_statistics(report),
    ]


def _all_alike(subject: str, total: int, says: _Says) -> Line:
    if says.verb == "run":
        return Line(f"{subject}; {'all run' if total > 1 else 'it runs'} {says.text}.", says.tone)
    return Line(f"{subject}, {'all ' if total > 1 else ''}{says.text}.", says.tone)


def _some(way: _Way, total: int) -> Line:
    """The layers of one way among others, by name."""
    verbs = {"run": ("runs", "run"), "are": ("is", "are")}[way.says.verb]
    verb = verbs[len(way.layers) > 1]
    names = listed([layer.name for layer in way.layers])
    return Line(f"- {len(way.layers):,} of {total:,} {verb} {way.says.text} ({names}).", way.says.tone)


def _nothing(report: Report) -> list[Line]:
    """What it may mean that there is no layer."""
    if report.unrecognised:
        places = counted(len(report.unrecognised), "place")
        told = f"No batch-norm layer for certain: {places} could not be decided; see below."
        sentences = [Line(told, "warning")]
    else:
        outputs = listed([tensor.name for tensor in report.outputs])
        sentences = [
            Line("No batch-norm layer in this model.", "warning"),
            Line(
                "It may have been folded into the weights (graph optimizers and converters do that), or this "
                "is not the file you meant"
                + (f", or its outputs ({outputs}) do not depend on any." if outputs else ".")
            ),
        ]
    if report.lookalikes:
        sentences.append(Line(f"{counted(len(report.lookalikes), 'lookalike')} found; see below."))
    return sentences


def _ways(report: Report) -> Iterator[_Way]:
    """Every way to a mode that occurs, with its layers."""
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        fixed = [layer for layer in report.layers if layer.switch is None and layer.mode is mode]
        around: dict[str, list[BatchNorm]] = {}
        for layer in fixed:
            around.setdefault(", ".join(source.name for source, _ in layer.runs_when), []).append(layer)
        for conditionals, alike in around.items():
            yield _Way(tuple(alike), _fixed(mode, conditionals, report.is_for_training))
    for group in report.switches:
        yield from _decided(group)


def _decided(group: SwitchGroup) -> Iterator[_Way]:
    """The layers of one source, by the value of it that sends them to training."""
    by_value: dict[bool, list[BatchNorm]] = {True: [], False: []}
    for layer in group.layers:
        if layer.switch is not None:
            by_value[sent_to_training_by(layer.switch)].append(layer)
    opposed = all(by_value.values())
    for value, layers in by_value.items():
        switch = layers[0].switch if layers else None
        if switch is not None:
            says = _switched(group.predicate, switch, layers[0].mode)
            if opposed and group.predicate.source is None and group.predicate.constant is None:
                says = says._replace(text=f"{says.text}; {str(value).lower()} serves training")
            yield _Way(tuple(layers), says)


def _opposed(report: Report) -> Iterator[Line]:
    """Sources that send some layers to training by the value that sends others to inference."""
    for group in report.switches:
        switches = [layer.switch for layer in group.layers if layer.switch is not None]
        if len({sent_to_training_by(switch) for switch in switches}) > 1:
            name = switches[0].decided_by.name
            text = f"No value of {name} serves inference to all layers that it switches."
            yield Line(text, "error")


def _fixed(mode: Mode, conditionals: str, for_training: bool) -> _Says:
    """What the file says of layers of one mode; `conditionals` around them decide only whether they run.

    Training mode is right in a graph that is there to train.
    """
    if conditionals:
        name = "TRAINING" if mode is Mode.TRAINING else "inference"
        text = f"in {name} mode, fixed in the file, whenever reached: a conditional on {conditionals} "
        text += "decides only that"
        return _Says("run", text, "error" if mode is Mode.TRAINING else "plain")
    if mode is Mode.TRAINING and for_training:
        return _Says("run", "in training mode whatever is fed: right while training, not for serving")
    if mode is Mode.TRAINING:
        return _Says("run", "in TRAINING mode whatever is fed, fixed in the file", "error")
    return _Says("run", "in inference mode, fixed in the file")


def _switched(predicate: Predicate, switch: ModeSwitch, mode: Mode) -> _Says:
    """What a predicate does to the layers it decides."""
    if predicate.constant is not None:
        value = str(predicate.constant).lower()
        text = f"decided by a predicate that is the constant {value}"
        if mode is Mode.TRAINING:
            return _Says("are", f"{text}: TRAINING, fixed in the file", "error")
        return _Says("are", f"{text}: inference, fixed in the file")
    if predicate.source is None:
        computed = f"switched by a computed predicate, {predicate.behind.name} ({predicate.behind.node.op})"
        return _Says("are", computed + (f": {predicate.reason}" if predicate.reason else ""), "warning")
    return _sourced(predicate, predicate.source, switch)


def _sourced(predicate: Predicate, source: Tensor, switch: ModeSwitch) -> _Says:
    """What the one tensor that decides does, in terms of its own values."""
    training = source_value(source, switch.training_when is True)
    inference = source_value(source, switch.training_when is not True)
    default = switch.served_by_default
    if predicate.default is not None and default is not None:
        given = str(predicate.default).lower()
        by = f"switched by {source.name} ({source.node.op}, default {given})"
        if default is Mode.TRAINING:
            return _Says(
                "are", f"{by}: feeding nothing serves TRAINING; feed {inference} for inference", "error"
            )
        return _Says("are", f"{by}: feeding nothing serves inference; feed {training} for training")
    by = f"switched by {source.name} ({source.node.op})"
    if source.node.op == "Placeholder":
        fed = f"feed {training} for training, {inference} for inference"
        return _Says("are", f"{by}: {fed}; nothing is served unless it is fed")
    means = f"{training} means training, {inference} inference"
    if source.node.op in _VARIABLES:
        return _Says("are", f"{by}: {means}; what is served is what this variable holds", "warning")
    return _Says("are", f"{by}: {means}")


def source_value(source: Tensor, truth: bool) -> str:
    """How a person writes a value of the source that counts as true or false."""
    dtype = source.node.attr("dtype") or source.node.attr("T") or "bool"
    if dtype in ("bool", "bool_ref") or not isinstance(dtype, str):
        return "true" if truth else "false"
    return "1" if truth else "0"


def _training(report: Report) -> Iterator[Line]:
    """Of a training graph, whether training moves the statistics that inference is to use."""
    layers = [layer for layer in report.layers if layer.trains_on_batch]
    if all(layer.updates is None for layer in report.layers):
        return
    if not layers:
        yield Line("A training graph; what normalizes with moving statistics does not update them.")
    elif all(layer.updates == "run" for layer in layers):
        others = [layer.name for layer in layers if layer.updated_by_others]
        told = f", but not those of {listed(others)}, which have the same statistics" if others else ""
        yield Line(f"A training graph; its train op runs the updates of the moving statistics{told}.")
    for updates, words in (
        ("unused", "no train op runs the updates of the moving statistics"),
        ("none", "nothing updates the moving statistics"),
    ):
        still = [layer for layer in layers if layer.updates == updates]
        if still:
            names = listed([layer.name for layer in still])
            part = f" of {len(still):,} of {len(layers):,} layers ({names})" if still != layers else ""
            text = f"A training graph, and {words}{part}: inference will not use what training saw."
            yield Line(text, "error")


def _by_signature(report: Report) -> Iterator[Line]:
    """Which signature serves which mode; nothing if all serve the same."""
    ways = [_modes(one.layers) for one in report.signatures]
    if len(set(ways)) > 1:
        each = [f"{one.key} runs {way}" for one, way in zip(report.signatures, ways, strict=True)]
        yield Line(f"By signature: {'; '.join(each)}.")


def _modes(layers: Sequence[BatchNorm]) -> str:
    """`2 in training mode`; `1 in inference mode and 2 switched`; `no batch norm`."""
    words = {
        Mode.TRAINING: "in training mode",
        Mode.INFERENCE: "in inference mode",
        Mode.SWITCHED: "switched",
    }
    counts = {mode: sum(layer.mode is mode for layer in layers) for mode in words}
    told = [f"{counts[mode]:,} {how}" for mode, how in words.items() if counts[mode]]
    return " and ".join(told) if told else "no batch norm"


def _weights(report: Report) -> Iterator[Line]:
    """What the file lacks: weights that were to be in it, or beside it."""
    missing = missing_weights(report)
    if missing is not None:
        told = str(missing)
        yield Line(f"{told[0].upper()}{told[1:]}.", "plain" if report.is_for_training else "error")


def _statistics(report: Report) -> Iterator[Line]:
    """Statistics that no one should serve with."""
    total = len(report.layers)
    for state, words in (
        (State.INITIAL, "initial statistics, as if never trained: inference does not normalize there"),
        (State.INVALID, "invalid statistics: inference gives NaN there"),
    ):
        layers = tuple(layer for layer in report.layers if layer.statistics.state is state)
        if layers:
            who = f"{len(layers):,} of {total:,}" if len(layers) < total else "All" if total > 1 else "It"
            holds = "hold" if len(layers) > 1 else "holds"
            yield Line(f"{who} {holds} {words}.", "error")
