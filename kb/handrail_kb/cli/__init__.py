"""The `handrail` command: its group, shared flags, output on the terminal, `new` and `settings`."""

from handrail_kb.cli.group import main as main
