"""How tests search in the dialog, and what they look at there."""

PERSON = ".handrail-person a"
ROWS = ".md-search-result__list > li"
MORE = ".handrail-more a"
META = ".md-search-result__meta"


def search(tab, service, words, path=""):
    tab.goto(service.address + path, wait_until="domcontentloaded")
    tab.focus("[data-md-component=search-query]")
    tab.keyboard.insert_text(words)
    tab.wait_for_selector("[aria-busy=false][data-handrail-source]:not([data-handrail-source=empty])", state="attached")


def source(tab):
    return tab.get_attribute("[data-md-component=search-result]", "data-handrail-source")


def top(tab, selector):
    return tab.locator(selector).first.bounding_box()["y"]


def focused(tab):
    """The classes of the row that has the focus, or `nothing`."""
    return tab.evaluate("document.activeElement.closest('.md-search-result__item')?.className || 'nothing'")


def focused_row(tab):
    """The number of the result that has the focus, from 0; -1 where it is elsewhere."""
    return tab.evaluate(f"[...document.querySelectorAll('{ROWS}')].indexOf(document.activeElement.closest('li'))")
