"""A person one click away on every page, and help in the same order: what a build checks of its own result."""

import pytest

from handrail_kb.site.help_links import faults

HEADER = '<header><a href="{up}contact/">Contact</a><form role="search"></form></header>'
END = '<p class="handrail-contact handrail-stuck"><a href="{up}contact/">Contact</a></p>'
FORM = "<form><textarea></textarea></form>"


@pytest.fixture
def site(tmp_path):
    """Writes pages: `site({"a/index.html": body})`, beside a contact page that is well; gives the faults."""

    def write(pages, contact=HEADER + FORM, **more):
        for path, body in {"contact/index.html": contact, **pages}.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"<html><body>{body.replace('{up}', '../' * path.count('/'))}</body></html>")
        return list(faults(tmp_path, ["contact/"], **more))

    return write


PAGE = HEADER + "<main><article>Words." + END + "</article></main>"


def test_pages_that_are_well_have_no_fault(site):
    assert site({"index.html": PAGE, "a/index.html": PAGE, "b/c/index.html": PAGE}) == []


def test_a_page_without_the_link_is_named(site):
    [fault] = site({"index.html": PAGE, "raw.html": "<main><a href='elsewhere/'>Contact</a></main>"})
    assert fault.startswith("raw.html: no link to a person.")


def test_a_link_in_the_text_of_an_article_is_not_enough(site):
    [fault] = site({"a/index.html": '<main><article><a href="../contact/">us</a></article></main>'})
    assert "a/index.html: no link to a person" in fault


def test_many_pages_are_one_warning(site):
    [fault] = site({f"{name}.html": "nothing" for name in "abcde"})
    assert fault.startswith("a.html, b.html, c.html and 2 more: no link")


@pytest.mark.parametrize("href", ["/help/contact/", "/help/contact/index.html", "/help/contact/?q=x#y", "./contact/"])
def test_a_link_counts_however_it_is_written(site, href):
    assert site({"index.html": f"<a href='{href}'>us</a>"}, base_path="/help/") == []


def test_a_link_that_leads_elsewhere_does_not_count(site):
    assert site({"index.html": "<a href='/contact/'>us</a>"}, base_path="/help/") != []


def test_pages_on_which_help_is_the_other_way_round_are_named(site):
    other = '<header><form role="search"></form><a href="../contact/">Contact</a></header>'
    [fault] = site({"index.html": PAGE, "a/index.html": PAGE, "z/index.html": other})
    assert fault.startswith("z/index.html: the search comes before the link to a person, elsewhere after it.")
    assert "WCAG 3.2.6" in fault


def test_a_phone_number_in_the_footer_has_its_place_too(site):
    footer = "<footer><a href='tel:1'>1</a><a href='mailto:a@b.c'>a</a></footer>"
    other = "<footer><a href='mailto:a@b.c'>a</a><a href='tel:1'>1</a></footer>"
    [fault] = site({"a/index.html": PAGE + footer, "b/index.html": PAGE + footer, "c/index.html": PAGE + other})
    assert "c/index.html: an e-mail address comes before a phone number" in fault


def test_a_contact_page_on_which_nothing_can_be_written_is_too_far_away(site):
    [fault] = site({"index.html": PAGE}, contact=HEADER + "<p>See our other page.</p>")
    assert "contact/index.html: no message can be written there" in fault


def test_pieces_of_html_and_redirects_are_no_pages(site, tmp_path):
    (tmp_path / "google123.html").write_text("google-site-verification: google123.html")
    redirect = '<html><head><meta http-equiv="refresh" content="0; url=a/"></head><body></body></html>'
    (tmp_path / "old.html").write_text(redirect)
    assert site({}) == []


def test_pages_that_are_no_part_of_the_help_site_can_be_left_out(site):
    assert site({"reports/one.html": "numbers"}, leave_out=["reports/*"]) == []


def test_a_build_tells_of_a_raw_page_without_the_link(build):
    raw = {"raw.html": "<html><body>Raw</body></html>"}
    site = build(raw)
    assert site.warnings == []
    [warning] = [words for words in site.infos if "raw.html" in words]
    assert warning.startswith("raw.html: HTML that the build copied as it is, without a link to a person.")
    linked = {"raw.html": "<html><body><a href='contact/'>Contact</a></body></html>"}
    assert [words for words in build(linked).infos if "raw.html" in words] == []
    assert build(raw, handrail={"contact": {"pages_without_link": ["raw.html"]}}).infos == []


@pytest.mark.parametrize(
    "href",
    ["../contact/", "../a/../contact/", "../%63ontact/", "../cont&#97;ct/", "/contact/index.html", "../contact/#form"],
)
def test_a_link_to_a_person_counts_however_it_is_written(tmp_path, href):
    page = f'<html><body><ul><li><a href="../elsewhere/">b</a></li><li><a href="{href}">a</a></li></ul></body></html>'
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "index.html").write_text(page, encoding="utf-8")
    (tmp_path / "contact").mkdir()
    (tmp_path / "contact" / "index.html").write_text("<body><textarea></textarea></body>", encoding="utf-8")
    assert list(faults(tmp_path, {"contact/"})) == []
