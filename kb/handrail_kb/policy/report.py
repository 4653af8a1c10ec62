"""The report of what the policy blocks, with the lines of mkdocs.yml that would allow it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from handrail_kb.policy import policy
from handrail_kb.policy.fit import Blocked, Findings

_MOST_LINES = 25
_EXAMPLES = 3

# What to do instead of allowing a source: ways to the same result without another host.
_BETTER = {
    (
        "style-src",
        "https://fonts.googleapis.com",
    ): "Google's fonts: set 'font: false' under 'theme:', or turn on Material's privacy plugin, which keeps a copy.",
    (
        "script-src",
        "https://unpkg.com",
    ): "Mermaid: download mermaid.min.js into docs/ and name it under 'extra_javascript:'; nothing has to be allowed.",
    (
        "script-src-attr",
        "'unsafe-inline'",
    ): "onclick and its like: move the code into a file of the site, with addEventListener.",
    (
        "script-src",
        "'unsafe-inline'",
    ): "javascript: in links: move the code into a file of the site. To allow it ends the protection of all scripts.",
}


def advice(findings: Findings) -> str:
    """What is blocked, by directive, source and pages, and how to allow it; empty if nothing is."""
    if not findings.blocked:
        return ""
    blocks = "would block" if findings.mode == policy.REPORT_ONLY else "blocks"
    shown = findings.blocked[:_MOST_LINES]
    lines = [f"The content security policy {blocks} what some pages load or run (csp: {findings.mode}):"]
    lines += [f"    {_line(one)}" for one in shown]
    if len(findings.blocked) > len(shown):
        lines.append(f"    and {len(findings.blocked) - len(shown)} more, on fewer pages")
    better = [_BETTER[one.directive, one.source] for one in shown if (one.directive, one.source) in _BETTER]
    lines += ["  Better without another host:", *(f"    {told}" for told in better)] if better else []
    lines += [
        "  To keep the rest as it is, or all of it, allow it in mkdocs.yml:"
        if better
        else "  To keep it as it is, allow it in mkdocs.yml:",
        *_settings(shown),
    ]
    if findings.mode == policy.ENFORCE:
        lines.append("  While you decide: 'csp: report-only' blocks nothing. See our help: 'Content security policy'.")
    return "\n".join(lines)


def faults(findings: Findings) -> Iterator[str]:
    """Faults that no allowed source removes, a sentence for each page."""
    for page, over in findings.crowded:
        yield (
            f"{page}: has {over} inline scripts and styles more than the header of its policy can name "
            f"({policy.MOST_CHARACTERS:,} characters, which nginx takes), so they would not run. Move them into files "
            "of the site, or allow all of them in mkdocs.yml: csp_allow: {script-src: [\"'unsafe-inline'\"], "
            "style-src: [\"'unsafe-inline'\"]}"
        )


def notes(findings: Findings) -> Iterator[str]:
    """Remarks on what is worth knowing, a sentence each."""
    if findings.blocked_by_instant:
        yield (
            f"{_pages(findings.blocked_by_instant)}: inline scripts run when the page is opened, but not when instant "
            "navigation leads there from another one, because the site has more than a header can name. Move them into "
            "files, "
            "or take 'navigation.instant' out."
        )
    if findings.unread:
        yield f"{_pages(findings.unread)}: too big to be read, so that inline scripts on it do not run."


def _line(one: Blocked) -> str:
    return f"{one.directive} {one.source} on {_pages(one.pages)}: {', '.join(one.what[:3])}"


def _pages(pages: tuple[str, ...]) -> str:
    named = ", ".join(page.removesuffix("index.html") or "the start page" for page in pages[:_EXAMPLES])
    if len(pages) == 1:
        return f"1 page ({named})"
    return f"{len(pages):,} pages ({'such as ' if len(pages) > _EXAMPLES else ''}{named})"


def _settings(blocked: tuple[Blocked, ...]) -> Iterator[str]:
    by_directive: dict[str, list[str]] = defaultdict(list)
    for one in blocked:
        by_directive[one.directive].append(one.source)
    yield from ("    plugins:", "      - handrail:", "          csp_allow:")
    for directive, sources in by_directive.items():
        yield f"            {directive}: [{', '.join(chr(34) + source + chr(34) for source in sources)}]"
