"""Faults of known kind and place in trained networks: `check` finds each, blames the right layer, and nothing
else fires at `error`; and `probe` gives the same codes of the values and of the probe.

The table `FAULTS` (`tests.support.stated_faults`) states which code a fault gets and where. Ten networks of
six batch norms, of five designs (see `tests.networks.designs`), take every fault: what the file alone
tells, at each layer in turn; what images tell, at one layer of each network, with images that were not seen
in training. One network of each design is tried in every run, all ten where BNINSPECT_NIGHTLY is set.
`pytest -s` shows what became of each.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bninspect.commands.check.one_model import Settings, check
from bninspect.commands.probe.diagnosis import GROUPS, diagnose
from bninspect.inputs.request import Request
from bninspect.rules import Case, Severity
from tests.networks import Trained
from tests.networks.designs import NETWORKS
from tests.rules import test_corpus as corpus
from tests.support.probed_networks import checked
from tests.support.stated_faults import FAULTS, HEALTHY, Fault, places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bninspect.commands.check.result import ModelResult
    from bninspect.measure.facts import Probe

    Network = Callable[[str], Trained]

IMAGES = 128
"""So many that no layer is left undecided."""
IMAGES_OF_ROWS = 384
"""Of a network without maps, where an image has one value of a channel."""
BATCH = 64
NIGHTLY = bool(os.environ.get("BNINSPECT_NIGHTLY"))
EVERY_RUN = ("fused", "decomposed", "separable_fused", "branched_decomposed", "dense_decomposed")
"""One network of each design."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of one fault in all places it was put into."""

    name: str
    stated: str
    injected: int = 0
    found: int = 0
    blamed: int = 0
    false: list[str] = field(default_factory=list)
    """Errors of codes that the table does not state."""
    missed: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    """Runs of which `probe` and `check` say different codes."""

    @property
    def row(self) -> str:
        numbers = f"{self.injected:9}{self.found:7}{self.blamed:8}{len(self.false):7}"
        return f"  {self.name:42}{self.stated:14}{numbers}"

    def judge(
        self, model: ModelResult, where: str, expected: Mapping[str, set[str | None]], grave: bool
    ) -> None:
        """Adds one run; of a model that is no fault, nothing is injected."""
        told: dict[str, set[str | None]] = {}
        for one in model.found:
            if one.finding.code in expected:
                told.setdefault(one.finding.code, set()).add(one.finding.layer or one.finding.node)
            elif one.finding.severity is Severity.ERROR:
                self.false.append(f"{self.name}, {where}: {one.finding.code} {one.finding.layer}")
        if model.error is not None:
            self.false.append(f"{self.name}, {where}: {model.error}")
        if not expected:
            assert not where.endswith(", images") or "BN403" in model.judged, model.not_run
            return
        self.injected += 1
        self.found += told.keys() == expected.keys()
        self.blamed += told == expected
        if told != expected:
            self.missed.append(f"{self.name}, {where}: {told}, not {dict(expected)}")
        elif grave and model.worst is not Severity.ERROR:
            self.missed.append(f"{self.name}, {where}: no error, {model.worst}")

    def compare(self, model: ModelResult, probe: Probe | None, where: str) -> None:
        """Sets what `check` says of values and measurements beside what `probe` says of the same run."""
        if probe is None:
            return
        of_check = {one.finding.code for one in model.found if one.finding.code.startswith(GROUPS)}
        of_probe = {one.code for one in diagnose(Case(report=probe.report, probe=probe)).findings}
        if of_check != of_probe:
            self.apart.append(f"{self.name}, {where}: check {of_check}, probe {of_probe}")


def tallied(trained: Trained, fault: Fault, one: str, path: Path) -> Tally:
    """The fault put into the network without images, in each layer in turn, and with images, in one layer."""
    both = {**fault.codes, **fault.measured}
    tally = Tally(name=fault.name, stated=" ".join(both) or "no error")
    if fault.codes or not fault.measured:
        for layer in trained.layers if fault.every else (one,):
            model = check(Settings(path=str(fault.make(trained, path, layer))))
            tally.judge(model, f"{layer}, no images", places(trained, layer, fault.codes), fault.grave)
    if fault.images is not None:
        count = IMAGES_OF_ROWS if "dense" in trained.kind else IMAGES
        files = tuple(map(str, sorted(trained.test_pngs.iterdir())[:count]))
        request = Request(images=files, preprocess=fault.images, batch_size=BATCH)
        made = fault.make(trained, path, one)
        model, probe = checked(Settings(path=str(made), momentum=trained.momentum, request=request))
        tally.judge(model, f"{one}, images", places(trained, one, both), fault.grave)
        tally.compare(model, probe, one)
    return tally


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_fault_is_found_where_it_is_and_nothing_else(
    kind: str, network: Network, tmp_path: Path
) -> None:
    """Which layer images are given for goes round from fault to fault, and from network to network."""
    if kind not in EVERY_RUN and not NIGHTLY:
        pytest.skip("BNINSPECT_NIGHTLY is not set: one network of each design is tried")
    trained = network(kind)
    tallies = []
    for number, fault in enumerate((*FAULTS, *HEALTHY)):
        place = number + 2 * list(NETWORKS).index(kind)
        layer = trained.layers[2 + place % 4 if fault.behind else place % 6]
        tallies.append(tallied(trained, fault, layer, tmp_path / "faulty.pb"))
    total = Tally(
        name="sum",
        stated="",
        injected=sum(one.injected for one in tallies),
        found=sum(one.found for one in tallies),
        blamed=sum(one.blamed for one in tallies),
        false=[line for one in tallies for line in one.false],
        missed=[line for one in tallies for line in one.missed],
        apart=[line for one in tallies for line in one.apart],
    )
    head = f"  {'fault':42}{'stated':14}{'injected':>9}{'found':>7}{'blamed':>8}{'false':>7}"
    print("\n" + "\n".join([f"network {kind}", head, *(one.row for one in (*tallies, total))]))
    assert (total.missed, total.false, total.apart) == ([], [], [])
    assert total.injected == total.found == total.blamed


@corpus.needs_corpus
def test_trained_models_of_other_people_are_silent_at_error() -> None:
    models = [check(Settings(path=str(Path(corpus.NAMED) / file))) for file in corpus.trained()]
    false = [
        f"{model.path}: {one.finding.code} {one.finding.layer}"
        for model in models
        for one in model.found
        if one.finding.severity is Severity.ERROR and one.finding.code != "BN113"  # one was never frozen
    ]
    print(f"\n{len(models)} trained models of other people: {len(false)} false alarms")
    assert models
    assert [model.error for model in models if model.error is not None] == []
    assert false == []
