"""`python -m tests.fixes FOLDER ...`: every fix that `check` prints for models in these folders, executed.

It prints what did not work, and counts: as they are printed, on random numbers in place of data that nobody
has here, and what no command of ours fixes.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bninspect.commands.check.one_model import Settings
from bninspect.commands.paths import models
from tests.support.fixes import NOT_RUN, OURS, beside, execute, fixes


def main(folders: list[str]) -> int:
    """1 if a fix does not work."""
    counts: Counter[str] = Counter()
    for path in models(folders):
        printed: dict[tuple[str, tuple[str, ...]], Settings] = {}
        with tempfile.TemporaryDirectory() as folder, beside(Path(path).absolute(), Path(folder)) as name:
            for deploy in (False, True):
                settings = Settings(path=name, deploy=deploy)
                printed |= dict.fromkeys(fixes(settings).items(), settings)
            for (fix, codes), settings in printed.items():
                if not fix.startswith(OURS) or name in NOT_RUN:
                    counts["not run" if fix.startswith(OURS) else "in words"] += 1
                    continue
                done = execute(fix, codes, settings)
                what = "on random numbers" if done.needs_data else "as printed"
                counts[what if done.works else "does not work"] += 1
                if not done.works:
                    print(f"{path}: {', '.join(codes)}: {fix}: {done.code} {done.left} {done.said.strip()}")
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return int(counts["does not work"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
