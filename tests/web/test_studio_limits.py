"""How much a client may send, and how often."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

from fastapi.testclient import TestClient

from credo.web import limits
from credo.web.faults import Fault
from credo.web.limits import Buckets, Limits, Turns, too_deep

JSON = {"content-type": "application/json"}


async def echo(scope, receive, send):
    """Answers how many bytes came."""
    message = await receive()
    body = str(len(message["body"])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def client():
    return TestClient(Limits(echo, rate=1e6, burst=10**6))


def test_a_body_comes_through_whole(client):
    assert client.post("/api/v1/x", content=b"[1]" + b" " * 70_000, headers=JSON).text == "70003"


def test_a_body_that_is_said_to_be_large_is_not_read(client):
    answer = client.post("/api/v1/x", content=b"[]", headers={**JSON, "content-length": str(10**9)})
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_a_body_that_turns_out_large_is_cut(client, monkeypatch):
    monkeypatch.setattr(limits, "MOST_BYTES", 1000)
    parts = (b" " * 300 for _ in range(10**6))
    assert client.post("/api/v1/x", content=parts, headers=JSON).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_other_types_are_refused(client, kind):
    assert client.post("/api/v1/x", content=b"[]", headers={"content-type": kind}).status_code == 415


def refused(parts, headers=()):
    """What a refusing server sends and takes, in order; `parts` come in, and then nothing more."""
    happened, left = [], list(parts)

    async def receive():
        happened.append("take")
        if not left:
            await asyncio.sleep(3600)
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or body == b"endless"}

    async def send(message):
        happened.append(message["type"].rpartition(".")[2] + (" more" if message.get("more_body") else ""))

    scope = {"type": "http", "method": "POST", "path": "/api/v1/x", "client": ("a", 1), "query_string": b""}
    scope["headers"] = [(b"content-type", b"text/plain"), (b"transfer-encoding", b"chunked"), *headers]
    asyncio.run(Limits(echo)(scope, receive, send))
    return happened


def test_who_is_refused_may_end_what_is_being_sent(monkeypatch):
    """A connection that is closed on a sender is reset, and the answer is lost on the way."""
    told = ["start", "body more"]
    assert refused([b"a", b"b", b"c"]) == [*told, "take", "take", "take", "body"]
    monkeypatch.setattr(limits, "_MOST_DRAINED", 2)
    assert refused([b"a", b"b", b"c", b"d"]) == [*told, "take", "take", "body"]
    monkeypatch.setattr(limits, "_DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(limits, "_MOST_DRAINED", 100)
    assert refused([b"endless"]) == [*told, "take", "take", "body"]
    assert refused([b"a"], [(b"expect", b"100-continue")]) == [*told, "body"]


def test_what_was_read_whole_is_not_waited_for(client, monkeypatch):
    monkeypatch.setattr(limits, "_DRAIN_SECONDS", 3600)
    assert client.post("/api/v1/x", content=b"[" * 100 + b"]" * 100, headers=JSON).status_code == 400
    assert client.get("/api/v1/x").status_code == 200


def test_nothing_is_of_no_type(server):
    assert server.put("/api/v1/models").status_code == 405
    assert server.post("/api/v1/jobs").status_code == 422
    assert server.post("/api/v1/import").status_code == 422


def test_uploads_are_multipart(client):
    assert client.post("/api/v1/import", content=b"[]", headers=JSON).status_code == 415
    assert client.post("/api/v1/import", files={"file": b"MThd"}).status_code == 200


def test_bodies_of_all_have_a_limit_together(monkeypatch):
    monkeypatch.setattr(limits, "MOST_HELD", 10)
    client = TestClient(Limits(echo))
    assert client.post("/api/v1/x", content=b"[1,2,3,4,5]", headers=JSON).status_code == 503
    assert client.post("/api/v1/x", content=b"[1]", headers=JSON).status_code == 200
    assert client.app.held == 0


def test_depth_is_refused_before_anything_parses_it(client):
    assert client.post("/api/v1/x", content=b"[" * 100_000, headers=JSON).status_code == 400
    assert client.post("/api/v1/x", content=b'{"a":' * 33 + b"1" + b"}" * 33, headers=JSON).status_code == 400
    assert client.post("/api/v1/x", content=b'["' + b"[" * 100 + b'"]', headers=JSON).status_code == 200


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(
    st.recursive(st.none() | st.text(), lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3))
)
def test_depth_is_counted_right(value):
    for most in (1, 2, 3, 5):
        assert too_deep(json.dumps(value).encode(), most) == (depth(value) > most)


def test_a_bucket_fills_again():
    now = [0.0]
    buckets = Buckets(2, 3, clock=lambda: now[0])
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(Fault) as refused:
        buckets.take("a")
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    buckets.take("b")
    now[0] = 0.5
    buckets.take("a")
    with pytest.raises(Fault):
        buckets.take("a")


def test_too_many_requests_are_told_when_to_come_again():
    client = TestClient(Limits(echo, rate=0.001, burst=2))
    statuses = [client.get("/api/v1/x") for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 429]
    assert statuses[-1].headers["retry-after"] == "1"
    assert client.get("/page.js").status_code == 200  # the page is not counted


def test_turns():
    turns = Turns(1, 0)
    with turns.turn(), pytest.raises(Fault, match="too many"), turns.turn():
        pass
    with turns.turn():
        pass
