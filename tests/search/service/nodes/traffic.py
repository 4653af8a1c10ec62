"""What people do while the cluster is disturbed: customers search, click, vote, write and look up; a lead decides.

Each waits for an answer and sends the same again when none came or it said that nothing was kept, as people do.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar

from .machines import ask, machine_of

PASSWORD = "correct horse battery"
# Half of them have an answer in the made-up site, half have none and become topics.
QUESTIONS = (
    "reset my password",
    "where are my invoices",
    "money back for a subscription",
    "mail stays in the outbox",
    "share a calendar with my team",
    "put a signature below mails",
    "export contacts to a spreadsheet",
    "scan documents with the camera",
    "translate a letter into French",
    "print labels for parcels",
    "play music while writing",
    "connect a fax machine",
)
ADJECTIVES = ["blue", "green", "quick", "old", "new", "small", "large", "quiet", "early", "late", "cheap", "round"]
PAGES = ("account/password/", "billing/refund/", "mail/send/", "mail/filter/")
VERDICTS = ("writing", "reword", "out of scope", "stays with people")
# Nobody waits for ever; a promise that was not confirmed after this long is no promise.
PATIENCE = 60.0


@dataclass
class Done:
    """What was confirmed to people, and what went wrong; shared by all their threads."""

    codes: dict = field(default_factory=dict)  # words: code
    seen_at: dict = field(default_factory=dict)  # code: when it was seen
    votes: dict = field(default_factory=dict)  # (tab, page): helpful
    decisions: dict = field(default_factory=dict)  # why: verdict
    searches: list = field(default_factory=list)  # seconds each took
    counts: dict = field(default_factory=dict)  # what else was done, how often
    failed: list = field(default_factory=list)  # what must not fail, and did
    cut: list = field(default_factory=list)  # answers that broke off in the middle
    refused: dict = field(default_factory=dict)  # what was told "not kept, try again"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what, where=None):
        """One more of these."""
        with self.lock:
            counts = self.counts if where is None else where
            counts[what] = counts.get(what, 0) + 1


class People(threading.Thread):
    """Somebody who does the same things again and again until told to stop."""

    def __init__(self, address, done, number):
        super().__init__(name=f"person-{number}", daemon=True)
        self.address, self.done, self.number = address, done, number
        self.chance = random.Random(number)
        self.stopped = threading.Event()
        self.turn = 0

    def run(self):
        """Until `stopped`. A fault of this script is a failure, too."""
        try:
            while not self.stopped.is_set():
                self.turn += 1
                self.once()
        except Exception as error:
            self.done.failed.append((time.time(), self.name, repr(error)))
            raise

    def once(self):
        """Do everything once."""
        raise NotImplementedError

    def insist(self, what, send, fine):
        """Send until it is confirmed; the text of the answer, None when patience ended."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                status, text = send()
            except HTTPException as error:
                self.done.cut.append((time.time(), what, repr(error)))
                continue
            except OSError as error:
                self.done.failed.append((time.time(), what, repr(error)))
                time.sleep(0.3)
                continue
            if status in fine:
                return text
            if status != 503:
                self.done.failed.append((time.time(), what, f"{status} {text[:120]}"))
                return None
            self.done.count(what, self.done.refused)
            time.sleep(0.3)
        return None


