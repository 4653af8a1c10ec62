"""The loop: searched in vain, understood, decided, written, proven on the very searches that failed. All is real."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_kb.articles.article import read_article
from handrail_kb.cli.group import main
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index

from ..acme import ARTICLES, write_site
from ..conftest import MODEL, start, stop

TAKEN_OUT = {
    "mail/signature/": (
        "signature with company logo", "company signature for everybody", "how do I make a signature",
        "signature below my mails", "a signature for the team",
    ),
    "mail/calendar/": (
        "show my calendar to colleagues", "share the calendar with my team", "calendar for everybody in the office",
        "others should see my calendar",
    ),
}  # fmt: skip
# What nobody answers, before or after.
NOWHERE = ("do you ship to Iceland", "delivery to Iceland", "shipping cost Iceland")
# What is answered all along, and must not break.
FINE = ("I forgot my password", "where are my invoices", "can I have a refund")
# Without the article that leaves its matter to people: what is near to it is one for people.
SITE = [one for one in ARTICLES if not one.facts.get("people_only")]
_tabs = count(1)


@pytest.fixture
def run():
    """Runs a command in this process."""
    names = ("mkdocs", "handrail_search", "handrail_feedback", "handrail_kb")
    before = {name: (log := logging.getLogger(name), log.handlers, log.propagate, log.level) for name in names}

    def invoke(*arguments: object) -> str:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    yield invoke
    for log, handlers, propagate, level in before.values():
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


@pytest.fixture
def project(tmp_path, lend_encoder, monkeypatch) -> Path:
    """A help site without two of its articles, built and indexed."""
    root = tmp_path / "help"
    (root / "docs").mkdir(parents=True)
    (root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    lend_encoder(root / ".handrail")
    build(root, [one for one in SITE if one.location not in TAKEN_OUT])
    monkeypatch.chdir(root)
    return root


def build(root: Path, articles) -> None:
    """As a generator and `handrail index` do; `source` says where each article would stand in docs."""
    sourced = [replace(one, facts={**one.facts, "source": f"{one.location.strip('/')}.md"}) for one in articles]
    write_site(root / "site", sourced)
    build_index(list(read_site(root / "site")), root / ".handrail", MODEL)


def search(client, questions, *, opened: str = "") -> None:
    """Each by somebody else, as browsers do; `opened` is clicked where it is named."""
    for question in questions:
        tab = f"tab-{next(_tabs):08d}"
        answer = client.get("/api/search", query_string={"q": question, "tab": tab}).json
        if opened:
            event = {"search_id": answer["search_id"], "tab": tab, "type": "click", "position": 1}
            client.post("/api/events", json={**event, "url": answer["results"][0]["url"]})


def test_what_was_searched_in_vain_is_written_and_proven_on_the_searches_that_failed(project, run):
    app = start(project, state=project / ".handrail")
    parts = app.extensions["handrail"]
    parts.teaching.look()
    search(app.test_client(), FINE, opened="first")
    for questions in (*TAKEN_OUT.values(), NOWHERE):
        search(app.test_client(), questions)
    assert parts.searches.flush()

    waiting = {one["topic"]: one for one in json.loads(run("topics", "--json"))["topics"]}
    about = {place: topic_about(waiting, words) for place, words in {**TAKEN_OUT, "": NOWHERE}.items()}
    assert {waiting[topic]["suggestion"] for topic in about.values()} == {"write"}
    for place, words in TAKEN_OUT.items():
        run("draft", about[place], "--to", f"{place.strip('/')}.md")
        run("topics", "decide", about[place], "writing", "--link", f"docs/{place.strip('/')}.md")
        drafted = read_article(project / "docs", f"{place.strip('/')}.md").questions
        assert set(drafted) & set(words), "the customers' own words stand in the draft"

    # A writer answers, and leaves the draft's questions where they are.
    build(project, [with_drafted_questions(project, one) for one in SITE])
    parts.live.look()
    parts.teaching.look()
    parts.topics.look()
    stands = {one["topic"]: one for one in json.loads(run("topics", "--all", "--json"))["topics"]}
    for place, words in TAKEN_OUT.items():
        one = stands[about[place]]
        assert one["state"] == "proven"
        assert one["asked"]["location"] == place and one["asked"]["answered"] >= 0.8 * len(words)
        [proof] = one["proofs"]
        assert proof["generation"] == parts.live.searcher().index.name
    assert (stands[about[""]]["state"], stands[about[""]]["asked"]["answered"]) == ("new", 0)
    assert [one["topic"] for one in json.loads(run("topics", "--json"))["topics"]] == [about[""]]
    told = json.loads(run("replay", "--json"))
    assert told["breaks"] == [] and told["counts"]["fixes"] >= 7
    stop(app)


def topic_about(waiting, words) -> int:
    """The topic that holds most people of these words."""
    [(_, topic)] = [
        max((len({one["query"] for one in found["examples"]} & set(words)), topic) for topic, found in waiting.items())
    ]
    return topic


def with_drafted_questions(root: Path, one):
    file = root / "docs" / f"{one.location.strip('/')}.md"
    if not file.exists():
        return one
    asked = [*one.facts["questions"], *read_article(root / "docs", f"{one.location.strip('/')}.md").questions]
    return replace(one, facts={**one.facts, "questions": asked})
