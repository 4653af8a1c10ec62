"""Whether an article helped: one click, then reasons if the reader likes, and a person beside it all the time."""

import pytest

from conftest import PATIENCE, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

WHY = "form[name=handrail-why]"


@pytest.fixture
def given(real, tmp_path):
    """The votes that the real service has kept."""
    from datetime import timedelta

    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.database import Store
    from handrail_feedback.storage.searches.votes import votes

    store = Store(tmp_path / "state" / "store.db")
    yield lambda: votes(store, now() - timedelta(hours=1), now() + timedelta(hours=1))
    store.close()


def vote(page, name):
    with page.expect_response("**/api/feedback") as answer:
        page.get_by_role("button", name=name, exact=True).click()
    return answer.value


def add(page):
    with page.expect_response("**/api/feedback"):
        page.get_by_role("button", name="Send").click()


def until(page, happened):
    for _ in range(60):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen within three seconds")


def search_and_open(page, words, place):
    page.focus("[data-md-component=search-query]")
    page.keyboard.insert_text(words)
    page.locator(f".md-search-result__list a[href*='{place}']").first.click()
    page.wait_for_url(f"**/{place}**")


def test_a_vote_counts_at_once_and_reasons_are_added_to_it(tab, real, given):
    tab.goto(f"{real}billing/vat/", wait_until="domcontentloaded")
    assert vote(tab, "No").status == 204
    assert [(one.location, one.helpful, one.reasons, one.comment) for one in given()] == [
        ("billing/vat/", False, (), "")
    ]
    assert tab.locator(".md-feedback__note").get_by_role("link", name="Contact a person").is_visible()
    tab.get_by_label("It is wrong or out of date").check()
    tab.get_by_label("In a sentence").fill("Ask bob@example.com about the new rate.")
    assert [one.comment for one in given()] == [""], "nothing leaves the page before it is sent"
    add(tab)
    tab.get_by_text("Thank you, that helps").wait_for()
    assert [(one.helpful, one.reasons, one.comment) for one in given()] == [
        (False, ("outdated",), "Ask [email] about the new rate.")
    ]
    tab.reload()
    vote(tab, "Yes")
    assert [(one.helpful, one.reasons, one.comment) for one in given()] == [(True, (), "")]
    assert [words for words in tab.complaints if "status of" not in words] == []


def test_after_a_yes_nothing_is_asked_until_it_is_opened(tab, service):
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    vote(tab, "Yes")
    tab.get_by_text("Say why (optional)").wait_for()
    assert not tab.get_by_label("In a sentence").is_visible()
    tab.get_by_text("Say why (optional)").click()
    tab.get_by_label("It is easy to understand").check()
    assert not tab.get_by_label("I do not understand it").is_visible()
    add(tab)
    assert service.votes[-1]["reasons"] == ["clear"]


def test_who_thinks_again_says_so_with_one_click(tab, service):
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    vote(tab, "No")
    tab.get_by_label("I do not understand it").check()
    vote(tab, "Yes")
    assert tab.get_by_role("button", name="Yes", exact=True).get_attribute("aria-pressed") == "true"
    assert tab.get_by_role("button", name="No", exact=True).get_attribute("aria-pressed") == "false"
    assert [one["helpful"] for one in service.votes] == [False, True]
    assert len({one["tab"] for one in service.votes}) == 1
    tab.get_by_text("Say why (optional)").click()
    add(tab)
    assert service.votes[-1]["reasons"] == [], "what was ticked for a no is no reason of a yes"


def test_a_vote_that_was_not_kept_is_said_to_be_so_and_a_person_is_still_there(tab, service):
    service.mode = "down"
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    vote(tab, "No")
    tab.get_by_role("status").get_by_text("That could not be kept just now").wait_for()
    assert tab.locator(".handrail-vote:visible").count() == 0
    assert tab.locator(".md-feedback__note").get_by_role("link", name="Contact a person").is_visible()
    assert not tab.locator(WHY).is_visible()
    service.mode = "ok"
    vote(tab, "No")
    tab.get_by_label("In a sentence").fill("Still here")
    service.mode = "down"
    add(tab)
    tab.get_by_role("status").get_by_text("That could not be kept just now").wait_for()
    assert tab.get_by_label("In a sentence").input_value() == "Still here"


def test_a_slow_service_keeps_nobody_from_a_person_and_is_not_thanked_for(tab, service):
    waiting = []
    tab.route("**/api/feedback", lambda route: waiting.append(route))
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    tab.get_by_role("button", name="No", exact=True).click()
    person = tab.locator(".md-feedback__note").get_by_role("link", name="Contact a person")
    person.wait_for()
    assert tab.locator(".handrail-vote:visible").count() == 0
    tab.get_by_role("button", name="Yes", exact=True).click()
    waiting[0].continue_()
    until(tab, lambda: len(waiting) == 2)
    with tab.expect_response("**/api/feedback"):
        waiting[1].continue_()
    tab.get_by_text("Thank you!").wait_for()
    assert [one["helpful"] for one in service.votes] == [False, True]


def test_each_vote_names_the_search_that_led_to_its_article_also_after_going_back(tab, service):
    tab.goto(service.address, wait_until="domcontentloaded")
    search_and_open(tab, "password", "guide/reset/")
    search_and_open(tab, "password", "billing/vat/")
    vote(tab, "Yes")
    tab.go_back()
    tab.wait_for_url("**/guide/reset/**")
    tab.locator(".md-search-result__list a:focus").wait_for()  # back in the list, which lies over the article
    tab.keyboard.press("Escape")
    tab.locator("h1#reset-your-password").wait_for()
    vote(tab, "No")
    assert [(one["url"].split("/")[-2], one.get("search_id")) for one in service.votes] == [
        ("vat", "S" * 22), ("reset", "S" * 22)
    ]  # fmt: skip


