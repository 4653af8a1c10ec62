"""`stay_with_people:` in mkdocs.yml: read, and what is wrong named with its line."""

from __future__ import annotations

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.contact.sensitive_topics import BUILT_IN, LEAST_SENTENCES, read_sensitive

SENTENCES = [f"I lost the key number {number}" for number in range(LEAST_SENTENCES)]


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        file = tmp_path / "mkdocs.yml"
        file.write_text(f"site_name: Acme\nplugins:\n  - handrail:\n      stay_with_people:{text}\n")
        raw = load_settings(file, environ={}).groups.get("stay_with_people")
        topics, problems = read_sensitive(raw, yaml_lines(file))
        return topics, [str(problem) for problem in problems]

    return read


def test_without_a_word_all_that_come_with_handrail_are_looked_out_for(read):
    assert read("") == (dict.fromkeys(BUILT_IN, ()), [])


def test_one_can_be_left_out_completed_or_added(read):
    own = "".join(f"\n          - {sentence}" for sentence in SENTENCES)
    topics, problems = read(
        f"\n        anger: no\n        grief: yes\n        fraud:\n          - a  note\n        lost-key:{own}"
    )
    assert not problems
    assert topics == {"grief": (), "safety": (), "fraud": ("a note",), "lost-key": tuple(SENTENCES)}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (" all", 4, "should be names with 'no' or sentences, but is 'all'"),
        ("\n        greif: no", 5, "Did you mean 'grief'?"),
        ("\n        anger: no\n        lost-key: yes", 6, "another one needs sentences"),
        ("\n        lost-key: [I lost my key]", 5, f"has 1 sentences; {LEAST_SENTENCES} are needed"),
        ("\n        lost-key: a sentence", 5, "should be a list of sentences"),
        ("\n        fraud:\n          - ok\n          - {a: b}", 5, "should be a list of sentences"),
        (f"\n        Lost Key: {SENTENCES}", 5, "small letters"),
        (f"\n        fraud: ['{'x' * 301}']", 5, "300 characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, text, line, says):
    _, [problem] = read(text)
    assert says in problem
    assert f"mkdocs.yml:{line}" in problem
