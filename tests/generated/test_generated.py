"""The first seed of every design, built and held in one process of its own, which needs Keras 2.

More of them: `python -m tests.generated --count 200`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support.places import ROOT


@pytest.mark.tensorflow
def test_what_tensorflow_says_of_generated_networks() -> None:
    for package in ("tensorflow", "tf_keras"):
        if find_spec(package) is None:
            pytest.skip(f"the networks are built with {package}, which is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    asked = [sys.executable, "-m", "tests.generated", "--seed", "0", "--count", "20"]
    ended = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "20 graphs, " in ended.stdout, ended.stderr
    assert ended.returncode == 0, ended.stdout
