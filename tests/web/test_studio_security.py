"""Who may talk to the Studio: names, pages of others, tokens, and what browsers are told."""

import re

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

from fastapi.testclient import TestClient

from credo.web.app import create_app
from credo.web.desk import Desk
from credo.web.projects import Projects
from credo.web.security import is_loopback
from credo.web.studio import Studio

TOKEN = "a-token-of-24-characters"
NEW = {"title": "x", "document": {}}


def client_of(tmp_path, **options):
    studio = Studio(Desk(), Projects(tmp_path / "projects.sqlite"))
    return TestClient(create_app(studio, warm=False, **options), base_url="http://127.0.0.1:8765")


@pytest.fixture
def client(tmp_path):
    with client_of(tmp_path) as client:
        yield client


@pytest.fixture
def guarded(tmp_path):
    with client_of(tmp_path, token=TOKEN) as client:
        yield client


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_this_machine_has_these_names(client, host):
    assert client.get("/api/v1/projects", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.org", "192.168.0.7", "", "[::2]"]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(client, host):
    for path in ("/", "/api/v1/projects", "/metrics"):
        assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9", "http://localhost:8765", ""])
def test_pages_of_others_change_nothing(client, origin):
    answer = client.post("/api/v1/projects", json=NEW, headers={"origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin")
    assert client.get("/api/v1/projects").json() == []


def test_our_own_page_and_programs_may(client):
    own = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert client.post("/api/v1/projects", json=NEW, headers=own).status_code == 201
    assert client.post("/api/v1/projects", json=NEW).status_code == 201


def test_pages_of_others_read_nothing(client):
    for site in ("cross-site", "same-site"):
        assert client.get("/api/v1/projects", headers={"sec-fetch-site": site}).status_code == 403
    answer = client.get("/api/v1/projects")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.options("/api/v1/projects", headers={"origin": "https://evil.example"}).status_code == 405


def test_without_the_token_nothing_is_told(guarded):
    for path in ("/", "/js/main.js", "/api/v1/models", "/api/v1/openapi.json", "/metrics", "/api/v1/nothing"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("", TOKEN[:-1], TOKEN + "x", "é" * 24):
        headers = {"authorization": f"Bearer {wrong}".encode("latin-1")}
        assert guarded.get("/api/v1/projects", headers=headers).status_code == 401
    assert guarded.get("/api/v1/health").status_code == 200


def test_with_the_token_all_is(guarded):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/v1/projects", headers=headers).status_code == 200
    assert guarded.get("/api/v1/projects", headers={**headers, "host": "192.168.0.7:8765"}).status_code == 200
    assert guarded.get("/api/v1/projects", headers={**headers, "host": "evil.example"}).status_code == 421


def test_the_address_with_the_token_leads_to_a_cookie(guarded):
    answer = guarded.get(f"/?token={TOKEN}&task=vary", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?task=vary")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert guarded.get("/api/v1/projects").status_code == 200
    assert guarded.post("/api/v1/projects", json=NEW, headers={"origin": "https://evil.example"}).status_code == 403


def test_the_page_may_run_its_own_files_alone(client):
    answer = client.get("/")
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"].split() == ["'self'", "'wasm-unsafe-eval'"]
    assert "blob:" in policy["img-src"]
    assert "unsafe-inline" not in str(policy)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?://(?!www\.w3\.org)", answer.text)
    for name in ("x-content-type-options", "x-frame-options", "referrer-policy"):
        assert name in client.get("/api/v1/nothing").headers


def test_the_page_is_kept_and_asked_for(client):
    first = client.get("/js/main.js")
    assert first.headers["cache-control"] == "no-cache"
    assert client.get("/js/main.js", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert client.get("/api/v1/projects").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/js/..%5c..%5capp.py"])
def test_nothing_but_the_page_is_served(client, path):
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("studio", False)],
)
def test_what_is_loopback(host, alone):
    assert is_loopback(host) == alone


def test_the_description_is_whole_and_needs_nobody_else(client):
    description = client.get("/api/v1/openapi.json").json()
    assert "cdn" not in str(description).lower()
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            assert told["description"], (method, path)
            errors = [code for code in told["responses"] if code >= "400"]
            assert {"401", "403", "429"} <= set(errors)
            for code in errors:
                schema = told["responses"][code]["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/ErrorAnswer"), (method, path, code)
    assert len(description["paths"]) == 27
