"""A customer's question: found by meaning, by code and by title, judged honestly, and always answered."""

from __future__ import annotations

import html
import re
import shutil
import threading
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handrail_kb.errors import EncoderUnavailable
from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index, current_generation
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import MAX_LIMIT, MAX_QUESTION, Searcher, clean_question
from waiting import until

from ..conftest import MODEL, rewrite


def first(results):
    return results.hits[0].location.partition("#")[0] if results.hits else None


# --- found


@pytest.mark.parametrize(
    ("question", "location"),
    [
        ("the link to choose a new passphrase never reached me", "account/password/"),
        ("someone stole my handset and now I can't get in", "account/two-factor/"),
        ("I want to leave and have you forget everything about me", "account/delete/"),
        ("where is last month's bill", "billing/invoice/"),
        ("my mail programme refuses to send what I wrote", "mail/send/"),
        ("hte passwrod I forgto", "account/password/"),
    ],
)
def test_a_sentence_finds_the_article_that_means_it(searcher, question, location):
    assert first(searcher.search(question)) == location


@pytest.mark.parametrize(
    ("question", "location", "section"),
    [
        ("E-1042", "mail/send/", "e-1042"),
        ("e-1042", "mail/send/", "e-1042"),
        ("0x80070057", "mail/send/", "e-1042"),
        ("profiles.ini", "mail/settings/", ""),
        ("browser.tabs.max", "mail/settings/", ""),
        ("about:config", "mail/settings/", ""),
        ("C++", "mail/settings/", "addons"),
        ("smtp.acme.example", "mail/send/", ""),
        ('"printed when you enter it"', "billing/invoice/", "vat"),
        ("„printed when you enter it“", "billing/invoice/", "vat"),
        ("I forgot my password and now it says E-1042", "mail/send/", "e-1042"),
        ("password reset and login say 0x80070057 all day", "mail/send/", "e-1042"),
    ],
)
def test_the_article_that_holds_a_code_to_the_letter_comes_first(searcher, question, location, section):
    results = searcher.search(question)
    assert results.hits[0].location == location + (f"#{section}" if section else "")
    assert results.hits[0].why["exact"] > 0


@pytest.mark.parametrize("question", ["E-1042", "profiles.ini", "C++"])
def test_a_code_that_stands_in_an_article_is_answered(searcher, question):
    assert searcher.search(question).verdict == "answered"


@pytest.mark.parametrize("question", ["E-9999", "0xDEADBEEF", "settings.toml"])
def test_a_code_that_no_article_knows_is_not_answered(searcher, question):
    assert searcher.search(question).verdict != "answered"


@pytest.mark.parametrize("question", ["Get your money back", "get your money back?", "  Share your   CALENDAR "])
def test_the_exact_title_comes_first_and_answers(searcher, question):
    results = searcher.search(question)
    assert results.hits[0].title.lower() == " ".join(question.lower().split()).rstrip("?")
    assert results.verdict == "answered"


def test_a_word_that_is_still_being_typed_finds_its_article(searcher):
    assert first(searcher.search("newsletter")) == "mail/filter/"
    assert "mail/filter/" in [hit.location for hit in searcher.search("newslet").hits[:3]]


def test_the_best_section_is_shown_and_others_are_listed(searcher):
    hit = searcher.search("the password mail does not arrive").hits[0]
    assert hit.location == "account/password/#no-mail"
    assert hit.heading == "The mail does not arrive"
    assert hit.breadcrumb == ("Account",)
    assert [section.location for section in hit.sections] == ["account/password/"]


def test_results_are_one_for_each_article_best_first_and_at_most_the_limit(searcher):
    results = searcher.search("mail password phone account card", limit=5)
    pages = [hit.location.partition("#")[0] for hit in results.hits]
    assert len(pages) == len(set(pages)) == 5
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len(searcher.search("mail", limit=0).hits) == 1
    assert len(searcher.search("mail", limit=10**9).hits) <= MAX_LIMIT


def test_the_same_question_has_the_same_answer(searcher):
    assert searcher.search("lost phone") == searcher.search("lost phone")


def test_what_goes_to_a_person_first_says_so(searcher):
    hits = {hit.location.partition("#")[0]: hit.people_only for hit in searcher.search("delete my account").hits}
    assert hits["account/delete/"]
    assert not any(said for location, said in hits.items() if location != "account/delete/")


def test_boost_lifts_an_article_over_its_equal(state):
    def page(name, boost):
        text = f"Pears are sold in spring. {name.upper()} is the letter of this page and of no other one here."
        return Page(f"{name}/", f"Pears {name}", (Passage(f"{name}/", "", (), text),), boost=boost)

    searcher = Searcher.open(build_index([page("a", 1.0), page("b", 3.0), page("c", 0.5)], state, MODEL).folder)
    assert [hit.location for hit in searcher.search("when are pears sold").hits] == ["b/", "a/", "c/"]


