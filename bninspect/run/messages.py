"""What TensorFlow says, for people: its log off the screen, and one line of its errors.

Nothing here imports it: text goes in, and text comes out.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from bninspect.errors import InputSizeError, RunError
from bninspect.graphdef.dtypes import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOISE = re.compile(r"^(\d+ root error\(s\) found|Graph execution error|Detected at node |File \"|Node: )")
_STATUS = re.compile(r"^\(\d+\)\s+[A-Z_ ]+:\s*")
_CUTS = (" in binary running on", " [[", "[[{{", " Make sure the Op", "\tEncountered when executing")
_NODE = re.compile(r"\{\{node ([^}]+)\}\}")
_UNFIT = re.compile(
    r"Matrix size-incompatible|Input to reshape is|Computed output size would be negative|input depth must|"
    r"Incompatible shapes|ConcatOp|Invalid reduction dimension|Number of ways to split|slice index"
)
"""How TensorFlow begins when a tensor has another size than an op takes, as the inputs had."""
_ASSERTED = re.compile(r"assertion failed: *(.*?)(?:\s*\[\[\{\{|\n|$)")
_LONGEST = 200
"""Characters of what an Assert says."""
_MEMORY = re.compile(r"OOM when allocating tensor with shape(\[[\d,]*\])")
_TYPES = re.compile(r"Input (\d+) of node (\S+) was passed (\w+) from (\S+) incompatible with expected (\w+)")
_UNKNOWN = re.compile(r"Op type not registered '([^']+)'")


def run_failure(error: Exception, originals: Mapping[str, str]) -> RunError:
    """Why a run failed, and what to do where that is known. `originals` has the names that nodes have in the
    model, where these are others.
    """
    line, text = first_line(error), str(error)
    node = _NODE.search(text)
    at = "" if node is None else f" at {originals.get(node[1], node[1])}"
    if _UNFIT.match(line):
        return InputSizeError(f"the inputs do not fit the model{at}: {line}; give another number or size")
    if (memory := _MEMORY.match(line)) is not None:
        return InputSizeError(
            f"memory does not suffice{at} for a tensor of shape {memory[1]}: give fewer or smaller inputs at "
            "once"
        )
    if (asserted := _ASSERTED.search(text)) is not None:
        said = asserted[1][:_LONGEST] or "it says nothing"
        return RunError(f"the model checks what it is fed, and its check fails{at}: {said}")
    return RunError(f"TensorFlow could not run this model: {line}")


def import_failure(error: Exception, originals: Mapping[str, str]) -> str:
    """Why a graph was refused, in words. `originals` as of `run_failure`."""
    line = first_line(error)
    if (types := _TYPES.match(line)) is not None:
        slot, node, given, tensor, taken = types.groups()
        name, colon, port = tensor.partition(":")
        reader, read = originals.get(node, node), f"{originals.get(name, name)}{colon}{port}"
        said = f"{reader} takes {spoken(taken)} at input {slot}, and {read} is {spoken(given)}: build the "
        said += "graph in one of the two"
        if taken == "resource" or taken.endswith("_ref"):
            said = f"{reader} takes a variable, and freezing made a constant of it, {read}: freeze the graph "
            said += "without its updates"
        return f"TensorFlow refuses this graph: {said}"
    if (unknown := _UNKNOWN.match(line)) is not None:
        return (
            f"TensorFlow has no op {unknown[1]}: it comes with a library of the model's author, or with "
            "another version of TensorFlow; name outputs that do without it (--output)"
        )
    return f"TensorFlow refuses this graph: {line}"


def first_line(error: Exception) -> str:
    """The first line of TensorFlow's message that says something to a person."""
    text = getattr(error, "message", None) or str(error)
    if isinstance(error, UnicodeDecodeError):  # TensorFlow quotes the bytes of an input in its message
        text = error.object.decode("ascii", "replace")
    for line in str(text).splitlines():
        line = _STATUS.sub("", line.strip())
        for cut in _CUTS:
            line = line.split(cut)[0]
        line = line.strip()
        if line and not _NOISE.match(line):
            return line.rstrip(".")
    return type(error).__name__


@contextmanager
def quiet(*, loud: bool = False) -> Iterator[None]:
    """Keeps what TensorFlow's C++ side writes to standard error off the screen.

    TF_CPP_MIN_LOG_LEVEL does not reach what is logged before the logger is set up, so the file descriptor is
    turned away for the while; where threads overlap, until the last one is done. A user who set that variable
    wants to see the log.
    """
    try:
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    except (OSError, ValueError):
        descriptor = -1
    if loud or descriptor < 0:
        yield
        return
    _AWAY.turn(descriptor)
    try:
        yield
    finally:
        _AWAY.turn_back(descriptor)


class _Away:
    """Standard error, turned away as long as anyone in this process asks for it.

    Each on its own would keep what it found, which may be what another turned it to: then nothing that is
    written later is ever seen.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._kept = -1

    def turn(self, descriptor: int) -> None:
        with self._lock:
            if not self._users:
                sys.__stderr__.flush()  # type: ignore[union-attr]
                self._kept = os.dup(descriptor)
                with tempfile.TemporaryFile() as sink:
                    os.dup2(sink.fileno(), descriptor)
            self._users += 1

    def turn_back(self, descriptor: int) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                os.dup2(self._kept, descriptor)
                os.close(self._kept)


_AWAY = _Away()
