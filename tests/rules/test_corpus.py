"""Models of other people: the trained ones are silent at `error`, and what they are warned of is true."""

from __future__ import annotations

import csv
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.rules import Case, Finding, Severity, evaluate

NAMED = os.environ.get("BNINSPECT_CORPUS", "")
ABSENT = "corpus"
WARNINGS = {
    "ARM-software__ML-KWS-for-MCU/CNN/CNN_L.pb": {},
    "ARM-software__ML-KWS-for-MCU/DS_CNN/DS_CNN_L.pb": {"BN206": 3},
    "azaganidis__pointnet2/models/pointnet.pb": {"BN103": 1, "BN206": 1},
    "cdyangzhenyu__emotion-rec/models/model.pb": {"BN204": 1, "BN206": 1},
    "ildoonet__tf-pose-estimation/mobilenet_thin/graph.pb": {},
}
"""A phase that is left to the caller; an epsilon of 1e-3 where the median variance is 3e-4 to 8e-3; two dead
channels of eight."""
needs_corpus = pytest.mark.skipif(not NAMED, reason="BNINSPECT_CORPUS names no folder of models")


def trained() -> list[str]:
    """The files whose column `trained` begins with yes."""
    if not NAMED:
        return [ABSENT]
    with (Path(NAMED) / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return [row["file"] for row in rows if (row["trained"] or "").startswith("yes")]


@cache
def findings(file: str) -> tuple[Finding, ...]:
    """Everything the rules that need no images find."""
    return evaluate(Case(report=inspect(load(str(Path(NAMED) / file))))).findings


@needs_corpus
@pytest.mark.parametrize("file", trained())
def test_trained_models_are_silent_at_error(file: str) -> None:
    assert [finding for finding in findings(file) if finding.severity is Severity.ERROR] == []


@needs_corpus
@pytest.mark.parametrize("file", trained())
def test_warnings(file: str) -> None:
    assert Counter(finding.code for finding in findings(file)) == WARNINGS[file]
