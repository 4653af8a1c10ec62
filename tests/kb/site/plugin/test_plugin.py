"""What a build with the plugin leaves, with Material and without, on sites of many kinds."""

import json
import re
import subprocess
import sys
from urllib.parse import urljoin

import pytest

from handrail_kb.policy.needs import inline_hashes
from handrail_kb.policy.policy import HEADER, read_policies
from handrail_kb.site.built.passages import read_site
from handrail_kb.site.shell import fill
from handrail_kb.site.vote_form import NO_REASONS, YES_REASONS
from kb.site.plugin.guide import GUIDE


def facts(site):
    return json.loads(site.page("handrail/site.json"))


def config_of(page):
    found = re.search(r'<script id="?__config"?[^>]*>(.*?)</script>', page, re.S)
    return json.loads(found[1])


def test_every_page_asks_our_worker_and_offers_a_person(build):
    site = build(GUIDE)
    assert site.warnings == []
    for path in ("index.html", "guide/reset/index.html", "404.html", "find/index.html", "contact/index.html"):
        page = site.page(path)
        worker = config_of(page)["search"]
        assert "/workers/handrail-worker." in worker
        assert "lunr=search." in worker
        assert page.count("handrail-person-link") == 1
        early = page.index("handrail-tab.")
        assert page.index("__config") < early < page.index("bundle.")
    assert "handrail-stuck" in site.page("guide/reset/index.html")
    assert "handrail-stuck" not in site.page("contact/index.html")


def test_links_work_below_a_sub_path(build):
    site = build(GUIDE)
    assert 'href="../../contact/"' in site.page("guide/reset/index.html")
    assert 'action="../../find/"' in site.page("guide/reset/index.html")
    assert 'href="/help/contact/"' in site.page("404.html")
    assert 'action="/help/find/"' in site.page("404.html")
    assert facts(site)["base_path"] == "/help/"


@pytest.mark.parametrize(
    "given, told",
    [
        ({}, ""),
        ({"repo_url": "https://github.com/acme/help"}, "https://github.com/acme/help/edit/master/docs/"),
        (
            {"repo_url": "https://code.acme.test/o/help/", "edit_uri": "_edit/main/docs/"},
            "https://code.acme.test/o/help/_edit/main/docs/",
        ),
        (
            {"edit_uri_template": "https://gitlab.acme.test/g/help/-/edit/main/{path}"},
            "https://gitlab.acme.test/g/help/-/edit/main/",
        ),
        ({"repo_url": "https://github.com/acme/help", "edit_uri": ""}, ""),
        ({"edit_uri_template": "https://wiki.acme.test/{path_noext}"}, ""),
    ],
)
def test_the_service_is_told_where_articles_are_edited(build, given, told):
    assert facts(build(GUIDE, **given))["edit_base"] == told


def test_the_service_is_told_what_articles_say_of_themselves(build):
    front = (
        "---\ntitle: Reset it\ndescription: How\nquestions: [I forgot it]\nkeywords: a, b\ntags: [c]\n"
        "people_only: true\nsearch: {boost: 2}\n---\n# Reset\n"
    )
    site = build({"guide/reset.md": front}, nav=[{"Home": "index.md"}, {"Account": ["guide/reset.md"]}])
    assert facts(site)["articles"]["guide/reset/"] == {
        "source": "guide/reset.md",
        "title": "Reset it",
        "description": "How",
        "questions": ["I forgot it"],
        "sections": {},
        "keywords": ["a", "b"],
        "tags": ["c"],
        "own_title": "Reset it",
        "people_only": True,
        "boost": 2.0,
        "exclude": False,
        "owner": "",
        "review_by": "",
        "lang": "en",
        "breadcrumb": ["Account"],
    }
    assert facts(site)["articles"]["find/"]["exclude"] is True
    assert facts(site)["contact"] == {"url": "contact/", "label": "Contact a person", "ways": "", "opening": {}}


