"""What TensorFlow says, for people: its log off the screen, and one line of its errors.

Nothing here imports it: text goes in, and text comes out.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOISE = re.compile(r"^(\d+ root error\(s\) found|Graph execution error|Detected at node |File \"|Node: )")
_STATUS = re.compile(r"^\(\d+\)\s+[A-Z_ ]+:\s*")
_CUTS = (" in binary running on", " [[", "[[{{", " Make sure the Op", "\tEncountered when executing")


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
    turned away for the while. A user who set that variable wants to see the log.
    """
    try:
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ is not None else -1
    except (OSError, ValueError):
        descriptor = -1
    if loud or descriptor < 0:
        yield
        return
    sys.__stderr__.flush()  # type: ignore[union-attr]
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), descriptor)
        try:
            yield
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)
