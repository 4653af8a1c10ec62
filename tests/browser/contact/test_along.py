"""Searches and articles go to a person only when the customer ticks them, after seeing exactly what goes."""

import json
import logging
import re

import pytest
from werkzeug.serving import make_server

from waiting import served

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


@pytest.fixture
def tab(clocked):
    """A tab whose clock these tests set."""
    return clocked


def read(tab, address, path):
    """Look at an article for longer than three seconds, on a clock that is ours."""
    tab.goto(f"{address}{path}", wait_until="domcontentloaded")
    tab.clock.run_for(4000)


def search(tab, words):
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text(words)
    tab.clock.run_for(1000)
    tab.wait_for_selector("[data-handrail-source]", state="attached")
    remembered = """words => Object.entries(sessionStorage).some(([key, kept]) => key.startsWith("handrail.visit ")
      && JSON.parse(kept).some(item => item.text.endsWith(words)))"""
    for _ in range(40):
        tab.clock.run_for(500)
        if tab.evaluate(remembered, words.strip()):
            return
        tab.wait_for_timeout(50)  # for what is asked outside of the clock that is ours
    raise AssertionError("the search was not remembered")


def offered(tab):
    return [label.strip() for label in tab.locator(".handrail-along label").all_inner_texts()]


@pytest.fixture
def visited(tab, service):
    """A tab in which something was searched and two articles were read, on the contact page."""
    tab.clock.install()
    read(tab, service.address, "guide/reset/")
    search(tab, "forgot pasword")
    read(tab, service.address, "billing/vat/")
    tab.goto(f"{service.address}contact/", wait_until="load")
    tab.locator(".handrail-along").wait_for()
    return tab


def test_what_could_be_shared_is_shown_word_for_word_and_nothing_is_ticked(visited, service):
    assert offered(visited) == [
        "Read: Reset your password (/help/guide/reset/)",
        "Searched: “forgot pasword”",
        "Read: VAT number (/help/billing/vat/)",
        "Language: American English",
    ]
    boxes = visited.locator(".handrail-along input")
    assert [box.is_checked() for box in boxes.all()] == [False] * 4
    visited.reload()
    assert [box.is_checked() for box in boxes.all()] == [False] * 4


def test_only_what_is_ticked_is_sent(visited, service):
    sent = []
    visited.on("request", lambda request: sent.append(request.post_data or ""))
    visited.get_by_label("Your message").fill("Hello")
    visited.get_by_label("Read: VAT number (/help/billing/vat/)").check()
    visited.get_by_role("button", name="Send").click()
    visited.wait_for_selector("text=HR-TEST")
    assert service.messages[0]["along"] == [{"kind": "article", "text": "VAT number", "url": "/help/billing/vat/"}]
    assert not [body for body in sent if "pasword" in body or "Reset" in body]
    assert "Sent with it:" in visited.inner_text("handrail-main")
    assert visited.locator("handrail-main li").all_inner_texts() == ["Read: VAT number (/help/billing/vat/)"]


def test_nothing_ticked_means_nothing_sent(visited, service):
    visited.get_by_label("Your message").fill("Hello")
    visited.get_by_role("button", name="Send").click()
    visited.wait_for_selector("text=HR-TEST")
    assert service.messages[0]["along"] == []


def test_what_is_remembered_stays_in_the_tab(visited, service, chromium):
    assert "VAT" not in visited.evaluate("JSON.stringify(localStorage) + document.cookie")
    other = chromium.new_page()
    other.goto(f"{service.address}contact/")
    assert offered(other) == ["Language: American English"]
    other.close()


def test_without_javascript_nothing_is_offered(chromium, service):
    context = chromium.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service.address}contact/")
    assert page.locator(".handrail-along").count() == 0
    page.get_by_label("Your message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/api/contact")
    assert "along" not in service.messages[0]
    context.close()


def test_one_search_typed_slowly_is_one_line(tab, service):
    tab.clock.install()
    tab.goto(f"{service.address}no/such/page/", wait_until="domcontentloaded")
    search(tab, "vat")
    search(tab, " number")
    tab.goto(f"{service.address}contact/")
    assert offered(tab)[:-1] == ["Searched: “vat number”"]


def test_what_did_not_help_can_be_shared(tab, service):
    tab.clock.install()
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    search(tab, "forgot pasword")
    tab.locator(".handrail-said-no a").click()
    tab.keyboard.press("Escape")
    tab.locator("form[name=feedback] button[data-md-value='0']").click()
    tab.goto(f"{service.address}contact/")
    assert "Did not help: “forgot pasword”" in offered(tab)
    assert "Did not help: Reset your password (/help/guide/reset/)" in offered(tab)
    tab.get_by_label("Did not help: Reset").check()
    tab.get_by_label("Your message").fill("Hello")
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")
    assert service.messages[0]["along"] == [
        {"kind": "said_no", "text": "Reset your password", "url": "/help/guide/reset/"}
    ]


