"""The service is stopped, and only a web server is left: every way to a person is still there, and so is the draft."""

import functools
import http.server
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server

from waiting import served

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

# Milliseconds. Nobody writes a message faster; who does is taken for a robot.
A_PERSON = 2100
WAYS = ["Message", "Phone", "Cards lost", "Call back"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def files_only(folder, port=0):
    """A web server that knows nothing but files, as nginx does when the service behind it is gone."""
    handler = functools.partial(Quiet, directory=str(folder))
    with served(http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)) as server:
        yield server.server_port


@contextmanager
def real_service(site_dir, state, port):
    from handrail_kb.config.settings import load_settings
    from handrail_search.service.app import create_app

    app = create_app(load_settings(site_dir=site_dir, flags={"state_dir": str(state)}, environ={}))
    with served(make_server("127.0.0.1", port, app, threaded=True)):
        yield
    app.extensions["handrail"].searches.close()
    app.extensions["handrail"].store.close()


@pytest.fixture
def folder(contact_site, tmp_path):
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "help").symlink_to(contact_site.site_dir)
    return tmp_path / "www"


@pytest.mark.long
def test_every_way_and_the_draft_are_there_while_the_service_is_gone_and_after(
    chromium, contact_site, folder, tmp_path
):
    pytest.importorskip("handrail_search.service.app", reason="the service is not installed")
    context = chromium.browser.new_context(timezone_id="Europe/Berlin")
    page = context.new_page()
    with files_only(folder) as port:
        page.goto(f"http://127.0.0.1:{port}/help/contact/")
        page.get_by_label("Your message").fill("My card is gone")
        page.get_by_text("What you write is kept in this tab only").wait_for()
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector("[role=alert] >> text=It is still here")
        page.reload()
        assert page.get_by_label("Your message").input_value() == "My card is gone"
        assert page.locator(".handrail-way h3").all_inner_texts() == WAYS
        for number in ("+49 30 901820", "+49 800 1234567"):
            assert page.get_by_role("link", name=number).is_visible()
        assert page.locator(".handrail-way .handrail-status:visible").count() == len(WAYS)
    with real_service(contact_site.site_dir, tmp_path / "state", port):
        page.reload()
        assert page.get_by_label("Your message").input_value() == "My card is gone"
        assert page.locator(".handrail-way h3").all_inner_texts() == WAYS
        page.wait_for_timeout(A_PERSON)
        page.get_by_role("button", name="Send").click()
        page.wait_for_selector(".handrail-code")
    context.close()


def test_without_javascript_every_way_is_there_while_the_service_is_gone(chromium, folder):
    context = chromium.browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    with files_only(folder) as port:
        page.goto(f"http://127.0.0.1:{port}/help/contact/")
        assert page.locator(".handrail-way h3").all_inner_texts() == WAYS
        assert page.get_by_role("link", name="+49 30 901820").is_visible()
        assert page.get_by_text("A person answers within 4 working hours.").is_visible()
    context.close()
