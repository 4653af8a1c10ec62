"""A card shows the part of a section that answers, word for word: sentences, steps as steps, a row as a row, code."""

from __future__ import annotations

import time

import pytest

from handrail_kb.site.built.passages import read_page
from handrail_kb.site.built.site_info import SiteInfo
from handrail_search.commands.search import as_text
from handrail_search.lexical.function_words import little_among
from handrail_search.lexical.stemming import stem, words_in
from handrail_search.ranking.answer.card import CardBlock, card_blocks
from handrail_search.ranking.answer.decisive import Asked


def card(body: str, question: str, lang: str = "en") -> tuple[CardBlock, ...]:
    """The card that the section with this body makes for a question."""
    page = read_page(f"<html lang={lang}><main><h1>T</h1>{body}</main></html>", "t/", SiteInfo())
    little = little_among(words_in(question), [lang])
    words = [((stem(word, lang),), 3.0, word in little) for word in words_in(question)]
    return card_blocks([block for section in page.sections for block in section], Asked.of(question, words, (lang,)))


def marked(blocks: tuple[CardBlock, ...]) -> list[str]:
    return [piece.text for block in blocks for piece in block.pieces if piece.decisive]


def shape(blocks: tuple[CardBlock, ...]) -> list[tuple[str, list[str]]]:
    return [(block.kind, [piece.text for piece in block.pieces]) for block in blocks]


def steps(number: int) -> str:
    return "<ol>" + "".join(f"<li>Step about {word}.</li>" for word in WORDS[:number]) + "</ol>"


WORDS = "apples pears plums cherries grapes lemons melons figs dates olives kiwis mangos".split()  # noqa: SIM905


def test_the_sentence_that_answers_is_marked_among_those_beside_it():
    found = card(
        "<p>Parcels go out daily. Refunds take 14 days. They go to your card. Ask us. Bye now.</p>", "when refund"
    )
    assert shape(found) == [("text", ["Refunds take 14 days.", "They go to your card.", "Ask us."])]
    assert marked(found) == ["Refunds take 14 days."]


def test_the_last_sentence_of_a_paragraph_is_shown_with_those_before_it():
    found = card("<p>One is here. Two is here. Three is here. Refunds take 14 days.</p><p>Else.</p>", "refunds")
    assert shape(found) == [("text", ["Two is here.", "Three is here.", "Refunds take 14 days."])]


def test_a_question_without_any_word_of_the_section_shows_its_beginning_and_marks_nothing():
    found = card("<p>Refunds take 14 days. They go to your card.</p><p>More.</p>", "wann kommt mein geld zurück")
    assert shape(found) == [("text", ["Refunds take 14 days.", "They go to your card."])]
    assert marked(found) == []


def test_short_lists_of_steps_are_shown_whole_below_what_leads_to_them():
    found = card(f"<p>Do this:</p>{steps(4)}", "what about plums")
    assert shape(found) == [("text", ["Do this:"]), ("steps", [f"Step about {word}." for word in WORDS[:4]])]
    assert marked(found) == ["Step about plums."]
    assert found[1].left == 0


def test_of_twelve_steps_the_first_are_shown_and_how_many_follow():
    (found,) = card(steps(12), "plums")
    assert (found.kind, found.first, found.left, len(found.pieces)) == ("steps", 1, 7, 5)


def test_a_late_step_is_shown_with_its_own_number():
    (found,) = card(steps(12), "olives")
    assert (found.first, found.left, [piece.text for piece in found.pieces if piece.decisive]) == (
        9,
        0,
        ["Step about olives."],
    )


def test_the_sentence_that_leads_to_steps_speaks_for_them():
    body = "<p>On an iPhone:</p><ol><li>Tap it.</li></ol><p>On Android phones:</p><ol><li>Swipe it.</li></ol>"
    found = card(body, "how on android")
    assert ("steps", ["Swipe it."]) in shape(found)
    assert ("steps", ["Tap it."]) not in shape(found)


def test_a_row_is_a_row_with_the_headings_of_its_columns():
    body = (
        "<table><thead><tr><th>Service</th><th>Price</th></tr></thead><tbody>"
        "<tr><th scope=row>Letter</th><td>9 NOK</td></tr>"
        "<tr><th scope=row>Parcel</th><td>45 NOK</td></tr></tbody></table>"
    )
    (found,) = card(body, "how much is a parcel")
    assert found.kind == "row"
    assert [(piece.heading, piece.text, piece.decisive) for piece in found.pieces] == [
        ("Service", "Parcel", True),
        ("Price", "45 NOK", True),
    ]


def test_code_keeps_its_lines_and_stands_below_its_sentence():
    body = "<p>To install the wheel, run:</p><pre><code>pip install \\\n  handrail\n</code></pre><p>Bye.</p>"
    assert shape(card(body, "install wheel")) == [
        ("text", ["To install the wheel, run:"]),
        ("code", ["pip install \\\n  handrail"]),
    ]
    assert marked(card(body, "pip handrail")) == ["pip install \\\n  handrail"]


def test_the_title_of_a_note_heads_its_sentence():
    body = '<p>Other.</p><div class="admonition"><p class="admonition-title">Warning</p><p>Deleting is final.</p></div>'
    assert shape(card(body, "is deleting final")) == [("label", ["Warning"]), ("text", ["Deleting is final."])]


def test_a_caption_is_no_title_of_the_text_below_its_picture():
    body = "<figure><img src=x><figcaption>The shop</figcaption></figure><p>Deleting is final.</p>"
    assert shape(card(body, "is deleting final")) == [("text", ["Deleting is final."])]


