"""`stay_with_people:` in mkdocs.yml: read, and what is wrong named with its line."""

from __future__ import annotations

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.contact.channels import Channel, Contact
from handrail_kb.contact.sensitive_topics import BUILT_IN, LEAST_SENTENCES, read_sensitive, read_topic_channels

SENTENCES = [f"I lost the key number {number}" for number in range(LEAST_SENTENCES)]


CONTACT = Contact(
    (
        Channel("form"),
        Channel("phone", "+49 30 1"),
        Channel("phone", "+49 30 2", name="Cards lost"),
        Channel("phone", "+49 30 3", name="Estates"),
        Channel("email", "estates@example.org", name="Estates by mail"),
        Channel("chat", "https://a.example", name="Chat A"),
        Channel("chat", "https://b.example", name="Chat B"),
    )
)


@pytest.fixture
def raw(tmp_path):
    """The setting as it is read from mkdocs.yml, and the lines of that file."""

    def raw(text: str):
        file = tmp_path / "mkdocs.yml"
        file.write_text(f"site_name: Acme\nplugins:\n  - handrail:\n      stay_with_people:{text}\n")
        return load_settings(file, environ={}).groups.get("stay_with_people"), yaml_lines(file)

    return raw


@pytest.fixture
def read(raw):
    def read(text: str):
        topics, problems = read_sensitive(*raw(text))
        return topics, [str(problem) for problem in problems]

    return read


@pytest.fixture
def channels(raw):
    def channels(text: str):
        given, lines = raw(text)
        found, problems = read_topic_channels(given, CONTACT, lines)
        return found, [str(problem) for problem in problems]

    return channels


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
        ("\n        grief: {chanels: [form]}", 5, "Did you mean 'channels'?"),
        ("\n        grief: {channels: form}", 5, "should be a list of names or kinds"),
        ("\n        grief:\n          channels: [{phone: x}]", 5, "should be a list of names or kinds"),
        ("\n        grief: {sentences: a sentence}", 5, "should be a list of sentences"),
        ("\n        lost-key: {channels: [form]}", 5, f"has 0 sentences; {LEAST_SENTENCES} are needed"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, text, line, says):
    _, [problem] = read(text)
    assert says in problem
    assert f"mkdocs.yml:{line}" in problem


def test_a_topic_may_have_sentences_and_channels_of_its_own(read, channels):
    grief = "\n        grief:\n          channels: [Estates, form]\n          sentences: [a  note]"
    text = f"{grief}\n        fraud: {{channels: [x]}}"
    topics, problems = read(text)
    assert (topics["grief"], topics["fraud"], problems) == (("a note",), (), [])
    assert channels(text)[0] == {"grief": (3, 0)}


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("[Estates]", (3,)),
        ("[estates BY mail]", (4,)),
        ("[phone]", (1,)),  # the one without a name: the others are for matters of their own
        ("[email]", (4,)),  # the only one
        ("[form, form]", (0,)),
    ],
)
def test_a_channel_is_named_by_its_name_or_its_kind(channels, named, found):
    assert channels(f"\n        grief: {{channels: {named}}}") == ({"grief": found}, [])


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("Estats", "'Estats' is none of the channels under 'contact:'. Did you mean 'Estates'?"),
        ("post", "There are: form, phone, Cards lost, Estates"),
        ("chat", "there are 2 channels 'chat'. Give each a 'name:'"),
    ],
)
def test_a_channel_that_is_not_there_is_named_with_its_line(channels, named, says):
    _, [problem] = channels(f"\n        anger: no\n        grief:\n          channels: [form, {named}]")
    assert says in problem
    assert "mkdocs.yml:7" in problem


def test_no_topic_has_the_name_of_what_fits_two(raw):
    sentences = "".join(f"\n          - sentence {number}" for number in range(9))
    topics, (problem,) = read_sensitive(*raw(f"\n        unsure:{sentences}"))
    assert "unsure" not in topics and "another name" in problem.what


def test_all_topics_together_have_a_bound(raw):
    many = "".join(
        f"\n        topic-{topic}:" + "".join(f"\n          - sentence {number} of {topic}" for number in range(410))
        for topic in range(5)
    )
    _, (problem,) = read_sensitive(*raw(many))
    assert "2050 sentences" in problem.what
    assert "2000" in problem.what
