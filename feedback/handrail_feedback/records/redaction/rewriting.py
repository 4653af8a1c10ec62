"""A text that is rewritten by its normal form, so that full-width or invisible characters hide nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from handrail_kb.language.normal_form import placed

# For character classes: letters and digits of scripts that set spaces around a number. Beside letters of others, such
# as 号13800138000 or 010-1234-5678입니다, a number begins and ends.
SPACED = "0-9A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u052f\u1e00-\u1fff"

Replacement = str | Callable[[re.Match[str]], str]
Rules = tuple[tuple[re.Pattern[str], Replacement], ...]

# Digits that rules are not to see, one for one; of the characters that no script uses.
_HIDDEN = {ord("0") + digit: 0xE000 + digit for digit in range(10)}
_SHOWN = {hidden: digit for digit, hidden in _HIDDEN.items()}
_NOBODYS = re.compile("[\ue000-\ue009]")


class Rewriting:
    """A text while rules rewrite it. `form` is what they read."""

    def __init__(self, text: str) -> None:
        """`text` is as it was written."""
        text = _NOBODYS.sub("", text)
        typed = placed(text, small=False)
        self.form = typed.form
        # For each character of the form, what it was written as; None while both are the same.
        self._written: list[str] | None = None
        if typed.form != text:
            starts, ends = typed.starts, typed.ends
            self._written = [
                text[start : ends[at]] if not at or start != starts[at - 1] else "" for at, start in enumerate(starts)
            ]

    def sub(self, pattern: re.Pattern[str], replacement: Replacement) -> None:
        """Replace what matches."""
        if self._written is None:
            self.form = pattern.sub(replacement, self.form)
            return
        found = [(match, _expanded(match, replacement)) for match in pattern.finditer(self.form)]
        self.put([(match.start(), match.end(), new) for match, new in found if new != match[0]])

    def sub_all(self, rules: Rules) -> None:
        """Replace what matches, one rule after the other."""
        for pattern, replacement in rules:
            self.sub(pattern, replacement)

    def put(self, pieces: Sequence[tuple[int, int, str]]) -> None:
        """Put something in place of pieces of the form, given as (start, end, new) in order."""
        for start, end, new in reversed(pieces):
            old = self.form[start:end]
            if self._written is not None:
                same = _shared(old, new)
                tail = _shared(old[same:][::-1], new[same:][::-1])
                self._written[start + same : end - tail] = list(new[same : len(new) - tail])
            self.form = f"{self.form[:start]}{new}{self.form[end:]}"

    def hide(self, pattern: re.Pattern[str], is_harmless: Callable[[re.Match[str]], bool]) -> None:
        """Keep the digits of harmless matches from all rules that come."""
        self.form = pattern.sub(
            lambda match: match[0].translate(_HIDDEN) if is_harmless(match) else match[0], self.form
        )

    def show(self) -> None:
        """Let rules see again what `hide` kept from them."""
        self.form = self.form.translate(_SHOWN)

    @property
    def text(self) -> str:
        """The text as it stands now."""
        return self.form.translate(_SHOWN) if self._written is None else "".join(self._written)


def _expanded(match: re.Match[str], replacement: Replacement) -> str:
    return match.expand(replacement) if isinstance(replacement, str) else replacement(match)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (here, there) in enumerate(pairs) if here != there), min(len(one), len(other)))
