"""Layers that behave alike, drawn once: which node serves which mode, and what they have in common."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.render.graph.wiring import conditional
from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table
from bninspect.text import as_written, below, common_name, counted, grouped, listed, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.batchnorm.verdict import Behaviour
    from bninspect.render.line import Item

_MOST_VALUES = 3
"""Values that are named before their range is."""

Picture = tuple[tuple[str, str, str], ...]
"""(what, node, port) for each branch and for where they meet."""


def group(way: Behaviour, *, alone: bool, most: int) -> Iterator[Item]:
    """The layers of one behaviour: their name, unless they are `alone` in the model, at most so many ways in
    which they are wired, and what they have in common.
    """
    if not alone:
        names = [layer.name for layer in way.layers]
        yield Line(f": {way.brief}", way.level, label=grouped(names))
    pictures = _pictures(way.layers)
    for picture, layers in pictures[:most]:
        if len(pictures) > 1:
            yield Line(grouped([layer.name for layer in layers]), "dim", indent=2)
        yield _table(picture, indent=2 if len(pictures) == 1 else 4)
    if more := pictures[most:]:
        count = sum(len(layers) for _, layers in more)
        yield Line(f"{counted(count, 'layer')} in {counted(len(more), 'other wiring')}", "dim", indent=2)
    yield Line(common(way.layers), indent=2)


def _table(picture: Picture, indent: int) -> Table:
    what, nodes, ports = (tuple(map(Cell, texts)) for texts in zip(*picture, strict=True))
    columns = [Column("", what), Column("", nodes, folds=True), Column("", ports)]
    return Table(columns, columns[:2], titled=False, indent=indent)


def _pictures(layers: Sequence[BatchNorm]) -> list[tuple[Picture, list[BatchNorm]]]:
    """Each way in which the layers are wired, with LAYER for their names, the most frequent first."""
    alike: dict[Picture, list[BatchNorm]] = {}
    unnamed: dict[BatchNorm, Picture] = {}
    for layer in layers:
        rows = _picture(layer)
        named = [
            (what, _relative(layer, node) if len(layers) > 1 else node, port) for what, node, port in rows
        ]
        picture = tuple((what, name, port) for what, name, port in named if name is not None)
        if len(picture) == len(rows):
            alike.setdefault(picture, []).append(layer)
        else:
            unnamed[layer] = rows
    return [*sorted(alike.items(), key=lambda item: -len(item[1])), *_unnamed(unnamed)]


def _unnamed(rows: Mapping[BatchNorm, Picture]) -> list[tuple[Picture, list[BatchNorm]]]:
    """Layers whose nodes do not stand below their names: each node by what the names have in common."""
    by_shape: dict[tuple[tuple[str, str], ...], list[BatchNorm]] = {}
    for layer, picture in rows.items():
        by_shape.setdefault(tuple((what, port) for what, _, port in picture), []).append(layer)
    found = []
    for shape, alike in by_shape.items():
        columns = zip(*([node for _, node, _ in rows[layer]] for layer in alike), strict=True)
        nodes = [common_name(labels) or listed(labels, 2) for labels in columns]
        found.append(
            (tuple((what, node, port) for (what, port), node in zip(shape, nodes, strict=True)), alike)
        )
    return found


def _picture(layer: BatchNorm) -> Picture:
    """The branches that may run, of a switched layer that of the value true first, and where they meet."""
    if layer.mode is not Mode.SWITCHED:
        [branch] = layer.wiring.served
        return ((layer.mode.value, branch.node.label, ""),)
    kind = conditional(layer)
    served = [
        (_value(layer, mode, branch), mode, branch)
        for mode, branch in zip((Mode.TRAINING, Mode.INFERENCE), layer.wiring.served, strict=True)
    ]
    rows = [
        (f"{value:<5}  {mode.value}" if value else mode.value, branch.node.label, _port(kind, branch))
        for value, mode, branch in sorted(served, key=lambda row: row[0] in ("false", "0"))
    ]
    meet = dict.fromkeys([node.label for node in layer.merges])
    for number, label in enumerate(meet):
        rows.append(("" if number else "joined by", label, "" if kind in ("Switch", "If") else kind))
    return tuple(rows)


def _relative(layer: BatchNorm, label: str) -> str | None:
    """The node as `LAYER/cond/Merge`; None if it does not stand below its layer."""
    name = layer.name
    functions = layer.wiring.served[0].node.functions
    if functions and not _is_in(label, name):
        label = below(label, functions[-1])
    return f"LAYER{label[len(name) :]}" if _is_in(label, name) else None


def _is_in(label: str, name: str) -> bool:
    """Whether a node is the one of this name, or stands below it."""
    return label.startswith(name) and label[len(name) : len(name) + 1] in ("", "/")


def _value(layer: BatchNorm, mode: Mode, branch: Branch) -> str:
    """The value of what decides that takes this branch of a switched layer."""
    if layer.switch is None:
        return ""
    source, training_when = layer.switch.predicate.source, layer.switch.training_when
    if source is None or training_when is None:
        return "" if branch.taken_when is None else str(branch.taken_when).lower()
    return source_value(source, training_when is (mode is Mode.TRAINING))


def _port(kind: str, branch: Branch) -> str:
    """Where the branch hangs on what chooses, a conditional of this kind."""
    if branch.taken_when is None:
        return ""
    if kind == "If":
        return f"{'then' if branch.taken_when else 'else'} branch of the If"
    return f"output {int(branch.taken_when)} of the Switch" if kind == "Switch" else ""


def common(layers: Sequence[BatchNorm]) -> str:
    """Form and op, data format, epsilon, momentum and channels: the values that there are, or their range."""
    forms = Counter((layer.form.value, layer.op) for layer in layers)
    facts = [
        f"{form} ({op})" if len(forms) == 1 else f"{count:,} {form} ({op})"
        for (form, op), count in forms.most_common(_MOST_VALUES)
    ]
    if more := len(forms) - _MOST_VALUES:
        facts += [counted(more, "other form")] if more > 0 else []
    facts += ["batch renormalization"] if any(layer.is_renormalized for layer in layers) else []
    formats = sorted({layer.data_format for layer in layers if layer.data_format})
    facts += [" and ".join(formats)] if formats else []
    facts.append(f"epsilon {_values({layer.epsilon for layer in layers})}")
    momenta = {layer.momentum for layer in layers} - {None}
    if momenta:
        facts.append(f"momentum {_values(momenta)}")
    elif any(layer.update_ops for layer in layers):
        facts.append("momentum computed")
    channels = sorted({layer.channels for layer in layers if layer.channels is not None})
    if channels:
        low, high = channels[0], channels[-1]
        facts.append(counted(low, "channel") if low == high else f"{low:,} to {high:,} channels")
    return ", ".join(facts)


def _values(values: Set[float | None]) -> str:
    """`0.001`, `0.001 or 1e-05`, `1e-05 to 0.1`; `unknown` for what is no number in the file."""
    known = sorted({written for value in values if (written := as_written(value)) is not None})
    unknown = ["unknown"] if None in values else []
    if len(known) > _MOST_VALUES:
        return " or ".join([f"{plain(known[0])} to {plain(known[-1])}", *unknown])
    return " or ".join([*map(plain, known), *unknown])
