"""The whole of strip: read, fix the mode, compare with the original, write. For the command and the API."""

from __future__ import annotations

import sys
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect import files
from bninspect.batchnorm import Mode, inspect
from bninspect.batchnorm.missing import missing_weights
from bninspect.errors import OptionError, RewriteError, SelectionError
from bninspect.files import STREAM
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graphdef import writer
from bninspect.models.open import load, path_of
from bninspect.options import Checked, FixedMode, Texts
from bninspect.rewrite import strip as rewriting
from bninspect.rewrite.freeze import frozen

if TYPE_CHECKING:
    from os import PathLike

    from bninspect.batchnorm import Report
    from bninspect.graph import Graph
    from bninspect.graphdef import GraphDef
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Verification
    from bninspect.rewrite.strip import Stripped

_MOST_NAMED = 12


@frozen_dataclass
class StripResult:
    """The file that was written, and what was done."""

    target: str
    size: int
    """Bytes of the file."""
    original: GraphDef
    """The model as it was read: its variables are no constants yet, as they are in what was stripped."""
    stripped: Stripped
    verification: Verification | None
    """None where it was not asked for."""


@frozen_dataclass
class StripOptions(Checked):
    """What is kept, and how it is compared. Raises OptionError for a value that an option cannot have."""

    outputs: Texts = ()
    """Nodes or tensors to keep, with what they depend on; empty: the model's own outputs."""
    mode: FixedMode = "inference"
    """The mode that every batch norm is to serve."""
    verify: bool = True
    """Whether the result is compared with the original first, which needs TensorFlow. If they cannot be
    compared, the verification says why."""
    require_verified: bool = False
    """Whether nothing is written that could not be compared."""
    unfrozen: bool = False
    """Whether a model whose weights are in no file is taken, and its variables left as they are."""
    allowed_ops: Texts = ()
    """Ops that may run besides those that only compute."""

    def refuse_contradictions(self) -> None:
        if self.require_verified and not self.verify:
            raise OptionError(
                "--no-verify compares nothing, and --require-verified wants it: give one of them"
            )


def strip(
    model: str | PathLike[str] | Graph,
    target: str | PathLike[str],
    options: StripOptions | None = None,
    request: Request | None = None,
) -> StripResult:
    """Writes the model with every batch norm in one mode, whole or not at all, and says what was done.

    `model` is a path or a graph, `target` a path, or `-` for standard input and output. `request` says what
    to feed for the comparison. Nothing is printed.

    Raises BninspectError where the model cannot be read, lacks its weights (without `unfrozen`), has no batch
    norm, several outputs of which none was chosen or layers that cannot have the mode, or where the result
    differs from the original; OSError where the target cannot be written. Then the target is what it was.
    """
    options = options or StripOptions()
    if request is not None and not options.verify:
        raise OptionError("--no-verify runs nothing: leave out what to feed, or --no-verify")
    path, target, mode = path_of(model), fspath(target), Mode(options.mode)
    if target != STREAM:
        files.refuse(Path(target))
        files.refuse_read(Path(target), path, inputs=() if request is None else request.files)
    graph = load(model)
    if target != STREAM:
        files.refuse_read(Path(target), path, prefix=graph.graphdef.checkpoint)
    report = inspect(graph, outputs=options.outputs)
    rewriting.require_layers(report, "strip")
    if not options.outputs:
        _refuse_ambiguous(report)
    if not options.unfrozen and (missing := missing_weights(report)) is not None:
        raise RewriteError(f"{path}: {missing}; or give --unfrozen, which leaves its variables as they are")
    if graph.graphdef.variables is not None:
        report = frozen(report)
    stripped = _stripped(report, mode)
    verification = None
    if options.verify:
        from bninspect.commands.strip.stripped import verify_stripped

        verification = verify_stripped(stripped, mode, request, options.allowed_ops)
        if verification.state == "differs":
            raise RewriteError(f"{path}: {verification.reason}; nothing was written")
    if options.require_verified:
        _require(verification, path)
    size = _written(stripped, target)
    return StripResult(
        target=target,
        size=size,
        original=graph.graphdef,
        stripped=stripped,
        verification=verification,
    )


def _require(verification: Verification | None, path: str) -> None:
    """Raises RewriteError unless the result was compared with the original and agrees with it."""
    if verification is None or verification.state != "verified":
        reason = "no comparison was asked for" if verification is None else verification.reason
        raise RewriteError(f"{path}: not verified: {reason}; nothing was written")


def _stripped(report: Report, mode: Mode) -> Stripped:
    try:
        return rewriting.strip(report, mode)
    except RewriteError as error:
        raise RewriteError(f"{report.graph.graphdef.path}: {error}") from None


def _refuse_ambiguous(report: Report) -> None:
    """Raises SelectionError where the file does not say which of several tensors are its outputs."""
    if report.graph.signatures or len(report.outputs) < 2:
        return
    names = [tensor.name.removesuffix(":0") for tensor in report.outputs]
    more = len(names) - _MOST_NAMED
    listed = " ".join(f"--output {name}" for name in names[:_MOST_NAMED])
    listed += f" and {more} more" if more > 0 else ""
    what = f"{len(names)} tensors may be its outputs"
    raise SelectionError(f"{report.graph.graphdef.path}: {what}; name those to keep, out of {listed}")


def _written(stripped: Stripped, target: str) -> int:
    """Writes the new graph; the number of bytes."""
    if target != STREAM:
        return writer.write(stripped.pruned.graphdef, Path(target))
    stream = sys.stdout.buffer
    size = writer.copy(stripped.pruned.graphdef, stream)
    stream.flush()
    return size
