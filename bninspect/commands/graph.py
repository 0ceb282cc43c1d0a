"""`graph`: what a model alone tells of its batch norm, and the layers of it that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.errors import OptionError, bug_of, described
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.models.checkpoint.locate import is_no_part, names_checkpoint
from bninspect.models.open import load
from bninspect.options import Checked, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph


@frozen_dataclass
class GraphOptions(Checked):
    """What is looked at. Raises OptionError for a value that an option cannot have."""

    outputs: Texts = ()
    """Nodes or tensors: only what they depend on is shown; empty: the model's own outputs."""
    signature: str | None = None
    """What this signature runs; None: serving_default, else all of them."""
    layers: Texts = ()
    """Globs of the layers to show, or names of their nodes; empty: all of them."""

    def refuse_contradictions(self) -> None:
        if self.outputs and self.signature is not None:
            raise OptionError("--output and --signature both say what is looked at: give one of them")


@frozen_dataclass
class GraphResult:
    """A model that was inspected."""

    report: Report
    """All that its graph tells."""
    layers: tuple[BatchNorm, ...]
    """The layers to show; all of them unless some were asked for."""


@frozen_dataclass
class Unread:
    """One of several models, which could not be inspected."""

    path: str
    error: str
    """One line."""
    bug: str | None
    """The traceback, where the error is a fault of this program rather than of the model."""


def inspect_model(model: str | PathLike[str] | Graph, options: GraphOptions | None = None) -> GraphResult:
    """The model, a path or a graph, inspected: what the outputs or the signature run, and of it the layers
    that the globs stand for.

    Raises GraphDefError for a file that cannot be read (of a Keras file RunError, too), SelectionError for a
    name or a glob that matches nothing.
    """
    options = options or GraphOptions()
    report = inspect(load(model), outputs=options.outputs, signature=options.signature)
    return GraphResult(report=report, layers=select(report.layers, options.layers))


def models_named(paths: Sequence[str]) -> tuple[str, ...]:
    """The models that the paths name, as `commands.paths` has them; a folder that is a checkpoint is one.

    Raises SelectionError for a folder without a model and a glob that matches nothing.
    """
    named: dict[str, None] = {}
    for path in paths:
        named.update(dict.fromkeys(_models(path)))
    return tuple(named)


def _models(path: str) -> tuple[str, ...]:
    if is_no_part(path) or names_checkpoint(path):
        return (path,)
    from bninspect.commands.paths import models

    return models([path])


def inspect_each(paths: Sequence[str], options: GraphOptions | None = None) -> Iterator[GraphResult | Unread]:
    """The models one by one. Whatever goes wrong with one takes no other with it: nothing is raised."""
    for path in paths:
        try:
            yield inspect_model(path, options)
        except Exception as error:
            yield Unread(path=path, error=described(path, error), bug=bug_of(error))
