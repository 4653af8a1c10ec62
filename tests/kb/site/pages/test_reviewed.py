"""The day on which somebody last checked an article stands at its end, and nowhere in search."""

import json
from datetime import date

import pytest

from handrail_kb.articles.article import parse_article
from handrail_kb.articles.checks import reviews_to_come
from handrail_kb.site.built.passages import read_site


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Last checked {}2 January 2026</time>"),
        ("de", "Zuletzt geprüft am {}2. Januar 2026</time>"),
        ("es", "Revisado por última vez el {}2 de enero de 2026</time>"),
        ("fr", "Vérifié pour la dernière fois le {}2 janvier 2026</time>"),
    ],
)
def test_the_day_of_the_last_check_stands_at_the_end_in_the_language_of_the_page(build, language, said):
    theme = {"name": "material", "font": False, "language": language}
    site = build({"a.md": "---\nreviewed: 2026-01-02\n---\n# A walrus\n\nIt rests on ice.\n"}, theme=theme)
    html = site.page("a/index.html")
    assert said.format('<time datetime="2026-01-02">') in html
    assert html.index("It rests on ice") < html.index('datetime="2026-01-02"') < html.index("handrail-stuck")
    assert site.warnings == []
    texts = " ".join(passage.text for page in read_site(site.dir) for passage in page.passages)
    assert "It rests on ice." in texts
    assert "2026" not in texts
    assert "2026" not in json.dumps(json.loads(site.page("search/handrail_fallback.json"))["docs"])


def test_nothing_is_said_without_the_field_of_a_day_to_come_of_no_day_and_on_a_home_page(build):
    site = build(
        {
            "index.md": "---\nhome: true\nreviewed: 2026-01-02\n---\n# Home\n",
            "without.md": "# A\n",
            "to-come.md": "---\nreviewed: 2999-01-02\n---\n# B\n",
            "no-day.md": "---\nreviewed: soon\n---\n# C\n",
        }
    )
    for path in ("index.html", "without/index.html", "to-come/index.html", "no-day/index.html"):
        assert "<time" not in site.page(path), path
    assert any("no-day.md" in words and "a date such as" in words for words in site.warnings)


def test_the_check_names_a_review_on_a_day_that_is_still_to_come():
    today = date(2026, 1, 2)
    done = parse_article("a.md", "---\nreviewed: 2026-01-02\n---\n")
    to_come = parse_article("b.md", "---\ntitle: B\nreviewed: 2026-01-03\n---\n")
    [problem] = reviews_to_come([done, to_come], today)
    assert (problem.file, problem.line, problem.severity) == ("b.md", 3, "warning")
    assert "2026-01-03" in problem.what
