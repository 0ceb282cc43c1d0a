"""What `import bninspect` gives: the API and nothing else, at no cost, and described to its last field."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from dataclasses import fields, is_dataclass
from inspect import Parameter, signature
from typing import Any

import pytest

import bninspect
from bninspect.api.fields import described
from tests.support.places import FIXTURES, ROOT

VERBS = ("check", "diff", "forecast", "inspect", "load", "probe", "refresh", "strip", "write_moments")
RENAMED = {
    "Comparison": "DiffReport",
    "Refreshed": "RefreshReport",
    "Report": "InspectReport",
    "StripResult": "StripReport",
}
NO_OPTIONS = ("parts", "progress", "request")
INSIDE = {"seen"}
"""Options that no user sets: what a page needs to be kept."""
LIGHT = ("click", "google", "numpy", "rich", "tensorflow")


def in_a_process(code: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ended.stdout


def records() -> list[Any]:
    found = [getattr(bninspect, name) for name in dir(bninspect)]
    return [one for one in found if isinstance(one, type) and is_dataclass(one)]


def test_dir_lists_the_api() -> None:
    listed = dir(bninspect)
    assert listed == sorted(bninspect.__all__)
    assert set(VERBS) <= set(listed)
    assert all(name == "__version__" or not name.startswith("_") for name in listed)
    assert all(callable(getattr(bninspect, name)) for name in listed if name != "__version__")


def test_public_functions_stay_callable_after_every_import() -> None:
    """No module takes the place of a function of its name."""
    paths = [path.relative_to(ROOT) for path in (ROOT / "bninspect").rglob("*.py") if path.stem != "__main__"]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    code = (
        "import bninspect, importlib\n"
        f"for name in {sorted(modules)!r}:\n"
        "    importlib.import_module(name)\n"
        "for name in bninspect.__all__:\n"
        "    assert name.startswith('__') or callable(getattr(bninspect, name)), name\n"
    )
    assert in_a_process(code) == ""


@pytest.mark.parametrize("name", sorted(RENAMED))
def test_a_name_of_version_0_1_still_works(name: str) -> None:
    assert getattr(bninspect, name) is getattr(bninspect, RENAMED[name])
    assert name not in dir(bninspect)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'inspekt'"):
        bninspect.inspekt  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    code = (
        f"import bninspect, sys; print([name for name in {LIGHT} if name in sys.modules], dir(bninspect)[0])"
    )
    assert in_a_process(code).startswith("[] ")


def test_what_reads_a_model_imports_no_tensorflow() -> None:
    ways = [FIXTURES / "training" / "wired_14" / f"model.ckpt-{step}" for step in (0, 20)]
    code = (
        "import sys; sys.modules['tensorflow'] = None; import bninspect\n"
        f"bninspect.inspect({str(FIXTURES / 'classic.pb')!r}).to_dict()\n"
        f"bninspect.check({str(FIXTURES / 'classic.pb')!r}).to_dict()\n"
        f"bninspect.forecast({str(FIXTURES / 'classic.pb')!r}).to_dict()\n"
        f"bninspect.diff({str(ways[0])!r}, {str(ways[1])!r}).to_dict()\n"
    )
    assert in_a_process(code) == ""


def test_pydoc_shows_every_name() -> None:
    page = pydoc.plain(pydoc.TextDoc().docmodule(bninspect))
    for name in bninspect.__all__:
        assert name in page or name == "__version__"
    assert "preprocess: Preprocess = 'raw'" in page


@pytest.mark.parametrize("record", records(), ids=lambda record: record.__name__)
def test_help_names_every_field(record: Any) -> None:
    page = record.__doc__
    for field in fields(record):
        assert f"    {field.name}: " in page


@pytest.mark.parametrize("record", records(), ids=lambda record: record.__name__)
def test_every_field_of_a_public_record_is_described(record: Any) -> None:
    assert [field.name for field in described(record) if not field.text] == []


@pytest.mark.parametrize("name", VERBS)
def test_a_function_describes_its_keywords(name: str) -> None:
    page = getattr(bninspect, name).__doc__
    assert "Raises" in page or "errors are those of" in page
    records = getattr(getattr(bninspect, name), "option_records", ())
    for record in records:
        for field in described(record):
            if f"{field.name}: " in page:
                assert field.text, f"{name}: {field.name}"


@pytest.mark.parametrize("name", ["check", "forecast", "inspect", "probe", "refresh", "strip"])
def test_every_option_of_a_command_is_a_keyword(name: str) -> None:
    function = getattr(bninspect, name)
    asked = {field.name for field in fields(function.option_records[0])}
    assert asked - INSIDE <= set(signature(function).parameters)


@pytest.mark.parametrize("name", sorted(set(VERBS) - {"load"}))
def test_every_keyword_is_an_option_of_a_record(name: str) -> None:
    """So is its default, which stands in one place."""
    function = getattr(bninspect, name)
    defaults = {field.name: field.default for record in function.option_records for field in fields(record)}
    for parameter in signature(function).parameters.values():
        if parameter.kind is Parameter.KEYWORD_ONLY and parameter.name not in NO_OPTIONS:
            assert defaults[parameter.name] == parameter.default, parameter.name
