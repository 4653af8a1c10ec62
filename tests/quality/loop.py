"""The loop on other people's articles and questions: taken out, searched in vain, drafted, put back, proven or not.

    python tests/quality/loop.py            print the tables
    python tests/quality/loop.py --write    and renew docs/leads/loop.md (make loop)

Everything goes through the product: `handrail build` makes the site, questions come by the API, topics are those of
`handrail topics`, questions are put into articles by `handrail draft`, and `handrail replay` judges. Played are the
customers, by a fixed rule, and the lead, who knows from the labels which article a topic is about. Nothing here passes
or fails. It takes about four minutes on two cores; what was encoded is kept in .handrail/quality.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from flask.testing import FlaskClient
from places import EVALDATA, ROOT, VARIABLE, absent, put_into, say, state

from handrail_feedback.records.searches import shape
from handrail_feedback.storage.database import Store
from handrail_feedback.topics.facts import SUGGESTIONS
from handrail_feedback.topics.listing import Book, read_book
from handrail_kb import __version__
from handrail_kb.articles.article import read_article
from handrail_kb.cli.group import main as handrail
from handrail_kb.config.settings import load_settings
from handrail_search.evaluation.judged import Question, read_questions
from handrail_search.service.app import create_app

PAGE = ROOT / "docs" / "leads" / "loop.md"
ARTICLES = EVALDATA / "md-sumo-kb" / "docs"
QUESTIONS = EVALDATA / "sumo-thunderbird-dev"
PRODUCTS = ("thunderbird", "thunderbird-android")
# The articles that most questions are about are taken out, whatever becomes of them.
TAKEN_OUT = 10
_LOOKED_AT, _LOOKED_MS = 3, 9000


@dataclass(frozen=True)
class Site:
    """The help site in a folder of its own, and which of its articles each question is about."""

    root: Path
    files: Mapping[str, str]
    questions: tuple[Question, ...]
    out: frozenset[str]

    def write(self, without: frozenset[str] = frozenset()) -> None:
        """Put the articles as they came into the folder, all but some."""
        shutil.rmtree(self.root / "docs", ignore_errors=True)
        for slug, file in self.files.items():
            if slug not in without:
                (self.root / "docs" / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ARTICLES / file, self.root / "docs" / file)
        (self.root / "docs" / "index.md").write_text("# Help\n\nAsk in your own words.\n", encoding="utf-8")

    def about(self, question: Question) -> frozenset[str]:
        """Where the articles are that answer a question."""
        return frozenset(f"{self.files[slug].removesuffix('.md')}/" for slug in question.relevant)

    @property
    def missing(self) -> frozenset[str]:
        """Where the articles are that were taken out."""
        return frozenset(f"{self.files[slug].removesuffix('.md')}/" for slug in self.out)


def the_site() -> Site:
    """The site, with the articles that most questions are about marked as those to take out."""
    files = {file.stem: str(file.relative_to(ARTICLES)) for name in PRODUCTS for file in (ARTICLES / name).glob("*.md")}
    asked = tuple(one for one in read_questions(QUESTIONS).questions if set(one.relevant) <= set(files))
    counts = Counter(slug for one in asked for slug in one.relevant)
    out = sorted(counts, key=lambda slug: (-counts[slug], slug))[:TAKEN_OUT]
    root = state("loop")
    for name in ("store.db", "store.db-wal", "store.db-shm", "learned-vectors.db"):
        (root / name).unlink(missing_ok=True)
    (root / "mkdocs.yml").write_text(
        "site_name: Help\nsite_url: http://127.0.0.1/\ntheme: {name: material, font: false}\n"
        f"plugins: [search, {{handrail: {{state_dir: '{root}'}}}}]\n",
        encoding="utf-8",
    )
    return Site(root, files, asked, frozenset(out))


def run(root: Path, *arguments: object) -> str:
    """A command of Handrail on the site."""
    config = ["--config", str(root / "mkdocs.yml")]
    result = CliRunner().invoke(handrail, [*map(str, arguments), *config])
    if result.exit_code:
        raise SystemExit(result.output)
    return result.stdout


class Service:
    """The service on the site, in this process; its topics are looked at when it is told to."""

    def __init__(self, root: Path) -> None:
        """Begin to serve the index as it is."""
        flags = {"search_rate": "1000000 per minute", "contact_rate": "1000000 per minute"}
        self._app = create_app(load_settings(root / "mkdocs.yml", flags=flags, environ={}))
        self._parts = self._app.extensions["handrail"]
        self.client: FlaskClient = self._app.test_client()

    def look(self) -> None:
        """Write what was searched, serve what was built, and bring topics up to date."""
        self._parts.searches.flush(60)
        for part in (self._parts.live, self._parts.teaching, self._parts.topics):
            part.look()

    def stop(self) -> None:
        """End its threads."""
        self._parts.topics.stop()
        self._parts.teaching.stop()
        self._parts.searches.close()


def search(client: FlaskClient, site: Site) -> None:
    """Each question by somebody else, who opens an article that answers among the first three, or looks and leaves."""
    for number, question in enumerate(site.questions):
        tab = f"tab-{number:08d}"
        answer = client.get("/api/search", query_string={"q": question.text, "tab": tab}).get_json()
        event = {"search_id": answer["search_id"], "tab": tab}
        for position, result in enumerate(answer["results"][:_LOOKED_AT], start=1):
            if result["url"].partition("#")[0].strip("/") + "/" in site.about(question):
                client.post("/api/events", json={**event, "type": "click", "url": result["url"], "position": position})
                break
        else:
            client.post("/api/events", json={**event, "type": "left", "ms": _LOOKED_MS})


# --- The lead, who knows the labels --------------------------------------------------------------------------------


def decided(site: Site, book: Book) -> dict[int, str]:
    """Topics half of whose people or more want the same article that was taken out, with that article."""
    wants = {shape(one.text): site.about(one) & site.missing for one in site.questions}
    found = {}
    for topic, held in book.by_topic.items():
        counts = Counter(place for one in held for place in wants.get(one.shape, ()))
        place = max(counts, key=lambda one: (counts[one], one), default="")
        if len(held) > 1 and place and 2 * counts[place] >= len(held):
            found[topic] = place
    return found


# --- What came of it -----------------------------------------------------------------------------------------------


def failed_of(site: Site, book: Book) -> dict[str, str]:
    """The failed searches that wanted an article that was taken out: why each failed, by its wording."""
    wants = {shape(one.text) for one in site.questions if site.about(one) & site.missing}
    return {one.shape: one.failed_by for one in book.members if one.shape in wants}


def replayed(root: Path) -> dict[str, Any]:
    """What `handrail replay` says of the site as built now, compared with how customers were answered."""
    said: dict[str, Any] = json.loads(run(root, "replay", "--json", "--most", 100_000, "--topic-people", 1))
    return said


def counted(
    said: Mapping[str, Any], failed: Mapping[str, str], quoted: frozenset[str], decided_on: frozenset[str]
) -> dict[str, Any]:  # fmt: skip
    """Of the failed searches how many are answered now, those that articles quote apart; and what else broke."""
    fixed = {shape(one["question"]) for one in said["fixes"]}
    parts = {
        "all": set(failed), "decided": decided_on, "quoted": set(failed) & quoted, "held out": set(failed) - quoted,
        "held out, decided": decided_on - quoted,
    }  # fmt: skip
    return {
        "fixed": {name: [len(part & fixed), len(part)] for name, part in parts.items()},
        "breaks": [said["counts"]["breaks"], said["counts"]["breaks"] + said["counts"]["unchanged_good"]],
    }


def suggestions(root: Path, topics: Sequence[int]) -> dict[str, int]:
    """What `handrail topics` suggests for these topics."""
    listed = json.loads(run(root, "topics", "--json", "--all", "--topic-people", 1))["topics"]
    return dict(Counter(one["suggestion"] for one in listed if one["topic"] in topics))


def proven(book: Book, topics: Sequence[int]) -> list[int]:
    """How many of these topics are proven."""
    last = (book.proofs[topic][-1] for topic in topics if topic in book.proofs)
    return [sum(proof.change == "proven" for proof in last), len(topics)]


def measure() -> dict[str, Any]:
    """The whole loop."""
    site = the_site()
    say(f"{len(site.files)} articles without {TAKEN_OUT}")
    site.write(without=site.out)
    run(site.root, "build")
    service = Service(site.root)
    service.look()
    say(f"{len(site.questions)} questions")
    search(service.client, site)
    service.look()
    store = Store(site.root / "store.db")
    book = read_book(store)
    failed, lead = failed_of(site, book), decided(site, book)
    topical = frozenset(
        one.shape for one in book.members
        if one.shape in failed and book.places[one.key].topic in lead
    )  # fmt: skip
    suggested = suggestions(site.root, list(lead))
    outcome: dict[str, Any] = {
        "questions": len(site.questions), "articles": len(site.files), "failed": len(failed), "topics": len(lead),
        "in topics": len(topical),
        "kinds": dict(Counter(failed.values())), "suggested": suggested,
    }  # fmt: skip
    say("the articles put back as they were")
    site.write()
    for topic, place in lead.items():
        run(site.root, "topics", "decide", topic, "writing", "--link", f"docs/{place.strip('/')}.md")
    run(site.root, "build")
    service.look()
    plain_topics = proven(read_book(store), list(lead))
    plain = replayed(site.root)
    say("and with the questions of the drafts")
    for topic, place in lead.items():
        run(site.root, "draft", topic, "--into", f"docs/{place.strip('/')}.md")
    quoted = frozenset(
        shape(one) for place in set(lead.values())
        for one in read_article(site.root / "docs", f"{place.strip('/')}.md").questions
    )  # fmt: skip
    outcome["plain"] = {**counted(plain, failed, quoted, topical), "topics": plain_topics}
    run(site.root, "build")
    service.look()
    after = replayed(site.root)
    outcome["drafted"] = {**counted(after, failed, quoted, topical), "topics": proven(read_book(store), list(lead))}
    service.stop()
    return outcome


def to_markdown(outcome: Mapping[str, Any], seconds: float) -> str:
    """The page's tables."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome["kinds"].items()))
    suggested = ", ".join(f"{SUGGESTIONS[name]} {count}" for name, count in sorted(outcome["suggested"].items()))
    return "\n".join(
        [
            f"Measured on {time.strftime('%Y-%m-%d')} with Handrail {__version__} by `make loop`, in {seconds:.0f} s.",
            "",
            f"{outcome['articles']} articles, {outcome['questions']} questions, the {TAKEN_OUT} articles that most of "
            f"them are about taken out. {outcome['failed']} wordings that wanted one of these failed ({kinds}). "
            f"{outcome['in topics']} of them are in {outcome['topics']} topics that are mostly about one of "
            f"the articles. Suggested for these topics: {suggested}.",
            "",
            "| Answered now | Articles put back as they were | And with the drafts' questions |",
            "|---|---|---|",
            *(_row(name, key, outcome) for name, key in (
                ("**all that failed**", "all"), ("in topics that were decided", "decided"),
                ("quoted by a draft", "quoted"), ("held out: in no draft", "held out"),
                ("held out, in topics that were decided", "held out, decided"),
            )),
            _row("**topics proven**", "topics", outcome),
            _row("other searches that were answered, and are no more", "breaks", outcome),
        ]
    )  # fmt: skip


def _row(name: str, key: str, outcome: Mapping[str, Any]) -> str:
    cells = []
    for stage in ("plain", "drafted"):
        part, whole = outcome[stage]["fixed"].get(key) or outcome[stage][key]
        cells.append(f"{part} of {whole}" + (f" ({part / whole:.0%})" if whole else ""))
    return f"| {name} | {' | '.join(cells)} |"


@click.command()
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)}.")
def main(write: bool) -> None:
    """Measure, print Markdown tables, and keep them where asked."""
    if not (ARTICLES.is_dir() and QUESTIONS.is_dir()):
        say(absent("articles with questions"))
        return
    os.environ.pop(VARIABLE, None)  # of which Handrail's commands would warn: it is no setting
    began = time.monotonic()
    markdown = to_markdown(measure(), time.monotonic() - began)
    sys.stdout.write(f"{markdown}\n")
    if write:
        put_into(PAGE, "quality", markdown)


if __name__ == "__main__":
    main()
