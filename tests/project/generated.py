"""Writes the parts of the documentation that stand elsewhere already: settings, commands, events, nginx …

    python tests/project/generated.py            rewrite them (make generated)

`tests/project/test_docs.py` fails when they are stale.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter
from textwrap import indent

import click
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from handrail_feedback.storage.upkeep.capacity import capacity_table
from handrail_kb.cli.group import COMMANDS, main
from handrail_kb.config.settings import load_settings
from handrail_kb.config.table import GROUPS, SETTINGS, Setting
from handrail_kb.problems import FAULTS, HINTS
from handrail_kb.texts.log.events import EVENTS, FIELDS, Event
from handrail_search.service.app import create_app, parts_of

sys.path.append(str(Path(__file__).parents[1]))
from project.standards.algorithms import keys_table, uses_table
from project.standards.bounds import bounds_table

DOCS = Path(__file__).parents[2] / "docs" / "operators"
DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = DEPLOY / "nginx"
WIDTH = 100


def settings_table() -> str:
    """A row for each setting."""
    head = "| Setting | Environment | Default | After a change | What it does |\n|---|---|---|---|---|"
    groups = [f"| `{name}` | in `mkdocs.yml` only | (empty) | build | {told} |" for name, told in GROUPS.items()]
    return "\n".join([head, *map(_row, SETTINGS), *groups])


def _row(setting: Setting) -> str:
    default = ("no", "yes")[setting.default] if isinstance(setting.default, bool) else setting.default
    shown = f"`{default}`" if default != "" else "(empty)"
    after = {"site": "build", "service": "restart"}[setting.scope]
    return f"| `{setting.name}` | `{setting.variable}` | {shown} | {after} | {setting.help.replace('|', '&#124;')} |"


def commands_text() -> str:
    """The help of each command, as the terminal shows it."""
    blocks = [_block("handrail", main)]
    for name, (place, _) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        blocks += [_block(path, leaf) for path, leaf in _leaves(f"handrail {name}", command)]
    return "\n\n".join(blocks)


def _leaves(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _leaves(f"{path} {name}", below)


def _block(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, terminal_width=WIDTH, **command.context_settings)
    anchor = path.replace(" ", "-")
    heading = f"### {path} {{ #{anchor} }}\n\n" if " " in path else ""
    return f"{heading}```text\n{command.get_help(context)}\n```"


def codes_table() -> str:
    """A row for each code that `handrail check` gives."""
    rows = [
        f"| `{code}` | {kind} | {told} |"
        for kind, codes in (("fault", FAULTS), ("hint", HINTS))
        for code, told in codes.items()
    ]
    return "\n".join(["| Code | Kind | What it is |", "|---|---|---|", *rows])


def events_table() -> str:
    """A row for each event of the log."""
    head = "| Event | Level | What it says |\n|---|---|---|"
    return "\n".join([head, *(f"| `{name}` | {_level(event)} | {_said(event)} |" for name, event in EVENTS.items())])


def _level(event: Event) -> str:
    return logging.getLevelName(event.level).lower()


def _said(event: Event) -> str:
    """The sentence with the names of its fields, beside those that are counted the word in the plural."""
    parts = []
    for words, field, form, _ in Formatter().parse(event.sentence):
        one, _, many = (form or "").partition("/")
        counted = f" {many or one + 's'}" if one else ""
        parts.append(words + (f"*{field}*{counted}" if field else ""))
    return "".join(parts)


def fields_table() -> str:
    """A row for each field that an event may have."""
    rows = [f"| `{name}` | {told[0].upper()}{told[1:]} |" for name, told in FIELDS.items()]
    return "\n".join(["| Field | What it is |", "|---|---|", *rows])


def metrics_table() -> str:
    """A row for each metric of a service, as it is scraped."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "site").mkdir()
        app = create_app(load_settings(site_dir=Path(folder) / "site", flags={"state_dir": folder}, environ={}))
        page = app.test_client().get("/metrics").text
        parts = parts_of(app)
        parts.teaching.stop()
        parts.topics.stop()
    rows = [_metric(family) for family in text_string_to_metric_families(page)]
    return "\n".join(["| Metric | Type | Labels | What it is |", "|---|---|---|---|", *sorted(rows)])


def _metric(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    shown = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {family.type} | {shown} | {family.documentation} |"


def nginx(name: str) -> Callable[[], str]:
    """Writes a file of deploy/nginx as a block."""
    return lambda: f"```nginx\n{(NGINX / f'{name}.conf').read_text(encoding='utf-8')}```"


def caddy() -> str:
    """The Caddyfile as a block."""
    return f"```text\n{(DEPLOY / 'caddy' / 'Caddyfile').read_text(encoding='utf-8')}```"


def apache() -> str:
    """The file for Apache as a block."""
    return f"```apache\n{(DEPLOY / 'apache' / 'site.conf').read_text(encoding='utf-8')}```"


PARTS = {
    "settings.md": {"settings": settings_table},
    "commands.md": {"commands": commands_text},
    "monitoring.md": {"metrics": metrics_table},
    "logs.md": {"events": events_table, "fields": fields_table},
    "reverse-proxy.md": {
        **{f"nginx-{name}": nginx(name) for name in ("site", "path", "pages")},
        "caddy": caddy,
        "apache": apache,
    },
    "several-nodes.md": {"nginx-nodes": nginx("nodes")},
    "security.md": {"capacity": capacity_table},
    "bounds.md": {"bounds": bounds_table},
    "cryptography.md": {"crypto-uses": uses_table, "crypto-keys": keys_table},
    "../writers/check.md": {"codes": codes_table},
}


def fresh(name: str) -> str:
    """A page of the documentation as it should be. Raises ValueError when its marks are gone."""
    page = (DOCS / name).read_text(encoding="utf-8")
    for mark, write in PARTS[name].items():
        page = _filled(page, name, mark, write())
    return page


def _filled(page: str, name: str, mark: str, part: str) -> str:
    # As deep as its marks: in a tab, all of it is indented.
    block = re.compile(rf"^( *)(<!-- handrail:{mark} -->\n).*?(<!-- /handrail:{mark} -->)", re.S | re.M)
    if len(block.findall(page)) != 1:
        raise ValueError(f"{DOCS / name} has to hold <!-- handrail:{mark} --> and <!-- /handrail:{mark} --> once.")
    return block.sub(lambda found: f"{found[1]}{found[2]}\n{indent(part, found[1])}\n\n{found[1]}{found[3]}", page)


def rewrite() -> None:
    """Bring every page up to date."""
    for name in PARTS:
        page = fresh(name)
        (DOCS / name).write_text(page, encoding="utf-8")
        sys.stdout.write(f"{DOCS / name} is up to date\n")


if __name__ == "__main__":
    rewrite()