def test_german_words_are_found_with_and_without_their_umlauts(state):
    pages = [
        Page(
            "konto/", "Konto löschen", (Passage("konto/", "", (), "So schließt du dein Konto endgültig."),), lang="de"
        ),
        Page("rechnung/", "Rechnung", (Passage("rechnung/", "", (), "Die Straße in der Rechnung ändern."),), lang="de"),
        Page("mail/", "Nachricht", (Passage("mail/", "", (), "Nachrichten verschicken über das Netz."),), lang="de"),
    ]
    searcher = Searcher.open(build_index(pages, state, MODEL).folder)
    for question in ("löschen", "LÖSCHEN", "loschen", "lo\u0308schen"):
        assert first(searcher.search(question)) == "konto/", question
    assert first(searcher.search("straße ändern")) == "rechnung/"
    assert "<mark>Straße</mark>" in searcher.search("straße ändern").hits[0].snippet


# --- judged


@pytest.mark.parametrize(
    "question",
    [
        "how do I bake sourdough bread",
        "what is the capital of Mongolia",
        "which medicine helps against headache",
        "when does the next train to Vienna leave",
    ],
)
def test_a_question_that_no_article_answers_is_told_so(searcher, question):
    assert searcher.search(question).verdict == "none"


@pytest.mark.parametrize("question", ["asdf qwer zxcv", "xkcdqwe", "aaaaaaaaaaaa", "lorem ipsum dolor"])
def test_nonsense_is_never_called_answered(searcher, question):
    assert searcher.search(question).verdict != "answered"


@pytest.mark.parametrize("question", ["", "   ", "\x00", "\ud800", "\n\t"])
def test_no_question_has_no_results(searcher, question):
    results = searcher.search(question)
    assert (results.query, results.hits, results.verdict) == ("", (), "none")


# --- snippets


def snippet_of(state, text, question):
    page = Page("a/", "Escape", (Passage("a/", "", (), text),))
    [hit] = Searcher.open(build_index([page], state, MODEL).folder).search(question).hits
    return hit.snippet


def test_a_snippet_is_escaped_and_holds_no_other_markup_than_marks(state):
    text = "<script>alert('x')</script> & \"quotes\" around dangerous words <img src=x onerror=alert(1)>"
    snippet = snippet_of(state, text, "dangerous <mark> script & words")
    assert "<mark>dangerous</mark>" in snippet
    assert set(re.findall(r"<[^>]*>", snippet)) == {"<mark>", "</mark>"}
    assert html.unescape(re.sub(r"</?mark>", "", snippet)) == text


def test_a_snippet_shows_the_part_that_holds_the_words(state):
    text = "Nothing to see here. " * 60 + "The vault opens with a silver key. " + "And nothing again. " * 60
    snippet = snippet_of(state, text, "silver key vault")
    assert "silver" in snippet
    assert len(re.sub(r"</?mark>", "", html.unescape(snippet))) < 300


@given(st.text(max_size=600), st.text(max_size=60))
def test_any_snippet_is_safe(text, question):
    from handrail_search.lexical.snippets import marking, snippet
    from handrail_search.lexical.words import word_set

    shown = snippet(text, marking(word_set(question), frozenset()))
    assert set(re.findall(r"<[^>]*>?", shown)) <= {"<mark>", "</mark>"}
    assert shown.count("<mark>") == shown.count("</mark>")
    assert '"' not in shown


# --- always answered


HARD = [
    "a" * 50_000,
    "word " * 10_000,
    " ".join(f"word{n}" for n in range(500)),
    "pass\x00word",
    "pass\ud800word \udfff",
    '"',
    '""',
    '"unclosed',
    "*",
    "pass*",
    "NEAR(",
    "NEAR(a b, 5)",
    "a AND",
    "OR NOT AND",
    "^password",
    "-password",
    "head:password",
    "{a b}: c",
    "(((((",
    "'; DROP TABLE pages; --",
    "%s %d {} {0} $1 \\1",
    "?!.,;:…—",
    "🙂🙃 👩‍👩‍👧",
    "نسيت كلمة المرور",
    "שכחתי סיסמה",
    "パスワードを忘れた",
    "\u202epassword",
    "\u200b\u200b",
    "a\u0300" * 200,
    "C:\\Users\\me\\profiles.ini",
    "https://example.com/?q=a&b=c#d",
    "<script>alert(1)</script>",
    "++ ## \\\\ ~/ @@",
    "1",
    "-1e999",
    "ﷺ" * 500,
    "İ" * 500,
]


