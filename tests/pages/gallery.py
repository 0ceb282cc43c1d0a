"""`python -m tests.pages.gallery`: writes the pages of docs/gallery/.

They need TensorFlow and scikit-learn (two of them run a network that is trained on digits), and the folder
that BNINSPECT_CORPUS names, for the model by others. Every page has its command line at its end.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bninspect.cli import run
from tests.networks import Store, faults
from tests.support.places import FIXTURES, ROOT

GALLERY = ROOT / "docs" / "gallery"
REAL = "azaganidis__pointnet2/models/pointnet.pb"
IMAGES = 64
PAGES = {
    "switched.html": "report classic.pb --image image.jpg --patch 0,22:28,22:28,0 -o switched.html",
    "decomposed.html": "report cond_ema_115.pb -o decomposed.html",
    "if.html": "report tfkeras_if.pb -o if.html",
    "stale.html": "report stale.pb --image digits/ --preprocess unit -o stale.html",
    "refreshed.html": "refresh stale.pb -o fresh.pb --image digits/ --preprocess unit --html refreshed.html",
    "pointnet.html": "report pointnet.pb -o pointnet.html",
}
"""Page -> the command that writes it."""


def prepare(folder: Path) -> None:
    """The models and images that the commands name, in one folder."""
    for name in ("classic.pb", "image.jpg", "cond_ema_115.pb", "tfkeras_if.pb"):
        shutil.copy(FIXTURES / name, folder)
    shutil.copy(Path(os.environ["BNINSPECT_CORPUS"]) / REAL, folder)
    kept = os.environ.get("BNINSPECT_NETWORKS")
    trained = Store(Path(kept) if kept else folder / "networks").network("fused")
    faults.inject(trained.path, folder / "stale.pb", faults.never_updated, trained.layers[2])
    (folder / "digits").mkdir()
    for path in sorted(trained.test_pngs.iterdir())[:IMAGES]:
        shutil.copy(path, folder / "digits")


def main() -> int:
    """0 if every page is written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        os.chdir(folder)  # so that paths on a page are short
        codes = [run(command.split()) for command in PAGES.values()]
        os.chdir(ROOT)
        for page in PAGES:
            shutil.copy(folder / page, GALLERY)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
