"""Every check of the project: `python -m tests.checks`, or only some: `python -m tests.checks lint types`."""

from __future__ import annotations

import subprocess
import sys

from tests.support.places import ROOT

CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "tests": ("pytest", "-q", "-n", "auto"),
}
"""Name of a check -> the module to run, and its arguments."""


def main(names: list[str]) -> int:
    """Runs the checks of these names, all where there are none; 0 if every one of them passes."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or CHECKS:
        print(f"--- {name}: {' '.join(CHECKS[name])}", flush=True)
        if subprocess.run([sys.executable, "-m", *CHECKS[name]], cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "every check passes", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
