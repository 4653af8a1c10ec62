"""`handrail tune`: trains the site's encoder on its learned questions, and keeps it only if it is proven better."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from handrail_feedback.storage.database import Store
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import console, log_to_terminal, progress_bar
from handrail_kb.config.durable_files import work_folder
from handrail_kb.config.settings import Settings
from handrail_kb.errors import ConfigError, EncoderUnavailable, IndexUnusable
from handrail_kb.site.built.passages import Page, read_site
from handrail_kb.site.search_rules import read_rules
from handrail_search.adapters.teaching import encode_ahead, read_known
from handrail_search.background import only_one
from handrail_search.commands.options import encoding_bar, find_settings, setting_options
from handrail_search.embedding import tuned
from handrail_search.embedding.tuned import Tuned
from handrail_search.embedding.vectors import Vectors
from handrail_search.embedding.weights import find_model
from handrail_search.evaluation.finetuning import Course, examples, train
from handrail_search.evaluation.report_text import MEASURES
from handrail_search.evaluation.trial import (
    DECIDES,
    SURE,
    Kin,
    Split,
    TrialResult,
    hold_back,
    judge,
    measure_trial,
    vouched,
)
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index, current_generation, publish
from handrail_search.index.manifest import REBUILD
from handrail_search.index.site_build import encoder_of, index_site, sensitive_topics_of
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher

# Fewer questions than this cannot show that a tuned encoder is better.
LEAST_QUESTIONS = 100
_SHOWN = ("ndcg_at_10", "hit_at_1", "hit_at_5", "verdict_auroc", "none_on_answerable")


@dataclass(frozen=True)
class Tried:
    """The result of a trial: `examples` were trained on, `since` is when the first question held back was asked."""

    outcome: TrialResult
    examples: int
    steps: int
    since: datetime
    kept: bool


@click.command()
@config_option
@click.option("--site", "site_dir", type=click.Path(file_okay=False, path_type=Path), help="The folder of built HTML.")
@click.option(
    "--minutes", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Longest time to train."
)
@click.option("--dry-run", is_flag=True, help="Train and measure, but keep nothing.")
@click.option("--undo", is_flag=True, help="Go back to the original encoder, and build the index with it.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir", "encoder")
def tune(
    config_file: Path, site_dir: Path | None, minutes: float, dry_run: bool, undo: bool, as_json: bool, **flags: Any
) -> None:
    """Train the encoder on learned questions; keep it if it is better.

    The newest fifth of the questions is held back and asked before and after training, with the others learned. Unless
    the tuned encoder finds significantly more, everything stays as it was.
    """
    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False, site_dir=site_dir)
    if undo:
        _undo(settings)
        return
    tried = run(settings, Course(minutes=minutes), dry_run=dry_run)
    click.echo(_as_json(tried) if as_json else as_text(tried, dry_run=dry_run))


def _undo(settings: Settings) -> None:
    if not tuned.forget_tuned(settings.state_dir):
        click.echo("Search does not use a tuned encoder.")
        return
    click.echo("The tuned encoder is gone. All passages are encoded again with the encoder as it came.")
    with encoding_bar() as progress:
        built = index_site(settings, settings.site_dir, progress=progress)
    click.echo(f"Index: {built.folder}")


def run(settings: Settings, course: Course, *, least: int = LEAST_QUESTIONS, dry_run: bool = False) -> Tried:
    """Train, compare, and keep what is better. `least` is the fewest questions that suffice.

    Raises HandrailError; whatever happens, search keeps what it had or gets a whole new index.
    """
    with only_one(settings.state_dir / "tune.lock", "tuning"):
        home = tuned.home(settings.state_dir)
        home.mkdir(parents=True, exist_ok=True)
        with work_folder(home, ".trial-") as work:
            return _Trial(settings, course, work, least).run(dry_run)


class _Trial:
    """One trial, in a folder of its own."""

    def __init__(self, settings: Settings, course: Course, work: Path, least: int) -> None:
        self.settings = settings
        self.course = course
        self.work = work
        self.base = encoder_of(settings)
        self.source, self.base_sha256 = _trainable(self.base)
        self.index = Index(current_generation(settings.index_dir))
        _check_encoder(self.index, self.base, settings)
        self.known = _known(settings)
        self.parts = _enough(self.known, self.index, least)
        self.pages = _pages(settings, self.index)

    def run(self, dry_run: bool) -> Tried:
        """Run the whole trial."""
        present, kin = Searcher(self.index, self.index.encoder()), Kin(self.index)
        vectors: dict[str, Vectors] = {}
        with console.status("asking the questions that are held back"):
            before = measure_trial(present, self.parts, vectors, kin)
            lessons = examples(self.parts.trained, self.pages, self.index, self.index.encoder())
        model = self.work / tuned.tuned_name(self.base)
        bar, advance = progress_bar("training")
        recipe = self.index.manifest.recipe
        with bar:
            prefixes = (recipe.query_prefix, recipe.passage_prefix)
            steps = train(self.source, model, lessons, self.course, prefixes, advance)
        with encoding_bar() as advance:
            generation = build_index(
                self.pages,
                self.work,
                str(model),
                progress=advance,
                sensitive=sensitive_topics_of(self.settings),
                site=self.settings.site_dir,
            ).folder
        with console.status("asking the questions that are held back"):
            after = measure_trial(Searcher.open(generation), self.parts, {}, kin)
        tried = Tried(judge(before, after), len(lessons), steps, self.parts.since, kept=False)
        if dry_run or not tried.outcome.better:
            return tried
        self._keep(model, generation, len(lessons))
        return replace(tried, kept=True)

    def _keep(self, model: Path, generation: Path, learned_from: int) -> None:
        """Put encoder and index into use: what serves is what was measured."""
        state_dir, digest = self.settings.state_dir, find_model(str(model))[1]
        for exported in (self.work / "encoder").iterdir():
            shutil.rmtree(state_dir / "encoder" / exported.name, ignore_errors=True)
            exported.rename(state_dir / "encoder" / exported.name)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        found = Tuned(tuned.TUNED_FORMAT, digest[:12], self.base, self.base_sha256, digest, learned_from, made)
        tuned.keep_tuned(found, model, state_dir)
        if not self._serve(generation):
            with encoding_bar() as progress:
                index_site(self.settings, self.settings.site_dir, progress=progress)

    def _serve(self, generation: Path) -> bool:
        """Put the generation that was measured into use, unless another one was built meanwhile."""
        index_dir = self.settings.index_dir
        with only_one(index_dir / ".lock"):
            if current_generation(index_dir).name != self.index.name:
                return False
            placed = Path(shutil.move(generation, index_dir / generation.name))  # perhaps to another disk
            encode_ahead(Index(placed), self.known, self.settings, lambda done, total: None)
            publish(placed)
        return True


def _trainable(model: str) -> tuple[Path, str]:
    source, digest = find_model(model)
    if not source.is_dir():
        raise EncoderUnavailable(
            f"{model} comes in packed weights, which cannot be trained.",
            "Nothing has to be done: search goes on learning without. Or name another model: `encoder` in mkdocs.yml",
        )
    return source, digest


def _check_encoder(index: Index, base: str, settings: Settings) -> None:
    """Check that the index was made with the encoder that a build would use now."""
    wanted, found = find_model(tuned.tuned_encoder_for(base, settings.state_dir))[1], index.manifest.recipe
    if found.weights_sha256 != wanted:
        raise IndexUnusable(
            f"{index.folder} was made with {found.model} ({found.weights_sha256[:12]}), but the encoder is "
            f"{Path(base).name} ({wanted[:12]}) now.",
            REBUILD,
        )


def _known(settings: Settings) -> list[KnownAnswer]:
    store = Store(settings.store_place)
    try:
        return read_known(store) if store.exists() else []
    finally:
        store.close()


def _enough(known: Sequence[KnownAnswer], index: Index, least: int) -> Split:
    there = len({one.text for one in vouched(known, index)})
    if there < least:
        raise ConfigError(
            f"Not enough data: {there} learned questions of writers, agents and imports, {least} are needed. "
            "Customers' votes do not count here.",
            "Import answered questions: handrail learn FILE",
        )
    return hold_back(known, index)


def _pages(settings: Settings, index: Index) -> list[Page]:
    """The site's pages. Raises IndexUnusable when the index is of an older site: the two could not be compared."""
    pages = list(read_site(settings.site_dir, read_rules(settings.values)))
    indexed = [row[0] for row in index.db.execute("SELECT text FROM passages ORDER BY id")]
    if [passage.text for page in pages for passage in page.passages] != indexed:
        raise IndexUnusable(f"{index.folder} is not the index of {settings.site_dir} as it is now.", REBUILD)
    return pages