def test_the_caption_of_a_table_heads_its_first_row():
    body = "<table><caption>Prices</caption><tr><th>Service</th><th>Price</th></tr><tr><td>Parcel<td>45</table>"
    assert shape(card(body, "parcel")) == [("label", ["Prices"]), ("row", ["Parcel", "45"])]


def test_the_name_of_a_tab_heads_its_steps_and_is_not_said_twice_before_text():
    body = (
        '<div class="tabbed-set"><div class="tabbed-labels"><label>iPhone</label><label>Android</label></div>'
        '<div class="tabbed-content"><div class="tabbed-block"><ol><li>Tap here.</li></ol></div>'
        '<div class="tabbed-block"><p>Swipe here.</p></div></div></div>'
    )
    assert shape(card(body, "iphone")) == [("label", ["iPhone:"]), ("steps", ["Tap here."])]
    assert shape(card(body, "android")) == [("text", ["Android: Swipe here."])]


def test_a_fold_out_answer_is_found_by_its_question():
    body = (
        "<details><summary>Can I pay by card?</summary><p>Yes, with all.</p></details>"
        "<details><summary>Can I pay by invoice?</summary><p>Not yet.</p></details>"
    )
    assert shape(card(body, "pay with invoice")) == [("label", ["Can I pay by invoice?"]), ("text", ["Not yet."])]


def test_sentences_of_scripts_without_spaces_are_sentences():
    found = card("<p>設定を開きます。パスワードを変更するにはここを押します。終わりです。</p>", "パスワード 変更", "ja")
    assert shape(found) == [("text", ["設定を開きます。", "パスワードを変更するにはここを押します。", "終わりです。"])]
    assert marked(found) == ["パスワードを変更するにはここを押します。"]


def test_a_link_to_another_article_is_no_answer_beside_text():
    body = "<p>Fruit is sold on Mondays.</p><ul><li><a href=a>Where are apples sold?</a><li><a href=b>Pears</a></ul>"
    assert marked(card(body, "where are apples sold")) == ["Fruit is sold on Mondays."]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<ul><li><a href=a>Apples and pears</a></li><li><a href=b>Plums</a></li></ul>",
        "<p><a href=a>Read about apples here</a></p>",
    ],
)
def test_a_section_that_says_nothing_itself_has_no_card(body):
    assert card(body, "apples") == ()


def test_every_word_stands_in_the_section_and_no_length_grows_without_bound():
    long = "word " * 2000
    body = (
        f"<p>{long}.</p><ol><li>{long}</li></ol><pre><code>{'x' * 5000}\n{'y ' * 3000}</code></pre>"
        f"<table><tr>{'<th>h</th>' * 40}</tr><tr>{f'<td>{long}</td>' * 40}</tr></table>"
    )
    for question in ("word", "yyy", "h"):
        found = card(body, question)
        assert 1 <= len(found) <= 3
        assert sum(len(piece.text) + len(piece.heading) for block in found for piece in block.pieces) < 4000
        assert any(piece.cut for block in found for piece in block.pieces)


def test_the_row_that_was_found_among_thousands_is_shown_in_no_time():
    rows = "".join(f"<tr><td>Code {number}</td><td>Meaning number {number} is this</td></tr>" for number in range(3000))
    page = read_page(f"<main><h1>T</h1><table>{rows}</table></main>", "t/", SiteInfo())
    blocks = [block for section in page.sections for block in section]
    asked = Asked.of("meaning of code 2971", [(("mean",), 3.0, False), (("2971",), 5.0, False)], ("en",))
    passage = next(passage.text for passage in page.passages if "Code 2971:" in passage.text)
    began = time.process_time()
    assert marked(card_blocks(blocks, asked, passage)) == ["Code 2971", "Meaning number 2971 is this"]
    assert time.process_time() - began < 0.5


def test_an_answered_question_has_a_card_of_the_section_that_its_result_opens(searcher):
    results = searcher.search("the password mail does not arrive")
    answer, first = results.answer, results.hits[0]
    assert results.verdict == "answered"
    assert (answer.location, answer.title, answer.heading) == (first.location, first.title, first.heading)
    assert answer.breadcrumb == ("Account",)
    assert "Look into the folder for spam." in [piece.text for block in answer.blocks for piece in block.pieces]


def test_the_answer_of_an_introduction_is_a_card(searcher):
    answer = searcher.search("how do I get a new password").answer
    assert (answer.location, answer.heading) == ("account/password/", "")
    said = "Choose Forgot password on the sign-in page and follow the link in the mail."
    assert [piece.text for block in answer.blocks for piece in block.pieces] == [said]


@pytest.mark.parametrize("question", ["delete my account", "close my account for good", "what is erased"])
def test_an_article_for_people_has_no_card(searcher, question):
    results = searcher.search(question)
    assert results.hits[0].people_only
    assert results.answer is None


@pytest.mark.parametrize("question", ["asdfghjkl", "how deep is the ocean", "", "?"])
def test_without_an_answer_there_is_no_card(searcher, question):
    results = searcher.search(question)
    assert results.verdict != "answered"
    assert results.answer is None


def test_a_sensitive_topic_has_no_card_though_an_article_answers(searcher, monkeypatch):
    question = "the password mail does not arrive"
    assert searcher.search(question).answer
    monkeypatch.setattr(type(searcher.index.sensitive_topics), "topic_of", lambda *_: "fraud")
    assert searcher.search(question).answer is None


def test_the_terminal_shows_the_answer_with_what_decides_marked(searcher):
    shown = as_text(searcher.search("the password mail does not arrive"), searcher).splitlines()
    assert "   Account" in shown
    assert "   > Look into the folder for spam." in shown
    assert sum("folder for spam" in line for line in shown) == 1
