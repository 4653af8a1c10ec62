"""`make quality`: how it cuts, corrects and counts, and that it skips plainly where there is nothing to measure."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_kb.site.built.passages import Page, Passage

JOB = Path(__file__).parents[1] / "quality"


@pytest.fixture
def part(monkeypatch):
    """A module of the job: `part("sets")`. Its modules import each other by their bare names, as a script does."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(JOB))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(JOB) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_questions_are_cut_by_the_day_they_were_asked(part, tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    rows = [{"_id": name, "text": name, "created": day} for name, day in
            [("c", "2024-03-01"), ("a", "2024-01-01"), ("d", "2024-04-01"), ("b", "2024-02-01")]]  # fmt: skip
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name in ("corpus.jsonl", "qrels.tsv", "oos_queries.jsonl"):
        (folder / name).write_text(name)
    halves = part("sets").halves(folder, tmp_path / "cut")
    ids = [[json.loads(line)["_id"] for line in (half / "queries.jsonl").read_text().splitlines()] for half in halves]
    assert ids == [["a", "b"], ["c", "d"]]
    assert (halves[1] / "oos_queries.jsonl").read_text() == "oos_queries.jsonl"


def test_a_log_of_questions_is_moved_by_whole_days_to_today(part, tmp_path, monkeypatch):
    from handrail_feedback.records.stamps import now

    job = part("replay_log")
    log = tmp_path / "log.jsonl"
    rows = [("2024-12-31 23:10:00 +0200", "second"), ("2024-12-29 08:00:00 +0000", "first")]
    log.write_text("\n".join(json.dumps({"ts": at, "q": q, "locale": "pt-BR", "user": q}) for at, q in rows))
    monkeypatch.setattr(job, "LOG", log)
    first, second = job.questions()
    assert (first.words, second.words, second.lang) == ("first", "second", "pt")
    assert 0 <= (now() - second.at).total_seconds() < 86_400
    assert (second.at.hour, second.at.minute) == (21, 10)
    assert (second.at - first.at).days == 2


def test_only_whole_words_are_corrected(part):
    corrected = part("sets").corrected
    assert corrected("Adress of my adressbook", {"adress": "address"}) == "address of my adressbook"


def test_a_code_is_held_by_the_articles_it_stands_in_to_the_letter(part):
    def page(name, *texts):
        return Page(name, "Title", tuple(Passage(name, "Heading", (), text) for text in texts))

    held = part("parts.codes").holders(
        [
            page("a", "Open profiles.ini, then wait.", "Error 0x80070057!"),
            page("b", "Profiles.ini again", "x0x80070057"),
        ]
    )
    assert held["profiles.ini"] == {"a", "b"}
    assert held["0x80070057"] == {"a"}
    assert not {"Title", "Heading", "wait", "then", "Error"} & set(held)


def test_the_tables_hold_every_figure_with_its_interval(part):
    table = part("table")
    interval = {"value": 0.5, "low": 0.25, "high": 0.75}
    figures = dict.fromkeys(table.MEASURES, interval)
    outcome = {"name": "Some", "questions": 1200, "outside": 30, "articles": 7, "figures": figures}
    told = table.to_markdown({"docs": {"date": "2026-11-22", "handrail": "1", "outcomes": [outcome]}})
    assert "Measured on 2026-11-22 with Handrail 1 by `make quality`." in told
    assert "| Some | 7 | 1,200 |" + 5 * " 0.500 (0.250–0.750) |" in told
    assert "| Some | 1,200 | 30 |" + 5 * " 0.500 (0.250–0.750) |" in told


def test_without_other_peoples_questions_their_parts_are_skipped_and_named(tmp_path):
    told = subprocess.run(
        [sys.executable, JOB / "run.py", "--only", "german", "--only", "codes"], capture_output=True, text=True,
        env={**os.environ, "HANDRAIL_EVALDATA": str(tmp_path / "none")}, check=True,
    )  # fmt: skip
    assert told.stderr.count("skipped: there are no judged questions") == 2
    assert "HANDRAIL_EVALDATA" in told.stderr


