"""Asks the service as the search dialog does."""

from __future__ import annotations


def ask(client, question, **more):
    response = client.get("/api/search", query_string={"q": question, **more})
    assert response.status_code == 200, response.text
    return response.json
