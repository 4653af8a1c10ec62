"""Templates of the desk hold no words of their own, since colleagues read it in different languages."""

import re
from pathlib import Path

import pytest

from handrail_feedback import desk

TEMPLATES = Path(desk.__file__).parent / "templates"
PROGRAM = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
SPOKEN = re.compile(r"""\b(?:aria-label|title|placeholder|alt)=(?:"([^"]*)"|'([^']*)')""")
CODE = re.compile(r"<code>.*?</code>", re.S)
UNITS = {"kB"}


def own_words(template: str) -> set[str]:
    """The words that a template shows in every language: between its tags and in attributes that are read out."""
    html = PROGRAM.sub(" ", template)
    spoken = [one or other for one, other in SPOKEN.findall(html)]
    shown = re.sub(r"<[^>]*>", " ", CODE.sub(" ", html))
    return set(re.findall(r"[^\W\d_]{2,}", " ".join([shown, *spoken]))) - UNITS


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_a_page_of_the_desk_holds_no_words_of_one_language(file):
    assert own_words(file.read_text()) == set()


def test_words_between_tags_and_in_labels_count_and_those_from_a_file_do_not():
    assert own_words('<p title="Read">{{ t("desk.save") }} it<b>2 kB</b></p>{# why #}<code>handrail users</code>') == {
        "Read",
        "it",
    }
