"""Site and service read one mkdocs.yml alike, and front matter says what the writer wrote."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from handrail_kb.articles.article import parse_article
from handrail_kb.config.settings import load_settings
from handrail_kb.config.yaml_files import compose_yaml, read_mkdocs_yml, read_yaml
from handrail_kb.errors import ConfigError

BASE = """site_name: Base
theme: {name: material, font: false}
plugins:
  search: {}
  handrail:
    retention_days: 30
    contact_email: help@example.org
"""
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


def both(file: Path):
    """The plugin's options as MkDocs gives them, and the service's settings."""
    from mkdocs.config import load_config

    site = load_config(str(file)).plugins["handrail"].config
    return site, load_settings(file, environ={})


def test_site_and_service_merge_inherited_options_alike(tmp_path):
    (tmp_path / "base.yml").write_text(BASE)
    (tmp_path / "docs").mkdir()
    child = tmp_path / "mkdocs.yml"
    child.write_text("INHERIT: base.yml\nsite_name: Child\nplugins:\n  handrail:\n    topic_people: 7\n")
    site, service = both(child)
    for name, value in (("retention_days", 30), ("contact_email", "help@example.org"), ("topic_people", 7)):
        assert site[name] == service[name] == value


@pytest.mark.parametrize(
    ("written", "environment", "value"),
    [
        ("!ENV [DAYS_OF_OURS]", None, 365),
        ("!ENV DAYS_OF_OURS", None, 365),
        ("!ENV [DAYS_OF_OURS, 90]", None, 90),
        ("!ENV [DAYS_OF_OURS, OTHER_DAYS, 90]", None, 90),
        ("!ENV [DAYS_OF_OURS]", "45", 45),
        ("!ENV [DAYS_OF_OURS, 90]", "45", 45),
        ("!ENV [OTHER_DAYS, DAYS_OF_OURS, 90]", "45", 45),
        ("", None, 365),
    ],
)
def test_site_and_service_read_the_environment_alike(tmp_path, monkeypatch, written, environment, value):
    if environment:
        monkeypatch.setenv("DAYS_OF_OURS", environment)
    (tmp_path / "docs").mkdir()
    file = tmp_path / "mkdocs.yml"
    file.write_text(BASE.replace("retention_days: 30", f"retention_days: {written}"))
    site, service = both(file)
    assert site["retention_days"] == service["retention_days"] == value


def test_an_address_from_an_unset_variable_is_not_the_name_of_the_variable(tmp_path):
    file = tmp_path / "mkdocs.yml"
    file.write_text("site_url: !ENV [NOT_SET_ANYWHERE]\nsite_dir: !ENV [NOT_SET_ANYWHERE, out]\n")
    settings = load_settings(file, environ={})
    assert settings.site_url == ""
    assert settings.site_dir == tmp_path / "out"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("INHERIT: mkdocs.yml\n", "inherit from each other"),
        ("INHERIT: gone.yml\n", "gone.yml"),
        ("INHERIT: [a]\n", "cannot be read"),
        ("a: b: c\n", "mkdocs.yml:1"),
        ("just words\n", "expected settings"),
        (BOMB, "every alias"),
        (b"site_name: \xff\n", "cannot be read"),
        ("site_name: !!python/object/apply:os.system [exit]\nx: &x [*x]\n", ""),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_file_is_one_clear_error(tmp_path, content, words):
    file = tmp_path / "mkdocs.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    if not words:
        assert read_mkdocs_yml(file)["site_name"] is None
        return
    with pytest.raises(ConfigError) as raised:
        read_mkdocs_yml(file)
    assert words in raised.value.what
    assert len(raised.value.what) < 600


# --- words as they were written

WRITTEN = [
    "0x80131500",
    "007",
    "1_000",
    "2.10",
    "12:30",
    "yes",
    "No",
    "on",
    "2026-01-02",
    "1e3",
    ".5",
    "0b1",
    "0o17",
    "+49",
]


@pytest.mark.parametrize("written", WRITTEN)
def test_words_are_read_as_they_were_written(written):
    front = "".join(f"{name}: {written}\n" for name in ("title", "description", "owner"))
    front += "".join(f"{name}: [{written}, '{written}']\n" for name in ("questions", "keywords", "tags"))
    article = parse_article("a.md", f"---\n{front}---\n# A\n")
    assert (article.title, article.description, article.owner) == (written,) * 3
    assert article.keywords == article.tags == (written,) * 2
    assert article.questions == (written,)  # a question that is written twice is one
    assert article.problems == ()


@pytest.mark.parametrize("nothing", ["null", "~", "", "[a]", "{a: b c}", "{a: b, c: d}", "{a: [b]}", "''"])
def test_what_cannot_be_meant_as_a_question_is_named_with_its_line(nothing):
    article = parse_article("a.md", f"---\ntitle: A\nquestions:\n  - Fine\n  - {nothing}\n---\n")
    assert article.questions == ("Fine",)
    assert [(problem.file, problem.line) for problem in article.problems] == [("docs/a.md", 5)]


def test_words_of_merged_and_repeated_values_are_as_written_too():
    front = "base: &base\n  title: 2.10\n<<: *base\nkeywords: &codes [007]\nquestions: *codes\n"
    article = parse_article("a.md", f"---\n{front}---\n")
    assert (article.title, article.keywords, article.questions) == ("2.10", ("007",), ("007",))


def test_fields_that_are_no_words_keep_their_kinds():
    article = parse_article("a.md", "---\npeople_only: yes\nreview_by: 2027-01-31\nsearch: {boost: 2.10}\n---\n")
    assert (article.people_only, str(article.review_by), article.boost) == (True, "2027-01-31", 2.1)


def test_an_article_never_reads_the_environment():
    assert read_yaml("title: !ENV HOME\n", as_written=True) == {"title": None}


def test_the_built_site_and_search_show_a_title_as_it_was_written(build):
    site = build({"a.md": "---\ntitle: 2.10\nkeywords: [0x80131500]\nquestions: [12:30]\n---\n# News\n\nText.\n"})
    facts = yaml.safe_load(site.page("handrail/site.json"))["articles"]["a/"]
    assert (facts["title"], facts["keywords"], facts["questions"]) == ("2.10", ["0x80131500"], ["12:30"])
    assert "<title>2.10 - Help</title>" in site.page("a/index.html")


def test_values_that_stand_deep_in_each_other_end_no_program():
    for text in ("[" * 200_000, "a: " + "{b: " * 100_000, "- " * 100_000, "? " * 100_000):
        with pytest.raises(yaml.YAMLError):
            read_yaml(text)
        with pytest.raises(yaml.YAMLError):
            compose_yaml(text)
    for text in ("[" * 2900, "[" * 2900 + "]" * 2900, "- " * 2900 + "a"):
        with suppress(yaml.YAMLError):
            read_yaml(text)
        with suppress(yaml.YAMLError):
            compose_yaml(text)
