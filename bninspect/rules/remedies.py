"""The fixes that are commands of ours: each is offered only if it would succeed on this model.

What is asked is what the command itself asks, without writing anything: so a fix never leads to a refusal
that names another fix, and back. A fix is one whole line, ready to be pasted; `--image DIR` and the name of
an array (`--feed x=@x.npy`) stand for data that nobody gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from bninspect.batchnorm import Mode
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.verdict import source_value
from bninspect.batchnorm.wiring.predicates.predicate import analyse
from bninspect.errors import BninspectError, InputError
from bninspect.graph.loops import in_loops
from bninspect.graph.outputs import model_outputs
from bninspect.graph.search import dependencies, reach, upstream
from bninspect.inputs.placeholders import example, image_input, placeholders
from bninspect.options import IMAGES
from bninspect.rewrite.freeze import frozen
from bninspect.rewrite.serving import deciders
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.rewrite.strip import needs_training, strip
from bninspect.rules.rule import Case
from bninspect.run.pure_ops import PURE_OPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bninspect.batchnorm import Report
    from bninspect.graph import Graph, Node, Tensor
    from bninspect.inputs.request import Request
    from bninspect.measure.presets import PresetFit

BUILD_ANEW = "build the graph with training=False and freeze it again"
"""What brings a model to inference if no command does."""
TRAIN_ON = "train on with the update ops run, or restore statistics that belong to these weights"
"""What brings statistics that fit if no command does."""
_FEW_LAYERS = 3
"""So many layers are named in a command; of more, all are re-estimated."""
_MOST_OUTPUTS = 20
"""A command with more outputs than this is no line that anybody reads."""
_FEW_IMAGES = 8
"""So many files are named again in a command."""
_FORMATS = {".pb", ".pbtxt", ".meta", ".keras", ".h5", ".hdf5", ".index"}
_SAVED = {"saved_model.pb", "saved_model.pbtxt"}


@dataclass(slots=True)
class _Asked:
    """What was asked of a graph before: several rules, and several layers of one rule, ask the same."""

    stripped: dict[tuple[Mode, tuple[str, ...]], Report | str] = field(default_factory=dict)
    fillable: dict[bool, frozenset[str]] = field(default_factory=dict)
    looped: frozenset[str] | None = None


_asked: WeakKeyDictionary[Graph, _Asked] = WeakKeyDictionary()


def strip_command(case: Case, mode: Mode = Mode.INFERENCE) -> str | None:
    """The command that strips the model to this mode; None if it would refuse. Where weights are missing,
    what gives the model its weights: nothing else comes before that.
    """
    report = case.report
    if (missing := missing_weights(report)) is not None:
        return missing.fix
    outputs = _outputs(report, needed=True)
    if outputs is None or obstacle(report, mode) is not None:
        return None
    asked = "" if mode is Mode.INFERENCE else f" --mode {mode.value}"
    kind = "serving" if mode is Mode.INFERENCE else "training"
    return f"bninspect strip {_model(report)}{asked}{outputs} -o {_target(report, kind)}"


def refresh_command(case: Case, names: Collection[str] = (), *, strip: bool = False) -> str | None:
    """The command that estimates the statistics of these layers (none: of all) from data; None if it would
    refuse. With `strip`, or where it cannot be done otherwise, the model is stripped, too. Where weights are
    missing, what gives the model its weights.
    """
    report = case.report
    if (missing := missing_weights(report)) is not None:
        return missing.fix
    wanted = frozenset(names) or frozenset(layer.name for layer in report.layers)
    if not wanted or wanted & layers_in_loops(report):
        return None
    ways = (True,) if strip else (False, True)
    strips = next((way for way in ways if wanted <= fillable(report, way)), None)
    outputs = _outputs(report, needed=False)
    if strips is None or outputs is None or (strips and _stays_open(report)) or refused_op(case):
        return None
    some = len(names) < len(report.layers) and len(names) <= _FEW_LAYERS and not strip
    chosen = "".join(f" --layer {quote(name)}" for name in names) if some else ""
    stripping = " --strip" if strips else ""
    target = _target(report, "serving" if strips else "refreshed")
    return f"bninspect refresh {_model(report)}{chosen}{data(case)}{stripping}{outputs} -o {target}"


def _stays_open(report: Report) -> bool:
    """Whether `strip` refuses the model whatever its statistics are."""
    return bool(report.unrecognised or needs_training(report))


def probe_command(case: Case, preset: PresetFit | None = None) -> str:
    """The command that measures the model, with another preset than before if one is given."""
    given = None if case.request is None else replace(case.request, preprocess="raw", channels=None)
    inputs = data(replace(case, request=given)) if preset is not None else data(case)
    return f"bninspect probe {_model(case.report)}{inputs}" + (f" {preset.options}" if preset else "")


def to_inference(case: Case) -> str:
    """What brings a model that trains to inference: strip, or statistics from data, or its author."""
    return strip_command(case) or refresh_command(case, strip=True) or BUILD_ANEW


def obstacle(report: Report, mode: Mode = Mode.INFERENCE) -> str | None:
    """Why `strip` would refuse the model in this mode; None if it would write it."""
    written = stripped(report, mode)
    return written if isinstance(written, str) else None


def stripped(report: Report, mode: Mode = Mode.INFERENCE) -> Report | str:
    """What `strip` would write of the model in this mode, inspected; or why it would refuse."""
    known = _asked.setdefault(report.graph, _Asked()).stripped
    key = mode, tuple(tensor.name for tensor in report.outputs)
    if key not in known:
        known[key] = _tried(report, mode)
    return known[key]


def layers_in_loops(report: Report) -> frozenset[str]:
    """Names of the layers that normalize what has many values in one run, of which no moments are taken."""
    asked = _asked.setdefault(report.graph, _Asked())
    if asked.looped is None:
        loops = in_loops(report.graph)
        asked.looped = frozenset(layer.name for layer in report.layers if layer.x.node in loops)
    return asked.looped


def data(case: Case) -> str:
    """The options that give the model its inputs: those it was run with, else one for each input it has."""
    given = case.request
    allowed = "".join(f" --allow-op {quote(op)}" for op in case.allowed_ops)
    if given is None or (given.random is not None and not given.feeds):
        return "".join(f" {word}" for word in (inputs_wanted(case.report),) if word) + allowed
    if given.random is not None or len(given.images) > _FEW_IMAGES:
        given = replace(given, images=("DIR",), random=None)
    return "".join(f" {word}" for word in (join(_words(given)),) if word) + allowed


def refused_op(case: Case) -> str | None:
    """An op that a run of both modes is refused for, whatever is fed; None if there is none."""
    report = case.report

    def before(node: Node) -> Iterable[Node]:
        return () if node.op.startswith("Placeholder") else dependencies(node)

    ops = {node.op for node in reach((tensor.node for tensor in report.outputs), before)}
    refused = ops - PURE_OPS - set(case.allowed_ops)
    if not refused or missing_weights(report) is not None:
        return None
    from bninspect.measure.both_modes import both_modes

    try:  # freezing takes out variables, and fixing the mode the updates behind them
        held = frozen(report)
        program = both_modes(held, lambda mode, _: mode, held.outputs).graphdef
    except BninspectError:
        return None
    return next((node.op for node in program.nodes if node.op in refused), None)


def _tried(report: Report, mode: Mode) -> Report | str:
    try:
        return strip(with_values(report), mode).written
    except BninspectError as error:
        return str(error)


def fillable(report: Report, create: bool) -> frozenset[str]:
    """Names of the layers whose statistics can be written anew."""
    known = _asked.setdefault(report.graph, _Asked()).fillable
    if create not in known:
        try:
            slots, _ = find_slots(with_values(report), create=create)
        except BninspectError:
            slots = ()
        known[create] = frozenset(layer.name for slot in slots for layer in slot.layers)
    return known[create]


def with_values(report: Report) -> Report:
    """The report as the commands rewrite it: variables that have values are constants."""
    return report if report.graph.graphdef.variables is None else frozen(report)


def _model(report: Report) -> str:
    """The path of the model as a shell takes it. Standard input has to be given again: MODEL."""
    path = report.graph.graphdef.path
    return "MODEL" if path == "-" else quote(f"./{path}" if path.startswith("-") else path)


def _target(report: Report, kind: str) -> str:
    """A file beside the model: `net.pb` -> `net.serving.pb`; if it has no name of its own
    (`net/saved_model.pb`, `net/.meta`), that of its folder. Of a MetaGraph `net-serving.pb`: what begins with
    its name and a dot belongs to its checkpoint.
    """
    named = report.graph.graphdef.path
    if named == "-":
        return f"{kind}.pb"
    path = Path(named)
    if path.name in _SAVED | _FORMATS:
        path = path.parent
    stem = path.stem if path.suffix in _FORMATS and not path.is_dir() else path.name
    dash = "-" if report.graph.graphdef.format.startswith("metagraph") else "."
    target = str(path.with_name(f"{stem}{dash}{kind}.pb")) if stem else f"{kind}.pb"
    return quote(f"./{target}" if target.startswith("-") else target)


def _outputs(report: Report, *, needed: bool) -> str | None:
    """`--output` for each output, if others than the model's own were chosen, or (`needed`) the file does not
    tell which of several are meant. None if there are too many to name.
    """
    graph = report.graph
    ambiguous = needed and not graph.signatures and len(report.outputs) > 1
    if not ambiguous and report.outputs == model_outputs(graph):
        return ""
    if len(report.outputs) > _MOST_OUTPUTS:
        return None
    return "".join(f" --output {quote(tensor.name.removesuffix(':0'))}" for tensor in report.outputs)


def inputs_wanted(report: Report) -> str:
    """The options that give the model what it has to be fed, if nobody gave it anything: `--image DIR`,
    `--feed wav_data=@clip.wav`; empty for a model without placeholders. Nothing that is only there to decide
    the mode; what decides if layers run at all, so that they do.
    """
    decided = {one for decider in deciders(report) for one, _ in decider.asking}
    graph = report.graph
    reached = upstream(tensor.node for tensor in report.outputs)
    ends = {one.node for one in decided if one.node in reached and _gives_only(one, graph)}
    needed = upstream((tensor.node for tensor in report.outputs), until=ends.__contains__)
    places = [place for place in placeholders(graph, needed) if place.tensor not in decided]
    try:
        image = image_input(graph, places, report.layers, None)
    except InputError:
        image = None
    if image is not None:  # what stands before it does not run
        ends.add(image.tensor.node)
        needed = upstream((tensor.node for tensor in report.outputs), until=ends.__contains__)
    others = [
        place for place in places if place != image and not place.has_default and place.tensor.node in needed
    ]
    running = _values_that_run(report)
    feeds = [example(graph, place, running.get(place.tensor)) for place in others]
    return " ".join(([] if image is None else [IMAGES]) + feeds)


def _gives_only(tensor: Tensor, graph: Graph) -> bool:
    """Whether nothing else that the tensor's node gives is read."""
    return len(tuple(graph.uses(tensor.node))) == len(tuple(graph.uses_of(tensor)))


def _values_that_run(report: Report) -> dict[Tensor, str]:
    """What decides whether layers run at all -> its value for which they do."""
    found: dict[Tensor, str] = {}
    for predicate, value in (pair for layer in report.layers for pair in layer.runs_when):
        decided = analyse(predicate)
        if decided.source is not None:
            found.setdefault(decided.source, source_value(decided.source, value == decided.true_when))
    return found


def _words(request: Request) -> tuple[str, ...]:
    """The words of a command line that asks for the same, but for `shuffle`, `batches` and `seed`, which each
    command decides by itself.
    """
    size = None if request.size is None else f"{request.size[0]}x{request.size[1]}"
    one_each = (
        ("--random", request.random),
        ("--input", request.input),
        ("--batch-size", request.batch_size),
        ("--preprocess", None if request.preprocess == "raw" else request.preprocess),
        ("--channels", request.channels),
        ("--size", size),
        ("--resize", None if request.resize == "stretch" else request.resize),
    )
    words = [word for image in request.images for word in ("--image", image)]
    words += [word for spec in request.data for word in ("--data", spec)]
    words += [word for name, given in one_each if given is not None for word in (name, str(given))]
    return (*words, *(word for feed in request.feeds for word in ("--feed", feed)))
