"""`bninspect.inspect`: what a model alone says of its batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import takes
from bninspect.api.shown import Layers, Shown, said
from bninspect.batchnorm.verdict import verdict
from bninspect.commands.graph import GraphOptions, inspect_model
from bninspect.commands.report.of_commands import facts_as_given
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.render.graph.screen import verdict_line
from bninspect.render.json import graph_document
from bninspect.render.page.notebook import pictures

if TYPE_CHECKING:
    from bninspect.api.keywords import Model, Names
    from bninspect.batchnorm import BatchNorm, Lookalike, SwitchGroup, Unrecognised
    from bninspect.batchnorm.layer import ServedSignature
    from bninspect.errors import Absent


@frozen_dataclass(eq=False)
class InspectReport(Shown):
    """Where every batch norm of a model is, which branch serves which mode, and what decides."""

    COLUMNS: ClassVar = ("name", "mode", "form", "channels", "switch.source", "statistics.state")

    path: str
    """Of the model, as it was given."""
    layers: Layers[BatchNorm]
    """In graph order: a layer stands behind every layer that feeds it. `layers["bn1"]`, `layers[0]`."""
    outputs: tuple[str, ...]
    """Tensors, `name:0`; only what they depend on is a layer."""
    switches: tuple[SwitchGroup, ...]
    """Every source that decides a mode, with the layers that it decides."""
    lookalikes: tuple[Lookalike, ...]
    """Layer norm and the like."""
    unrecognised: tuple[Unrecognised, ...]
    """What may be batch norm and could not be decided, with the reason."""
    skipped: tuple[Absent, ...]
    """What was left out on purpose, with the reason."""
    signatures: tuple[ServedSignature, ...]
    """Of a model with several signatures the layers of each; else none."""
    is_for_training: bool
    """Whether the graph is there to train: it has a train op, and no signature says that it is served."""


@takes(GraphOptions)
def inspect(
    model: Model, *, outputs: Names = (), signature: str | None = None, layers: Names = ()
) -> InspectReport:
    """Returns where every batch norm of the model is, which branch serves which mode, and what decides.

    As `bninspect graph`. `model` is a path (GraphDef, MetaGraph, checkpoint, SavedModel, Keras) or a graph
    that `load` gave. It is only read, never run; a Keras file alone has to be loaded, which needs TensorFlow.

        report = bninspect.inspect("model.pb")
        report                                # the verdict
        report.layers["bn1"].mode             # by name, or by position: report.layers[0]
        report.to_frame()                     # a row for each layer

    Raises GraphDefError for a file that cannot be read (of a Keras file RunError, too), SelectionError for a
    name that matches nothing, OptionError for a value that an option cannot have.
    """
    # The names of the options are texts or several of them: GraphOptions makes tuples of them.
    options = GraphOptions(outputs=outputs, signature=signature, layers=layers)  # type: ignore[arg-type]
    result = inspect_model(model, options)
    found = result.report
    return InspectReport(
        verdict=said([verdict_line(found, verdict(found))])[0],
        document=graph_document(found, result.layers),
        pictures=pictures(facts_as_given(found)),
        path=found.graph.graphdef.path,
        layers=Layers(result.layers),
        outputs=tuple(tensor.name for tensor in found.outputs),
        switches=found.switches,
        lookalikes=found.lookalikes,
        unrecognised=found.unrecognised,
        skipped=found.skipped,
        signatures=found.signatures,
        is_for_training=found.is_for_training,
    )
