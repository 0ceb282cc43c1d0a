"""A baseline: what it knows, what is stale, and what a run that looked at less may not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bninspect.commands.check.baseline import Baseline, read
from bninspect.commands.check.result import ModelResult
from bninspect.errors import BninspectError
from bninspect.rules import Severity
from tests.support.checks import found, warning


def result(path: Path, *codes: str, judged: tuple[str, ...] = ("BN103", "BN201")) -> ModelResult:
    """A model with a finding of each code."""
    several = tuple(found() if code == "BN201" else warning() for code in codes)
    return ModelResult(path=str(path), found=several, judged=judged)


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    """Knows BN201 of a.pb and b.pb, which are there, and of c.pb, which is not."""
    (tmp_path / "models").mkdir()
    for name in "ab":
        (tmp_path / "models" / f"{name}.pb").touch()
    keys = frozenset((f"models/{name}.pb", "BN201", "bn/moving_mean") for name in "abc")
    return Baseline(path=tmp_path / "known.json", keys=keys)


def test_it_is_written_and_read(baseline: Baseline) -> None:
    baseline.write()
    assert read(baseline.path) == baseline
    assert {path.name for path in baseline.path.parent.iterdir()} == {"models", "known.json"}


def test_a_finding_is_known_from_any_folder(baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = baseline.path.parent
    monkeypatch.chdir(folder / "models")
    assert baseline.knows("a.pb", found())
    assert baseline.knows(str(folder / "models" / "a.pb"), found())
    assert not baseline.knows("a.pb", warning())
    assert not baseline.knows("d.pb", found())


def test_a_savedmodel_is_one_by_its_folder_and_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    saved = [str(tmp_path / "saved"), str(tmp_path / "saved" / "saved_model.pb")]
    for first, second in (saved, saved[::-1]):
        renewed = Baseline(path=tmp_path / "b.json", keys=frozenset()).renewed([result(Path(first), "BN201")])
        assert renewed.knows(second, found())
        assert renewed.stale([]) == ()


def test_another_message_at_the_node_is_the_same_finding(baseline: Baseline) -> None:
    again = found(message="in other words", severity=Severity.WARNING)
    assert baseline.knows(str(baseline.path.parent / "models" / "a.pb"), again)
    elsewhere = found(node="bn_1/moving_mean")
    assert not baseline.knows(str(baseline.path.parent / "models" / "a.pb"), elsewhere)


def test_stale_is_what_is_mended_and_what_is_gone(baseline: Baseline) -> None:
    models = baseline.path.parent / "models"
    assert baseline.stale([result(models / "a.pb"), result(models / "b.pb", "BN201")]) == (
        "models/a.pb: BN201 at bn/moving_mean",
        "models/c.pb: BN201 at bn/moving_mean",
    )


def test_what_was_not_looked_at_is_not_stale(baseline: Baseline) -> None:
    models = baseline.path.parent / "models"
    gone = ("models/c.pb: BN201 at bn/moving_mean",)
    assert baseline.stale([]) == gone
    assert baseline.stale([result(models / "a.pb", judged=("BN103",))]) == gone
    assert baseline.stale([ModelResult(path=str(models / "a.pb"), error="unreadable")]) == gone


def test_renewing_keeps_what_was_not_looked_at(baseline: Baseline) -> None:
    models = baseline.path.parent / "models"
    renewed = baseline.renewed([result(models / "a.pb", "BN103")])
    assert renewed.keys == {("models/a.pb", "BN103", ""), ("models/b.pb", "BN201", "bn/moving_mean")}


@pytest.mark.parametrize(
    "content",
    [
        "", "{}", "[]", "null", "3", '"entries"', "\x00", '{"entries": []}',
        '{"version": 1, "entries": {"a": 1}}', '{"version": 1, "entries": [1]}',
        '{"version": 2, "entries": []}',
        '{"version": 1, "entries": [{"model": 1, "code": "BN201", "node": ""}]}',
        '{"version": 1, "entries": [{"model": "a.pb", "code": "BN201"}]}',
    ],
)  # fmt: skip
def test_another_file_is_refused_and_not_written_over(content: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BninspectError, match="baseline") as raised:
        read(path, may_be_absent=True)
    assert "Error" not in str(raised.value)
    assert path.read_text(encoding="utf-8") == content


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BninspectError, match="--update-baseline writes one"):
        read(tmp_path / "b.json")
    assert read(tmp_path / "b.json", may_be_absent=True).keys == frozenset()
    with pytest.raises(BninspectError, match=r"Is a directory$"):
        read(tmp_path)


def test_a_failed_write_leaves_the_old_file(baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline.write()
    before = baseline.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        Baseline(path=baseline.path, keys=frozenset()).write()
    assert baseline.path.read_bytes() == before
    assert len(list(baseline.path.parent.glob(".*"))) == 0


@pytest.mark.parametrize(
    ("former", "known"),
    [
        ((), False),
        ((("BN403", "bn/moving_mean"),), True),
        ((("BN403", "bn/moving_mean"), ("BN403", "bn_1/moving_mean")), False),
    ],
)
def test_what_another_version_called_otherwise_is_known(
    baseline: Baseline, former: tuple[tuple[str, str], ...], known: bool
) -> None:
    """Only if all of it was: an error of one layer more is a new one."""
    model = "models/a.pb"
    old = Baseline(path=baseline.path, keys=frozenset({(model, "BN403", "bn/moving_mean")}))
    renamed = replace(found("BN405", node=None), former=former)
    path = str(baseline.path.parent / model)
    assert old.knows(path, renamed) == known
    renewed = old.renewed([ModelResult(path=path, found=(renamed,), judged=("BN403", "BN405"))])
    assert renewed.keys == {(model, "BN405", "bn")}
    assert renewed.written(old) == f"{old.path}: 1 finding written (1 new, 1 gone)"


def test_a_file_that_is_no_text_is_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(b"\xc8\xff")
    with pytest.raises(BninspectError, match="not a baseline file: it is no text"):
        read(path)
