"""`--format json`: the facts as a document with a version, for programs to read."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.commands.graph import Unread
from bninspect.text import as_written
from bninspect.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.layer import BatchNorm, Report, Statistics, SwitchGroup
    from bninspect.batchnorm.switch import ModeSwitch, Predicate
    from bninspect.commands.graph import GraphResult
    from bninspect.graph import Graph, Tensor
    from bninspect.graphdef import GraphDef
    from bninspect.statistics.staleness import Staleness

SCHEMA_VERSION = 1
_SCALARS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    bool: lambda value: "true" if value else "false",
    float: lambda value: float.__repr__(value) if math.isfinite(value) else "null",
    int: int.__repr__,
    type(None): lambda _: "null",
}
"""What writes a value that is no list or dictionary, as JSON."""

Document = dict[str, Any]


def dumps(document: Document) -> str:
    """The document as text; non-finite numbers, which JSON does not have, become null.

    ASCII alone, and no `##[`, which a runner may take for a command (`escaping.printable`): a string with an
    escape in it is the same string.
    """
    return "".join(pieces(document))


def pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The text of `dumps` in pieces; of a list in it, which may be an iterator, one entry at a time. So what
    tells of many layers is never there twice.
    """
    newline, inner = "\n  ", "\n    "
    start = "{"
    for key, value in document.items():
        yield f"{start}{newline}{encode_basestring_ascii(key)}: "
        start = ","
        if not isinstance(value, list | Iterator):
            yield _without_commands(_written(value, newline))
            continue
        opening = "["
        for entry in value:
            yield f"{opening}{inner}{_without_commands(_written(entry, inner))}"
            opening = ","
        yield f"{newline}]" if opening == "," else "[]"
    yield "\n}" if document else "{}"


def _without_commands(text: str) -> str:
    """JSON that begins no command of a runner; `dumps` says which."""
    return text.replace("##", "#\\u0023")


def _written(value: Any, newline: str) -> str:
    """The text that `json.dumps` makes with an indent of 2, in a third of its time, as that hands on each
    piece through a generator for every level. `newline` ends a line and indents the next one.
    """
    write = _SCALARS.get(value.__class__)
    if write is not None:
        return write(value)
    inner = newline + "  "
    if isinstance(value, dict):
        parts = []
        for key, part in value.items():
            write = _SCALARS.get(part.__class__)
            text = _written(part, inner) if write is None else write(part)
            parts.append(f"{encode_basestring_ascii(key)}: {text}")
        return f"{{{inner}{f',{inner}'.join(parts)}{newline}}}" if parts else "{}"
    if isinstance(value, list | tuple):
        parts = [_written(part, inner) for part in value]
        return f"[{inner}{f',{inner}'.join(parts)}{newline}]" if parts else "[]"
    for kind, write in _SCALARS.items():
        if isinstance(value, kind):
            return write(value)
    return json.dumps(value)


def graph_document(report: Report, layers: Sequence[BatchNorm]) -> Document:
    """The document of `graph`: the whole model, with the given layers of it."""
    return {
        **head(),
        "model": model(report.graph, report.outputs),
        "signatures": [
            {"key": one.key, "modes": modes(one.layers), "layers": [layer.name for layer in one.layers]}
            for one in report.signatures
        ],
        "switches": [_switch_group(group) for group in report.switches],
        "layers": [_layer(layer) for layer in layers],
        "lookalikes": [
            {"name": found.node.label, "kind": found.kind, "reason": found.reason}
            for found in report.lookalikes
        ],
        "unrecognised": unrecognised(report),
        "skipped": [
            {"what": skip.what, "count": skip.count, "reason": skip.reason} for skip in report.skipped
        ],
    }


def graph_pieces(report: Report, layers: Sequence[BatchNorm]) -> Iterator[str]:
    """The text of `graph_document` in pieces, each layer written before the next one is looked at."""
    return pieces({**graph_document(report, ()), "layers": map(_layer, layers)})


def one_of_several(result: GraphResult | Unread) -> Document:
    """A model's entry: what `graph_document` says of it, or its path and why it could not be read."""
    if isinstance(result, Unread):
        return {"model": {"path": result.path}, "error": result.error}
    document = graph_document(result.report, result.layers)
    return {key: value for key, value in document.items() if key not in head()}


