"""What is wrong with mkdocs.yml is named with its line, all at once, by the check as by the build."""

from __future__ import annotations

import pytest
from mkdocs.exceptions import Abort

from handrail_kb.config.settings import options_of
from handrail_kb.config.yaml_lines import nav_of, yaml_lines
from handrail_kb.errors import ConfigError
from handrail_kb.site.mkdocs_yml import read_options, site_file_problems

SITE = """site_name: Help
nav:
  - index.md
  - Guide:
      - Pay: guide/pays.md
      - https://example.org/x.md
plugins:
  - search
  - handrail:
      {}
"""


def problems(tmp_path, settings="", text=SITE):
    docs = tmp_path / "docs"
    (docs / "guide").mkdir(parents=True)
    (docs / "index.md").write_text("# Home\n")
    (docs / "guide" / "pay.md").write_text("# Pay\n")
    file = tmp_path / "mkdocs.yml"
    file.write_text(text.replace("{}", settings.replace("\n", "\n      ")))
    return [(one.line, one.code, one.what) for one in site_file_problems(file, docs, tmp_path / "site")]


def test_a_page_of_the_navigation_that_is_not_there_is_named_with_the_nearest_one(tmp_path):
    [(line, code, what)] = problems(tmp_path)
    assert (line, code) == (5, "nav")
    assert "'guide/pays.md', which is not in docs. Did you mean 'guide/pay.md'?" in what


@pytest.mark.parametrize(
    ("settings", "line", "code", "words"),
    [
        ("port: 80\nprot: 90", 11, "settings", "'prot' is not a setting of Handrail. Did you mean 'port'?"),
        ("port: many", 10, "settings", "port: expected a whole number"),
        ("contact_email: ask Ann", 10, "settings", "contact_email: 'ask Ann' is no e-mail address"),
        ("contact_phone: ask Ann", 10, "settings", "contact_phone: 'ask Ann' is no phone number"),
        ("contact_phone: +1 212 5", 10, "settings", "too short"),
        ("contact: {who: A, channels: [{chat: 'http://x'}]}", 10, "settings", "no safe link"),
        ("contact:\n  channels:\n    - phone: +49 30 901820", 12, "settings-hint", "nobody is behind 'phone'"),
        ("stay_with_people:\n  sadness: yes", 11, "settings", "'sadness' is no topic"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_line(tmp_path, settings, line, code, words):
    found = [one for one in problems(tmp_path, settings) if one[1] != "nav"]
    assert [(one[0], one[1]) for one in found] == [(line, code)]
    assert words in found[0][2]


def test_everything_is_named_at_once(tmp_path):
    found = problems(tmp_path, "port: many\nprot: 90\ncontact_phone: ask Ann\nstay_with_people: all")
    assert [(line, code) for line, code, _ in found] == [
        (10, "settings"), (11, "settings"), (12, "settings"), (13, "settings"), (5, "nav"),
    ]  # fmt: skip


def test_the_build_stops_at_a_phone_number_that_is_none_and_names_the_line(build, caplog):
    with pytest.raises(Abort):
        build(handrail={"contact_phone": "ask Ann", "contact_email": "nobody"})
    assert "contact_phone: 'ask Ann' is no phone number" in caplog.text
    assert "contact_email: 'nobody' is no e-mail address" in caplog.text
    assert "mkdocs.yml:" in caplog.text


def test_a_menu_that_is_in_itself_ends(tmp_path):
    text = "site_name: Help\nnav: &menu\n  - gone.md\n  - Deeper: *menu\nplugins: [handrail]\n"
    assert {(line, code) for line, code, _ in problems(tmp_path, text=text)} == {(3, "nav")}


def test_a_national_number_is_left_alone(tmp_path):
    assert [code for _, code, _ in problems(tmp_path, "contact_phone: 0800 11 22")] == ["nav"]


@pytest.mark.parametrize("contact", ["&a {email: *a}", "&a [*a]"])
def test_a_list_that_is_in_itself_ends(tmp_path, contact):
    found = problems(tmp_path, f"contact: {contact}")
    assert (5, "nav") in {(line, code) for line, code, _ in found}


def test_files_that_inherit_from_each_other_end(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("INHERIT: base.yml\n")
    (tmp_path / "base.yml").write_text("INHERIT: mkdocs.yml\n")
    assert yaml_lines(tmp_path / "mkdocs.yml").line(("contact",)) == 1
    assert nav_of(tmp_path / "mkdocs.yml")[1] == []


def test_a_menu_of_menus_of_menus_is_not_followed_for_ever(tmp_path):
    lists = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}' if n else 'a.md'] * 10)}]\n" for n in range(9))
    (tmp_path / "mkdocs.yml").write_text(f"{lists}nav: *x8\n")
    assert len(nav_of(tmp_path / "mkdocs.yml")[1]) <= 20_000


def test_nine_lines_that_stand_for_a_thousand_million_values_are_refused(tmp_path):
    lists = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}' if n else '1'] * 10)}]\n" for n in range(9))
    with pytest.raises(ConfigError, match=r"holds \d,\d+,\d+,\d+ values"):
        problems(tmp_path, text=f"{lists}plugins: [handrail: {{contact: *x8}}]\n")


def test_a_name_longer_than_a_disk_allows_is_no_page(tmp_path):
    assert [code for _, code, _ in problems(tmp_path, text=f"nav: [{'a' * 300}.md]\nplugins: [handrail]\n")] == ["nav"]


@pytest.mark.parametrize("written", ["0441234567", "+441234567", "112", "2.10", "no"])
@pytest.mark.parametrize("setting", ["contact_phone", "contact_text"])
def test_a_text_that_yaml_takes_for_something_else_is_refused_and_never_shown(tmp_path, setting, written):
    """`0441234567` was shown to customers as 75839863."""
    file = tmp_path / "mkdocs.yml"
    file.write_text(f"site_name: x\nplugins:\n  - handrail:\n      {setting}: {written}\n")
    options = read_options(options_of(file), yaml_lines(file))
    [problem] = options.problems
    assert (problem.severity, problem.line) == ("error", 4)
    assert setting not in options.values
    file.write_text(f"site_name: x\nplugins:\n  - handrail:\n      {setting}: '044 1234567'\n")
    assert read_options(options_of(file), yaml_lines(file)).values == {setting: "044 1234567"}


def test_a_phone_among_the_channels_is_as_it_was_written_or_refused(tmp_path):
    file = tmp_path / "mkdocs.yml"
    contact = "{country: CH, channels: [{who: The support team, phone: 0441234567}]}"
    file.write_text(f"site_name: x\nplugins:\n  - handrail:\n      contact: {contact}\n")
    options = read_options(options_of(file), yaml_lines(file))
    assert [problem for problem in options.problems if "Put it in quotes" in problem.what and problem.line == 4]
    assert not options.contact.has("phone")
