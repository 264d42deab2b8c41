"""The Studio's API against its own description, with inputs that schemathesis makes up.

    pip install schemathesis
    python benchmarks/studio_fuzz.py --examples 50

Starts a server of its own with an empty library and no projects. Fails where an answer is a 500, does
not fit its description, or accepts what the description forbids.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

SERVER = "import sys; from credo.cli.main import run; sys.exit(run(sys.argv[1:]))"


def with_models(address: str) -> dict:
    """The description, with the names of the models, so that pieces are for one of them."""
    with urllib.request.urlopen(f"{address}api/v1/models") as answer:
        names = [model["name"] for model in json.load(answer)]
    with urllib.request.urlopen(f"{address}api/v1/openapi.json") as answer:
        described = json.load(answer)
    for schema in described["components"]["schemas"].values():
        if "model" in schema.get("properties", {}):
            schema["properties"]["model"] = {"type": "string", "enum": names}
    return described


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--examples", type=int, default=50, help="inputs a route")
    parser.add_argument("--phases", default="examples,coverage,fuzzing")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    schemathesis = Path(sys.executable).with_name("schemathesis")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", SERVER, "studio", "--no-open", "--port", "0", "--model", arguments.model]
        command += ["--projects", f"{folder}/projects.sqlite", "--library", f"{folder}/library.sqlite"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            address = re.match(r"http://\S+/", server.stdout.readline())[0]  # type: ignore[index]
            described = Path(folder, "openapi.json")
            described.write_text(json.dumps(with_models(address)), "utf-8")
            fuzz = [str(schemathesis), "run", str(described), "--url", address.rstrip("/")]
            fuzz += ["--max-examples", str(arguments.examples), "--seed", str(arguments.seed), "--workers", "1"]
            # Bodies that the description allows may still make no sense, such as notes over one another: 422.
            fuzz += ["--exclude-checks", "positive_data_acceptance", "--rate-limit", "40/s", "--request-timeout", "60"]
            fuzz += ["--continue-on-failure", "--phases", arguments.phases]
            return subprocess.run(fuzz, cwd=folder, check=False).returncode
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    sys.exit(main())
