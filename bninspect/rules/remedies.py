"""Commands that mend a finding: each is offered only if it would do so on this model.

What is asked is what the command itself asks, without writing anything: so a remedy never leads to a refusal
that names another remedy, and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from bninspect.batchnorm import Mode
from bninspect.errors import BninspectError, InputError
from bninspect.graph.loops import in_loops
from bninspect.graph.search import upstream
from bninspect.inputs.placeholders import image_input, placeholders
from bninspect.rewrite.freeze import frozen
from bninspect.rewrite.serving import deciders
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.rewrite.strip import strip

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.graph import Graph

STRIP = "bninspect strip MODEL -o OUT"
BUILD_ANEW = "build the graph with training=False and freeze again"
"""What brings a model to inference if no command does."""
_MOST_OUTPUTS = 5
"""More outputs than this are for the user to choose from."""
_obstacles: WeakKeyDictionary[Graph, dict[Mode, str | None]] = WeakKeyDictionary()
"""What was asked of a graph before: several rules ask the same."""


def obstacle(report: Report, mode: Mode = Mode.INFERENCE) -> str | None:
    """Why `strip` would refuse the model in this mode; None if it would write it."""
    known = _obstacles.setdefault(report.graph, {})
    if mode not in known:
        known[mode] = _tried(report, mode)
    return known[mode]


def strip_command(report: Report, mode: Mode = Mode.INFERENCE) -> str | None:
    """The command that strips the model to this mode; None if it would refuse."""
    if obstacle(report, mode) is not None:
        return None
    asked = "" if mode is Mode.INFERENCE else f" --mode {mode.value}"
    return f"{STRIP}{asked}{_outputs(report)}"


def refresh_command(report: Report) -> str | None:
    """The command that estimates the statistics of every layer from data and strips the model; None if it
    would refuse.
    """
    if report.unrecognised or not report.layers or layers_in_loops(report):
        return None
    try:
        _, left = find_slots(_with_values(report), create=True)
    except BninspectError:
        return None
    return None if left else f"bninspect refresh MODEL -o OUT{_data(report)} --strip{_outputs(report)}"


def layers_in_loops(report: Report) -> set[str]:
    """Names of the layers that normalize what has many values in one run, of which no moments are taken."""
    loops = in_loops(report.graph)
    return {layer.name for layer in report.layers if layer.x.node in loops}


def to_inference(report: Report) -> str:
    """What brings a model that trains to inference: strip, or statistics from data, or its author."""
    return strip_command(report) or refresh_command(report) or BUILD_ANEW


def _tried(report: Report, mode: Mode) -> str | None:
    try:
        strip(_with_values(report), mode)
    except BninspectError as error:
        return str(error)
    return None


def _with_values(report: Report) -> Report:
    """The report as the commands rewrite it: variables that have values are constants."""
    return report if report.graph.graphdef.variables is None else frozen(report)


def _outputs(report: Report) -> str:
    """`--output` for each output, if the file does not tell which of several are meant."""
    if report.graph.signatures or not 1 < len(report.outputs) <= _MOST_OUTPUTS:
        return ""
    return "".join(f" --output {tensor.name.removesuffix(':0')}" for tensor in report.outputs)


def _data(report: Report) -> str:
    """The options that give the model what it has to be fed."""
    needed = upstream(tensor.node for tensor in report.outputs)
    decided = {decider.tensor for decider in deciders(report)}
    places = [place for place in placeholders(report.graph, needed) if place.tensor not in decided]
    try:
        image = image_input(report.graph, places, report.layers, None)
    except InputError:
        image = None
    others = [place for place in places if place != image and not place.has_default]
    feeds = "".join(
        f" --feed {place.name.removesuffix(':0')}=@{place.tensor.node.name.rpartition('/')[2]}.npy"
        for place in others
    )
    return (" --image DIR" if image is not None else "") + feeds
