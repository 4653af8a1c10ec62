"""Tell me, in a browser: from the list that has no answer to the mail that says where it stands, for everyone."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from conftest import PHONE
from waiting import served

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

LINK = "Tell me when there is an answer"
IN_VAIN = "grumpy walrus at dawn"


@pytest.fixture
def telling(site_dir, small_index, tmp_path):
    """The real service with its index and a mail server; `work()` does all that is due, `mails` are those that came."""
    pytest.importorskip("aiosmtpd", reason="there is no mail server to test with")
    from feedback.delivery.servers import MailServer, Post
    from handrail_feedback.delivery.answer_notices import AnswerNotifier as Teller
    from handrail_feedback.delivery.channels import read_delivery
    from handrail_feedback.delivery.sender import Sender
    from handrail_feedback.storage.database import Store
    from handrail_kb.config.settings import load_settings
    from handrail_search.service.app import create_app

    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "index").symlink_to(small_index)
    post = Post()
    with MailServer(post) as mail:
        flags = {"state_dir": str(tmp_path / "state"), "smtp_host": "127.0.0.1", "smtp_port": mail.port,
                 "smtp_security": "none", "mail_from": "help@acme.test"}  # fmt: skip
        settings = load_settings(site_dir=site_dir, flags=flags, environ={})
        settings = replace(settings, site_url="https://acme.test/help/")
        app = create_app(settings)
        parts = app.extensions["handrail"]
        delivery = read_delivery(settings, {})
        sender = Sender(Store(settings.store_place), delivery, notifier=Teller(delivery.tell, parts.prover, parts.key))
        server = make_server("127.0.0.1", 0, app, threaded=True)

        def work():
            parts.teaching.look()
            while sender.tell():
                pass

        address = f"http://127.0.0.1:{server.server_port}/help/"
        with served(server):
            yield SimpleNamespace(address=address, work=work, mails=post.mails, store=parts.store)
        parts.teaching.stop()
        parts.searches.close()
        parts.store.close()


def link_of(telling, step):
    """The link of the last mail, on the service of this test."""
    found = re.search(rf"https://acme\.test/help/(tell/{step}/\S+)", telling.mails[-1].get_content())
    return telling.address + found[1]


@pytest.mark.long
def test_a_customer_asks_confirms_and_is_told_and_axe_finds_nothing(phone, telling, check_looks):
    from handrail_feedback.records.learned import TaughtQuestion as Taught
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.searches.learned import keep

    phone.goto(f"{telling.address}billing/vat/", wait_until="load")
    phone.evaluate("document.querySelector('[data-md-toggle=search]').click()")
    phone.focus("[data-md-component=search-query]")
    phone.keyboard.insert_text(IN_VAIN)
    phone.locator(".handrail-none .handrail-tell").wait_for()
    person, tell = (phone.locator(f".handrail-{which}").bounding_box() for which in ("person", "tell"))
    assert person["y"] < tell["y"]
    assert check_looks(phone) == []

    phone.locator(".handrail-tell a").click()
    phone.get_by_role("heading", name=LINK).wait_for()
    assert phone.get_by_label("What you are looking for").input_value() == IN_VAIN
    assert check_looks(phone) == []
    phone.get_by_label("Your e-mail address").fill("cora@acme")
    phone.get_by_role("button", name="Tell me").click()
    phone.get_by_text("This is no e-mail address").wait_for()
    assert check_looks(phone) == []
    phone.get_by_label("Your e-mail address").fill("cora@acme.test")
    phone.get_by_role("button", name="Tell me").click()
    phone.get_by_text("A mail to cora@acme.test is on its way").wait_for()
    assert check_looks(phone) == []

    telling.work()
    phone.goto(link_of(telling, "confirm"))
    phone.get_by_text(IN_VAIN).wait_for()
    assert check_looks(phone) == []
    phone.get_by_role("button", name="Yes, tell me").click()
    phone.get_by_role("heading", name="We will write to you").wait_for()
    assert check_looks(phone) == []

    keep(telling.store, [Taught(IN_VAIN, "guide/reset/", "agent", now(), "anna")])
    telling.work()
    assert "https://acme.test/help/guide/reset/" in telling.mails[-1].get_content()
    phone.goto(link_of(telling, "withdraw"))
    phone.get_by_role("heading", name="It is erased").wait_for()
    assert check_looks(phone) == []
    assert [words for words in phone.complaints if "status of" not in words] == []


def test_by_keyboard_without_javascript_it_is_asked_for_and_withdrawn(chromium, telling):
    context = chromium.browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{telling.address}find/?q={IN_VAIN.replace(' ', '+')}")
    page.get_by_role("link", name=LINK).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Your e-mail address").focus()
    page.keyboard.type("cora@acme.test")
    page.keyboard.press("Enter")
    page.get_by_text("A mail to cora@acme.test is on its way").wait_for()
    telling.work()
    page.goto(link_of(telling, "withdraw"))
    page.get_by_role("button", name="No, erase it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="It is erased").wait_for()
    assert telling.store.read("SELECT * FROM tellings") == []
    context.close()


def test_after_none_of_these_a_weak_list_offers_it_directly_below_the_person(tab, service):
    service.mode = "weak"
    service.tell = f"{service.base}tell/?search={'S' * 22}&q=reset"
    tab.goto(f"{service.address}billing/vat/", wait_until="load")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text("reset")
    tab.locator(".handrail-said-no").wait_for()
    assert tab.locator(".handrail-tell").count() == 0
    tab.locator(".handrail-said-no a").click()
    tab.locator(".handrail-tell").wait_for()
    assert tab.locator(".handrail-tell a").get_attribute("href") == service.tell
    assert tab.evaluate("document.activeElement.closest('.handrail-person') !== null")
    choices = tab.locator(".handrail-choice:visible")
    assert [LINK in words for words in choices.all_inner_texts()] == [False, True]
    assert tab.locator(".handrail-person + .handrail-tell").count() == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.test/", "https://evil.test/", "/\\evil.test", 7])
def test_no_answer_of_a_service_leads_to_another_site(tab, service, address):
    service.mode = "none"
    service.tell = address
    tab.goto(f"{service.address}billing/vat/", wait_until="load")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text("reset")
    tab.locator(".handrail-none .handrail-person").wait_for()
    assert tab.locator(".handrail-tell").count() == 0
