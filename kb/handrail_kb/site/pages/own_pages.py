"""Makes the content of Handrail's own pages, from what the site says about itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from handrail_kb.contact.channels import Contact
from handrail_kb.site import scripts
from handrail_kb.site.pages import contact_section, forms
from handrail_kb.site.pages.home import Topic, home_main
from handrail_kb.site.pages.most_asked import Asked
from handrail_kb.site.patch import PageLinks


@dataclass(frozen=True)
class OwnPages:
    """The facts that all pages of a build share. `megabytes` is how much customers may attach in total."""

    contact: Contact
    contact_text: str
    megabytes: int
    today: date

    def main(self, name: str, lang: str, links: PageLinks, content: str, script: Callable[[str], str]) -> str:
        """The `find` or `contact` page below what the site's own page, if it has one, says.

        `script` gives the address of one of Handrail's scripts or styles.
        """
        heading = "<h1" not in content
        if name == "find":
            main = forms.find_main(
                lang,
                action=links.find,
                contact=links.contact,
                contact_text=self.contact_text,
                heading=heading,
                choices=links.choices,
            )
            return f"{_style(script)}{content}\n{main}"
        form = forms.contact_main(
            lang,
            action=f"{links.api}/contact",
            code=f"{links.api[: links.api.rfind('/') + 1]}contact/code/",  # served by the service, like the API
            expect=contact_section.expectation(lang, self.contact),
            callback=self.contact.has("callback"),
            megabytes=self.megabytes,
            heading=heading,
        )
        others = contact_section.section(lang, self.contact, self.today)
        loaded = forms.contact_scripts(
            lang,
            map(script, scripts.CONTACT),
            product=self.contact.product,
            choices=links.choices,
            megabytes=self.megabytes,
        )
        return f"{_style(script)}{content}\n{form}\n{others}\n{loaded}"

    def home(
        self,
        lang: str,
        links: PageLinks,
        content: str,
        script: Callable[[str], str],
        *,
        title: str,
        asked: Sequence[Asked],
        topics: Sequence[Topic],
    ) -> str:
        """The home page. The addresses in `asked` and `topics` are relative to it."""
        reach = contact_section.reach(lang, self.contact, self.today, page=links.contact, label=self.contact_text)
        main = home_main(
            lang,
            content,
            title=title,
            find=links.find,
            choices=links.choices,
            asked=asked,
            topics=topics,
            reach=reach,
        )
        return f"{_style(script)}{main}\n{forms.script_elements(map(script, scripts.HOME))}"


def _style(address: Callable[[str], str]) -> str:
    """The style of these pages. It is in the content, because instant navigation loads no new style from the head."""
    return f'<link rel="stylesheet" href="{address(scripts.PAGES_STYLE)}">\n'