@pytest.mark.parametrize("question", HARD, ids=range(len(HARD)))
def test_a_hard_question_is_answered_like_any_other(searcher, question):
    began = time.thread_time()
    results = searcher.search(question)
    assert results.verdict in ("answered", "weak", "none")
    assert len(results.query) <= MAX_QUESTION
    assert not results.degraded
    assert time.thread_time() - began < 3


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_search_never_raises(searcher, question):
    results = searcher.search(question)
    assert all(0 <= hit.score <= 1 for hit in results.hits)


@hypothesis_settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="\"'*^-+:(){}[]\\/.,@#~ aAé0Ø\x00\ud800", max_size=80))
def test_search_never_raises_on_signs(searcher, question):
    searcher.search(question)


@given(st.text())
def test_a_question_is_cleaned_once_and_for_all(text):
    cleaned = clean_question(text)
    assert clean_question(cleaned) == cleaned
    assert cleaned == " ".join(cleaned.split())
    assert cleaned.isprintable() or not re.search(r"[\x00-\x1f\x7f]", cleaned)
    cleaned.encode()


# --- when a part is missing


def test_without_an_encoder_words_answer_and_say_so(searcher):
    words_only = Searcher(searcher.index, None)
    results = words_only.search("forgot password")
    assert first(results) == "account/password/"
    assert (results.mode, results.degraded, results.fallback_reason) == ("words", True, "encoder_unavailable")


def test_an_encoder_that_fails_leaves_words(searcher):
    class Failing:
        def encode_query(self, text):
            raise EncoderUnavailable("It broke.")

    results = Searcher(searcher.index, Failing()).search("E-1042")
    assert first(results) == "mail/send/"
    assert (results.mode, results.degraded, results.fallback_reason) == ("words", True, "encoder_failed")


def test_a_generation_whose_encoder_cannot_run_still_answers(own_acme, monkeypatch):
    folder = current_generation(own_acme / "state" / "index")

    def gone(self):
        raise EncoderUnavailable("No memory left.")

    monkeypatch.setattr(Index, "encoder", gone)
    searcher = Searcher.open(folder)
    assert searcher.missing == "encoder_unavailable"
    results = searcher.search("find my invoices")
    assert results.degraded
    assert first(results) == "billing/invoice/"


def test_words_alone_still_judge(searcher):
    words_only = Searcher(searcher.index, None)
    assert words_only.search("xkcdqwe").verdict == "none"
    assert words_only.search("forgot password").verdict == "answered"


# --- a new generation while requests run


def other_pages(name):
    return [Page(f"{name}/", f"Article {name}", (Passage(f"{name}/", "", (), f"All about {name}."),))]


def test_a_new_generation_is_taken_while_requests_run(state):
    build_index(other_pages("first"), state, MODEL)
    live = LiveIndex(state / "index", every=0.0)
    live.watch()
    failed, served, stop = [], set(), threading.Event()

    def ask():
        while not stop.is_set():
            try:
                served.add(live.searcher().search("all about it").hits[0].location)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        # More than are kept, so that the first ones are removed while they may still be in use.
        for name in ("second", "third", "fourth"):
            build_index(other_pages(name), state, MODEL)
            until(lambda name=name: f"{name}/" in served)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert served == {"first/", "second/", "third/", "fourth/"}


def test_a_broken_generation_is_refused_and_the_old_one_goes_on(own_acme):
    index_dir = own_acme / "state" / "index"
    good = current_generation(index_dir)
    live = LiveIndex(index_dir, every=0.0)
    live.watch()
    broken = shutil.copytree(good, index_dir / "20990101T000000-broken")
    rewrite(broken / "vectors.faiss", b"broken")
    (index_dir / "CURRENT").write_text(broken.name)
    # The watcher may look while CURRENT is being written, and finds it empty for a moment.
    until(lambda: live.problem is not None and "vectors.faiss" in live.problem.what)
    assert live.searcher().index.folder == good
    assert first(live.searcher().search("forgot password")) == "account/password/"
    (index_dir / "CURRENT").write_text(good.name)
    until(lambda: live.problem is None)


def test_an_index_that_comes_later_is_taken(own_acme, tmp_path):
    live = LiveIndex(tmp_path / "later", every=0.0)
    live.watch()
    assert live.searcher() is None
    assert "There is no index" in live.problem.what
    shutil.copytree(own_acme / "state" / "index", tmp_path / "later")
    until(lambda: live.problem is None)
    assert first(live.searcher().search("forgot password")) == "account/password/"


def test_an_index_that_vanishes_goes_on_serving(own_acme):
    index_dir = own_acme / "state" / "index"
    live = LiveIndex(index_dir, every=0.0)
    live.watch()
    (index_dir / "CURRENT").unlink()
    until(lambda: live.problem is not None)
    assert first(live.searcher().search("forgot password")) == "account/password/"
