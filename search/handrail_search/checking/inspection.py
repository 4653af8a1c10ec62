"""Everything that `handrail check` reports about a site, or, after a save, only what the save affected.

Files are named relative to the folder of mkdocs.yml. Knows nothing of the terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.learned import version
from handrail_kb.articles.article import Article, ReadArticles, read_articles
from handrail_kb.articles.checks import check_articles
from handrail_kb.articles.included import Folder, included_folders, read_included
from handrail_kb.articles.links import Ground
from handrail_kb.articles.unpublished import rules_of
from handrail_kb.config.settings import Settings, docs_dir_of, options_of, refuse_no_articles, site_dir_of
from handrail_kb.config.shown import shown_below, shown_folder
from handrail_kb.config.state_folder import links_leading_out
from handrail_kb.errors import HandrailError
from handrail_kb.problems import Problem, told_once
from handrail_kb.site.built.site_info import MANIFEST, SiteInfo, read_site_info
from handrail_kb.site.mkdocs_yml import site_file_problems
from handrail_kb.site.pages.most_asked import lost_questions
from handrail_search.adapters.teaching import teach_from_store
from handrail_search.checking.findability import (
    ArticleQuestion,
    Before,
    Examiner,
    Found,
    KeptAnswers,
    key,
    nearest_questions,
    questions_of,
    read_answers,
    write_answers,
)
from handrail_search.checking.near_duplicates import near_duplicates
from handrail_search.index.generation import Index, current_generation
from handrail_search.ranking.searcher import Searcher

# How many questions of other articles are asked after a save: those nearest to the change. A check asks all.
NEAR_QUESTIONS = 200


@dataclass(frozen=True)
class InspectionReport:
    """What is wrong, how much was looked at, and what could not be checked."""

    problems: tuple[Problem, ...]
    articles: int
    questions: int = 0
    left_out: str = ""


@dataclass(frozen=True)
class Written:
    """The articles as written, the pages they became, and the problems that can be found without asking search."""

    docs_dir: Path
    articles: tuple[Article, ...]
    built: dict[str, str]
    problems: tuple[Problem, ...]
    included: tuple[Folder, ...] = ()

    def shown(self, path: str) -> str:
        """The file of an article as writers name it, whichever folder it comes from."""
        return _shown(self.folder, self.included, path)

    def file_of(self, path: str) -> Path:
        """The file of an article, whichever folder it comes from."""
        elsewhere = {folder.alias: folder.docs_dir for folder in self.included}
        return Ground(self.docs_dir, self.docs_dir, elsewhere=elsewhere).file_of(path)

    @property
    def folder(self) -> str:
        """The folder of articles as writers name it."""
        return shown_folder(self.docs_dir)

    @property
    def sources(self) -> dict[str, str]:
        """The Markdown file of each page."""
        return {location: path for path, location in self.built.items()}

    def named(self, problem: Problem) -> Problem:
        """A problem with its file, and files it mentions, named as writers name them."""
        return replace(problem, file=self.shown(problem.file))


def read_written(config_file: Path, kept: ReadArticles | None = None) -> Written:
    """Read all articles. Raises ConfigError when mkdocs.yml is not YAML, or there is no folder of articles."""
    docs_dir, site_dir = docs_dir_of(config_file), site_dir_of(config_file)
    refuse_no_articles(docs_dir)
    kept = {} if kept is None else kept
    every, read = read_articles(docs_dir, kept)
    faults, own = told_once(read), shown_folder(docs_dir)
    info = read_site_info(site_dir) if site_dir.is_dir() else SiteInfo()
    built = {str(facts.get("source", "")): location for location, facts in info.articles.items()}
    rules, included = rules_of(config_file), included_folders(config_file)
    unread = [problem.file.removeprefix(f"{own}/") for problem in faults]
    left_out = rules.left_out({*unread, *(article.path for article in every)}, docs_dir)
    faults = [one for one in faults if one.file.removeprefix(f"{own}/") not in left_out]
    for folder in included:
        others, wrong = read_included(folder, kept)
        every, faults = [*every, *others], [*faults, *wrong]
    ground = Ground(
        docs_dir,
        site_dir,
        built,
        info.base_path,
        left_out,
        rules.directory_urls,
        rules.absolute,
        {folder.alias: folder.docs_dir for folder in included},
    )
    ground = replace(ground, left_out=left_out | _not_built([one.path for one in every], ground))
    articles = [article for article in every if article.path not in ground.left_out]
    found = check_articles(articles, datetime.now(UTC).date(), ground)
    found += [lost for home in articles for lost in lost_questions(home, articles)]
    unbuilt = {_shown(own, included, path) for path in ground.left_out}
    named = [replace(one, file=_shown(own, included, one.file)) for one in found]
    told = [one for one in faults if one.file not in unbuilt]
    told = [*told, *_ways_out(config_file, docs_dir, {one.file for one in told})]
    of_the_site = site_file_problems(config_file, docs_dir, site_dir)
    return Written(docs_dir, tuple(articles), built, (*of_the_site, *told, *named), included)


def _ways_out(config_file: Path, docs_dir: Path, named: Collection[str]) -> Iterator[Problem]:
    """Links that lead out of the folder of articles, at which the build stops; not what is `named` already."""
    state_dir = config_file.parent / str(options_of(config_file).get("state_dir") or ".handrail")
    for link, what in links_leading_out(docs_dir, state_dir):
        shown = shown_below(docs_dir, link).removesuffix(":1")
        if shown not in named:
            mend = f"Copy what readers need into {shown_folder(docs_dir)}; remove the rest."
            yield Problem(shown, 1, "error", f"{what} {mend}", "unreadable")


def _shown(folder: str, included: Sequence[Folder], path: str) -> str:
    """The file of an article as writers name it; `folder` is that of the site's own articles."""
    for other in included:
        if path.startswith(f"{other.alias}/"):
            return f"{other.shown}/{path.removeprefix(f'{other.alias}/')}"
    return f"{folder}/{path}"