def test_the_policy_names_every_inline_script(build):
    site = build(GUIDE)
    policies = read_policies(site.dir)
    for file in site.dir.rglob("*.html"):
        scripts, styles = inline_hashes(file.read_text())
        sent = policies.headers(file.relative_to(site.dir).as_posix())["Content-Security-Policy"]
        assert scripts
        assert all(f"'{digest}'" in sent for digest in scripts | styles)


def test_the_pages_for_the_service_can_be_filled(build):
    site = build(GUIDE)
    for name in ("find", "contact"):
        assert site.page(f"{name}/index.html").count("<handrail-main>") == 1
        filled = fill(site.dir, name, "<p>Filled</p>", title="T")
        assert "<handrail-main><p>Filled</p></handrail-main>" in filled
        assert "md-header" in filled


def test_a_sites_own_contact_page_gets_the_form(build):
    site = build({"contact.md": "# Write to us\n\nMonday to Friday.\n"}, handrail={"contact_email": "a@example.org"})
    page = site.page("contact/index.html")
    assert page.index("Monday to Friday") < page.index('<textarea id="handrail-message"')
    assert "mailto:a@example.org" in page
    assert facts(site)["articles"]["contact/"]["exclude"] is False


@pytest.mark.parametrize("more", [[], [{"minify": {"minify_html": True}}]], ids=["as written", "minified"])
def test_the_search_dialog_has_a_name_where_no_script_could_give_it_one(build, more):
    if more:
        pytest.importorskip("mkdocs_minify_plugin", reason="mkdocs-minify-plugin is not installed")
    page = build(GUIDE, plugins=["search", *more]).page("guide/reset/index.html")
    [dialog] = [one for one in re.findall(r"<div\b[^>]*", page) if re.search(r"role=[\"']?dialog", one)]
    assert re.search(r"aria-label=[\"']?Search\b", dialog)


def test_a_german_site_speaks_german(build):
    site = build(theme={"name": "material", "font": False, "language": "de"})
    page = site.page("index.html")
    assert "Einen Menschen fragen" in page
    assert "War diese Seite hilfreich?" in page
    assert "<title>Suche - Help</title>" in site.page("find/index.html")
    assert "lang=de" in config_of(page)["search"]
    assert "Diese Seite gibt es nicht" in site.page("404.html")


def test_the_words_of_the_link_can_be_chosen_and_are_escaped(build):
    site = build(handrail={"contact_text": "Talk to <Ann> & Bob"})
    assert "<Ann>" not in site.page("index.html")
    assert "Talk to &lt;Ann&gt; &amp; Bob" in site.page("index.html")
    assert facts(site)["contact"]["label"] == "Talk to <Ann> & Bob"


def test_a_site_without_directory_urls_works(build):
    site = build(GUIDE, use_directory_urls=False)
    assert site.warnings == []
    assert 'href="../contact.html"' in site.page("guide/reset.html")
    assert "<handrail-main>" in site.page("find.html")
    assert facts(site)["contact"]["url"] == "contact.html"
    assert "guide/reset.html" in facts(site)["articles"]


def test_minified_pages_work(build):
    pytest.importorskip("mkdocs_minify_plugin", reason="mkdocs-minify-plugin is not installed")
    site = build(GUIDE, plugins=["search", {"minify": {"minify_html": True}}])
    assert site.warnings == []
    assert "handrail-worker." in config_of(site.page("guide/reset/index.html"))["search"]
    assert "<handrail-main>" in site.page("contact/index.html")


