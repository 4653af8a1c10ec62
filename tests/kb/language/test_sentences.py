"""Sentences end where they end: not after an abbreviation, a number or a version, in any script."""

import time

import pytest

pytest.importorskip("sentencex", reason="the service is not installed")

from handrail_kb.language import sentences as module
from handrail_kb.language.sentences import sentences


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        ("en", ["Use e.g. version 1.2.3 of it.", "Then restart, i.e. run it again.", "Dr. Smith wrote it!", "Really?"]),
        (
            "en",
            [
                "Edit mkdocs.yml.",
                "It costs 3.50 EUR.",
                "At 5 p.m. we close.",
                "No. 5 is best.",
                "Choose Save As… and wait.",
            ],
        ),
        ("en", ["It takes approx. 10 minutes.", "It is sold in the U.S.", "He said “Yes.”", "Then he left."]),
        ("de", ["Das geht z. B. mit Chrome.", "Ab dem 3. Mai gilt das.", "Siehe Nr. 5.", "Version 2.0."]),
        (
            "de",
            ["Rufen Sie Dr. Müller an, ggf. auch abends.", "Der Betrag, d.h. 3,50 Euro, bzw. ca. 4 Euro, ist fällig."],
        ),
        ("fr", ["Ouvrez l’app, p. ex. Chrome.", "M. Dupont est là.", "Cela coûte 3,50 €."]),
        ("ja", ["設定を開きます。", "変更してください！", "バージョン1.2.3です。", "「はい。」と答えます。"]),
        ("zh", ["打开设置。", "可以吗？", "可以。"]),
        ("ar", ["افتح الإعدادات.", "هل تريد؟", "نعم."]),
        ("hi", ["सेटिंग खोलें।", "ठीक है?"]),
        ("my", ["ဖွင့်ပါ။", "ပြောင်းပါ။"]),
        ("km", ["បើក។", "ប្ដូរ។"]),
        ("am", ["ክፈት።", "ቀይር።"]),
    ],
)
def test_a_text_is_divided_where_its_sentences_end(lang, parts):
    assert sentences(("" if lang in ("ja", "zh") else " ").join(parts), lang) == parts


def test_no_word_is_lost_or_moved():
    text = "One (e.g. this). “Two!” she said… Three? 4.5. v1.2.  Five\xa0six."
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize("text", ["", "   ", "...", "?!"])
def test_a_text_without_words_has_at_most_one_sentence(text):
    assert sentences(text) == ([text.strip()] if text.strip() else [])


@pytest.mark.parametrize(
    "hostile", [". " * 100_000, "a" * 300_000, "。" * 100_000, "e.g. " * 60_000, "「" * 50_000 + "」" * 50_000]
)
def test_a_hostile_text_takes_no_time(hostile):
    began = time.process_time()
    sentences(hostile)
    assert time.process_time() - began < 5


def test_without_the_library_sentences_end_at_signs_before_capital_letters(monkeypatch):
    monkeypatch.setattr(module, "_segmenter", lambda: module._simply)  # noqa: SLF001
    assert sentences("Open it, e.g. now. Then close v1.2 of it! Über alles? 終わり。はい。") == [
        "Open it, e.g. now.",
        "Then close v1.2 of it!",
        "Über alles?",
        "終わり。",
        "はい。",
    ]