def as_text(tried: Tried, *, dry_run: bool = False) -> str:
    """The figures in a table, and the outcome."""
    outcome = tried.outcome
    lines = [
        f"Trained on {tried.examples} questions in {tried.steps} steps. Asked {outcome.asked} newer ones, since "
        f"{tried.since:%Y-%m-%d}, with the older ones learned:",
        f"  {'':<15} before   after  change       p",
        *(_line(outcome, name) for name in _SHOWN),
    ]
    return "\n".join([*lines, _decision(tried, dry_run)])


def _line(outcome: TrialResult, name: str) -> str:
    change = outcome.changes[name]
    before, after = outcome.before[name], outcome.after[name]
    return f"  {MEASURES[name].label:<15}  {before:.3f}   {after:.3f}  {change.value:+.3f}  {change.p:6.3f}"


def _decision(tried: Tried, dry_run: bool) -> str:
    outcome = tried.outcome
    change, name = outcome.changes[DECIDES], MEASURES[DECIDES].label
    if outcome.better:
        if tried.kept:
            return "Better: search uses the tuned encoder now. Go back: handrail tune --undo"
        return "Better. It was not kept, because of --dry-run." if dry_run else "Better."
    if outcome.spoilt:
        worse = ", ".join(MEASURES[one].label for one in outcome.spoilt)
        return f"Not kept, because something got worse: {worse}. Search stays as it was."
    return (
        f"Not kept: {name} is not surely higher (p = {change.p:.2f}, wanted: below {SURE} and a gain). "
        "Search stays as it was."
    )


def _as_json(tried: Tried) -> str:
    outcome = tried.outcome
    figures = {
        name: {"before": outcome.before[name], "after": outcome.after[name], **asdict(outcome.changes[name])}
        for name in outcome.changes
    }
    found = {
        "kept": tried.kept,
        "better": outcome.better,
        "worse": outcome.spoilt,
        "examples": tried.examples,
        "steps": tried.steps,
        "asked": outcome.asked,
        "since": tried.since.isoformat(),
        "figures": figures,
    }
    return json.dumps(found, indent=1)
