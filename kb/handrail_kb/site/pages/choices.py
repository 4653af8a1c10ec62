"""What customers may choose to see: one of the site's products, and one of its languages.

A choice is made in the home page, the find page and the search dialog, and is remembered by the browser alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from handrail_kb.texts import html_text, text

PRODUCT, LANGUAGE = "product", "only_lang"  # as forms, addresses and the API name them
_WORDS = {PRODUCT: "product", LANGUAGE: "language"}
_MOST_LETTERS = 200


@dataclass(frozen=True)
class Choices:
    """The names of the products, and the languages, each with its code and its own name for itself.

    Both are empty where there is nothing to choose from.
    """

    products: tuple[str, ...] = ()
    languages: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.products or self.languages)

    def of_each_kind(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """The values that can be chosen, each with what is shown for it, by the name of the field."""
        kinds = {PRODUCT: tuple((name, name) for name in self.products), LANGUAGE: self.languages}
        return {name: values for name, values in kinds.items() if values}

    def facts(self) -> Mapping[str, Any]:
        """The choices for the service, which `choices_of_site` reads."""
        return {"products": self.products, "languages": self.languages}

    def in_scripts(self, words: Mapping[str, str]) -> Mapping[str, Any]:
        """The choices and their words, for the scripts of a page."""
        return {
            name: {
                "names": values,
                **{short: words[f"{_WORDS[name]}.{short}"] for short in ("label", "all", "only")},
                "drop": words["product.drop"],
            }
            for name, values in self.of_each_kind().items()
        }


NO_CHOICES = Choices()


def choices_of_site(facts: Mapping[str, Any]) -> Choices:
    """The choices in the facts of a site. Raises ValueError or TypeError for what `Choices.facts` never gives."""
    return Choices(
        tuple(map(str, facts.get("products") or ())),
        tuple((str(code), str(name)) for code, name in facts.get("languages") or ()),
    )


def choices_in(sent: Mapping[str, str]) -> dict[str, str]:
    """What was chosen, from the fields of a form or an address, by the name of the field; without empty ones."""
    return {name: value for name in _WORDS if (value := sent.get(name, "")[:_MOST_LETTERS].strip())}


def choice_fields(
    lang: str, choices: Choices, *, prefix: str = "handrail", chosen: Mapping[str, str] | None = None
) -> str:
    """A field for each choice, where all are offered first; empty for a site without any.

    `prefix` begins the ids of the fields; `chosen` are values by the name of their field.
    """
    return "\n".join(
        _field(lang, name, values, f"{prefix}-{_WORDS[name]}", (chosen or {}).get(name, ""))
        for name, values in choices.of_each_kind().items()
    )


def _field(lang: str, name: str, values: tuple[tuple[str, str], ...], ident: str, chosen: str) -> str:
    known = (("", text(lang, f"{_WORDS[name]}.all")), *values)
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(shown)}</option>'
        for value, shown in known
    )
    label = f'<label for="{ident}">{html_text(lang, f"{_WORDS[name]}.label")}</label>'
    return f'{label}\n<select id="{ident}" name="{name}" autocomplete="off">{options}</select>'