def _not_built(paths: Sequence[str], ground: Ground) -> frozenset[str]:
    """Files that existed when the site was built but became no page of it: a plugin left them out."""
    if not ground.built:
        return frozenset()
    try:
        then = _changed_at(ground.site_dir / MANIFEST)
        return frozenset(
            path for path in paths if path not in ground.built and _changed_at(ground.file_of(path)) < then
        )
    except OSError:
        return frozenset()


def _changed_at(file: Path) -> float:
    """When a file was written, renamed or put where it is, in seconds."""
    state = file.stat()
    return max(state.st_mtime, state.st_ctime)


def inspect(written: Written, settings: Settings, rank: int, before: Before | None = None) -> InspectionReport:
    """Check everything, on the site as last built. Without `before`, the results of earlier checks are looked up.

    Raises IndexUnusable when there is no index to ask.
    """
    searcher = Searcher.open(current_generation(settings.index_dir))
    teach_from_store(searcher, settings)
    asked = questions_of(written.articles, written.built, searcher)
    examiner = Examiner(searcher, _named_sources(written), rank)
    file, name = settings.state_dir / "check.json", f"{searcher.index.name} {_learned(settings)} {rank}"
    kept = read_answers(file)
    held = kept.now if kept.asked == name else {}
    found = {key(one): held.get(key(one)) or examiner.ask(one) for one in asked}
    problems = [examiner.problem(one, found[key(one)], before or _as_kept(kept)) for one in asked]
    well = {key(one): _best(examiner, one, found[key(one)], kept.well.get(key(one))) for one in asked}
    with suppress(OSError):  # a disk that is full or read-only: what was found is told all the same
        write_answers(file, KeptAnswers(name, found, well), asked)
    said = [written.named(one) for one in problems if one]
    alike = near_duplicates(searcher.index, _named_sources(written))
    left_out = _stale(written, settings)
    return InspectionReport((*written.problems, *said, *alike), len(written.articles), len(asked), left_out)


