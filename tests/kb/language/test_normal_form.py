"""One form of text: what people type and what articles hold meet, and what is shown stays as it was written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail_kb.language.normal_form import as_asked, placed, plain, same_signs
from handrail_kb.language.segments import between, split_words


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("E\u20111042", "e-1042"),
        ("E\u20131042", "e-1042"),
        ("Ｅ－１０４２", "e-1042"),
        ("E\u30fc1042", "e-1042"),
        ("E\u22121042", "e-1042"),
        ("٣٫١١", "3٫11"),
        ("pass\u200bword", "password"),
        ("pass\u00adword", "password"),
        ("pass\u200dword", "password"),
        ("\ufeffpassword\u2060", "password"),
        ("\u202bpassword\u202c", "password"),
        ("İSTANBUL", "istanbul"),
        ("i\u0307stanbul", "istanbul"),
        ("ﬁle", "file"),
        ("ſo", "so"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("cafe\u0301", "café"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("E-1042¹", "e-1042 1"),
        ("2½ m²", "2 1⁄2 m2"),
        ("Handrail™", "handrail "),
        ("ΟΔΟΣ", "οδοσ"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_signs_that_look_or_mean_alike_are_one(written, form):
    assert plain(written) == form
    assert placed(written).form == form


def test_capitals_stay_where_they_are_meant() -> None:
    assert same_signs("ＵｓｅｒＣｈｒｏｍｅ\u200b") == "UserChrome"


@pytest.mark.parametrize("question", ["Ｗｈｅｒｅ is  it？", "where is it?", "Where is it"])
def test_a_question_is_one_however_it_ends(question):
    assert as_asked(question) == "where is it"


LETTERS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("İıſßﬁﬀŉǰΐ\u0307\u0301\u200b\u00ad\u200d²½™ーｶﾞ가\u1161\u11a8ำัशिהִ–－E1-"),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(LETTERS)
def test_every_piece_of_the_form_has_its_place_in_the_text(text):
    found = placed(text)
    assert found.form == plain(text)
    assert len(found.starts) == len(found.ends) == len(found.form)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))
    assert list(found.starts) == sorted(found.starts)


@settings(max_examples=200)
@given(LETTERS)
def test_words_without_spaces_are_cut_and_nothing_is_lost(text):
    assert "".join(split_words(text)) == text
    assert between(text, "").replace("\u200b", "") == text.replace("\u200b", "")


@pytest.mark.parametrize("piece", ["a\u0301", "\u0301", "ー", "²", "ｶﾞ", "あ", "ก", "\u200b", "漢"])
def test_no_text_makes_the_form_slow(piece):
    text = piece * (40_000 // len(piece))
    start = time.thread_time()
    placed(text)
    split_words(text)
    assert time.thread_time() - start < 3
