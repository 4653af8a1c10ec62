"""Leaves a page at each old address that leads on, with a script of its own."""

from pathlib import Path

STUB = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Moved</title>
<script>location.replace("{to}" + location.hash)</script>
<meta http-equiv="refresh" content="0; url={to}"></head><body>Moved <a href="{to}">here</a>.</body></html>
"""


def on_post_build(config):
    for number in range(70):
        place = Path(config.site_dir, f"old-{number}", "index.html")
        place.parent.mkdir(exist_ok=True)
        place.write_text(STUB.format(to=f"../tickets/refund/?from={number}"), encoding="utf-8")
