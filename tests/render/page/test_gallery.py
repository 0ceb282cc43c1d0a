"""The gallery: `python -m tests.pages.gallery` wrote every page of it, as pages are written now."""

from __future__ import annotations

import re

import pytest

from bninspect.render.page.document import script, style
from tests.pages.gallery import GALLERY, PAGES
from tests.support.page_facts import PageReader

MOST_BYTES = 300_000


def test_the_table_names_every_page() -> None:
    named = re.findall(r"\]\((\w+\.html)\)", (GALLERY / "index.md").read_text(encoding="utf-8"))
    assert named == list(PAGES)
    assert sorted(named) == sorted(path.name for path in GALLERY.glob("*.html"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_one_of_now(name: str) -> None:
    text = (GALLERY / name).read_text(encoding="utf-8")
    assert f"<style>{style()}</style>" in text, "write it anew: python -m tests.pages.gallery"
    assert f"<script>{script()}</script>" in text
    assert f"bninspect {PAGES[name]}" in PageReader(text).text
    assert len(text.encode()) <= MOST_BYTES
