"""Articles that say nearly the same stand as one result, and languages in blocks of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

STEPS = (
    "Open the lid and take out the filter. Rinse it under warm water until the water runs clear. "
    "Let it dry for a day before you put it back, because damp filters grow mould. {} Close the lid until it clicks."
)


def page(location, title, text, lang="en"):
    return Page(location, title, (Passage(location, "", (), text),), lang=lang)


@pytest.fixture
def searcher(state):
    pages = [
        page("v1/filter/", "Clean the filter", STEPS.format("This takes a minute.")),
        page("v2/filter/", "Clean the filter (model 2)", STEPS.format("This takes two minutes.")),
        page("change/", "Buy a new filter", "A filter lasts a year. Order a new filter in the shop and keep the box."),
        page(
            "de/filter/", "Den Filter reinigen", "Nehmen Sie den Filter heraus und spülen Sie ihn unter Wasser.", "de"
        ),
        page("de/kauf/", "Einen Filter kaufen", "Ein Filter hält ein Jahr. Bestellen Sie den neuen im Laden.", "de"),
    ]
    return Searcher.open(build_index(pages, state, MODEL).folder)


def test_articles_that_say_nearly_the_same_are_one_result_with_both_places(searcher):
    hits = searcher.search("how do I clean the filter", lang="en").hits
    english = [hit for hit in hits if not hit.other_language]
    assert [hit.location for hit in english] in (["v1/filter/", "change/"], ["v2/filter/", "change/"])
    places = {english[0].location} | {section.location for section in english[0].sections}
    assert {"v1/filter/", "v2/filter/"} <= places


def test_articles_on_one_matter_that_differ_both_stand(searcher):
    assert "change/" in [hit.location for hit in searcher.search("new filter", lang="en").hits]


def test_results_in_other_languages_come_last_and_say_so(searcher):
    for lang in ("en", "de", "de-AT"):
        hits = searcher.search("filter", lang=lang).hits
        own = lang.partition("-")[0]
        assert [hit.other_language for hit in hits] == sorted(hit.other_language for hit in hits)
        assert all((hit.lang != own) == hit.other_language for hit in hits)
        assert {hit.lang for hit in hits} == {"en", "de"}


def test_what_fits_better_in_another_language_keeps_its_place_in_a_short_list(searcher):
    hits = searcher.search("new filter kaufen", lang="en", limit=2).hits
    assert [(hit.lang, hit.other_language) for hit in hits] == [("en", False), ("de", True)]


def test_a_reader_of_a_language_the_site_does_not_have_sees_everything_in_one_list(searcher):
    assert not any(hit.other_language for hit in searcher.search("filter", lang="fr").hits)


COPY = STEPS.format("This takes a minute.")


def titles_of(hits):
    return [(hit.location, [section.location for section in hit.sections]) for hit in hits]


@pytest.fixture
def copied(state):
    """A site in three languages where one article was never translated, and another was."""
    pages = [page(f"{lang}filter/", "Clean the filter", COPY, lang[:2] or "en") for lang in ("", "de/", "fr/")]
    pages += [
        page("change/", "Buy a new filter", "A filter lasts a year. Order a new filter in the shop and keep the box."),
        page("de/change/", "Einen Filter kaufen", "Ein Filter hält ein Jahr. Bestellen Sie ihn im Laden.", "de"),
    ]
    return Searcher.open(build_index(sorted(pages, key=lambda one: one.location), state, MODEL).folder)


@pytest.mark.parametrize(
    ("lang", "location"),
    [("en", "filter/"), ("de", "de/filter/"), ("fr", "fr/filter/"), ("nl", "filter/"), ("", "filter/")],
)
def test_an_untranslated_copy_stands_once_in_the_readers_language_if_there_is_one(copied, lang, location):
    hits = copied.search("clean the filter", lang=lang).hits
    shown = [hit.location for hit in hits if hit.title == "Clean the filter"]
    assert shown == [location]
    assert not hits[0].other_language


def test_a_translation_is_no_copy(copied):
    hits = copied.search("new filter", lang="de").hits
    assert {"change/", "de/change/"} <= {hit.location for hit in hits}


def test_short_texts_that_are_the_same_under_other_titles_are_no_copies(state):
    pages = [
        page(f"{name}/", name, "Coming soon.") for name in ("Import contacts", "Export invoices", "Change colours")
    ]
    pages += [page("empty-1/", "Blue keys", ""), page("empty-2/", "Green keys", "")]
    index = Searcher.open(build_index(pages, state, MODEL).folder).index
    assert index.twin_of == {}


def test_untranslated_copies_are_no_fault_of_a_writer(copied):
    from handrail_search.checking.near_duplicates import near_duplicates

    sources = {one.location: "filter.md" if "filter" in one.location else one.location for one in copied.index.pages}
    assert list(near_duplicates(copied.index, sources)) == []


# --- related articles


@pytest.fixture(scope="module")
def related(tmp_path_factory, lend_encoder):
    """A searcher of a site about three things, with a copy and an article for people only."""
    bills = "Your invoice lists every payment of the month. Change the billing address before the next invoice."
    pages = [
        page("filter/", "Clean the filter", STEPS.format("This takes a minute.")),
        page("filter-2/", "Clean the filter (model 2)", STEPS.format("This takes two minutes.")),
        page("mould/", "Mould on the filter", "Damp filters grow mould. Take the filter out and let it dry for a day."),
        page("invoice/", "Invoices", bills),
        page("", "Help", "All about bills: what an invoice lists, and how a payment is made."),
        page("pay/", "Pay an invoice", "Pay the invoice by card or transfer; the payment appears on the next invoice."),
        replace(page("fraud/", "A wrong invoice", f"An invoice that is not yours. {bills[:40]}"), people_only=True),
        page("de/rechnung/", "Rechnungen", "Die Rechnung nennt jede Zahlung des Monats und die Anschrift.", "de"),
        page("music/", "Play music", "Choose a song and a loudspeaker. The volume is set by the wheel on top."),
        page("radio/", "Listen to the radio", "Stations are stored by holding a button. The wheel sets the volume."),
    ]
    state = lend_encoder(tmp_path_factory.mktemp("related") / "state")
    return Searcher.open(build_index(pages, state, MODEL).folder)


def names(searcher, location):
    return [one.location for one in searcher.related(location)]


def test_related_articles_are_near_in_meaning_without_copies_and_what_is_for_people(related):
    assert "mould/" in names(related, "filter/")
    assert not {"filter-2/", "filter/"} & set(names(related, "filter/"))
    assert len({"filter/", "filter-2/"} & set(names(related, "mould/"))) == 1
    assert names(related, "invoice/")[:1] == ["pay/"]
    assert not {"fraud/", ""} & set(names(related, "invoice/"))
    assert "de/rechnung/" not in names(related, "invoice/")
    assert "invoice/" in names(related, "fraud/")


def test_what_is_about_something_else_is_not_related(related):
    for location in ("filter/", "invoice/", "music/"):
        things = {"filter/": ("pay/", "music/"), "invoice/": ("filter/", "radio/"), "music/": ("mould/", "pay/")}
        assert not set(things[location]) & set(names(related, location))


@pytest.mark.parametrize("location", ["nowhere/", "../etc/passwd", "filter/#part", "x" * 5000])
def test_a_page_that_is_not_in_the_index_has_no_related_articles(related, location):
    assert names(related, location) == []
