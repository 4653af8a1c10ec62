"""The agents' desk in a browser: the whole way from a failed search to an answer that search has learned."""

from datetime import timedelta

import pytest
from signed_in import PASSWORD, sign_in

from conftest import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

# Milliseconds. Nobody writes a message faster; who does is taken for a robot.
A_PERSON = 2100


@pytest.fixture
def written(help_site):
    """Messages of which two are about the same thing; gives the code of the first."""
    from handrail_feedback.records.messages import Along, Message
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.messages.messages import keep_message

    ticked = (Along("search", "sign in fails"), Along("article", "Reset your password", "guide/reset/"))
    codes = [
        keep_message(help_site.store, Message(text, subject, "cora@acme.test", "en", at, along=ticked))
        for text, subject, at in (
            ("I cannot\nlog in.", "I forgot my password", now() - timedelta(hours=3)),
            ("Please help.", "forgot the password of my account", now() - timedelta(hours=2)),
            ("Which one?", "VAT number on an invoice", now()),
        )
    ]
    return codes[0]


def search(page, words):
    page.focus("[data-md-component=search-query]")
    page.keyboard.insert_text(words)


@pytest.mark.long
def test_a_failed_search_is_answered_by_a_person_and_found_the_next_time(tab, chromium, help_site):
    # The customer searches, finds nothing, and writes with that search ticked.
    tab.goto(f"{help_site.address}billing/vat/", wait_until="load")
    search(tab, "grumpy walrus at dawn")
    tab.locator(".handrail-none .handrail-person a").click()
    tab.wait_for_url("**/contact/?q*=*")
    assert tab.get_by_label("What is it about?").input_value() == "grumpy walrus at dawn"
    tab.get_by_label("Your message").fill("It growls when I sign in.")
    tab.get_by_label("Your e-mail address or phone number").fill("cora@acme.test")
    tab.get_by_label("Searched: “grumpy walrus at dawn”").check()
    tab.wait_for_timeout(A_PERSON)
    tab.get_by_role("button", name="Send").click()
    code = tab.locator(".handrail-code").inner_text()

    # The agent opens it by the code, names the article, and answers.
    context = chromium.browser.new_context()
    desk = context.new_page()
    sign_in(desk, help_site)
    desk.get_by_label("Search by words, sender or code").fill(code.lower().replace("-", " "))
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="grumpy walrus at dawn").wait_for()
    assert "Searched grumpy walrus at dawn" in " ".join(desk.locator(".desk-shared").last.inner_text().split())
    desk.get_by_label("Mail to cora@acme.test").fill("Dear Cora,\nplease reset it.")
    desk.get_by_label("Search the articles").fill("reset the password")
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="This answers it: Reset your password").click()
    desk.get_by_text("search learned: “grumpy walrus at dawn”").wait_for()
    assert desk.get_by_label("Mail to cora@acme.test").input_value() == "Dear Cora,\nplease reset it."
    desk.get_by_role("button", name="Send by mail").click()
    desk.get_by_text("to cora@acme.test, queued").wait_for()
    assert "Answered by mail by anna" in " ".join(desk.locator(".desk [role=status]").inner_text().split())
    context.close()

    # The same question finds the article.
    help_site.teaching.look()  # as its thread does every second
    tab.goto(f"{help_site.address}billing/vat/", wait_until="load")
    search(tab, "grumpy walrus at dawn")
    tab.locator(".md-search-result__link[href*='guide/reset/']").first.wait_for()
    assert [words for words in tab.complaints if "status of" not in words] == []


@pytest.mark.long
def test_axe_finds_nothing_at_the_desk(phone, help_site, written, check_looks):
    phone.goto(f"{help_site.address}desk/")
    assert check_looks(phone) == []
    phone.get_by_label("Name").fill("anna")
    phone.get_by_label("Password").fill("wrong horse battery")
    phone.keyboard.press("Enter")
    phone.get_by_role("alert").wait_for()
    assert check_looks(phone) == []
    sign_in(phone, help_site)
    phone.get_by_text("About these numbers").click()
    assert check_looks(phone) == []
    phone.get_by_label("Search by words, sender or code").fill("QQQ")
    phone.keyboard.press("Enter")
    phone.get_by_text("No message in this view has these words").wait_for()
    assert check_looks(phone) == []
    phone.goto(f"{help_site.address}desk/m/{written}/")
    assert phone.get_by_role("heading", name="Similar messages").is_visible()
    assert check_looks(phone) == []
    phone.get_by_role("button", name="Send by mail").click()
    phone.get_by_text("Please write an answer first").wait_for()
    assert check_looks(phone) == []
    phone.get_by_label("Mail to").fill("Dear Cora")
    phone.get_by_role("button", name="Send by mail").click()
    phone.get_by_text("to cora@acme.test, queued").wait_for()
    phone.get_by_role("button", name="This answers it").first.click()
    phone.get_by_role("heading", name="What it led to").wait_for()
    assert check_looks(phone) == []
    assert [words for words in phone.complaints if "status of" not in words] == []


def test_an_agent_works_by_keyboard_alone_without_javascript(chromium, help_site, written):
    context = chromium.browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{help_site.address}desk/m/{written}/")
    page.get_by_label("Name").focus()
    for keys in ("anna", "Tab", PASSWORD, "Enter"):
        page.keyboard.press(keys) if keys in ("Tab", "Enter") else page.keyboard.type(keys)
    page.wait_for_url(f"**/desk/m/{written}/")  # the link of the mail, after signing in
    page.get_by_label("Search the articles").focus()
    page.keyboard.type("VAT number")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="This answers it: VAT number").wait_for()
    page.locator("#q:focus").wait_for()
    page.keyboard.press("Tab")  # to the button of the search
    for _ in range(3):  # past the first article and the button that inserts its link
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What it led to").wait_for()
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Space")
    page.get_by_role("heading", name="Which article answers this?").wait_for()
    page.get_by_role("button", name="I answered by phone or elsewhere").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Answered elsewhere by anna").wait_for()
    context.close()