def test_a_site_in_two_languages_has_everything_in_both(build):
    pytest.importorskip("mkdocs_static_i18n", reason="mkdocs-static-i18n is not installed")
    languages = [
        {"locale": "en", "name": "English", "default": True, "build": True},
        {"locale": "de", "name": "Deutsch", "build": True},
    ]
    articles = {"guide.md": "# Guide\n\nWords.\n", "guide.de.md": "# Anleitung\n\nWörter.\n"}
    site = build(articles, plugins=["search", {"i18n": {"languages": languages}}])
    assert site.warnings == []
    known = facts(site)["articles"]
    assert (known["guide/"]["lang"], known["de/guide/"]["lang"]) == ("en", "de")
    assert facts(site)["lang"] == "en"
    assert facts(site)["languages"] == [["en", "English"], ["de", "Deutsch"]]
    german = site.page("de/guide/index.html")
    assert '<option value="de">Deutsch</option>' in site.page("find/index.html")
    assert "handrail-preferences." in german
    assert "Einen Menschen fragen" in german
    assert "lang=de" in config_of(german)["search"]
    assert 'href="../contact/"' in german
    assert "Ihre Nachricht" in site.page("de/contact/index.html")
    assert 'href="../contact/"' in site.page("guide/index.html")
    for page, other in (("contact", "de"), ("de/find", "en")):
        [switch] = re.findall(rf'<a href="([^"]+)" hreflang="{other}"', site.page(f"{page}/index.html"))
        assert switch.endswith("/de/contact/" if other == "de" else "/help/find/")
    kept = json.loads(site.page("search/handrail_fallback.json"))["docs"]
    assert {"guide/", "de/guide/"} <= {section["location"] for section in kept}
    assert json.loads(site.page("search/search_index.json"))["docs"] == []


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_other_themes_get_a_person_and_a_find_page(build, theme):
    site = build(GUIDE, theme={"name": theme})
    assert site.warnings == []
    page = site.page("guide/reset/index.html")
    assert 'href="../../contact/"' in page
    assert "<handrail-main>" in site.page("contact/index.html")
    assert len(json.loads(site.page("search/search_index.json"))["docs"]) > 0
    assert "guide/reset/" in facts(site)["articles"]


def test_the_offline_plugin_is_left_alone(build):
    site = build(GUIDE, plugins=["search", "offline"])
    assert len([words for words in site.infos if "offline plugin is on" in words]) == 1
    assert "handrail" not in site.page("guide/reset.html")


def test_turned_off_means_nothing(build):
    site = build(GUIDE, handrail={"enabled": False}, theme={"name": "material"})
    assert (site.warnings, site.infos) == ([], [])
    assert "handrail" not in site.page("index.html")
    assert not (site.dir / "handrail").exists()


def test_a_misspelt_option_stops_the_build_and_names_the_nearest(build, caplog):
    from mkdocs.exceptions import Abort

    with pytest.raises(Abort):
        build(handrail={"time_out": 100})
    assert "'time_out' is not a setting of Handrail. Did you mean 'timeout'?" in caplog.text


def test_the_environment_overrules_an_option(build, monkeypatch):
    monkeypatch.setenv("HANDRAIL_TIMEOUT", "777")
    assert "timeout=777" in config_of(build(handrail={"timeout": 100}).page("index.html"))["search"]


def test_what_is_wrong_in_our_own_fields_is_a_warning_with_file_and_line(build):
    site = build({"vat.md": "---\nquestions: 7\n---\n# VAT\n", "b.md": "---\nreview_by: soon\n---\n# B\n"})
    assert [words.partition(": ")[0] for words in sorted(site.warnings)] == ["docs/b.md:2", "docs/vat.md:2"]


def test_a_slip_in_what_is_allowed_stops_the_build_with_its_line(build, caplog):
    from mkdocs.exceptions import Abort

    with pytest.raises(Abort):
        build(handrail={"csp_allow": {"imgsrc": ["https://img.example.com"]}})
    assert re.search(
        r"mkdocs\.yml:\d+: 'imgsrc' is not a directive that can be opened. Did you mean 'img-src'", caplog.text
    )


def test_what_is_allowed_is_sent_and_no_longer_reported(build):
    article = {"film.md": '# Film\n\n<iframe src="https://play.example.com/v"></iframe>\n'}
    [told] = [words for words in build(article).infos if "frame-src" in words]
    assert 'frame-src: ["https://play.example.com"]' in told
    site = build(article, handrail={"csp_allow": {"frame-src": ["https://play.example.com"]}})
    assert not [words for words in site.infos if "frame-src" in words]
    assert "frame-src 'self' https://play.example.com" in read_policies(site.dir).headers("film/index.html")[HEADER]