@pytest.mark.parametrize("how", [{"modifiers": ["Control"]}, {"button": "middle"}])
def test_a_result_that_is_opened_in_another_tab_takes_its_search_along(tab, service, how):
    tab.goto(service.address, wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text("password")
    with tab.context.expect_page() as opened:
        tab.locator(".md-search-result__list a[href*='guide/reset/']").first.click(**how)
    other = opened.value
    until(other, lambda: other.evaluate("sessionStorage.getItem('handrail.came')"))
    vote(other, "No")
    [kept] = service.votes
    assert (kept["search_id"], kept["tab"]) == ("S" * 22, tab.evaluate("sessionStorage.getItem('handrail.tab')"))
    with other.expect_request("**/api/events") as told:
        other.locator(".md-feedback__note").get_by_role("link", name="Contact a person").click()
    assert (told.value.post_data_json["type"], told.value.post_data_json["search_id"]) == ("contact", "S" * 22)
    assert [one["url"].split("#")[0] for one in service.events if one["type"] == "click"] == [
        f"{service.base}guide/reset/"
    ]
    other.close()


def test_a_vote_works_after_instant_navigation(tab, service):
    tab.goto(f"{service.address}guide/reset/", wait_until="domcontentloaded")
    vote(tab, "No")
    tab.locator(".md-tabs a", has_text="Home").click()
    tab.wait_for_url(service.address)
    tab.locator(f"{WHY}[hidden]").wait_for(state="attached")
    vote(tab, "No")
    tab.get_by_label("I do not understand it").check()
    add(tab)
    assert [one["url"] for one in service.votes] == [f"{service.base}guide/reset/", service.base, service.base]


def test_where_storage_is_blocked_reasons_still_join_their_vote(tab, service):
    tab.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('blocked') }})")
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    vote(tab, "No")
    add(tab)
    assert len(service.votes) == 2
    assert len({one["tab"] for one in service.votes}) == 1


def test_everything_is_said_by_keyboard_alone(tab, service):
    tab.goto(f"{service.address}billing/vat/", wait_until="domcontentloaded")
    tab.get_by_role("button", name="No", exact=True).focus()
    with tab.expect_response("**/api/feedback"):
        tab.keyboard.press("Enter")
    tab.locator(WHY).wait_for()
    # The person, the summary, three reasons past, a tick, the last, the sentence, the button.
    for keys in ("Tab", "Tab", "Tab", "Tab", "Tab", "Space", "Tab", "Tab", "Tab", *"Hi", "Tab"):
        tab.keyboard.press(keys)
    assert tab.evaluate("document.activeElement.textContent") == "Send"
    with tab.expect_response("**/api/feedback"):
        tab.keyboard.press("Enter")
    assert (service.votes[-1]["reasons"], service.votes[-1]["comment"]) == (["outdated"], "Hi")
    tab.locator(":focus", has_text="Thank you, that helps").wait_for()


def test_without_javascript_a_vote_and_its_reasons_are_plain_forms(chromium, real, given):
    context = chromium.browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{real}billing/vat/")
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_text("A person can help you now").wait_for()
    assert page.locator("main").get_by_role("link", name="Contact a person").count() >= 1
    assert page.locator("header.md-header").is_visible()
    assert [(one.location, one.helpful) for one in given()] == [("billing/vat/", False)]
    page.get_by_label("I did it, and it did not work").check()
    page.get_by_label("In a sentence").fill("The button is grey.")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Thank you, that helps").wait_for()
    assert [(one.reasons, one.comment) for one in given()] == [(("failed",), "The button is grey.")]
    page.get_by_role("link", name="Back to the page").click()
    page.wait_for_url(f"{real}billing/vat/")
    context.close()


def test_axe_finds_nothing_before_and_after_a_vote(phone, service, check_looks):
    phone.goto(f"{service.address}billing/vat/", wait_until="load")
    assert check_looks(phone) == []
    vote(phone, "No")
    phone.get_by_label("In a sentence").wait_for()
    assert check_looks(phone) == []
    add(phone)
    phone.get_by_text("Thank you, that helps").wait_for()
    assert check_looks(phone) == []


@pytest.mark.parametrize("name", ["No", "Yes"])
@pytest.mark.parametrize("size", [(1280, 640), (390, 600)], ids=["desk", "phone"])
def test_a_vote_at_the_foot_of_the_screen_is_thanked_for_in_sight(tab, real, name, size):
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    tab.goto(f"{real}billing/vat/", wait_until="domcontentloaded")
    button = tab.get_by_role("button", name=name, exact=True)
    # The buttons are the last that can be seen.
    tab.evaluate("document.querySelector('.md-footer').insertAdjacentHTML('afterbegin', '<p>More.</p>'.repeat(60))")
    button.evaluate("button => scrollTo(0, button.getBoundingClientRect().bottom + scrollY - innerHeight + 4)")
    vote(tab, name)
    thanks = tab.locator(".md-feedback__note > :not([hidden])").first
    tab.wait_for_function(
        """note => {
            const box = note.getBoundingClientRect()
            return box.height && box.bottom <= innerHeight && box.top > 0
        }""",
        arg=thanks.element_handle(),
    )
