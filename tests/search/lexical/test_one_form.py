"""Codes in every spelling, parts of codes, signs nobody sees, marks that most leave out: asked as people type them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.lexical.code_forms import counts, key_of, numbers_of_errors
from handrail_search.lexical.literals import literals, tokens
from handrail_search.lexical.snippets import marking, snippet
from handrail_search.lexical.spelling import replace
from handrail_search.lexical.stemming import fold, words_in
from handrail_search.ranking.searcher import Searcher

MODEL = "all-MiniLM-L6-v2"
SPELLINGS = [
    "E-1042", "E\u20111042", "E\u20131042", "E\u22121042", "Ｅ－１０４２", "Ｅ１０４２", "E1042", "e1042", "e 1042",
    "E 1042", "e-1042", "E_1042", "E\u30fc1042", "(E-1042)", "E-1042.", '"E-1042"', "#E-1042", "E\u200b-1042",
]  # fmt: skip


def page(name: str, title: str, text: str, **facts) -> Page:
    return Page(f"{name}/", title, (Passage(f"{name}/", "", (), text),), **facts)


ARTICLES = [
    page("printer", "Set up the printer", "The model WF-M5799DWF wants the driver of last year. Load paper first."),
    page("version", "What is new in v3.11.2", "The release v3.11.2 shows the calendar by week and month."),
    page("old", "What was new in 3.1", "Version 3.1 came with a new start page and a list of all files."),
    page("glued", "The log of the sender", "The log says error:E-2001 or error=E-2002 while it waits."),
    page("pair", "Two errors at once", "E-3001/E-3002 come together when the line is cut."),
    page("runtime", "The program does not start", "It ends with code=0x80131500; install the runtime again."),
    page("quoted", "The seal of a file", 'The sentence "E-4001", in quotes, means that the seal is broken (E-4002).'),
    page("part", "Parts in the store", "The part E-5001-X fits the small tray."),
    page("whole", "The tray does not open", "E-5001 says that the tray is stuck. Pull it."),
    page("spaced", "The pump stands still", "Error E 6001 or CVE 2021 44228 is shown when the pump stands still."),
    page("belts", "Belts", "The belt TZ-440/B is for the dryer, and the belt TZ-440/C for the washer."),
    page("gateway", "The page is not shown", "When the gateway says 504, wait a minute."),
    page("alarm", "Alarms of the lift", "The alarm AL-307 means that a door is blocked. The bell is meant by AL-309."),
    page("valve", "Valves", "The valve QX/771 fits with PN-20/4 and KL.300.C alone. The pump says TX90R."),
    page("proxy", "The proxy is slow", "The log says http599 while the proxy waits."),
    page("built", "Which build is new", "The build of May is 12.4.56.78. The office answers 0800 123 45 67."),
    page("line", "The line breaks off", "ECONNRESET is logged when the other side has closed the line."),
    page("kept", "How long we keep what you send", "What you send is kept for 90 days, and bills for 413 days."),
    page("turkish", "Offices", "Our office in İstanbul is open. The one in Iğdır opens in May."),
    page("arabic", "استعادة كلمة المرور", "اضغط على نسيت كَلِمَة المُرور ثم افتح الرسالة", lang="ar"),
    page("hebrew", "איפוס סיסמה", "לחצו על שכחתי סיסמה ופתחו את ההודעה. שָׁלוֹם לכולם", lang="he"),
    page("hindi", "पासवर्ड बदलना", "नया पासवर्ड चुनें और फिर से लॉगिन करें। हिन्दी में सहायता मिलती है।", lang="hi"),
    page("tamil", "கடவுச்சொல் மாற்றுதல்", "புதிய கடவுச்சொல்லைத் தேர்ந்தெடுத்து மீண்டும் உள்நுழையவும்.", lang="ta"),
    page("soft", "Travel costs", "Your re\u00adim\u00adburse\u00adment comes with the next pay. Zug\u200bspitze pays."),
    page("persian", "بازیابی", "اگر می\u200cخواهید گذرواژه را عوض کنید", lang="fa"),
]  # fmt: skip


def build(pages, state) -> Searcher:
    build_index(pages, state, MODEL)
    return Searcher.open(current_generation(state / "index"))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, lend_encoder):
    return build(ARTICLES, lend_encoder(tmp_path_factory.mktemp("forms") / "state"))


@pytest.fixture(scope="module")
def words_alone(searcher):
    return Searcher(searcher.index, None)


@pytest.fixture(scope="module")
def of_all_spellings(tmp_path_factory, lend_encoder):
    """One article for each way to write a code, each with a number of its own, and as many about nothing of it."""
    pages = [
        page(
            f"a{number}",
            f"Trouble of kind {chr(65 + number)}",
            f"The lamp blinks: {code_of(spelling, number)} is shown.",
        )
        for number, spelling in enumerate(SPELLINGS)
    ]
    pages += [
        page(f"b{number}", f"Lamp {number}", f"The lamp of room {number} blinks at night.") for number in range(9)
    ]
    return build(pages, lend_encoder(tmp_path_factory.mktemp("spellings") / "state"))


def code_of(spelling: str, number: int) -> str:
    """The spelling with another number: 1042 becomes 7342 and so on, in the digits it is written with."""
    value = str(7042 + 100 * number)
    if "１" in spelling:
        value = value.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return re.sub("1042|１０４２", value, spelling)


@pytest.mark.parametrize("written", range(len(SPELLINGS)))
@pytest.mark.parametrize("asked", range(len(SPELLINGS)))
def test_a_code_is_found_first_however_it_is_written_and_asked(of_all_spellings, written, asked):
    results = of_all_spellings.search(code_of(SPELLINGS[asked], written))
    assert results.hits[0].location == f"a{written}/"
    assert results.verdict == "answered"


@pytest.mark.parametrize(
    ("question", "location"),
    [
        ("E-2001", "glued/"), ("E-2002", "glued/"), ("E-3001", "pair/"), ("E-3002", "pair/"), ("error=E-3002", "pair/"),
        ("0x80131500", "runtime/"), ("code=0x80131500;", "runtime/"), ("E-4001", "quoted/"), ("E-4002", "quoted/"),
        ("error:E-4002", "quoted/"), ("#E-4002", "quoted/"), ("E-6001", "spaced/"),
        ("¿E-4001?", "quoted/"), ("‚E-4001‘", "quoted/"), ("‹E-4002›", "quoted/"), ("‘E-4002’", "quoted/"),
        ("error:504", "gateway/"), ("status=504", "gateway/"), ("error 504", "gateway/"),
        ("エラー504が出る", "gateway/"), ("TZ-440/B", "belts/"), ("tz440/c", "belts/"),
        ("e6001", "spaced/"),
        ("CVE-2021-44228", "spaced/"), ("cve 2021 44228", "spaced/"), ("E-3001/E-3002", "pair/"),
        ("TZ440B", "belts/"), ("tz-440b", "belts/"), ("TZ-440-C", "belts/"), ("belt TZ440C", "belts/"),
        ("QX771", "valve/"), ("qx-771", "valve/"), ("PN20-4", "valve/"), ("KL300C", "valve/"), ("TX-90/R", "valve/"),
        ("codeAL307", "alarm/"), ("AL-307-alarm", "alarm/"), ("AL307alarm", "alarm/"), ("alarm_AL-307", "alarm/"),
        ("liftAlarmAL309", "alarm/"), ("errorE5001", "whole/"), ("errore5001", "whole/"), ("ERRORE5001", "whole/"),
        ("what does errorE-5001 mean", "whole/"), ("E5001error", "whole/"), ("E-5001-Fehler", "whole/"),
        ("http504", "gateway/"), ("HTTP-504", "gateway/"), ("504-Fehler", "gateway/"), ("error0x80131500", "runtime/"),
        ("error 599", "proxy/"), ("599", "proxy/"),
        ("what does E-2001\u2014or was it E-2002\u2014mean", "glued/"),
    ],
)  # fmt: skip
def test_a_code_is_found_whatever_it_is_glued_to(searcher, question, location):
    results = searcher.search(question)
    assert results.hits[0].location == location
    assert results.hits[0].why["exact"] > 0


@pytest.mark.parametrize(
    "question",
    ["the page is not shown, error:504", "the page is not shown, error504", "504 error when the page is not shown",
     "the page is not shown with a 504-error", "20 errors when the page is not shown by the gateway",
     "the page is not shown by the gateway with my code 4821", "the page is not shown, 120 status messages"],
)  # fmt: skip
def test_the_number_of_an_error_is_answered_by_the_article_that_holds_it_and_another_number_is_no_such_number(
    searcher, question
):
    results = searcher.search(question)
    assert (results.verdict, results.hits[0].location) == ("answered", "gateway/")


@pytest.mark.parametrize(
    ("question", "location"),
    [("504 gateway timeout", "gateway/"), ("504 Gateway Time-out when opening my account", "gateway/"),
     ("ECONNRESET", "line/"), ("read ECONNRESET", "line/"),
     ("since yesterday my program that sends the report of the month to the office stops every few minutes with "
      "ECONNRESET although nothing was changed and all colleagues can work", "line/")],
)  # fmt: skip
def test_what_an_error_is_called_leads_to_the_article_that_holds_it(searcher, words_alone, question, location):
    for engine in (searcher, words_alone):
        results = engine.search(question)
        assert results.hits[0].location == location
        assert results.verdict != "none"


def test_numbers_that_stand_in_an_article_are_known_as_public(searcher):
    assert searcher.search("is 12.4.56.78 the newest").public == ("12.4.56.78",)
    assert searcher.search("is 12.4.56.79 the newest").public == ()
    assert searcher.search("who answers 0800 123 45 67").public == ("0800-123-45-67",)
    assert searcher.search("is 2.4.56.7 the newest, or E-1042").public == ()


@pytest.mark.parametrize(
    ("question", "numbers"),
    [("500 internal server error", ["500"]), ("a 404 not found page", ["404"]), ("429 Too Many Requests", ["429"]),
     ("500 internal messages", []), ("400 messages not found", []), ("404 not shown", []), ("200 OK", []),
     ("502 Bad Gateway", ["502"]), ("1.500 internal server error", [])],
)  # fmt: skip
def test_a_status_is_known_by_what_it_is_called(question, numbers):
    assert numbers_of_errors(question) == numbers


@pytest.mark.parametrize(
    ("number", "text", "counted"),
    [("400", "We keep it for 400 days.", True), ("400", "It has 400 pages and 1400 days.", True),
     ("504", "When the gateway says 504, wait.", False), ("401", "It answers 401 Unauthorized then.", False),
     ("503", "The error 503 means that it rests.", False), ("503", "A 503 error is shown for 503 days.", False),
     ("13", "[Errno 13] is shown.", False), ("404", "Seite 404", False)],
)  # fmt: skip
def test_the_number_of_an_error_is_not_how_many_there_are_of_something(number, text, counted):
    assert counts(number, text) is counted


def test_an_article_with_as_many_days_is_none_about_the_error(searcher):
    found = searcher.search("error 90 when the printer is set up").hits
    assert (found[0].location, "exact" in found[0].why) == ("printer/", False)


@pytest.mark.parametrize(
    ("question", "location"),
    [("M5799", "printer/"), ("m5799", "printer/"), ("WF-M5799", "printer/"), ("wfm5799dwf", "printer/"),
     ("wf m5799dwf", "printer/"), ("3.11", "version/"), ("3.11.2", "version/"), ("v3.11", "version/"),
     ("80131500", "runtime/"), ("5799", "printer/")],
)  # fmt: skip
def test_a_part_of_a_code_finds_the_article_that_holds_it(searcher, words_alone, question, location):
    for engine in (searcher, words_alone):
        assert engine.search(question).hits[0].location == location


@pytest.mark.parametrize(
    "question",
    ["3.12", "version 3.12", "what is new in version 3.12", "v3.12", "3.111", "E-1043", "what does error E-5002 mean",
     "M579", "M57991", "E-50011", "0x8013", "1.3.11",
     "TZ-440/D", "belt TZ-440/X", "error:505",
     "TZ440D", "tz-440x", "QX772", "PN204", "PN-204", "PN-20/5", "KL300D", "TX-90/S",
     "codeAL308", "AL-308-alarm", "AL-307-black", "AL-307-XTR", "errorE5002", "http503", "504-black", "lamp504",
     "error 503", "what does HTTP 502 mean", "Fehler 505", "503 error", "503エラー",
     "what does error:503 mean when the page is not shown", "what does error503 mean when the page is not shown",
     "the page is not shown, the gateway says http503", "the page is not shown HTTP/503 gateway wait a minute",
     "the page is not shown, status=503, when the gateway waits", "the page is not shown, 503 error",
     "the page is not shown with a 503-error, wait a minute?", "the gateway shows errno=98 and not the page",
     "500 internal server error when the page is not shown", "502 bad gateway, the page is not shown, wait",
     "the page is not shown, 413 error", "the gateway says error 90, the page is not shown",
     "ECONNREFUSED", "the gateway says ECONNREFUSED and the page is not shown"],
)  # fmt: skip
def test_another_code_is_no_answer(searcher, words_alone, question):
    for engine in (searcher, words_alone):
        assert engine.search(question).verdict != "answered"


def test_the_article_that_holds_the_whole_code_comes_before_one_that_holds_it_as_a_part(searcher):
    found = [hit.location for hit in searcher.search("E-5001").hits]
    assert found[0] == "whole/"
    assert "part/" in found


@pytest.mark.parametrize(
    ("question", "location"),
    [
        ("reimbursement", "soft/"), ("re\u00adimbursement", "soft/"), ("zugspitze", "soft/"),
        ("zug\u200dspitze", "soft/"),
        ("reimburse\ufeffment", "soft/"), ("istanbul", "turkish/"), ("İSTANBUL", "turkish/"), ("ISTANBUL", "turkish/"),
        ("ıstanbul", "turkish/"), ("iğdir", "turkish/"), ("IĞDIR", "turkish/"), ("كلمة المرور", "arabic/"),
        ("كَلِمَةُ المُرُورِ", "arabic/"), ("المرور", "arabic/"), ("مرور", "arabic/"), ("والرسالة", "arabic/"),
        ("رسالة", "arabic/"), ("שלום", "hebrew/"), ("שָׁלוֹם", "hebrew/"),
        ("सहायता", "hindi/"), ("हिन्दी", "hindi/"), ("கடவுச்சொல்", "tamil/"), ("میخواهید", "persian/"),
        ("می\u200cخواهید", "persian/"),
    ],
)  # fmt: skip
def test_a_word_is_found_by_its_letters_with_and_without_what_nobody_sees_or_many_leave_out(
    words_alone, question, location
):
    results = words_alone.search(question)
    assert results.hits[0].location == location
    assert results.hits[0].why["article_words"] > 0
    assert results.corrected is None


@pytest.mark.parametrize(
    ("question", "mark"),
    [
        ("reimbursement", "re\u00adim\u00adburse\u00adment"), ("istanbul", "İstanbul"), ("हिन्दी", "हिन्दी"),
        ("כולם שלום", "שָׁלוֹם"), ("المرور", "المُرور"), ("zugspitze", "Zug\u200bspitze"),
    ],
)  # fmt: skip
def test_what_is_marked_is_shown_as_it_is_written(words_alone, question, mark):
    assert f"<mark>{mark}</mark>" in words_alone.search(question).hits[0].snippet


@pytest.mark.parametrize(
    ("question", "mark"),
    [("e1042 beep", "E-1042"), ("E–1042 beep", "E-1042"), ("e 1042 beep", "E-1042"), ("1042 beep", "1042")],
)
def test_a_code_is_marked_whole_however_it_was_asked(question, mark):
    codes = [literal.text for literal in literals(question) if not literal.phrase]
    found = snippet("The lamp says E-1042, not E-10421, and beeps.", marking(words_in(question), frozenset(), codes))
    assert f"<mark>{mark}</mark>" in found
    assert "<mark>E-10421" not in found


@pytest.mark.parametrize(
    ("question", "mark"),
    [("codeAL307", "AL-307"), ("AL-307-alarm", "AL-307"), ("QX771", "QX/771"), ("TZ440B", "TZ-440/B")],
)
def test_a_code_is_marked_as_the_article_writes_it(searcher, question, mark):
    assert f"<mark>{mark}</mark>" in searcher.search(question).hits[0].snippet


@pytest.mark.parametrize("question", ["发票", "怎么开发票", "ជំរាបសួរ", "ሰላም", "გამარჯობა", "你好", "தொலைபேசி"])
def test_letters_that_the_encoder_never_saw_are_no_question_that_articles_answer(searcher, question):
    results = searcher.search(question)
    assert (results.verdict, results.shown) == ("none", ())


def test_letters_that_the_encoder_never_saw_are_found_where_they_stand(searcher):
    results = searcher.search("கடவுச்சொல்")
    assert results.hits[0].location == "tamil/"
    assert results.shown


def test_words_of_india_are_whole():
    assert words_in("हिन्दी में सहायता") == ["हिन्दी", "में", "सहायता"]
    assert words_in("கடவுச்சொல் மாற்று") == ["கடவுச்சொல்", "மாற்று"]


@pytest.mark.parametrize(
    ("question", "corrected"),
    [
        ("ıts my pasword", "ıts my password"), ("ſo my PASWORD is lost", "ſo my PASSWORD is lost"),
        ("ﬁle pasword İ ß", "ﬁle password İ ß"), ("pas\u200bword", "password"), ("Pasword ŉ ǰ", "Password ŉ ǰ"),
        ("ΐ İİ pasword", "ΐ İİ password"),
    ],
)  # fmt: skip
def test_a_word_is_corrected_beside_letters_that_change_with_their_case(question, corrected):
    assert replace(question, {"pasword": "password"}) == corrected


ODD = st.text(
    st.one_of(st.sampled_from("ıſßﬁİǰŉΐ²½™-.:/ E1042paswordกำあ漢\u200b\u0301\u0307"), st.characters()), max_size=40
)


@settings(max_examples=60)
@given(ODD)
def test_any_question_is_answered(words_alone, question):
    words_alone.search(f"{question} pasword {question}")


@settings(max_examples=150)
@given(ODD, ODD)
def test_any_text_is_read_and_marked(text, question):
    words = words_in(question)
    assert all(word == word.lower() and fold(word) for word in words)
    assert "<mark></mark>" not in snippet(text, marking(words, frozenset()))
    assert replace(text, {}) == text
    replace(text, dict.fromkeys(words, "x"))
    assert all(key_of(token) for token in tokens(text))
    assert len(literals(text)) <= 16
