"""One layer from its input to its output, for someone who sees a Switch for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.render.tree import Tree
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.batchnorm.switch import ModeSwitch
    from bninspect.graph import Tensor


def wiring(layer: BatchNorm) -> Tree:
    """The layer's name and form, and below it input, branches, merge, scale and offset, output."""
    facts = [f"{layer.form.value} ({layer.op})"]
    facts += ["batch renormalization"] if layer.is_renormalized else []
    facts += [layer.data_format] if layer.data_format else []
    facts += [counted(layer.channels, "channel")] if layer.channels is not None else []
    scale = [f"gamma {_named(layer.gamma, 'none: 1')}", f"beta {_named(layer.beta, 'none: 0')}"]
    return Tree(
        f"{layer.name}: {', '.join(facts)}",
        (
            Tree(f"input x: {layer.x.name}"),
            *_middle(layer),
            Tree(
                "y = (x - mean) * gamma / sqrt(variance + epsilon) + beta",
                tuple(Tree(text) for text in scale),
            ),
            Tree(f"output: {layer.output.name}"),
        ),
    )


def _named(tensor: Tensor | None, otherwise: str) -> str:
    return otherwise if tensor is None else tensor.node.label


def _middle(layer: BatchNorm) -> Iterator[Tree]:
    """What chooses, both branches, and where they meet; or the one branch there is."""
    if layer.switch is None or layer.training is None or layer.inference is None:
        if layer.switch is not None:
            yield Tree(f"predicate {layer.switch.predicate.tensor.name}", tuple(_deciding(layer.switch)))
        for mode, branch in ((Mode.TRAINING, layer.training), (Mode.INFERENCE, layer.inference)):
            if branch is not None:
                yield Tree(f"always {mode.value}: {_shown(branch)}", (_reads(layer, mode, branch),))
        return
    kind = conditional(layer)
    branches = sorted(
        ((Mode.TRAINING, layer.training), (Mode.INFERENCE, layer.inference)),
        key=lambda pair: not pair[1].taken_when,
    )
    below = [*_deciding(layer.switch), *(_branch(layer, kind, mode, branch) for mode, branch in branches)]
    if layer.training.output == layer.inference.output:
        below.append(Tree("one chain of arithmetic serves both modes; only the statistics are chosen"))
    yield Tree(f"{kind} on {layer.switch.predicate.tensor.name}", tuple(below))
    names = ", ".join(dict.fromkeys(node.label for node in layer.merges))
    yield Tree(f"{'Merge' if kind == 'Switch' else kind} gives what the taken branch computed: {names}")


def conditional(layer: BatchNorm) -> str:
    """`Switch`, `If` or `Select`: what kind of conditional chooses."""
    if not layer.merges:
        return "Switch"
    if any(node.predicate is not None for node in layer.merges):
        return "If"
    return "Switch" if "Merge" in layer.merges[0].op else layer.merges[0].op


def _deciding(switch: ModeSwitch) -> Iterator[Tree]:
    """What decides the predicate, and what happens when nobody decides."""
    predicate = switch.predicate
    if predicate.constant is not None:
        yield Tree(f"it is the constant {str(predicate.constant).lower()}, whatever is fed")
    elif predicate.source is None:
        yield Tree(f"it is computed: {predicate.reason or predicate.behind.node.op}")
    else:
        source = predicate.source
        training = source_value(source, switch.training_when is True)
        inference = source_value(source, switch.training_when is not True)
        given = "" if predicate.default is None else f", default {str(predicate.default).lower()}"
        values = f"{training} for training, {inference} for inference"
        yield Tree(f"decided by {source.name} ({source.node.op}{given}): {values}")
    default = switch.served_by_default
    if default is not None and predicate.constant is None:
        yield Tree(f"feeding nothing serves {default.value}")


def _branch(layer: BatchNorm, kind: str, mode: Mode, branch: Branch) -> Tree:
    """One branch: which value of the predicate takes it, which mode it serves, which statistics it reads."""
    value = "?" if branch.taken_when is None else str(branch.taken_when).lower()
    if kind == "Switch" and branch.taken_when is not None:
        value += f" (output :{int(branch.taken_when)} of its Switches)"
    return Tree(f"{value} serves {mode.value}: {_shown(branch)}", (_reads(layer, mode, branch),))


def _shown(branch: Branch) -> str:
    return f"{branch.node.label} ({branch.node.op})"


def _reads(layer: BatchNorm, mode: Mode, branch: Branch) -> Tree:
    """The statistics the branch normalizes with."""
    if mode is Mode.TRAINING:
        where = "" if layer.form is Form.FUSED else f": {branch.mean.name} and {branch.variance.name}"
        return Tree(f"with the mean and variance of the batch of x at hand{where}")
    if branch.site.folded:
        return Tree("by weights, into which the layer with its stored statistics was folded")
    mean = _named(layer.moving_mean, branch.mean.name)
    variance = _named(layer.moving_variance, branch.variance.name)
    return Tree(f"with the stored moving statistics: {mean} and {variance}")
