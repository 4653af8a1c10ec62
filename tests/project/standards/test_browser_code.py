"""What a browser runs and fills in: scripts listen to their own site alone, and change no object by a foreign name."""

from __future__ import annotations

import re

import pytest

from project.rooms import ROOT, files

SCRIPTS, TEMPLATES = files(".js"), files(".html")
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", re.S)
# Whoever sends to these is this site itself: a worker that the page began, the page that began the worker, and pages
# of the same origin, which alone have a channel of that name.
CHANNEL, WORKER = r"\bchannel\b", r"\b(?:worker|this|to)\b"
IN_WORKER = "handrail-worker.js"


def code(file):
    """A script without its comments."""
    return COMMENT.sub("", file.read_text(encoding="utf-8"))


def receivers(text, *, in_worker):
    """What takes messages in a script and is neither a worker nor a channel of this origin."""
    ways = [r"(\S*?)\bonmessage(?:error)?\s*=", r"(\S*?)\baddEventListener\(\s*[\"'`]message"]
    taken = [found for way in ways for found in re.findall(way, text)]
    own = re.compile(rf"(?:{CHANNEL}|{WORKER})\??\.")
    return [one for one in taken if not own.search(one) and not (in_worker and one == "")]


def senders(text):
    """What a script sends messages to that could be a window, whose page may be another site's."""
    return re.findall(r"(?:opener|parent|top|contentWindow|frames\[[^\]]*\]|window)\??\.postMessage\(", text)


def writes_by_name(text):
    """Where a script sets a property whose name is not in the code: `__proto__` may be one."""
    by_name = re.findall(r"[\w)\]]\[(?![\"'`\d])[^\]]+\]\s*(?:[-+*/|&?]{0,2}=)(?![=>])", text)
    merged = [
        found for found in re.findall(r"Object\.assign\((?:[^(){}]|\([^()]*\))*", text) if not found.endswith(", ")
    ]
    return [*by_name, *merged, *re.findall(r"__proto__|Object\.setPrototypeOf|\.prototype\b", text)]


def test_scripts_take_messages_of_their_own_site_alone():
    assert len(SCRIPTS) > 15
    found = {file.name: receivers(code(file), in_worker=file.name == IN_WORKER) for file in SCRIPTS}
    assert {name: taken for name, taken in found.items() if taken} == {}
    assert {file.name: senders(code(file)) for file in SCRIPTS if senders(code(file))} == {}


def test_every_channel_is_of_this_origin_alone():
    named = [(file.name, text) for file in SCRIPTS for text in re.findall(r"\bchannel\s*\??=\s*([^\n]+)", code(file))]
    assert named
    assert [one for one in named if not re.match(r"new BroadcastChannel\(|null\b", one[1])] == []


def test_scripts_set_no_property_whose_name_comes_from_outside():
    found = {file.name: writes_by_name(code(file)) for file in SCRIPTS}
    assert {name: writes for name, writes in found.items() if writes} == {}


@pytest.mark.parametrize(
    "script",
    [
        'window.addEventListener("message", take)',
        "addEventListener('message', take)",
        "onmessage = take",
        "self.onmessage = take",
        "window.onmessage = take",
    ],
)
def test_a_script_that_takes_messages_of_anybody_is_noticed(script):
    assert receivers(script, in_worker=False)


@pytest.mark.parametrize(
    "script",
    [
        "kept[name] = value",
        "kept[item.name] ||= value",
        "kept.of[where()] += 1",
        "all[0][name] = 1",
        "Object.assign(kept, JSON.parse(words))",
        "kept.__proto__.x = 1",
    ],
)
def test_a_script_that_sets_a_property_by_a_foreign_name_is_noticed(script):
    assert writes_by_name(script)


@pytest.mark.parametrize(
    "script", ['kept["name"] = 1', "row[0] = 1", "const [a, b] = row", "if (kept[name] === 1) go()"]
)
def test_what_is_harmless_is_not_taken_for_it(script):
    assert writes_by_name(script) == []


def inputs():
    """Each field of a form in the templates: the file's name and its attributes."""
    for file in TEMPLATES:
        for tag in re.findall(r"<input\b((?:\{[{%].*?[%}]\}|[^>])*)>", file.read_text(encoding="utf-8"), re.S):
            found = dict(re.findall(r"([\w-]+)=\"([^\"]*)\"", tag))
            yield file.name, found


def test_every_field_for_a_password_hides_what_is_typed():
    fields = [
        (file, found)
        for file, found in inputs()
        if "password" in found.get("autocomplete", "") + found.get("name", "") + found.get("id", "")
        or found.get("name") in ("present", "new", "again")
    ]
    assert len(fields) >= 5
    assert [one for one in fields if one[1].get("type") != "password"] == []


def test_a_password_manager_knows_which_field_is_which():
    told = [found.get("autocomplete") for _file, found in inputs() if found.get("type") == "password"]
    assert told and set(told) == {"current-password", "new-password"}
    names = [found for _file, found in inputs() if found.get("autocomplete") == "username"]
    assert len(names) >= 2  # beside each first field for a password, so that it is kept under its account


def test_no_page_with_a_password_hinders_pasting_or_password_managers():
    pages = [file.read_text(encoding="utf-8") for file in TEMPLATES]
    asking = [page for page in pages if 'type="password"' in page]
    assert len(asking) >= 2
    text = "".join(asking) + code(ROOT / "feedback/handrail_feedback/reports/static/desk.js")
    assert re.findall(r"\bon[a-z]+=\"|[\"'`](?:paste|beforeinput|drop)[\"'`]|autocomplete=\"off\"", text) == []