def graphs_document(models: Sequence[Document]) -> Document:
    """The document of `graph` of several models, in the order of the command line."""
    return {**head(), "models": list(models)}


def modes(layers: Sequence[BatchNorm]) -> dict[str, int]:
    """How many of the layers are in each mode."""
    return dict(sorted(Counter(layer.mode.value for layer in layers).items()))


def unrecognised(report: Report) -> list[Document]:
    """What may be a batch norm and could not be decided."""
    return [
        {"node": found.node, "reason": found.reason, "fix": found.remedy} for found in report.unrecognised
    ]


def head() -> Document:
    """What every document begins with: its version, and the program that wrote it."""
    return {"schema_version": SCHEMA_VERSION, "tool": {"name": "bninspect", "version": __version__}}


def model(graph: Graph, outputs: Sequence[Tensor]) -> Document:
    """The file that was read, with the outputs that count."""
    return {**file_facts(graph.graphdef), "outputs": [tensor.name for tensor in outputs]}


def file_facts(record: GraphDef) -> Document:
    """What the file itself is; `nodes` and `functions` are those of the file, calls not written out."""
    return {
        "path": record.path,
        "format": record.format,
        "bytes": record.size,
        "nodes": len(record.nodes),
        "functions": len(record.functions),
        "producer": record.producer,
        "checkpoint": record.checkpoint,
    }


def _source(predicate: Predicate) -> Document:
    source = predicate.source
    return {
        "source": None if source is None else source.name,
        "source_op": None if source is None else source.node.op,
        "default": predicate.default,
        "constant": predicate.constant,
    }


def _switch_group(group: SwitchGroup) -> Document:
    return {**_source(group.predicate), "layers": len(group.layers)}


def _switch(switch: ModeSwitch | None) -> Document | None:
    if switch is None:
        return None
    return {
        "predicate": switch.predicate.tensor.name,
        **_source(switch.predicate),
        "training_when": switch.training_when,
    }


def _branch(branch: Branch | None) -> Document | None:
    return None if branch is None else {"node": branch.node.label, "branch": branch.taken_when}


def _node_name(tensor: Tensor | None) -> str | None:
    return None if tensor is None else tensor.node.label


def _statistics(statistics: Statistics) -> Document:
    values = statistics.values
    return {
        "state": statistics.state.value,
        "reason": statistics.reason,
        "mean": None if values is None else list(values.mean_range),
        "variance": None if values is None else list(values.variance_range),
    }


def _function(layer: BatchNorm) -> str | None:
    """The innermost library function of the training (else inference) node; None at the top level."""
    functions = layer.wiring.served[0].node.functions
    return functions[-1] if functions else None


def _layer(layer: BatchNorm) -> Document:
    return {
        "name": layer.name,
        "form": layer.form.value,
        "op": layer.op,
        "function": _function(layer),
        "mode": layer.mode.value,
        "switch": _switch(layer.switch),
        "training": _branch(layer.training),
        "inference": _branch(layer.inference),
        "merges": [node.label for node in layer.merges],
        "input": layer.x.name,
        "output": layer.output.name,
        "gamma": _node_name(layer.gamma),
        "beta": _node_name(layer.beta),
        "moving_mean": _node_name(layer.moving_mean),
        "moving_variance": _node_name(layer.moving_variance),
        "epsilon": as_written(layer.epsilon),
        "momentum": as_written(layer.momentum),
        "data_format": layer.data_format,
        "channels": layer.channels,
        "statistics": _statistics(layer.statistics),
        "statistics_sets": [
            {
                "when": condition(one.when),
                "node": one.node.label,
                "moving_mean": one.moving.mean.node.label,
                "moving_variance": one.moving.variance.node.label,
                "statistics": _statistics(one.statistics),
            }
            for one in layer.sets
        ],
        "updates": layer.updates,
        "idle_update_ops": [node.label for node in layer.idle_update_ops],
        "trainable": None if layer.trainable is None else list(layer.trainable),
    }


def staleness_document(found: Staleness | None) -> Document | None:
    """How far stored statistics are from what was measured; null where there are none."""
    if found is None:
        return None
    return {
        "score": found.score,
        "score_error": found.score_error,
        "verdict": found.verdict,
        "worst": found.worst and found.worst._asdict(),
    }


def finite(value: Any) -> Any:
    """The value with every NaN and infinity in it replaced by None."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
