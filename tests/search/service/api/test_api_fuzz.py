"""Whatever fits the description of the service, and whatever does not: every answer is as described."""

from __future__ import annotations

import json
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from handrail_search.service.search_pages import OPENAPI

from ...conftest import start, stop

EXAMPLES = int(os.environ.get("HANDRAIL_FUZZ_EXAMPLES", "50"))
# Some of what fits is refused, such as the address of a page that the site does not have.
NOT_IN_A_DESCRIPTION = [positive_data_acceptance]
PLAIN = {"Accept-Encoding": "identity"}
RATES = dict.fromkeys(("search_rate", "contact_rate", "code_rate"), "1000000 per minute")
ADDRESSES = [
    pytest.param(path, method, id=f"{method.upper()} {path}")
    for path, methods in json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"].items()
    for method in methods
]


@pytest.fixture(scope="module")
def described(acme, tmp_path_factory):
    """The service, as it describes itself to programs."""
    state = tmp_path_factory.mktemp("described")
    (state / "index").symlink_to(acme / "state" / "index")
    app = start(acme, state=state, **RATES)
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    stop(app)


@pytest.mark.torture
@pytest.mark.parametrize(("path", "method"), ADDRESSES)
def test_the_service_answers_as_described_whatever_is_sent(described, path, method, record_property):
    sent, cases = described[path][method].as_strategy(), []

    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(sent)
    def answers(case):
        cases.append(case)
        case.call_and_validate(headers=PLAIN, excluded_checks=NOT_IN_A_DESCRIPTION)

    answers()
    record_property("tried", len(cases))
