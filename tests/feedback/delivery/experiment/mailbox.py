"""A mailbox that notes when each mail came, and what its server does wrong."""

from __future__ import annotations

import random
import time
from collections import Counter

from ..servers import DROP, Post

DELIVERY_SECONDS = 5


class Faults:
    """What the mail server does wrong, drawn from a seed and counted."""

    def __init__(self, seed):
        self.counts = Counter()
        self.calm = False
        self._chance = random.Random(seed)

    # stage: (share, what it is counted as, what the server does)
    PLANS = {  # noqa: RUF012
        "mail": [(0.05, "refused", "451 too busy, try later"), (0.03, "delayed", 1.0), (0.02, "broken off", DROP)],
        "rcpt": [(0.05, "refused", "450 greylisted")],
        "data": [(0.03, "refused", "452 no room"), (0.03, "broken off", DROP)],
        "stored": [
            (0.06, "broken off after the mail was taken", DROP),
            (0.04, "delayed", 2.0),
            (0.01, "silent after the mail was taken", DELIVERY_SECONDS * 2.0),
        ],
    }

    def __call__(self, stage):
        if self.calm:
            return None
        drawn = self._chance.random()
        for share, name, answer in self.PLANS.get(stage, ()):
            if drawn < share:
                self.counts[name] += 1
                return answer
            drawn -= share
        return None


class Mailbox(Post):
    """A post office that notes when each mail for people came: `came` by its code, the first time only."""

    def __init__(self, plan=lambda _stage: None):
        super().__init__(plan)
        self.came, self.arrivals = {}, []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        before = len(self.mails)
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.mails) > before and (code := self.mails[before]["X-Handrail-Code"]):
            self.came.setdefault(code, time.time())
            self.arrivals.append((time.time(), self.mails[before]["Message-ID"]))
        return answer

    # Methods, not properties: the SMTP server looks at every attribute of its handler at each connection.

    def for_people(self):
        """Mails that bring a message to a person."""
        return [mail for mail in self.mails if mail["X-Handrail-Code"]]

    def receipts(self):
        """Mails that bring a code to a customer."""
        return [mail for mail in self.mails if not mail["X-Handrail-Code"]]
