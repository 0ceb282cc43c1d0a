"""The layout holds: imports run one way, a heavy dependency has one home, reading needs no TensorFlow."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from bninspect.cli.commands import COMMANDS
from tests.support.places import ROOT

MODULES = sorted((ROOT / "bninspect").rglob("*.py"))
EVERYTHING = MODULES + sorted((ROOT / "tests").rglob("*.py"))

LAYERS = (
    "version",
    "frozen_dataclass",
    "errors",
    "options",
    "escaping",
    "collector",
    "checksum",
    "steps",
    "text",
    "documents",
    "files",
    "graphdef",
    "graph",
    "run",
    "statistics",
    "batchnorm",
    "models",
    "inputs",
    "rewrite",
    "measure",
    "converters",
    "rules",
    "commands",
    "render",
    "api",
    "cli",
)
"""Bottom up: each may import itself and what stands before it."""
HOMES = {
    "tensorflow": "bninspect/run/session.py",
    "keras": "bninspect/models/keras/session.py",
    "tf_keras": "bninspect/models/keras/session.py",
    "h5py": "bninspect/models/keras/weights.py",
    "click": "bninspect/cli/",
    "rich": "bninspect/render/",
    "pandas": "bninspect/api/",
    "google": "bninspect/graphdef/",
}
STEPS_OF_A_RUN = (
    "bninspect.run.safety",
    "bninspect.run.seeds",
    "bninspect.run.session.Session",
    "bninspect.run.session.NoValueError",
)
"""What `Program` and `Running` do once, and in order, for whoever runs a program."""
MOST_LINES = 300
MOST_FILES = 14
"""Python files of one folder; only the rules' catalogue, one rule a file, has more."""
CATALOGUE = "bninspect/rules/catalogue"
MOST_ASSERTIONS = 10
"""`assert ... is not None` in the whole package: what may be None by a record's mode is a type of its own."""
BANNED_FILES = ("utils", "util", "helpers", "helper", "misc", "common")
BANNED_IN_NAMES = ("Manager", "Helper", "Util")

WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
from bninspect.cli import run
sys.exit(run(sys.argv[1:]))
"""


class Import(NamedTuple):
    """One import statement."""

    line: int
    target: str
    """The module imported from, with the name imported: `bninspect.graphdef.Graph`."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[Import]:
    """Every import of a file: those of functions, of type checking and of `import_module("...")` too."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: a relative import"
            found += [Import(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            found += [Import(node.lineno, name) for name in names if isinstance(name, str)]
    return found


def without_tensorflow(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process in which TensorFlow cannot be imported."""
    words = [sys.executable, "-W", "error", "-c", WITHOUT_TENSORFLOW, *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT / "bninspect").parts[0].removesuffix(".py")
    if package in ("__init__", "__main__"):
        return
    below = LAYERS[: LAYERS.index(package) + 1]
    for line, target in imports(path):
        parts = target.split(".")
        if parts[0] == "bninspect":
            assert parts[1] in (*below, "__version__"), (
                f"{name_of(path)}:{line}: {package} imports {target}; it may import {', '.join(below)}"
            )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_heavy_dependency_has_one_home(path: Path) -> None:
    for line, target in imports(path):
        home = HOMES.get(target.split(".")[0])
        assert home is None or name_of(path).startswith(home), (
            f"{name_of(path)}:{line}: {target} is imported under {home} only"
        )


