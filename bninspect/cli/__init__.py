"""The `bninspect` command: how it starts, how it ends, and with which exit code.

The only package that knows click. `bninspect --help` must cost no more than Python and click, so a command's
module is imported when that command is asked for, and what it works with when it runs.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import click

from bninspect.cli.commands import program
from bninspect.cli.interrupts import Ended, watch
from bninspect.errors import BninspectError, traceback_of
from bninspect.escaping import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPLETION = "_BNINSPECT_COMPLETE"

_CANNOT = 2
_BUG = 3
_INTERRUPTED = 130
_PIPE_CLOSED = 141
"""What a shell shows for a program that SIGPIPE ended: the reader of the output had seen enough."""


def main() -> NoReturn:
    """Runs the command of `sys.argv` and leaves the process with its exit code."""
    _occupy_standard_streams()
    watch()
    code = run(sys.argv[1:])
    # What is left goes with the process: to look through it for rings takes a tenth of the time of `graph`.
    gc.freeze()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """The exit code of one run: 0 or what the command returns, 2 it could not be done, 3 a bug of ours."""
    if os.environ.get(_COMPLETION):
        from click.shell_completion import shell_complete

        return shell_complete(program, {}, "bninspect", _COMPLETION, os.environ[_COMPLETION])
    if sys.stdout is None:
        _say("standard output is closed: give it a file, or > /dev/null")
        return _CANNOT
    for stream in (sys.stdout, sys.stderr):
        # A node name that the terminal cannot show must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _invoke(arguments)
    except Ended as ended:
        _say(ended.line)
        return ended.code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return _PIPE_CLOSED
    except (BninspectError, click.ClickException, OSError) as error:
        if "--traceback" in arguments:
            _print_traceback(error)
        _say(_reason(error))
        return _CANNOT
    except MemoryError:
        _say("it takes more memory than there is")
        return _CANNOT
    except Exception as error:
        _print_traceback(error)
        _say(f"a bug of ours: {_reason(error)}; please report it with the traceback above")
        return _BUG


def _occupy_standard_streams() -> None:
    """Opens nothing in the place of a standard stream that is closed: the next file that is opened would take
    its number, and what a library prints would go into that file.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _invoke(arguments: Sequence[str]) -> int:
    """Parses and runs; what a command returns is its exit code, nothing is 0."""
    try:
        with program.make_context("bninspect", list(arguments)) as context:
            code = program.invoke(context)
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _reason(error: Exception) -> str:
    """What was wrong, with the way to the help where the command line itself was."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "bninspect"
        return f"{error.format_message().rstrip('.')} (see {command} --help)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, BninspectError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"


def _say(message: str) -> None:
    """One line on standard error, with no control character that a file could have put into it."""
    line = " ".join(message.split())
    # Where nothing can be printed, the exit code still stands.
    with suppress(OSError):
        click.echo(f"bninspect: {printable(line)}", err=True)


def _print_traceback(error: BaseException) -> None:
    click.echo(printable_lines(traceback_of(error)), err=True, nl=False)


def _silence_stdout() -> None:
    """Points standard output at nothing: Python's last flush would complain about the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
