"""A Studio on the tiny model, in this process."""

import time

import pytest


@pytest.fixture(scope="session")
def server(tiny_run, tmp_path_factory):
    """A client of a guarded Studio that does what it is asked."""
    pytest.importorskip("fastapi", reason="the extra studio is not installed")
    pytest.importorskip("httpx2", reason="the client of these tests is not installed")
    from fastapi.testclient import TestClient

    import tiny
    from credo.web.app import create_app
    from credo.web.collection import Collection
    from credo.web.desk import Desk
    from credo.web.projects import Projects
    from credo.web.studio import Studio

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credo.compose.generate.Composer.load", tiny.composer_of)
        place = tmp_path_factory.mktemp("studio")
        studio = Studio(
            Desk(str(tiny_run)), Projects(place / "studio.sqlite"), Collection(place / "library" / "mine.sqlite")
        )
        app = create_app(studio, rate=1e6, burst=10**6, warm=False)
        with TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False) as client:
            client.studio = studio
            yield client


class Asker:
    """Asks a server for jobs and waits for them."""

    def __init__(self, client):
        self.client = client

    def post(self, path, body):
        return self.client.post(f"/api/v1/{path}", json=body)

    def job(self, task, piece, **more):
        """A job that is over."""
        answer = self.post("jobs", {"task": task, "piece": piece, **more})
        assert answer.status_code == 202, answer.text
        return self.over(answer.json()["id"])

    def over(self, identity, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job = self.client.get(f"/api/v1/jobs/{identity}").json()
            if job["state"] in ("done", "failed", "cancelled"):
                return job
            time.sleep(0.01)
        raise AssertionError(job)


@pytest.fixture(scope="session")
def ask(server):
    return Asker(server)


@pytest.fixture
def melody():
    """Two bars for a soprano, whose notes are locked."""
    notes = [
        {"id": f"m{n}", "voice": "soprano", "onset": 4 * n, "duration": 4, "pitch": 69 + n % 5, "velocity": 60 + n}
        for n in range(8)
    ]
    return {
        "title": "Melody",
        "model": "tiny",
        "tempo": 97.0,
        "metre": [4, 4],
        "key": "G minor",
        "bars": 2,
        "notes": [{**note, "locked": True} for note in notes],
    }
