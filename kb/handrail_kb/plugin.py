"""The MkDocs plugin: hooks that hand the build to functions which know nothing of MkDocs.

Where Material's own search answers, ours is put in front of it; with any theme a person is one click away on
every page, and the find and contact pages are there. What could not be put in place is a warning, so that
`mkdocs build --strict` fails instead of a customer.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.base import ValidationError
from mkdocs.config.config_options import Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_build_datetime, normalize_url

from handrail_kb import forms, leavings, mkdocs_site, policy_report, reach, voting, ways
from handrail_kb.addresses import file_of, location_of_address
from handrail_kb.articles import ONLY_OURS, Problem
from handrail_kb.channels import Contact
from handrail_kb.errors import ConfigError
from handrail_kb.pages import WORKER_FOLDER, Links, Worker, is_page, language_of, patch, welcome_the_lost
from handrail_kb.places import places_of
from handrail_kb.policy import Sources
from handrail_kb.policy_build import write_csp
from handrail_kb.search_rules import NO_RULES, read_rules
from handrail_kb.settings import unknown_variables, values_in
from handrail_kb.settings_table import GROUPS, SETTINGS
from handrail_kb.shown import shown_below, shown_folder
from handrail_kb.site_file import read_options
from handrail_kb.state_folder import ways_out
from handrail_kb.texts import text
from handrail_kb.told_once import told_once

log = get_plugin_logger("handrail")

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("handrail-stand-in.js", "handrail.js", "handrail-visit.js", "handrail-vote.js")
# On the contact page alone.
CONTACT_SCRIPTS = ("handrail-hours.js", "handrail-along.js", "handrail-contact.js", "handrail-draft.js")
STYLES = ("handrail.css",)
# `contact.md`, `contact/index.md`, and what static-i18n makes of them: `contact.de.md`, `de/contact.md`.
_LANG = r"[a-z]{2}(?:[-_][A-Za-z]+)?"
_OUR_PAGE = re.compile(rf"(?:{_LANG}/)?(find|contact)(?:\.{_LANG})?(?:/index(?:\.{_LANG})?)?\.md")


class HandrailPlugin(BasePlugin):  # type: ignore[type-arg]
    """Registered as `handrail`. Its options are the settings of Handrail, see `handrail settings`."""

    config_scheme = (
        *((setting.name, Type(type(setting.default), default=setting.default)) for setting in SETTINGS),
        *((name, Type(dict, default={})) for name in GROUPS),
    )

    def __init__(self) -> None:
        self.active = False
        self.dialog = False
        self.lang = ""  # of the site; a page may have another
        self.assets: dict[str, str] = {}  # where our files are in the site
        self.places: dict[str, str] = {}  # the find and contact pages of the language being built
        self.home: dict[str, str] = {}  # those of the site's own language
        self.count = 0
        self.under_way = 0  # builds: static-i18n runs those of its other languages within the first
        self.facts: dict[str, dict[str, Any]] = {}
        self.checked: set[str] = set()
        self.contact = Contact()
        self.allow: Sources = {}
        self.rules = NO_RULES
        self.made: set[str] = set()  # files of pages that a template was used for
        self.contact_pages: set[str] = set()  # of all languages
        self.doubts: tuple[Problem, ...] = ()  # about the ways to reach a person, to be warned of once

    def load_config(
        self, options: Mapping[str, Any], config_file_path: str | None = None
    ) -> tuple[list[tuple[str, Exception]], list[tuple[str, str]]]:
        """Fit the options to the one table of settings; the environment overrules mkdocs.yml."""
        try:
            environment = values_in(os.environ)
        except ConfigError as error:
            return [("handrail", ValidationError(error.message))], []
        read = read_options(options, places_of(Path(config_file_path or "mkdocs.yml")), environment)
        self.contact, self.allow = read.contact, read.allow
        try:
            self.rules = read_rules(read.values)
        except ConfigError as error:
            return [("handrail", ValidationError(error.message))], []
        self.doubts = tuple(problem for problem in read.problems if problem.severity != "error")
        if read.faults:
            return [("handrail", ValidationError(str(problem))) for problem in read.faults], []
        return super().load_config({**read.values}, config_file_path)

    def option(self, name: str) -> str:
        """An option that is text."""
        return str(self.config[name])

    # ---- before the pages

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Find out what this site is, and have every page load our scripts and style."""
        self.active = bool(self.config["enabled"])
        if self.active and mkdocs_site.is_offline(config):
            log.info("The offline plugin is on, and files on a disk can ask no service: Handrail stands aside.")
            self.active = False
        if not self.active:
            return config
        self._refuse_ways_out(config)
        self.dialog = mkdocs_site.has_dialog(config)
        self.lang = self.lang or mkdocs_site.language(config)
        for name in ("handrail-worker.js", "handrail-tab.js", *SCRIPTS, *CONTACT_SCRIPTS, *STYLES):
            self.assets[name] = _place_of_asset(name)
        for names, loaded in ((SCRIPTS, config.extra_javascript), (STYLES, config.extra_css)):
            known = {str(path) for path in loaded}
            loaded.extend(self.assets[name] for name in names if self.assets[name] not in known)
        self._warn(config)
        return config

    def _warn(self, config: MkDocsConfig) -> None:
        for unknown in unknown_variables(os.environ):  # no warning: `--strict` is for faults of the site
            log.info(unknown)
        for doubt in self.doubts:
            log.warning(str(doubt))
        self.doubts = ()
        if config.theme.name == "material" and not self.dialog:
            log.warning("Material's search is off: there is no dialog to answer in. Add '- search' to 'plugins:'.")

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Count the builds that run, so that what is true of all languages is said once."""
        self.under_way += 1

    def on_build_error(self, *, error: Exception) -> None:
        """Count anew."""
        self.under_way = 0

    @event_priority(-200)  # after static-i18n, which drops articles from outside the docs folder
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Check the articles, and add our files and the pages that the site does not have itself."""
        if not self.active:
            return files
        self._check_articles(files, config)
        for name, place in self.assets.items():
            files.append(File.generated(config, place, abs_src_path=str(ASSETS / name)))
        own = {match[1] for file in files if (match := _OUR_PAGE.fullmatch(file.src_uri))}
        for name in ("find", "contact"):
            if name not in own:
                # static-i18n cannot live with a file that has no path, so an almost empty one is shipped.
                source, level = str(ASSETS / f"{name}.md"), InclusionLevel.NOT_IN_NAV
                path = f"{mkdocs_site.language_folder(config)}{name}.md"
                files.append(File.generated(config, path, abs_src_path=source, inclusion=level))
        return files

    def _check_articles(self, files: Files, config: MkDocsConfig) -> None:
        problems: list[Problem] = []
        for file in files.documentation_pages():
            if file.generated_by is not None:
                continue
            if not mkdocs_site.is_text(file):
                files.remove(file)  # MkDocs would stop at it, and the other articles are well
            if file.src_uri not in self.checked:
                self.checked.add(file.src_uri)
                problems += mkdocs_site.article_problems(Path(config.docs_dir), file.src_uri)
        for problem in told_once(problems):
            ours = problem.code == "unreadable" or problem.about in ONLY_OURS
            # With what is not ours alone, MkDocs puts up, and the page is found all the same.
            log.log(logging.WARNING if ours and problem.severity != "note" else logging.INFO, str(problem))

    def _refuse_ways_out(self, config: MkDocsConfig) -> None:
        """What a link leads to would be copied into the site. Before MkDocs looks at the files: some never end."""
        docs_dir = Path(config.docs_dir)
        state_dir = Path(config.config_file_path or ".").parent / self.option("state_dir")
        out = [f"{shown_below(docs_dir, link)}: {what}" for link, what in ways_out(docs_dir, state_dir)]
        if out:
            mend = f"Copy what readers need into {shown_folder(docs_dir)}; remove the rest."
            raise PluginError("\n".join((*out[:20], mend)))

    # ---- each page

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> None:
        """Note where this language's find and contact pages are, and how big the site is."""
        if not self.active:
            return
        self.places = {match[1]: file.url for file in files if (match := _OUR_PAGE.fullmatch(file.src_uri))}
        self.home = self.home or self.places
        self.contact_pages.add(self.places["contact"])
        self.count = len(files.documentation_pages())

    @event_priority(-100)  # after plugins that draw a title, or make something else of it than HTML
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Title the generated pages in the site's language, let no title be markup, keep pages out of search."""
        if self.active:
            mkdocs_site.make_words_safe(page)
        name = self._our_page(page)
        if name and page.file.generated_by:
            page.meta["title"] = text(mkdocs_site.language(config), f"{name}.title")
        if self.active and self.rules.excludes(*mkdocs_site.paths_of_page(page)):
            mkdocs_site.exclude(page)
        return markdown

    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Let no title end an attribute, before any page is drawn that names this one."""
        if self.active:
            mkdocs_site.make_title_quotable(page)
        return html

    @event_priority(-100)  # after the search plugins have read the page, or our words would be in every index
    def on_page_context(self, context: Any, *, page: Page, config: MkDocsConfig, nav: Navigation) -> Any:
        """Note what the service needs to know, fill our pages, and put the vote in the page's language."""
        if not self.active:
            return context
        lang, links = mkdocs_site.language(config), self._links(page, config)
        mkdocs_site.make_title_safe(page)
        self.facts[mkdocs_site.address_of_page(page)] = mkdocs_site.page_facts(page, lang, self.rules)
        if name := self._our_page(page):
            page.content = f"{page.content}\n{self._main(name, lang, page, links)}"
        if self.config["helpful"]:
            analytics = config.extra.setdefault("analytics", {})
            own = analytics.get("feedback")
            if not own or own.get("handrail"):
                analytics["feedback"] = voting.material_feedback(
                    lang, contact=links.contact, contact_text=self.option("contact_text")
                )
        return context

    def _main(self, name: str, lang: str, page: Page, links: Links) -> str:
        heading = "<h1" not in (page.content or "")
        if name == "find":
            words = self.option("contact_text")
            return forms.find_main(lang, action=links.find, contact=links.contact, contact_text=words, heading=heading)
        form = forms.contact_main(
            lang,
            action=f"{links.api}/contact",
            code=f"{links.api[: links.api.rfind('/') + 1]}contact/code/",  # of the service, as the API is
            expect=ways.expectation(lang, self.contact),
            callback=self.contact.has("callback"),
            megabytes=self.config["attachment_mb"],
            heading=heading,
        )
        others = ways.section(lang, self.contact, get_build_datetime().date())
        addresses = [normalize_url(self.assets[script], page) for script in CONTACT_SCRIPTS]
        scripts = forms.contact_scripts(
            lang, addresses, product=self.contact.product, megabytes=self.config["attachment_mb"]
        )
        return f"{form}\n{others}\n{scripts}"

    @event_priority(90)  # before minify and privacy
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Change the rendered page."""
        if not self.active:
            return output
        self.made.add(page.file.dest_uri)
        links, address = self._links(page, config), f"{mkdocs_site.base_path(config)}{page.url}"
        html = self._patch(output, links, page.file.src_uri, bool(self._our_page(page)))
        return voting.complete(html, mkdocs_site.language(config), action=f"{links.api}/feedback", url=address)

    @event_priority(90)
    def on_post_template(self, output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
        """Change the 404 page and other whole pages that are no articles."""
        if not self.active or not template_name.endswith(".html") or not is_page(output_content):
            return output_content
        self.made.add(template_name)
        links = self._links(None, config)
        lost = forms.missing_main(language_of(output_content), find=links.find)
        return self._patch(welcome_the_lost(output_content, lost), links, template_name, False)

    def _patch(self, html: str, links: Links, name: str, has_link: bool) -> str:
        worker = self._worker() if self.dialog else None
        patched = patch(html, links, worker, contact_text=self.option("contact_text"), has_link=has_link)
        for what in patched.missed:
            log.warning(f"{name}: {what}.")
        return patched.html

    def _worker(self) -> Worker:
        return Worker(
            file=self.assets["handrail-worker.js"].rpartition("/")[2],
            api=f"{self.config['api']}/search",
            timeout=self.config["timeout"],
            debounce=self.config["debounce"],
            # Starting Material's search early saves a wait, but on a big site costs every slow answer some megabytes.
            hedge=700 if self.count <= leavings.MANY_PAGES else 0,
            lazy=self.config["lazy_index"],
        )

    def _links(self, page: Page | None, config: MkDocsConfig) -> Links:
        def link(target: str) -> str:
            if target.startswith("/"):
                return target
            if not page:
                return f"{mkdocs_site.base_path(config)}{target}"
            relative = normalize_url(target, page)
            # The service shows the contact page at `api/contact` too, where './' would be another folder.
            return f"../{target.rstrip('/').rpartition('/')[2]}/" if target and relative == "./" else relative

        return Links(
            contact=link(self.places["contact"]),
            find=link(self.places["find"]),
            api=link(self.option("api").rstrip("/")),
            tab_script=link(self.assets["handrail-tab.js"]),
        )

    def _our_page(self, page: Page) -> str:
        match = _OUR_PAGE.fullmatch(page.file.src_uri) if self.active else None
        return match[1] if match else ""

    # ---- after the pages

    @event_priority(-1000)  # after static-i18n has written the index of all languages
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Leave what the service reads, and set Material's index aside."""
        self.under_way -= 1
        if not self.active:
            return
        site_dir = Path(config.site_dir)
        facts = {
            "format": 1,
            "site_name": config.site_name,
            "base_path": mkdocs_site.base_path(config),
            "lang": self.lang,
            "contact": {
                "url": self.home["contact"],
                "label": self.option("contact_text") or text(self.lang, "contact.link"),
                "ways": ways.as_line(self.lang, self.contact),
                "opening": ways.opening(self.lang, self.contact, get_build_datetime().date()),
            },
            "find": self.home["find"],
            "articles": self._built(site_dir),
        }
        leavings.write_site_facts(site_dir, facts)
        if self.under_way <= 0:
            self._fit_policy(site_dir, config.site_url or "")
            self._warn_of_distance(site_dir, mkdocs_site.base_path(config))
        if self.dialog and self.config["lazy_index"]:
            leavings.set_index_aside(site_dir, fallback_chars=self.config["fallback_chars"])

    def _built(self, site_dir: Path) -> dict[str, dict[str, Any]]:
        """What is known of the pages that are there: another plugin can leave one out, and says so, or take it away."""
        gone = [url for url in self.facts if file_of(site_dir, location_of_address(url)) is None]
        for url in gone:
            source = self.facts[url]["source"]
            log.warning(f"{source}: its page {url} is not in the built site, so that search cannot know it.")
        return {url: known for url, known in self.facts.items() if url not in gone}

    def _fit_policy(self, site_dir: Path, site_url: str) -> None:
        """Have each page get the policy that fits it, and say what that keeps out."""
        found = write_csp(site_dir, allow=self.allow, mode=self.option("csp"), site_url=site_url)
        for fault in policy_report.faults(found):
            log.warning(fault)
        for told in (policy_report.advice(found), *policy_report.notes(found)):
            if told:
                log.info(told)

    def _warn_of_distance(self, site_dir: Path, base_path: str) -> None:
        left_out = self.contact.pages_without_link
        contact, made = self.contact_pages, self.made
        for fault in reach.faults(site_dir, contact, base_path=base_path, leave_out=left_out, made=made):
            log.warning(fault)
        for told in reach.strangers(site_dir, contact, made, base_path=base_path, leave_out=left_out):
            log.info(told)


def _place_of_asset(name: str) -> str:
    """Where one of our files is in the site; its name changes with its content, so that it can be cached for ever."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:8]
    stem, _, extension = name.rpartition(".")
    # Material's worker finds its language files relative to its own folder, so ours is its neighbour.
    folder = WORKER_FOLDER if "worker" in name else "assets/handrail"
    return f"{folder}/{stem}.{digest}.{extension}"