def test_the_page_of_the_loop_holds_the_figures_that_the_job_writes(part):
    loop = part("loop")
    fixed = {name: [3, 4] for name in ("all", "decided", "quoted", "held out", "held out, decided")}
    stage = {"fixed": fixed, "topics": [1, 2], "breaks": [0, 9]}
    outcome = {"questions": 1051, "articles": 183, "failed": 4, "topics": 2, "in topics": 4, "kinds": {"weak": 4},
               "suggested": {"write": 2}, "plain": stage, "drafted": stage}  # fmt: skip
    told = loop.to_markdown(outcome, 200)
    assert "| **all that failed** | 3 of 4 (75%) | 3 of 4 (75%) |" in told
    assert "write article 2" in told
    page = loop.PAGE.read_text(encoding="utf-8")
    named = [line.split(" | ")[0] for line in told.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[0] for line in page.splitlines() if line.startswith("|")] == named, "stale: make loop"


@pytest.mark.long
def test_without_the_variable_each_job_says_what_it_needs():
    without = {name: value for name, value in os.environ.items() if name != "HANDRAIL_EVALDATA"}
    for job in ("loop.py", "topics.py", "replay_log.py"):
        told = subprocess.run([sys.executable, JOB / job], capture_output=True, text=True, env=without, check=True)
        assert "HANDRAIL_EVALDATA is not set" in told.stderr
        assert "HANDRAIL_EVALDATA=FOLDER (CONTRIBUTING.md)" in told.stderr
        assert told.stdout == ""


def test_without_other_peoples_articles_the_loop_is_skipped_and_says_so(tmp_path):
    told = subprocess.run(
        [sys.executable, JOB / "loop.py"], capture_output=True, text=True,
        env={**os.environ, "HANDRAIL_EVALDATA": str(tmp_path / "none")}, check=True,
    )  # fmt: skip
    assert "skipped: there are no articles with questions" in told.stderr
    assert told.stdout == ""


def test_cited_sections_are_asked_of_the_articles_that_hold_them(part, tmp_path):
    sets = part("sets")
    cited = tmp_path / "sections.tsv"
    cited.write_text("query-id\tcorpus-id\tscore\nq1\tmail#send\t1\nq1\tmail#receive\t1\nq2\tspam#filter\t1\n")
    assert sets.cited_places(cited) == {"q1": ["mail/#send", "mail/#receive"], "q2": ["spam/#filter"]}
    articles = tmp_path / "help" / "basics"
    articles.mkdir(parents=True)
    for name in ("mail", "spam", "phone"):
        (articles / f"{name}-of-2024.md").write_text(f'---\ntitle: {name}\nslug: "{name}"\n---\n# {name}\n')
    found = sets.articles_named(tmp_path / "help", {"mail/", "spam/"})
    assert found.keys() == {"mail", "spam"}
    assert "# spam" in found["spam"]


def test_the_table_of_cited_sections_says_what_opened(part):
    figure = {"value": 0.337, "low": 0.28, "high": 0.396}
    outcome = {"name": "Forum", "articles": 42, "questions": 345, "outside": 0, "figures": {"right_section": figure}}
    told = part("table").to_markdown({"sections": {"date": "2026-11-29", "handrail": "1", "sections": [outcome]}})
    assert "| Forum | 42 | 345 | 0.337 (0.280–0.396) |" in told


