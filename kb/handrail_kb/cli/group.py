"""The `handrail` command; commands of the other packages are imported only when they are called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from handrail_kb import __version__
from handrail_kb.cli.system_errors import told
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import unknown_variables
from handrail_kb.texts.installing import install_extra, missing

# Each command by name: its module and function, and its line in `handrail --help`, which imports none of them.
COMMANDS = {
    "serve": (
        "handrail_search.commands.serve:serve",
        "Preview while you write: build, index, answer, and rebuild on change, at one address.",
    ),
    "build": ("handrail_search.commands.build:build", "Build the site and its index."),
    "index": ("handrail_search.commands.build:index", "Index a site that another generator built."),
    "run": ("handrail_search.commands.serve:run", "Serve the built site in production."),
    "search": ("handrail_search.commands.search:search", "Ask as a customer would, and see why each result is there."),
    "check": (
        "handrail_search.commands.check:check",
        "Find faults in articles, and check that their questions find them.",
    ),
    "learn": ("handrail_search.commands.learn:learn", "Import questions with the articles that answer them."),
    "learned": (
        "handrail_search.commands.learn:learned",
        "List the questions that search has learned, newest first.",
    ),
    "tune": ("handrail_search.commands.tune:tune", "Train the encoder on learned questions; keep it if it is better."),
    "new": ("handrail_kb.cli.new:new", "Start a new help site in a folder."),
    "report": (
        "handrail_feedback.commands.report:report",
        "Show what customers looked for and did not find, most people first.",
    ),
    "articles": (
        "handrail_feedback.commands.articles:articles",
        "Show who read which article, whether it helped, and what came next.",
    ),
    "topics": (
        "handrail_search.commands.topics:topics",
        "List the topics of failed searches that need triage, most people first.",
    ),
    "draft": (
        "handrail_search.commands.draft:draft",
        "Begin the article for a topic: title, customers' questions, headings, and the searches it must answer.",
    ),
    "replay": (
        "handrail_search.commands.replay:replay_command",
        "Ask past searches again, and say what a change fixes and what it breaks.",
    ),
    "contact": ("handrail_feedback.commands.messages:contact", "List and read the messages that customers sent."),
    "outbox": (
        "handrail_feedback.commands.outbox:outbox",
        "List the messages that wait for a person, with the reason; exit code 1 when one waits too long.",
    ),
    "users": (
        "handrail_feedback.commands.users:users",
        "Create, list and remove accounts for the people who answer customers.",
    ),
    "forget": (
        "handrail_feedback.commands.messages:forget",
        "Erase the message with the reference CODE and all that was added to it, for good.",
    ),
    "status": (
        "handrail_feedback.commands.status:status",
        "Show customers a notice with these WORDS, for example during an outage; "
        "without words, say which one is shown.",
    ),
    "backup": (
        "handrail_feedback.commands.backup:backup",
        "Back up the store while the service runs, and verify the backup.",
    ),
    "restore": (
        "handrail_feedback.commands.backup:restore",
        "Put the backup FILE in the place of the store, once it is verified.",
    ),
    "store": (
        "handrail_feedback.commands.store:store",
        "Bring the store up to date, move it to another database, or begin a new one where it was lost.",
    ),
    "evaluate": (
        "handrail_search.commands.evaluate:evaluate_folder",
        "Measure search on a folder of judged questions.",
    ),
    "doctor": (
        "handrail_search.commands.doctor:doctor",
        "Say what is wrong with this installation and how to fix it.",
    ),
    "settings": ("handrail_kb.cli.settings:settings", "Show every setting, its value, and where the value comes from."),
}

# Commands that build an index need more libraries than those that only serve.
_MAKES_AN_INDEX = ("serve", "build", "index", "tune")


# A mistyped flag ends with exit code 1, as other mistakes of a user do.
click.UsageError.exit_code = 1


class _Lazy(click.Group):
    """A lazy group: it imports a command only when that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("handrail_"):
                raise
            raise _lacks(cmd_name, error) from error
        assert isinstance(command, click.Command)  # noqa: S101 (a wrong entry in COMMANDS is a fault of ours)
        return command

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with told():  # help is printed here
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with told():
                return super().invoke(ctx)
        except ModuleNotFoundError as error:  # heavy libraries are imported while a command runs
            name = ctx.invoked_subcommand or ""
            if not missing(_extra(name)):  # something else is missing, such as what a hook of the site imports
                raise
            raise _lacks(name, error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


def _extra(command: str) -> str:
    return "index" if command in _MAKES_AN_INDEX else "service"


def _lacks(command: str, error: ModuleNotFoundError) -> click.ClickException:
    return click.ClickException(
        f"'handrail {command}' needs {error.name}, which is not installed.\n"
        f"  Install it: {install_extra(_extra(command))}"
    )


@click.group(cls=_Lazy)
@click.version_option(__version__, prog_name="handrail")
def main() -> None:
    """Handrail: a help site that customers can search in their own words, with a person one click away."""
    for unknown in unknown_variables(os.environ):
        click.echo(f"WARNING: {unknown}", err=True)
    # PostgreSQL's own programs and library look for it there, those that a back-up starts, too.
    if password := read_secret("HANDRAIL_STORE_PASSWORD"):
        os.environ["PGPASSWORD"] = password


if __name__ == "__main__":
    sys.exit(main())
