"""One browser and one small site for all browser tests; a fresh tab for each."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
SITES = Path(__file__).parents[1] / "sites"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory):
    """The small site, built with Material."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    target = tmp_path_factory.mktemp("site")
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    build(load_config(str(SITES / "small" / "mkdocs.yml"), site_dir=str(target)))
    return target


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        # One context, because its cache saves every test the theme; what a tab remembers is the tab's own.
        yield browser.new_context(viewport={"width": 1280, "height": 800})
        browser.close()


@pytest.fixture(scope="session")
def _service(site_dir):
    from service import running

    with running(site_dir) as service:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        yield service


@pytest.fixture
def service(_service):
    """The fake service, as good as new."""
    _service.forget()
    return _service


@pytest.fixture
def tab(chromium, service):
    """A fresh tab with nothing remembered; `tab.complaints` has what the browser's console held against the page."""
    page = chromium.new_page()
    page.set_default_timeout(8000)
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    page.close()