class Customer(People):
    """Searches, opens, votes, writes to a person and looks the answer up."""

    def ask(self, path, form=None):
        """From the machine of this visit."""
        return ask(path, form, source=machine_of(self.number * 10_000 + self.turn))

    def once(self):
        """One visit."""
        name = f"{self.number}-{self.turn}"
        tab = f"tab-of-customer-{name}"
        found = self.search(f"{self.chance.choice(ADJECTIVES)} {self.chance.choice(QUESTIONS)} {name}", tab)
        if found:
            self.look_at(found)
        self.vote(tab)
        self.write(name)
        self.look_up()

    def search(self, question, tab):
        """Search must be answered whatever is gone; only what a killed node was sending may break off."""
        query = urllib.parse.urlencode({"q": question, "tab": tab})
        for _ in range(2):
            began = time.monotonic()
            try:
                status, text = self.ask(f"{self.address}api/search?{query}")
            except HTTPException as error:
                self.done.cut.append((time.time(), "search", repr(error)))
                continue
            except OSError as error:
                self.done.failed.append((time.time(), "search", repr(error)))
                return None
            if status != 200:
                self.done.failed.append((time.time(), "search", f"{status} {text[:120]}"))
                return None
            with self.done.lock:
                self.done.searches.append(time.monotonic() - began)
            return json.loads(text)
        return None

    def look_at(self, found):
        """Say that the list was seen, and open its first article."""
        events = [{"search_id": found["search_id"], "type": "seen", "ms": 1500}]
        if found["results"] and self.chance.random() < 0.5:
            url = found["results"][0]["url"]
            events.append({"search_id": found["search_id"], "type": "click", "url": url, "position": 1})
        for event in events:
            if (
                self.insist("event", lambda event=event: self.ask(f"{self.address}api/events", event), {204})
                is not None
            ):
                self.done.count("events")

    def vote(self, tab):
        """Vote on an article; a vote that was sent again replaces itself."""
        page, helpful = self.chance.choice(PAGES), self.chance.random() < 0.5
        form = {"url": f"/{page}", "helpful": helpful, "tab": tab}
        if self.insist("vote", lambda: self.ask(f"{self.address}api/feedback", form), {204}) is not None:
            with self.done.lock:
                self.done.votes[tab, page] = helpful

    def write(self, name):
        """Write to a person until a code comes."""
        words = f"Message {name}: my parcel never came."
        form = {"message": words, "reply_to": f"customer{name}@acme.test", "token": f"token-of-form-{name}"}
        text = self.insist("message", lambda: self.ask(f"{self.address}api/contact", form), {200, 201})
        if text is not None:
            code = json.loads(text)["code"]
            with self.done.lock:
                self.done.codes[words] = code
                self.done.seen_at[code] = time.time()

    def look_up(self):
        """Ask what became of a message that somebody has a code for."""
        with self.done.lock:
            codes = list(self.done.codes.values())
        if not codes:
            return
        body = urllib.parse.urlencode({"code": self.chance.choice(codes), "do": "look"}).encode()
        if self.insist(
            "code", lambda: send_form(urllib.request.build_opener(), f"{self.address}contact/code/", body), {200}
        ):
            self.done.count("look-ups")


def send_form(opener, address, body=None):
    """Status and text; a form's session is that of the opener."""
    try:
        with opener.open(address, body, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Lead(People):
    """Signs in at the desk, and decides on one topic after another."""

    def __init__(self, address, done, number, name):
        super().__init__(address, done, number)
        self.account = name
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), _NoRedirect)

    def once(self):
        """Decide on one topic; sign in first where the session is gone."""
        text = self.get("desk/topics/?stands=all")
        if text is None:
            self.sign_in()
            return
        numbers = re.findall(r'href="/desk/topics/(\d+)/', text)
        if not numbers:
            self.stopped.wait(0.5)
            return
        self.decide(self.chance.choice(numbers))
        self.stopped.wait(0.3)

    def get(self, path):
        """The text of a page of the desk; None where one has to sign in."""
        return self.insist("desk", lambda: self.seen(path), {200})

    def seen(self, path):
        """Status and text of a page; 200 and nothing where one has to sign in."""
        status, text = send_form(self.opener, f"{self.address}{path}")
        return (200, None) if status in (302, 303, 401) else (status, text)

    def sign_in(self):
        """Sign in by the form."""
        text = self.get("desk/login")
        token = text and re.search(r'name="csrf_token" value="([^"]+)"', text)
        if token:
            form = {"name": self.account, "password": PASSWORD, "csrf_token": token[1]}
            body = urllib.parse.urlencode(form).encode()
            self.insist("sign-in", lambda: send_form(self.opener, f"{self.address}desk/login", body), {302, 303})

    def decide(self, topic):
        """Decide once; the same form is sent until it is confirmed."""
        text = self.get(f"desk/topics/{topic}/")
        found = {name: re.search(rf'name="{name}" value="([^"]+)"', text or "") for name in ("csrf_token", "token")}
        if not all(found.values()):
            return
        verdict, why = self.chance.choice(VERDICTS), f"decision {self.number}-{self.turn}"
        form = {"verdict": verdict, "why": why, "link": ""} | {name: one[1] for name, one in found.items()}
        body = urllib.parse.urlencode(form).encode()
        address = f"{self.address}desk/topics/{topic}/decide"
        if self.insist("decision", lambda: send_form(self.opener, address, body), {302, 303}) is not None:
            with self.done.lock:
                self.done.decisions[why] = verdict