def test_sets_of_articles_and_of_passages_are_made_from_published_questions(part, tmp_path):
    from handrail_search.evaluation.judged import read_collection

    def passage(text, *questions):
        return {"context": text, "qas": [{"id": id_, "question": asked} for id_, asked in questions]}

    articles = [
        {"title": "Super_Bowl", "paragraphs": [passage("First.", ("a", "Who?"), ("b", "When?")), passage("Second.")]},
        {"paragraphs": [passage("Third.", ("c", "Where?"))]},
    ]
    file = tmp_path / "de.json"
    file.write_text(json.dumps({"data": articles}))
    part("passage_sets").write_sets("de", tmp_path, [file], every=2)
    whole, passages = (read_collection(tmp_path / name) for name in ("de-articles", "de-passages"))
    assert [page.title for page in whole.pages] == ["Super Bowl", ""]
    assert [(one.id, dict(one.relevant)) for one in whole.questions] == [("a", {"0": 2.0}), ("c", {"1": 2.0})]
    assert [page.location for page in passages.pages] == ["0-0", "0-1", "1-0"]
    assert [dict(one.relevant) for one in passages.questions] == [{"0-0": 2.0}, {"1-0": 2.0}]


@pytest.fixture
def mail(part, tmp_path, encoder_cache, monkeypatch):
    """Three articles and two questions, one in Italian and one in English, as a folder of judged sets."""
    folder = tmp_path / "mail"
    folder.mkdir()
    corpus = [("send", "Send mail", "Press the send button to send your message."),
              ("spam", "Junk", "Unwanted advertising goes to the junk folder."),
              ("0x8007", "Codes", "Error 0x8007 says that the disk is full.")]  # fmt: skip
    asked = [("q1", "how do I get rid of spam advertising", "en"), ("q2", "inviare un messaggio", "it")]
    (folder / "corpus.jsonl").write_text(
        "\n".join(json.dumps({"_id": name, "title": title, "text": text}) for name, title, text in corpus)
    )
    (folder / "queries.jsonl").write_text(
        "\n".join(json.dumps({"_id": name, "text": text, "locale": locale}) for name, text, locale in asked)
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tspam\t2\nq2\tsend\t2\n")
    legs = part("parts.legs")
    monkeypatch.setattr(legs, "EVALDATA", tmp_path)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "encoder").symlink_to(encoder_cache)
    monkeypatch.setattr(part("sets"), "KEPT", kept)
    return folder


def test_search_is_measured_beside_each_leg_alone_and_missing_sets_are_named(part, mail, monkeypatch, capsys):
    legs = part("parts.legs")
    monkeypatch.setattr(legs, "SETS", (legs.JudgedSet("Mail", "mail", locale="en"), legs.JudgedSet("Far", "far")))
    (row,) = legs.legs()["legs"]
    assert (row["name"], row["articles"], row["questions"]) == ("Mail", 3, 1)
    assert {leg: found["hit_at_5"]["value"] for leg, found in row["figures"].items()} == {
        "search": 1.0, "best passage": 1.0, "words": 1.0,
    }  # fmt: skip
    assert row["less_better"]["ndcg_at_10"]["value"] == 0.0
    assert "Far: skipped: there are no far" in capsys.readouterr().err
    told = part("table").legs([row])
    assert "| Mail | all-MiniLM-L6-v2 | 1 | 1.000 (1.000–1.000) | 1.000 | 1.000 | +0.000 (+0.000 to +0.000) |" in told


def test_each_leg_knows_nothing_of_the_other(part, mail):
    from handrail_search.evaluation.judged import Question, read_collection

    legs = part("parts.legs")
    ranked = legs.rankings(part("sets").searcher(read_collection(mail)))
    asked = Question("q", "0x8007 unwanted commercials", {})
    assert ranked["best passage"](asked)[0] == "spam"
    assert ranked["words"](asked)[0] == "0x8007"


def test_only_questions_of_one_language_are_asked_where_one_is_named(part, mail):
    from handrail_search.evaluation.judged import read_collection

    of_locale, collection = part("parts.legs").of_locale, read_collection(mail)
    assert [one.id for one in of_locale(collection, mail, "it").questions] == ["q2"]
    assert [one.id for one in of_locale(collection, mail, "").questions] == ["q1", "q2"]
