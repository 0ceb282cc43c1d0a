"""Records behave as frozen dataclasses of the standard library do."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pytest

from bninspect.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class Ours:
    """A record with a field of each kind."""

    name: str
    counts: dict[str, int] = field(default_factory=dict, compare=False)
    hidden: int = field(default=3, repr=False)


@frozen_dataclass
class More(Ours):
    """One that inherits, and checks itself."""

    extra: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.extra) > 2:
            raise ValueError("too many")

    def __repr__(self) -> str:
        return f"<{self.name}>"


@frozen_dataclass(eq=False)
class Itself:
    """One that equals itself alone."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The same record as `Ours`, of the standard library."""

    name: str
    counts: dict[str, int] = field(default_factory=dict, compare=False)
    hidden: int = field(default=3, repr=False)


@pytest.mark.parametrize("values", [{"name": "a"}, {"name": "a", "counts": {"b": 1}, "hidden": 4}], ids=len)
def test_says_and_holds_what_a_dataclass_does(values: dict[str, Any]) -> None:
    ours, theirs = Ours(**values), Theirs(**values)
    assert repr(ours).replace("Ours", "Theirs") == repr(theirs)
    assert asdict(ours) == asdict(theirs)
    assert hash(ours) == hash(theirs)
    assert ours == Ours(**values)
    assert [(one.name, one.type) for one in fields(ours)] == [(one.name, one.type) for one in fields(theirs)]


def test_each_has_a_default_of_its_own() -> None:
    assert Ours(name="a").counts is not Ours(name="a").counts


def test_a_field_may_be_left_out_of_comparison() -> None:
    assert Ours(name="a", counts={"b": 1}) == Ours(name="a")
    assert Ours(name="a", hidden=4) != Ours(name="a")


def test_compares_no_fields_where_none_are_asked_for() -> None:
    one = Itself(name="a")
    assert one != Itself(name="a")
    assert {one: 1}[one] == 1


@frozen_dataclass
class Single:
    """One that is compared by one field."""

    value: Any


@frozen_dataclass
class Empty:
    """One without a field."""


def test_one_field_is_compared_as_a_dataclass_compares_it() -> None:
    """As a tuple: NaN is itself, and no array comes out."""
    array = np.array([1.0, 2.0])
    assert (Single(value=array) == Single(value=array)) is True
    assert hash(Single(value=3)) == hash((3,))
    assert Single(value=3) != Single(value=4)
    assert Empty() == Empty()


def test_names_what_is_unknown_and_what_is_missing() -> None:
    with pytest.raises(TypeError, match=r"^Ours: unknown: nmae; missing: name$"):
        Ours(nmae="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Ours: unknown: more$"):
        Ours(name="a", counts={}, hidden=1, more=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Ours: missing: name$"):
        Ours(hidden=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "record", [Ours(name="a", counts={"b": 1}), More(name="a", extra=(1,))], ids=["ours", "more"]
)
def test_copies(record: Ours) -> None:
    assert copy.copy(record) == record
    assert copy.deepcopy(record).counts is not record.counts
    assert pickle.loads(pickle.dumps(record)).counts == record.counts


def test_inherits_fields_and_keeps_what_the_class_writes() -> None:
    assert replace(More(name="a"), extra=(1,)).extra == (1,)
    assert repr(More(name="a")) == "<a>"
    assert [one.name for one in fields(More)] == ["name", "counts", "hidden", "extra"]


def test_checks_itself_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="too many"):
        More(name="a", extra=(1, 2, 3))


def test_is_frozen() -> None:
    record: Any = Ours(name="a")
    with pytest.raises(FrozenInstanceError, match="'name'"):
        record.name = "b"
    with pytest.raises(FrozenInstanceError, match="'name'"):
        del record.name
    with pytest.raises(FrozenInstanceError):
        record.new = 1
    assert not hasattr(record, "__dict__")


def test_of_many_records_each_is_as_the_first() -> None:
    """From the thousandth on a class has an `__init__` of its own."""

    @frozen_dataclass
    class Pair:
        first: int
        second: tuple[int, ...] = (2,)

    records = [Pair(first=number) for number in range(2000)]
    assert [record.first for record in records] == list(range(2000))
    assert {record.second for record in records} == {(2,)}
    assert Pair(first=1, second=(3,)) == replace(records[1], second=(3,)) != records[1]
    for wrong, named in (({}, "first"), ({"first": 1, "third": 2}, "third")):
        with pytest.raises(TypeError, match=named):
            Pair(**wrong)  # type: ignore[arg-type]
