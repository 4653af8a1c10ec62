"""The MkDocs plugin: hooks that pass the build to functions which know nothing of MkDocs.

With Material, its search dialog asks Handrail first; with any theme, every page links to a person, and the find and
contact pages are added. What could not be put in place is a warning, so that `mkdocs build --strict` fails before a
customer notices.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
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

from handrail_kb.addresses import file_of, location_of_address
from handrail_kb.articles.article import ONLY_OURS
from handrail_kb.config.settings import unknown_variables, values_in
from handrail_kb.config.shown import shown_below, shown_folder
from handrail_kb.config.state_folder import links_leading_out
from handrail_kb.config.table import GROUPS, SETTINGS
from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.contact.channels import Contact
from handrail_kb.contact.sensitive_topics import TopicChannels
from handrail_kb.errors import ConfigError
from handrail_kb.policy import report
from handrail_kb.policy.fit import write_csp
from handrail_kb.policy.policy import Sources
from handrail_kb.problems import Problem, told_once
from handrail_kb.site import artefacts, help_links, mkdocs, scripts, vote_form
from handrail_kb.site.mkdocs_yml import read_options
from handrail_kb.site.pages import contact_section, forms
from handrail_kb.site.pages.choices import NO_CHOICES, Choices
from handrail_kb.site.pages.most_asked import Asked, as_file, lost_questions, most_asked
from handrail_kb.site.pages.own_pages import OwnPages
from handrail_kb.site.patch import PageLinks, Worker, complete_404_page, is_page, language_of, patch
from handrail_kb.site.search_rules import NO_RULES, products_in, read_rules
from handrail_kb.texts import text
from handrail_kb.texts.log.logger import Log

log = Log(get_plugin_logger("handrail"))


class HandrailPlugin(BasePlugin):  # type: ignore[type-arg]
    """The plugin `handrail`. Its options are Handrail's settings, see `handrail settings`."""

    config_scheme = (
        *((setting.name, Type(type(setting.default), default=setting.default)) for setting in SETTINGS),
        *((name, Type(dict, default={})) for name in GROUPS),
    )

    def __init__(self) -> None:
        self.active = False
        self.dialog = False
        self.lang = ""  # the site's language; a page may have another
        self.assets: dict[str, str] = {}  # the places of Handrail's files in the site
        self.places: dict[str, str] = {}  # the find and contact pages of the current language
        self.home: dict[str, str] = {}  # those of the site's own language
        self.count = 0
        self.under_way = 0  # running builds: static-i18n builds other languages within the first build
        self.facts: dict[str, dict[str, Any]] = {}
        self.nav = Navigation([], [])
        self.categories: tuple[mkdocs.Category, ...] = ()  # of the current language
        self.asked: dict[str, tuple[Asked, ...]] = {}  # what people ask most, by language
        self.checked: set[str] = set()
        self.contact = Contact()
        self.topic_channels: TopicChannels = {}
        self.allow: Sources = {}
        self.rules = NO_RULES
        self.choices = NO_CHOICES
        self.made: set[str] = set()  # files of pages that were rendered with a template
        self.contact_pages: set[str] = set()  # contact pages of all languages
        self.contact_warnings: tuple[Problem, ...] = ()  # warnings about the channels, reported once

    def load_config(
        self, options: Mapping[str, Any], config_file_path: str | None = None
    ) -> tuple[list[tuple[str, Exception]], list[tuple[str, str]]]:
        """Check the options against the table of settings; the environment overrides mkdocs.yml."""
        try:
            environment = values_in(os.environ)
        except ConfigError as error:
            return [("handrail", ValidationError(error.message))], []
        read = read_options(options, yaml_lines(Path(config_file_path or "mkdocs.yml")), environment)
        self.contact, self.topic_channels, self.allow = read.contact, read.topic_channels, read.allow
        try:
            self.rules = read_rules(read.values)
        except ConfigError as error:
            return [("handrail", ValidationError(error.message))], []
        self.contact_warnings = tuple(problem for problem in read.problems if problem.severity != "error")
        if read.faults:
            return [("handrail", ValidationError(str(problem))) for problem in read.faults], []
        return super().load_config({**read.values}, config_file_path)

    def option(self, name: str) -> str:
        """The value of an option that is text."""
        return str(self.config[name])

    # ---- before the pages

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Find out the theme and language of the site, and make every page load Handrail's scripts and style."""
        self.active = bool(self.config["enabled"])
        if self.active and mkdocs.is_offline(config):
            told = "The offline plugin is on, and files on a disk can ask no service: Handrail stands aside."
            log("build.advice", told=told)
            self.active = False
        if not self.active:
            return config
        self._refuse_links_leading_out(config)
        self.dialog = mkdocs.has_dialog(config)
        self.lang = self.lang or mkdocs.language(config)
        self.choices = Choices(products_in(self.option("products")), mkdocs.languages(config))
        self.assets = {name: place for name, (place, _) in scripts.browser_files().items()}
        for name in scripts.of_every_page(choices=bool(self.choices)):
            loaded = config.extra_css if name.endswith(".css") else config.extra_javascript
            if self.assets[name] not in map(str, loaded):
                loaded.append(self.assets[name])
        self._warn(config)
        return config

    def _warn(self, config: MkDocsConfig) -> None:
        for unknown in unknown_variables(os.environ):  # not a warning, because `--strict` is for faults of the site
            log("build.note", told=unknown)
        for warning in self.contact_warnings:
            log("build.warning", told=str(warning))
        self.contact_warnings = ()
        if config.theme.name == "material" and not self.dialog:
            told = "Material's search is off: there is no dialog to answer in. Add '- search' to 'plugins:'."
            log("build.warning", told=told)

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Count the running builds, so that what concerns all languages is reported once."""
        self.under_way += 1

    def on_build_error(self, *, error: Exception) -> None:
        """Reset the count of running builds."""
        self.under_way = 0

    @event_priority(-200)  # after static-i18n, which drops articles from outside the docs folder
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Check the articles, and add Handrail's files and those of its pages that the site does not have."""
        if not self.active:
            return files
        self._check_articles(files, config)
        for place, content in scripts.browser_files().values():
            files.append(File.generated(config, place, content=content))
        own = {mkdocs.name_of_ours(file.src_uri) for file in files}
        for name in ("find", "contact"):
            if name not in own:
                # static-i18n fails on a file without a path, so Handrail ships an almost empty one.
                source, level = str(scripts.ASSETS / f"{name}.md"), InclusionLevel.NOT_IN_NAV
                path = f"{mkdocs.language_folder(config)}{name}.md"
                files.append(File.generated(config, path, abs_src_path=source, inclusion=level))
        return files

    def _check_articles(self, files: Files, config: MkDocsConfig) -> None:
        problems: list[Problem] = []
        for file in files.documentation_pages():
            if file.generated_by is not None:
                continue
            if not mkdocs.is_text(file):
                files.remove(file)  # MkDocs would stop at it, although the other articles can be built
            if file.src_uri not in self.checked:
                self.checked.add(file.src_uri)
                problems += mkdocs.article_problems(Path(config.docs_dir), file.src_uri)
        for problem in told_once(problems):
            ours = problem.code == "unreadable" or problem.about in ONLY_OURS
            # Fields that other programs read as well are only logged: MkDocs accepts them, and the page is found.
            log(
                "build.note" if problem.severity == "note" else "build.warning" if ours else "build.tolerated",
                told=str(problem),
            )

    def _refuse_links_leading_out(self, config: MkDocsConfig) -> None:
        """Refuse symbolic links that lead out: the build would publish their targets, and some never end."""
        docs_dir = Path(config.docs_dir)
        state_dir = Path(config.config_file_path or ".").parent / self.option("state_dir")
        out = [f"{shown_below(docs_dir, link)}: {what}" for link, what in links_leading_out(docs_dir, state_dir)]
        if out:
            mend = f"Copy what readers need into {shown_folder(docs_dir)}; remove the rest."
            raise PluginError("\n".join((*out[:20], mend)))

    # ---- each page

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Keep the menu until its pages have titles."""
        self.nav = nav
        return nav

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> None:
        """Record what the pages of this language are: find and contact, the categories, what is asked most."""
        if not self.active:
            return
        self.places = {name: file.url for file in files if (name := mkdocs.name_of_ours(file.src_uri))}
        self.home = self.home or self.places
        self.contact_pages.add(self.places["contact"])
        pages = [file.page for file in files.documentation_pages() if file.page]
        self.count, self.categories = len(pages), mkdocs.categories(self.nav)
        home, known = mkdocs.home_of(pages), [*mkdocs.answering(pages)]
        self.asked[mkdocs.language(config)] = most_asked(home, known, [one.articles for one in self.categories])
        for lost in lost_questions(home, [one.article for one in known]):
            log("build.warning", told=f"{shown_folder(Path(config.docs_dir))}/{lost}")

    @event_priority(-100)  # after plugins that render a title, or use it other than as HTML
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Give generated pages a title in the site's language, and escape titles."""
        if self.active:
            mkdocs.make_words_safe(page)
        name = self._our_page(page)
        if name and page.file.generated_by:
            page.meta["title"] = text(mkdocs.language(config), f"{name}.title")
        return markdown

    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Escape quotes in the title before any page is rendered that shows it, and exclude pages from search."""
        if self.active:
            mkdocs.keep_from_search(page, html, self.rules, mkdocs.nav_files(config))
            mkdocs.make_title_quotable(page)
        return html

    @event_priority(-100)  # after the search plugins have read the page, or Handrail's texts would be in every index
    def on_page_context(self, context: Any, *, page: Page, config: MkDocsConfig, nav: Navigation) -> Any:
        """Record the facts for the service, fill the find and contact pages, and translate the vote form."""
        if not self.active:
            return context
        lang, links = mkdocs.language(config), self._links(page, config)
        mkdocs.make_title_safe(page)
        self.facts[mkdocs.address_of_page(page)] = mkdocs.page_facts(page, lang)
        mkdocs.tell_when_reviewed(page, lang, get_build_datetime().date())
        if (name := self._our_page(page)) or mkdocs.is_home(page):
            page.content = self._own_content(name, lang, page, links)
        if name and page.file.generated_by:
            mkdocs.switch_languages(config, page)
        if self.config["helpful"]:
            analytics = config.extra.setdefault("analytics", {})
            given = analytics.get("feedback")
            if not given or given.get("handrail"):
                analytics["feedback"] = vote_form.material_feedback(
                    lang, contact=links.contact, contact_text=self.option("contact_text")
                )
        return context

    def _own_content(self, name: str, lang: str, page: Page, links: PageLinks) -> str:
        """The content of the `find` or `contact` page, or without a name of a home page."""

        def near(address: str) -> str:
            return normalize_url(address, page)

        def script(name: str) -> str:
            return near(self.assets[name])

        today, given = get_build_datetime().date(), page.content or ""
        own = OwnPages(self.contact, self.option("contact_text"), self.config["attachment_mb"], today)
        if name:
            return own.main(name, lang, links, given, script)
        page.meta.setdefault("hide", ["navigation", "toc", "feedback"])
        asked = [replace(one, address=near(one.address)) for one in self.asked[lang]]
        topics = [one.as_topic(near) for one in self.categories]
        title = str(page.meta.get("title") or "")
        return own.home(lang, links, given, script, title=title, asked=asked, topics=topics)

    @event_priority(90)  # before minify and privacy
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Add to the rendered page what every page gets."""
        if not self.active:
            return output
        self.made.add(page.file.dest_uri)
        links, address = self._links(page, config), f"{mkdocs.base_path(config)}{page.url}"
        html = self._patch(output, links, page.file.src_uri, bool(self._our_page(page)))
        return vote_form.complete(html, mkdocs.language(config), action=f"{links.api}/feedback", url=address)

    @event_priority(90)
    def on_post_template(self, output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
        """Change the 404 page and other whole pages that are not articles."""
        if not self.active or not template_name.endswith(".html") or not is_page(output_content):
            return output_content
        self.made.add(template_name)
        links = self._links(None, config)
        lost = forms.missing_main(language_of(output_content), find=links.find)
        return self._patch(complete_404_page(output_content, lost), links, template_name, False)

    def _patch(self, html: str, links: PageLinks, name: str, has_link: bool) -> str:
        worker = self._worker() if self.dialog else None
        patched = patch(html, links, worker, contact_text=self.option("contact_text"), has_link=has_link)
        for what in patched.missed:
            log("build.warning", told=f"{name}: {what}.")
        return patched.html

    def _worker(self) -> Worker:
        return Worker(
            file=self.assets[scripts.WORKER].rpartition("/")[2],
            api=f"{self.config['api']}/search",
            timeout=self.config["timeout"],
            debounce=self.config["debounce"],
            # Starting Material's search early saves a wait, but on a big site costs megabytes with every slow answer.
            hedge=700 if self.count <= artefacts.MANY_PAGES else 0,
            lazy=self.config["lazy_index"],
        )

    def _links(self, page: Page | None, config: MkDocsConfig) -> PageLinks:
        def link(target: str) -> str:
            if target.startswith("/"):
                return target
            if not page:
                return f"{mkdocs.base_path(config)}{target}"
            relative = normalize_url(target, page)
            # The service also shows the contact page at `api/contact`, where './' would be another folder.
            return f"../{target.rstrip('/').rpartition('/')[2]}/" if target and relative == "./" else relative

        lang = mkdocs.language(config)
        return PageLinks(
            contact=link(self.places["contact"]),
            find=link(self.places["find"]),
            api=link(self.option("api").rstrip("/")),
            tab_script=link(self.assets[scripts.early(choices=bool(self.choices))]),
            loaded=tuple(link(self.assets[name]) for name in scripts.of_every_page(choices=bool(self.choices))),
            stand_in=link(self.assets[scripts.STAND_IN]),
            asked=link(artefacts.place_of_asked(lang)) if self.asked.get(lang) else "",
            choices=self.choices,
        )

    def _our_page(self, page: Page) -> str:
        return mkdocs.name_of_ours(page.file.src_uri) if self.active else ""

    # ---- after the pages

    @event_priority(-1000)  # after static-i18n has written the index of all languages
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the files that the service reads, and move Material's index aside."""
        self.under_way -= 1
        if not self.active:
            return
        site_dir = Path(config.site_dir)
        facts = {
            "format": 1,
            "site_name": config.site_name,
            "base_path": mkdocs.base_path(config),
            "lang": self.lang,
            "contact": {
                "url": self.home["contact"],
                "label": self.option("contact_text") or text(self.lang, "contact.link"),
                "ways": contact_section.as_line(self.lang, self.contact),
                "opening": self._opening(),
            },
            "find": self.home["find"],
            **self.choices.facts(),
            "edit_base": mkdocs.edit_base(self.nav.pages),
            "articles": self._built(site_dir),
        }
        artefacts.write_site_facts(site_dir, facts)
        for lang, asked in ((lang, asked) for lang, asked in self.asked.items() if asked):
            artefacts.write_asked(site_dir, lang, as_file(asked))
        if self.under_way <= 0:
            self._fit_policy(site_dir, config.site_url or "")
            self._warn_about_help_links(site_dir, mkdocs.base_path(config))
        if self.dialog and self.config["lazy_index"]:
            artefacts.set_index_aside(site_dir, fallback_chars=self.config["fallback_chars"])

    def _opening(self) -> dict[str, Any]:
        today = get_build_datetime().date()
        return contact_section.opening(self.lang, self.contact, today, self.topic_channels)

    def _built(self, site_dir: Path) -> dict[str, dict[str, Any]]:
        """The facts of the built pages, without pages that another plugin has removed."""
        gone = [url for url in self.facts if file_of(site_dir, location_of_address(url)) is None]
        for url in gone:
            source = self.facts[url]["source"]
            told = f"{source}: its page {url} is not in the built site, so that search cannot know it."
            log("build.warning", told=told)
        return {url: known for url, known in self.facts.items() if url not in gone}

    def _fit_policy(self, site_dir: Path, site_url: str) -> None:
        """Fit a Content-Security-Policy to each page, and report what it blocks."""
        found = write_csp(site_dir, allow=self.allow, mode=self.option("csp"), site_url=site_url)
        for fault in report.faults(found):
            log("build.warning", told=fault)
        for told in (report.advice(found), *report.notes(found)):
            if told:
                log("build.advice", told=told)

    def _warn_about_help_links(self, site_dir: Path, base_path: str) -> None:
        left_out = self.contact.pages_without_link
        contact, made = self.contact_pages, self.made
        for fault in help_links.faults(site_dir, contact, base_path=base_path, leave_out=left_out, made=made):
            log("build.warning", told=fault)
        for told in help_links.copied_pages(site_dir, contact, made, base_path=base_path, leave_out=left_out):
            log("build.note", told=told)
