"""Every kind of thing that `handrail check` finds, by a code that programs may rely on.

A fault is what customers meet, or what makes Handrail leave out what a writer wrote; it fails the check. A hint is what
a writer should look at and may decide on. The table in docs/writers/check.md is made from this one.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "unreadable": "A file that is no text in UTF-8, no ordinary file, too large, or a link out of the folder",
    "front-matter": "Broken YAML, a field twice, a value of the wrong type",
    "unknown-field": "A field that is nearly one of Handrail's, such as `question`",
    "same-title": "Two articles of one language with the same title",
    "same-question": "The same question in two articles of one language",
    "overdue-review": "`review_by` is in the past",
    "unclosed-tag": "A tag such as `<title>` that is never closed and hides the rest of the article",
    "markup-in-title": "A tag such as `<b>` in a title, or one such as `<script>` in the heading that is one",
    "gap": "`…` where words should be: a draft that search leaves out until it is written",
    "dead-link": "A link or an image that leads to no file of the site",
    "dead-anchor": "A link to a heading that is not there",
    "not-found": "A question does not find its article among the first results",
    "pushed-out": "A question that found its article does not any more; the articles that took its place are named",
    "nav": "An entry of `nav` in `mkdocs.yml` that is no file",
    "settings": "A setting in `mkdocs.yml` that is unknown to Handrail, or that cannot be used",
}
HINTS: Mapping[str, str] = {
    "only-by-itself": "A question finds its article only because it stands in it: nothing else of the article fits",
    "losing-ground": "The same, since another article took the place that the article's own text had",
    "near-duplicate": "Two articles that say nearly the same",
    "redirected-link": "A link to an old address that sends readers on",
    "image-without-text": "An image without alternative text",
    "unclear-title": "A title such as *Overview*, or one whose words stand nowhere in the article",
    "settings-hint": "A way to a person that nobody is named for, a name in `mkdocs.yml` that MkDocs does not know",
}
# Told by the build alone, once for all articles that have it.
NOTES = frozenset({"own-field"})


def is_fault(code: str) -> bool:
    """Whether a code fails the check. One that is not known does: it may not be overlooked."""
    return code not in HINTS and code not in NOTES
