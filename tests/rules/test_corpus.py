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
from bninspect.rules import Case, Finding, Severity, judge

NAMED = os.environ.get("BNINSPECT_CORPUS", "")
ABSENT = "corpus"
WARNINGS = {
    "ARM-software__ML-KWS-for-MCU/CNN/CNN_L.pb": {},
    "ARM-software__ML-KWS-for-MCU/DS_CNN/DS_CNN_L.pb": {},
    "azaganidis__pointnet2/models/pointnet.pb": {"BN103": 1, "BN206": 1},
    "cdyangzhenyu__emotion-rec/models/model.pb": {},
    "ildoonet__tf-pose-estimation/mobilenet_thin/graph.pb": {"BN113": 1},
}
"""A phase that is left to the caller; an epsilon of 1e-3 where the median variance is 3e-4. Quiet: an epsilon
of 1e-3 beside variances of 4e-3 and more; two dead channels of eight. A graph
that was written without its 359 variables."""
PUBLISHED = os.environ.get("BNINSPECT_MODELS", "")
MOST_WARNED = 0.1
"""Share of healthy published models that may get a warning of stored values."""
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
    return judge(Case(report=inspect(load(str(Path(NAMED) / file))))).findings


@needs_corpus
@pytest.mark.parametrize("file", trained())
def test_trained_models_are_silent_at_error(file: str) -> None:
    errors = [finding.code for finding in findings(file) if finding.severity is Severity.ERROR]
    assert [code for code in errors if code not in WARNINGS.get(file, {})] == []


@needs_corpus
@pytest.mark.skipif(not PUBLISHED, reason="BNINSPECT_MODELS names no folder of published models")
def test_at_most_one_healthy_model_in_ten_is_warned_of_its_values() -> None:
    from bninspect.models.open import load as opened

    with (Path(PUBLISHED) / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        files = [Path(PUBLISHED) / row["file"] for row in csv.DictReader(stream, delimiter="\t")]
    files += [Path(NAMED) / file for file in trained()]
    warned = {
        str(file): [finding.code for finding in judge(Case(report=inspect(opened(str(file))))).findings
                    if finding.code.startswith("BN2")]
        for file in files
    }  # fmt: skip
    print("\n".join(f"{file}: {' '.join(codes) or 'quiet'}" for file, codes in warned.items()))
    assert len(files) > 10
    assert sum(map(bool, warned.values())) <= MOST_WARNED * len(files)


@needs_corpus
@pytest.mark.parametrize("file", trained())
def test_warnings(file: str) -> None:
    assert Counter(finding.code for finding in findings(file)) == WARNINGS[file]