@pytest.mark.parametrize(("csp", "sent"), [("report-only", f"{HEADER}-Report-Only"), (False, ""), ("off", "")])
def test_the_policy_can_be_let_off_for_the_first_weeks(build, csp, sent):
    headers = read_policies(build(GUIDE, handrail={"csp": csp}).dir).headers("guide/reset/index.html")
    assert headers[HEADER] == ""
    assert [name for name, value in headers.items() if value and name.startswith(HEADER)] == ([sent] if sent else [])


def test_the_line_works_where_plugins_are_a_mapping(build):
    site = build(GUIDE, plugins={"search": {}, "handrail": {"helpful": False}})
    assert site.warnings == []
    assert "handrail-person-link" in site.page("guide/reset/index.html")
    assert "md-feedback" not in site.page("index.html")


def test_a_sites_own_feedback_is_kept(build):
    own = {"title": "Good?", "ratings": [{"icon": "material/thumb-up-outline", "name": "Y", "data": 1, "note": "Ta"}]}
    site = build(extra={"analytics": {"feedback": own}})
    assert "Good?" in site.page("index.html")
    assert "Was this page helpful" not in site.page("index.html")
    assert "api/feedback" not in site.page("index.html")


def test_the_question_whether_a_page_helped_is_a_form_that_needs_no_script(build):
    page = build(GUIDE).page("guide/reset/index.html")
    form = re.search(r'<form class="md-feedback".*?</form>', page, re.S)[0]
    assert "hidden>" not in form.partition(">")[0] + ">"
    assert 'action="../../api/feedback" method="post"' in form
    assert re.search(r'name="url" value="([^"]*)"', form)[1].endswith("guide/reset/")
    assert re.findall(r'name="helpful" value="(.)"', form) == ["1", "0"]
    why = re.search(r'<form class="handrail-form handrail-why".*?</form>', page, re.S)[0]
    assert " hidden" in why.partition(">")[0]
    assert why.count('type="checkbox"') == len(NO_REASONS) + len(YES_REASONS)


def test_without_the_vote_there_is_none(build):
    assert "md-feedback" not in build(handrail={"helpful": False}).page("index.html")


@pytest.mark.parametrize(
    ("options", "site", "page", "address"),
    [
        ({}, {}, "/site/contact/index.html", "/site/contact/code/"),
        ({}, {"use_directory_urls": False}, "/site/contact.html", "/site/contact/code/"),
        ({"api": "/help/api"}, {}, "/site/contact/index.html", "/help/contact/code/"),
    ],
)
def test_who_has_a_code_finds_the_page_for_it_wherever_the_service_is(build, options, site, page, address):
    html = build(GUIDE, handrail=options, **site).page(page.removeprefix("/site/"))
    [link] = re.findall(r'<a href="([^"]*code/)">', html)
    assert urljoin(page, link) == address


def test_a_service_elsewhere_on_the_host_is_named_absolutely(build):
    page = build(GUIDE, handrail={"api": "/help/api"}).page("guide/reset/index.html")
    assert "api=%2Fhelp%2Fapi%2Fsearch" in config_of(page)["search"]
    assert '"api":"/help/api"' in page


def test_a_site_without_search_is_told_and_still_has_a_person(build):
    site = build(GUIDE, plugins=[])
    assert len(site.warnings) == 1
    assert "Add '- search'" in site.warnings[0]
    assert "handrail-person-link" in site.page("index.html")


def test_a_draft_with_gaps_is_left_out_of_search(build):
    site = build({"new.md": "# Shipping\n\n…\n", "old.md": "# Returns\n\nWithin 14 days.\n"}, handrail={})
    assert sorted(page.location for page in read_site(site.dir)) == ["", "old/"]
    without_service = json.loads(site.page("search/handrail_fallback.json"))["docs"]
    assert {doc["location"] for doc in without_service} == {"", "old/"}


def test_the_plugin_needs_nothing_that_only_the_service_installs():
    absent = ("selectolax", "flask", "numpy", "faiss", "onnxruntime", "rapidfuzz", "phonenumbers", "holidays", "torch")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); import handrail_kb.plugin"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-400:]
