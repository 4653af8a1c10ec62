"""Whether the service says that it is alive and ready."""

from __future__ import annotations

import shutil


def test_health_is_told(client, searcher):
    assert client.get("/healthz").text == "alive\n"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {
        "ready": True,
        "degraded": None,
        "generation": searcher.index.name,
        "articles": len(searcher.index.pages),
        "problems": [],
        "outbox": {"waiting": 0, "oldest_seconds": 0},
        "limits": "of this process",
    }


def test_what_keeps_the_service_from_being_ready_is_named(make_app, own_acme, tmp_path):
    missing = make_app(own_acme, state=tmp_path / "empty").test_client().get("/readyz")
    assert missing.status_code == 503
    assert missing.json["problems"][0]["mend"] == "Build it: handrail build"
    (own_acme / "state" / "store.db").mkdir()
    unwritable = make_app(own_acme).test_client().get("/readyz")
    assert unwritable.status_code == 503
    assert "store.db" in unwritable.json["problems"][0]["what"]
    shutil.rmtree(own_acme / "site")
    assert "no site" in str(make_app(own_acme).test_client().get("/readyz").json["problems"])
