"""Writes the generated pages, or checks them."""

from __future__ import annotations

import sys

from tests.pages.generated import generated, stray
from tests.support.places import ROOT


def main(arguments: list[str]) -> int:
    """0 if every page is, or now is, as it should be."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m tests.pages [--check]", file=sys.stderr)
        return 2
    changed = [
        path for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]  # fmt: skip
    for path in [*changed, *stray()]:
        print(path.relative_to(ROOT))
    if arguments:
        return 1 if changed or stray() else 0
    write()
    return 0


def write() -> None:
    """Writes every generated page, and removes those of rules that are gone."""
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in stray():
        path.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
