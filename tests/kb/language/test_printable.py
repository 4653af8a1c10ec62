"""Somebody's words are shown as they were typed, and control nothing."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import markdown

from handrail_kb.language.printable import as_markdown, one_line

SIGNS = st.text(alphabet="ab1 .,:;!?*_`~^=+-|#<>&@$\\/(){}[]\"'%w\n\t\u2028\u202e", max_size=60)
EXTENSIONS = ["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "smarty", "wikilinks"]


@given(SIGNS | st.text(max_size=60))
def test_markdown_shows_words_as_they_were_typed(words):
    assert unescape(re.sub(r"</?p>", "", markdown(as_markdown(words)))) == one_line(words)


@given(SIGNS)
def test_no_words_become_more_than_a_heading_and_a_cell(words):
    page = f"# {as_markdown(words)}\n\n| a | b |\n| --- | --- |\n| {as_markdown(words)} | x |\n"
    seen = re.findall(r"<(\w+)", markdown(page, extensions=EXTENSIONS))
    assert seen == ["h1", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]


@pytest.mark.parametrize("words", ["sign-in: how?", "10:30 to 11:00", "50 % off (today)", "it's “fine”", "C:"])
def test_plain_words_are_written_plainly(words):
    assert as_markdown(words) == words