def test_every_home_is_lived_in() -> None:
    for package, home in HOMES.items():
        lived_in = [path for path in MODULES if name_of(path).startswith(home)]
        assert any(target.split(".")[0] == package for path in lived_in for _, target in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_program_is_run_in_one_place(path: Path) -> None:
    """Sessions, and what makes a program ready for one, are the business of `run/`: `run.program.Program`."""
    if name_of(path).startswith("bninspect/run/"):
        return
    for node in ast.walk(tree(path)):
        called = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else None
        assert called != "Session", f"{name_of(path)}: run.running opens sessions"
    for line, target in imports(path):
        assert not target.startswith(STEPS_OF_A_RUN), f"{name_of(path)}:{line}: {target}"


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_a_file_is_short_and_says_why_it_exists(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{name_of(path)} has {lines} lines; split it"
    assert ast.get_docstring(tree(path)) or not lines, f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_names_say_what_a_thing_is(path: Path) -> None:
    assert path.stem not in BANNED_FILES, name_of(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            assert not any(word in node.name for word in BANNED_IN_NAMES), f"{name_of(path)}: {node.name}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["graph", "--help"],
        ["probe", "--help"],
        ["graph", "fixtures/net_mixed.pb"],
        ["graph", "fixtures/net_mixed.pb", "--layer", "bn*"],
        ["graph", "fixtures/net_mixed.pb", "--output", "output", "--format", "json"],
        ["graph", "fixtures/text.pbtxt"],
        ["graph", "fixtures/train.meta"],
        ["graph", "fixtures/saved_tfkeras"],
        ["graph", "fixtures/cond_ema_115.pb"],
        ["check", "fixtures/net_mixed.pb", "--exit-zero"],
        ["check", "fixtures/net_mixed.pb", "--exit-zero", "--format", "sarif"],
        ["diff", "fixtures/training/wired_14/model.ckpt-0", "fixtures/training/wired_14/model.ckpt-20"],
        ["forecast", "fixtures/net_mixed.pb"],
        ["forecast", "fixtures/saved_tfkeras", "--for", "tflite,tensorrt", "--format", "json"],
        ["rule"],
    ],
    ids=" ".join,
)
def test_reading_needs_no_tensorflow(arguments: list[str]) -> None:
    ended = without_tensorflow(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout


def test_probe_without_tensorflow_says_what_to_install() -> None:
    ended = without_tensorflow("probe", "fixtures/classic.pb", "--image", "fixtures/image.jpg")
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("bninspect: ")
    assert "TensorFlow" in line
    assert 'pip install "tensorflow' in line


def module_name(path: Path) -> str:
    return name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


@cache
def neighbours() -> dict[str, set[str]]:
    """Every module of the package, and those it imports, under TYPE_CHECKING and in functions, too."""
    names = {module_name(path) for path in MODULES}
    targets = {module_name(path): {target for _, target in imports(path)} for path in MODULES}
    return {
        name: {target if target in names else target.rpartition(".")[0] for target in found} & names
        for name, found in targets.items()
    }


def circle(start: str) -> list[str] | None:
    """The way from a module back to itself, if there is one."""
    before: dict[str, str] = {}
    reached = [start]
    for name in reached:
        for target in neighbours()[name]:
            if target == start:
                way = [name]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if target not in before:
                before[target] = name
                reached.append(target)
    return None


@pytest.mark.parametrize("name", sorted(module_name(path) for path in MODULES))
def test_no_circle_of_files(name: str) -> None:
    way = circle(name)
    assert way is None, " -> ".join([*way, name])


def test_no_folder_holds_too_many_files() -> None:
    folders = {path.parent for path in MODULES}
    sizes = {name_of(folder): len(list(folder.glob("*.py"))) for folder in folders}
    sizes.pop(CATALOGUE)
    assert {name: size for name, size in sizes.items() if size > MOST_FILES} == {}


def test_class_names_are_unique() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name_of(path))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_records_are_quick_to_make(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            slow = [
                one
                for one in map(ast.unparse, node.decorator_list)
                if one.startswith("dataclass(frozen=True")
            ]
            assert not slow, f"{name_of(path)}: {node.name}: bninspect.frozen_dataclass makes records"


@pytest.mark.parametrize("folder", ["cli", "commands", "render"])
def test_every_command_has_a_room(folder: str) -> None:
    shown = {"report": "page"} if folder == "render" else {}
    rooms = {path.stem for path in (ROOT / "bninspect" / folder).iterdir()}
    assert {shown.get(name, name) for name in COMMANDS} - rooms == set()


def test_few_assertions_stand_in_for_types() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assert) and ast.unparse(node.test).endswith("is not None")
    ]
    assert len(found) <= MOST_ASSERTIONS, found
