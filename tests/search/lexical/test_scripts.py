"""Help in scripts without spaces: twenty articles in Japanese and twenty in Thai, asked by words alone."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from handrail_kb.language import segments
from handrail_kb.site.artefacts import set_index_aside
from handrail_kb.site.built.passages import Page, read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.lexical.stemming import words_in
from handrail_search.ranking.searcher import Searcher

pytest.importorskip("icu4py", reason="handrail[scripts] is not installed")

SITES = Path(__file__).parents[2] / "sites"
MODEL = "all-MiniLM-L6-v2"


class Site:
    """A built site, and search on it by words alone."""

    def __init__(self, name: str, folder: Path, lend_encoder) -> None:
        pytest.importorskip("material", reason="mkdocs-material is not installed")
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        logging.getLogger("mkdocs").setLevel(logging.ERROR)
        self.dir = folder / "site"
        build(load_config(str(SITES / name / "mkdocs.yml"), site_dir=str(self.dir)))
        self.pages: list[Page] = list(read_site(self.dir))
        build_index(self.pages, lend_encoder(folder / "state"), MODEL)
        self.engine = Searcher(Searcher.open(current_generation(folder / "state" / "index")).index, None)

    def first(self, question: str):
        results = self.engine.search(question)
        assert results.mode == "words"
        assert results.corrected is None
        return results.hits[0]


@pytest.fixture(scope="module")
def sites(tmp_path_factory, lend_encoder):
    return {name: Site(name, tmp_path_factory.mktemp(name), lend_encoder) for name in ("japanese", "thai")}


@pytest.mark.parametrize("name", ["japanese", "thai"])
def test_there_are_twenty_articles(sites, name):
    assert sum(bool(page.location) and "contact" not in page.location for page in sites[name].pages) >= 20


@pytest.mark.parametrize(
    ("name", "question", "location"),
    [
        ("japanese", "請求書", "invoice/"), ("japanese", "解約", "cancel/"), ("japanese", "解約したい", "cancel/"),
        ("japanese", "紙詰まり", "printer/"), ("japanese", "通知を止めたい", "notify/"),
        ("japanese", "宛名", "receipt/"),
        ("japanese", "電池", "battery/"), ("japanese", "パスワード", "password/"), ("japanese", "ﾊﾟｽﾜｰﾄﾞ", "password/"),
        ("japanese", "無線につながらない", "network/"), ("japanese", "クレジットカード", "card/"),
        ("thai", "รหัสผ่าน", "password/"), ("thai", "ใบแจ้งหนี้", "invoice/"), ("thai", "ยกเลิก", "cancel/"),
        ("thai", "กระดาษติด", "printer/"), ("thai", "แบตเตอรี่", "battery/"), ("thai", "ปฏิทิน", "share/"),
        ("thai", "อยากปิดการแจ้งเตือน", "notify/"), ("thai", "บัตรเครดิต", "card/"), ("thai", "ถังขยะ", "restore/"),
    ],
)  # fmt: skip
def test_a_word_inside_a_sentence_is_found(sites, name, question, location):
    hit = sites[name].first(question)
    assert hit.location == location
    assert hit.why["article_words"] > 0


@pytest.mark.parametrize("name", ["japanese", "thai"])
@pytest.mark.parametrize(
    ("question", "location"),
    [
        ("E-1042", "camera/"),
        ("e1042", "camera/"),
        ("E-2088", "printer/"),
        ("Ｅ２０８８", "printer/"),
        ("3.11", "update/"),
    ],
)
def test_a_code_inside_a_sentence_is_found(sites, name, question, location):
    results = sites[name].engine.search(question)
    assert results.hits[0].location == location
    assert results.verdict == "answered"


def test_a_code_in_a_question_without_spaces_is_found(sites):
    assert sites["japanese"].first("エラーE-1042が出ます").why["exact"] > 0
    assert sites["thai"].first("เจอข้อผิดพลาดE1042ทำอย่างไร").why["exact"] > 0


@pytest.mark.parametrize(
    ("name", "question", "location"),
    [
        ("japanese", "「電池は交換」", "battery/"), ("japanese", '"古いカードを削除"', "card/"),
        ("japanese", "「別の建物」はどこですか", "backup/"), ("thai", '"ปิดสิ่งที่ไม่ใช้"', "battery/"),
        ("thai", '"เปิดฝาด้านหลัง"', "printer/"),
    ],
)  # fmt: skip
def test_a_quoted_phrase_is_found_to_the_letter(sites, name, question, location):
    hit = sites[name].first(question)
    assert hit.location == location
    assert hit.why["exact"] > 0


@pytest.mark.parametrize(
    ("name", "question", "mark"),
    [("japanese", "請求書", "請求書"), ("japanese", "解約したい", "解約"), ("japanese", "E1042", "E-1042"),
     ("thai", "ถังขยะ", "ถังขยะ"), ("thai", "แบตเตอรี่", "แบตเตอรี่")],
)  # fmt: skip
def test_what_was_asked_is_marked(sites, name, question, mark):
    marked = re.findall("<mark>(.*?)</mark>", sites[name].first(question).snippet)
    assert mark in marked


@pytest.mark.parametrize(
    ("name", "question", "inside"), [("japanese", "蜜柑のゼリー", "蜜柑"), ("thai", "ของหวานมะม่วง", "มะม่วง")]
)
def test_the_excerpt_is_cut_around_the_find(sites, name, question, inside):
    hit = sites[name].first(question)
    assert hit.location == "story/"
    assert hit.snippet.startswith("… ")
    assert inside in "".join(re.findall("<mark>(.*?)</mark>", hit.snippet))
    assert len(re.sub("<[^>]+>", "", hit.snippet)) <= 230


@pytest.mark.parametrize(
    ("text", "words"),
    [("如何重置密码", "密码"), ("ការកំណត់ពាក្យសម្ងាត់", "ពាក្យសម្ងាត់"), ("ລືມລະຫັດຜ່ານ", "ລືມ"), ("စကားဝှက်မေ့နေသည်", "စကားဝှက်")],
)  # fmt: skip
def test_words_of_other_scripts_without_spaces_are_cut(text, words):
    found = words_in(text)
    assert len(found) > 1
    assert set(words_in(words)) <= set(found)


@pytest.mark.parametrize(
    ("name", "words"), [("japanese", ("請求", "解約", "パスワード")), ("thai", ("รหัส", "ใบ", "ยกเลิก"))]
)
def test_the_fallback_index_keeps_words_apart_by_a_sign_that_material_cuts_at(sites, name, words):
    kept = json.loads((sites[name].dir / "search/handrail_fallback.json").read_text(encoding="utf-8"))
    cut = re.compile(kept["config"]["separator"])
    terms = {term for doc in kept["docs"] for term in cut.split(f"{doc['title']} {doc['text']}")}
    assert set(words) <= terms
    assert not {"ja", "th"} & set(kept["config"]["lang"])
    assert "trimmer" not in kept["config"]["pipeline"]


def test_an_index_without_such_scripts_stays_as_material_wrote_it(tmp_path):
    (tmp_path / "search").mkdir()
    docs = [{"location": "a/", "title": "Reset", "text": "Gerät zurücksetzen"}]
    config = {"lang": ["de"], "separator": r"[\s\-]+", "pipeline": ["stemmer"]}
    (tmp_path / "search/search_index.json").write_text(json.dumps({"config": config, "docs": docs}))
    set_index_aside(tmp_path, fallback_chars=200)
    assert json.loads((tmp_path / "search/handrail_fallback.json").read_text()) == {"config": config, "docs": docs}


def test_where_the_words_cannot_be_found_one_line_says_what_to_install(monkeypatch, caplog):
    # Both are remembered by the process: what was found, and that it was told.
    monkeypatch.setattr(segments, "_breaker", lambda: None)
    monkeypatch.setattr(segments, "_told", False)
    segments.segments.cache_clear()
    with caplog.at_level(logging.WARNING, "handrail_kb"):
        assert words_in("請求書を発行する E-1042") == ["請求書を発行する", "e", "1042"]
        words_in("ลืมรหัสผ่าน")
    segments.segments.cache_clear()
    [said] = [record.message for record in caplog.records]
    assert "Japanese" in said
    assert "handrail[scripts]" in said
    assert "build anew" in said
