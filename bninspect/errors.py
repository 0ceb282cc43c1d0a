"""The errors a user can cause, each with one line that says what was wrong, with which value, and what to do;
and the record of what could not be done.

Every error here ends a command with exit code 2; anything else that escapes is a bug of ours (exit code 3).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


class BninspectError(Exception):
    """It could not be done; the message is one line for the person who asked."""


class GraphDefError(BninspectError):
    """The bytes are no graph that can be read: foreign, damaged or empty."""


class CutShortError(GraphDefError):
    """The file had more bytes when it was opened: what it holds is not damaged, it is gone."""


class RewriteError(BninspectError):
    """The graph cannot be rewritten as asked."""


class SelectionError(BninspectError, LookupError):
    """A name or a glob given by the user matches nothing, or too much, in this model."""


class InputError(BninspectError):
    """An image, a feed or another value given for a run does not fit the model."""


class OptionError(InputError, ValueError):
    """An option has a value that it cannot have, or there is no such option."""


class PackageError(BninspectError, ImportError):
    """A package that something optional needs is not installed."""


class RunError(BninspectError):
    """TensorFlow is missing, or it could not run the model."""


class InputSizeError(RunError):
    """The model does not run on inputs of this number and size; others may do."""

    def __init__(self, said: str, options: str = "--batch-size, --size") -> None:
        """`said` ends with what to change, and `options` do that."""
        super().__init__(f"{said} ({options})")
        self.said = said
        self.options = options

    def __reduce__(self) -> tuple[type[InputSizeError], tuple[str, str]]:
        """What another process raised is raised again here."""
        return InputSizeError, (self.said, self.options)


@frozen_dataclass
class Absent:
    """What was not done, or is not there, though nothing failed by that."""

    what: str
    """The layer, the tensor or the question, by its name."""
    reason: str
    """Why not."""
    count: int = 1
    """How many nodes, layers or files these are."""


def one_line(error: BninspectError) -> str:
    """The message on one line of at most a thousand letters, whatever names a file has put into it."""
    line = " ".join(str(error).split())
    return line if len(line) <= 1000 else f"{line[:1000]}..."


@contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Puts the path in front of what damage to the file is met meanwhile, unless it stands there."""
    try:
        yield
    except GraphDefError as error:
        line = one_line(error)
        raise GraphDefError(line if line.startswith(f"{path}: ") else f"{path}: {line}") from None


def first_line(error: BaseException) -> str:
    """The first line of what an error of a library says, or its type."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def traceback_of(error: BaseException) -> str:
    """The traceback as Python prints it."""
    from traceback import format_exception

    return "".join(format_exception(error))


def bug_of(error: Exception) -> str | None:
    """The traceback of a bug of ours; None for what a user, the system or the memory can cause."""
    return None if isinstance(error, BninspectError | OSError | MemoryError) else traceback_of(error)


def described(path: str, error: Exception) -> str:
    """What went wrong with one model of several, on one line that names it."""
    if isinstance(error, BninspectError):
        return one_line(error)
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or type(error).__name__}"
    if isinstance(error, MemoryError):
        return f"{path}: it takes more memory than there is"
    return one_line(BninspectError(f"{path}: a bug of ours: {type(error).__name__}: {error}"))