class Inspector:
    """Reports after each build what the last save changed, while somebody writes. Remembers what it read and asked."""

    def __init__(self, settings: Settings) -> None:
        """Read the site as it is, so that later changes can be recognised."""
        assert settings.config_file is not None  # noqa: S101 (serving while writing needs the file)
        self._settings, self._config_file = settings, settings.config_file
        self._kept: ReadArticles = {}
        self._written: Written | None = None
        self._searcher: Searcher | None = None
        self.look()

    def look(self) -> InspectionReport:
        """What is wrong with the articles that changed since the last look, and how they affected others."""
        written = read_written(self._config_file, self._kept)
        former, self._written = self._written, written
        searcher, self._searcher = self._searcher, self._open()
        if former is None:
            return InspectionReport(written.problems, len(written.articles))
        changed, known = _changed(former, written), frozenset(former.problems)
        shown = [problem for problem in written.problems if problem.file in changed or problem not in known]
        asked: list[ArticleQuestion] = []
        if self._searcher is not None:
            asked = self._touched(written, self._searcher, changed)
            shown += map(written.named, self._lost(written, self._searcher, searcher, asked, changed))
        return InspectionReport(tuple(shown), len(changed), len(asked))

    def _open(self) -> Searcher | None:
        """The generation just built and verified; reuses the former encoder where it is the same."""
        try:
            index = Index(current_generation(self._settings.index_dir), verify=False)
            before = self._searcher.encoder if self._searcher else None
            same = before is not None and before.recipe.fingerprint == index.manifest.recipe.fingerprint
            return Searcher(index, before if same else index.encoder())
        except HandrailError:
            return None

    def _touched(self, written: Written, searcher: Searcher, changed: frozenset[str]) -> list[ArticleQuestion]:
        every = questions_of(written.articles, written.built, searcher)
        own = [one for one in every if written.shown(one.path) in changed]
        pages = {page for path, page in written.built.items() if written.shown(path) in changed}
        return [*own, *nearest_questions(searcher, every, pages, NEAR_QUESTIONS)]

    def _lost(
        self,
        written: Written,
        searcher: Searcher,
        former: Searcher | None,
        asked: Sequence[ArticleQuestion],
        changed: frozenset[str],
    ) -> list[Problem]:
        rank, sources = self._settings.number("check_rank"), _named_sources(written)
        now = Examiner(searcher, sources, rank)
        before: Before = Examiner(former, sources, rank).before if former else lambda _: None
        found = ((one, now.problem(one, now.ask(one), before)) for one in asked)
        # Problems that other articles had before were not caused by this save.
        return [
            problem
            for one, problem in found
            if problem and (written.shown(one.path) in changed or problem.code in _TAKEN)
        ]


_TAKEN = ("pushed-out", "losing-ground")


def _changed(former: Written, written: Written) -> frozenset[str]:
    """Files of articles that changed; articles that were not read again are unchanged."""
    before = {article.path: article for article in former.articles}
    return frozenset(
        written.shown(article.path) for article in written.articles if before.get(article.path) is not article
    )


def _named_sources(written: Written) -> dict[str, str]:
    return {location: written.shown(path) for location, path in written.sources.items() if path}


def _learned(settings: Settings) -> int:
    """The version of the learned questions in use; 0 without a store."""
    store = Store(settings.store_place)
    try:
        return version(store) if store.exists() else 0
    except HandrailError:
        return 0
    finally:
        store.close()


def _as_kept(kept: KeptAnswers) -> Before:
    return lambda asked: kept.well.get(key(asked))


def _best(examiner: Examiner, asked: ArticleQuestion, now: Found, then: Found | None) -> Found:
    """What a question found while its article was in its place: now, or as remembered."""
    if then is None:
        return now
    return Found(
        now.usual if examiner.is_well(asked, now.usual) else then.usual,
        now.alone if examiner.is_well(asked, now.alone) else then.alone,
    )


def _stale(written: Written, settings: Settings) -> str:
    """A note that files changed after the last build and were therefore not asked; empty where none did."""
    built = settings.site_dir / "handrail" / "site.json"
    if not built.is_file():
        return ""
    since = built.stat().st_mtime
    files = ((one.path, written.file_of(one.path)) for one in written.articles)
    newer = [path for path, file in files if file.is_file() and file.stat().st_mtime > since]
    if not newer:
        return ""
    more = f" and {len(newer) - 1} more" if len(newer) > 1 else ""
    return f"{written.shown(newer[0])}{more} changed after the last build, which was asked. Build: handrail build"