def test_a_title_with_an_emoji_keeps_it_though_it_is_a_picture(tab, service):
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    tab.get_by_role("heading", name="Reset your password").evaluate(
        "one => one.insertAdjacentHTML('afterbegin', `<img alt='🔑'> `)"
    )
    tab.locator("form[name=feedback] button[data-md-value='0']").click()
    tab.goto(f"{service.address}contact/")
    assert "Did not help: 🔑 Reset your password (/help/guide/reset/)" in offered(tab)


def test_a_page_that_was_passed_by_was_not_read(tab, service):
    tab.clock.install()
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    tab.clock.run_for(2000)
    tab.goto(f"{service.address}contact/")
    assert offered(tab) == ["Language: American English"]


def test_words_that_look_like_html_stay_words(tab, service):
    tab.clock.install()
    tab.goto(service.address, wait_until="domcontentloaded")
    search(tab, "<img src=x onerror=alert(1)> $& {text}")
    tab.goto(f"{service.address}contact/")
    assert "Searched: “<img src=x onerror=alert(1)> $& {text}”" in offered(tab)
    assert tab.locator("handrail-main img").count() == 0


def test_the_searched_words_stand_in_the_subject_and_can_be_changed(tab, service):
    tab.goto(f"{service.address}contact/?q=forgot+pasword")
    subject = tab.get_by_label("What is it about?")
    assert subject.input_value() == "forgot pasword"
    subject.fill("Something else")
    tab.get_by_label("Your message").fill("Hello")
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("text=HR-TEST")
    assert service.messages[0]["subject"] == "Something else"


def test_nobody_is_sent_an_article_between_writing_and_being_heard(visited, service):
    searched = len(service.searches)
    visited.get_by_label("Your message").fill("How do I reset my password?")
    visited.get_by_label("What is it about?").fill("password")
    visited.clock.run_for(5000)
    articles = "handrail-main a[href*='guide/'], handrail-main a[href*='billing/'], section a[href*='guide/']"
    assert visited.locator(articles).count() == 0
    visited.get_by_role("button", name="Send").click()
    visited.wait_for_selector("text=HR-TEST")
    visited.clock.run_for(5000)
    assert visited.locator(articles).count() == 0
    assert len(service.searches) == searched


def test_what_was_not_ticked_is_in_no_table_no_mail_no_delivery_and_no_log(tab, site_dir, tmp_path, caplog):
    app_module = pytest.importorskip("handrail_search.service.app", reason="the service is not installed")
    pytest.importorskip("aiosmtpd", reason="there is no mail server to test with")
    from feedback.delivery.servers import HookServer, MailServer, Post
    from handrail_feedback.delivery.channels import read_delivery
    from handrail_feedback.delivery.sender import Sender
    from handrail_kb.config.settings import load_settings

    caplog.set_level(logging.DEBUG)
    post = Post()
    with MailServer(post) as mail, HookServer() as hook:
        # Searches have a log of their own, redacted and without a name; it is off, so that every table can be searched.
        flags = {
            "state_dir": str(tmp_path / "state"),
            "log_searches": False,
            "deliver": "mail, webhook, folder",
            "smtp_host": "127.0.0.1",
            "smtp_port": mail.port,
            "smtp_security": "none",
            "mail_to": "team@acme.test",
            "mail_from": "help@acme.test",
            "webhook_url": f"http://127.0.0.1:{hook.port}/",
            "outbox_dir": str(tmp_path / "out"),
        }
        settings = load_settings(site_dir=site_dir, flags=flags, environ={})
        app = app_module.create_app(settings)
        with served(make_server("127.0.0.1", 0, app, threaded=True)) as server:
            address = f"http://127.0.0.1:{server.server_port}/help/"
            tab.clock.install()
            read(tab, address, "guide/reset/")
            read(tab, address, "billing/vat/")
            search(tab, "zanzibar pineapple")
            tab.goto(f"{address}contact/", wait_until="load")
            tab.get_by_label("Your message").fill("Hello")
            tab.get_by_label(re.compile("Read: VAT number")).check()
            tab.clock.run_for(3000)
            tab.get_by_role("button", name="Send").click()
            tab.wait_for_selector(".handrail-code")
        store = app.extensions["handrail"].store
        sender = Sender(store, read_delivery(settings, {"HANDRAIL_WEBHOOK_SECRET": "0123456789abcdef"}))
        while sender.send_next():
            pass
        app.extensions["handrail"].searches.close()
        tables = [row["name"] for row in store.read("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = json.dumps({table: store.read(f"SELECT * FROM {table}") for table in tables}, default=str)
        store.close()
    # The web server of this test notes the addresses that are asked for; Handrail's own logs hold no words.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("werkzeug", "mail"))]
    [mailed], [posted] = post.mails, hook.requests
    files = [file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file()]
    places = {
        "tables": rows,
        "mail": mailed.as_string(),
        "webhook": posted.body.decode(),
        "folder": "".join(file.read_text() for file in (tmp_path / "out").iterdir()),
        "files": b"".join(files).decode("latin1"),
    }
    assert [place for place, found in places.items() if "VAT number" not in found] == []
    assert not [line for line in ours if "VAT number" in line]
    for words in ("zanzibar", "Reset your password", "guide/reset", "American English"):
        assert [place for place, found in places.items() if words in found] == []
        assert not [line for line in ours if words in line]