@pytest.fixture
def topics(help_site):
    """A topic of four people, led by ben; gives its number."""
    from handrail_feedback.accounts import passwords
    from handrail_feedback.records.searches import Search
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import staff
    from handrail_feedback.storage.searches.topics import topics

    staff.add(help_site.store, "ben", "lead", passwords.hashed(PASSWORD), now())
    asked = ("grumpy walrus at dawn", "a grumpy walrus", "walrus is grumpy", "grumpy walrus in the evening")
    for place, query in enumerate(asked):
        help_site.searches.record(
            Search(f"search-of-a-walrus-{place}", f"walrus-tab-{place}", query, "en", "none", "hybrid", False, None,
                   ("guide/reset/",), (0.2,), now() - timedelta(days=place * 8))
        )  # fmt: skip
    assert help_site.searches.flush()
    help_site.topics.look()  # as its thread does every ten minutes
    [number] = topics(help_site.store)
    return number


def sign_in_as_lead(page, address):
    page.goto(address)
    page.get_by_label("Name").fill("ben")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Topics").wait_for()


@pytest.mark.long
def test_axe_finds_nothing_on_the_pages_of_topics(phone, help_site, topics, check_looks):
    sign_in_as_lead(phone, f"{help_site.address}desk/topics/")
    phone.get_by_text("About these numbers").click()
    assert phone.get_by_role("img", name="People a week").is_visible()
    assert check_looks(phone) == []
    phone.get_by_role("link", name="walrus").click()
    phone.get_by_role("heading", name="What they searched").wait_for()
    assert check_looks(phone) == []
    address = phone.url
    phone.get_by_label("Article, issue").fill("javascript:alert(1)")
    phone.get_by_role("button", name="Write article").click()
    phone.get_by_role("alert").wait_for()
    assert check_looks(phone) == []
    phone.get_by_label("Article, issue").fill("https://git.acme.test/issues/7")
    phone.get_by_role("button", name="Write article").click()
    phone.get_by_text("Nothing needs triage.").wait_for()
    assert check_looks(phone) == []
    phone.goto(address)
    phone.get_by_role("heading", name="History").wait_for()
    assert check_looks(phone) == []
    assert [words for words in phone.complaints if "status of" not in words] == []


@pytest.mark.long
def test_axe_finds_nothing_on_the_pages_of_articles(phone, help_site, topics, check_looks):
    from handrail_feedback.records.searches import Vote
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.searches.votes import keep_vote

    for number in range(20):
        reasons, sentence = (("unclear",), f"The button {number} is grey.") if number < 3 else ((), "")
        keep_vote(help_site.store, Vote("guide/reset/", number > 8, now(), sentence, tab=f"tab-{number:04d}",
                                        reasons=reasons))  # fmt: skip
    sign_in_as_lead(phone, f"{help_site.address}desk/topics/")
    phone.get_by_role("link", name="Articles").click()
    phone.get_by_text("About these numbers").click()
    phone.get_by_role("img", name="55% of votes say yes").wait_for()
    assert check_looks(phone) == []
    phone.locator(".desk-list").get_by_role("link", name="Reset your password").click()
    phone.get_by_text("The button 2 is grey.").wait_for()
    assert check_looks(phone) == []


@pytest.mark.long
def test_axe_finds_nothing_on_the_report(phone, help_site, topics, written, check_looks):
    phone.goto(f"{help_site.address}desk/report/")
    phone.get_by_label("Name").fill("ben")
    phone.get_by_label("Password").fill(PASSWORD)
    phone.keyboard.press("Enter")
    phone.get_by_role("heading", name="Report").wait_for()
    for closed in phone.locator(".desk details summary").all():
        closed.click()
    assert phone.get_by_role("img", name="Searches a week").is_visible()
    assert phone.get_by_role("row", name="not due yet").is_visible()
    assert check_looks(phone) == []
    assert [words for words in phone.complaints if "status of" not in words] == []


@pytest.mark.long
def test_the_report_as_a_file_asks_nobody_and_is_accessible(phone, help_site, topics, check_looks, tmp_path):
    from handrail_feedback.records.period import Period
    from handrail_feedback.records.stamps import now
    from handrail_feedback.reports.weekly import weekly_report_of
    from handrail_feedback.reports.weekly_pages import to_html

    at = now()
    weekly = weekly_report_of(help_site.store, tmp_path, Period(at - timedelta(days=28), at), 3, at)
    file = tmp_path / "report.html"
    file.write_text(to_html(weekly, f"{help_site.address}desk/", "Acme"), encoding="utf-8")
    asked = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(file.as_uri())
    for closed in phone.locator("details summary").all():
        closed.click()
    assert check_looks(phone) == []
    assert asked == [file.as_uri()]


def test_a_lead_decides_by_keyboard_alone_without_javascript(chromium, help_site, topics):
    context = chromium.browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    sign_in_as_lead(page, f"{help_site.address}desk/topics/")
    page.get_by_label("Status").focus()
    page.keyboard.type("deci")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/topics/?*stands=decided*")
    page.get_by_role("link", name="See all topics").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="walrus").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Write article").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Space")
    page.get_by_role("link", name="walrus").wait_for()
    context.close()
