"""The `bninspect` command, `python -m bninspect` too."""

from __future__ import annotations

from typing import NoReturn

from bninspect.collector import collect_rarely


def main() -> NoReturn:
    """Runs the command of `sys.argv` and leaves the process with its exit code."""
    collect_rarely()
    from bninspect import cli

    cli.main()


if __name__ == "__main__":
    main()
