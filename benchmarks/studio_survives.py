"""The whole browser and the server are killed in the middle of an edit, and nothing is lost.

    python benchmarks/studio_survives.py    # what was changed in the last half second before is lost

Starts a server of its own with projects in a temporary folder, and a browser with a profile on the disk; needs
playwright and Chromium (`--browser`).
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

_READY = "html[data-ready=yes]"


def serve(port: int, projects: Path) -> subprocess.Popen:
    """A server that answers."""
    command = [sys.executable, "-c", "from credo.cli.main import app; app()", "studio", "--port", str(port)]
    server = subprocess.Popen([*command, "--projects", str(projects)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health")
            return server
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not answer")


def browse(playwright: Playwright, browser: str, profile: Path, url: str) -> tuple[BrowserContext, Page]:
    """The page in a browser whose profile is on the disk."""
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=browser, args=["--no-sandbox"], locale="en"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(_READY, timeout=60_000)
    return context, page


def kill_browser(profile: Path) -> int:
    """End the processes of the browser that has this profile; how many there were."""
    ended = 0
    for folder in Path("/proc").iterdir():
        try:
            told = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if folder.name.isdecimal() and f"--user-data-dir={profile}".encode() in told:
            try:
                os.kill(int(folder.name), signal.SIGKILL)
                ended += 1
            except ProcessLookupError:
                pass
    return ended


def draw(page: Page, count: int, title: str) -> str:
    """Draw notes by key, and give the piece a title; returns what the piece is then."""
    page.fill("#title", title)
    page.locator("#title").blur()
    page.locator("#roll").focus()
    for _ in range(count):
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")
    return sign(page)


def sign(page: Page) -> str:
    """All that the piece is."""
    return page.evaluate("() => JSON.stringify([credoStudio.studio.piece.title, credoStudio.studio.piece.notes])")


def main() -> None:
    """Kill, and look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    asked = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="credo-survives-") as folder, sync_playwright() as playwright:
        profile, projects = Path(folder) / "profile", Path(folder) / "studio.sqlite"
        server = serve(port, projects)
        try:
            for number, (wait, lost) in enumerate([(1.0, "browser"), (1.0, "both"), (0.6, "both"), (0.1, "both")], 1):
                context, page = browse(playwright, asked.browser, profile, url)
                before = draw(page, 3, f"Edit {number}")
                page.wait_for_timeout(wait * 1000)
                if lost == "both":
                    server.kill()
                    server.wait()
                ended = kill_browser(profile)
                try:
                    context.close()
                except Exception as error:  # it is dead already
                    print(f"the browser has gone: {type(error).__name__}")
                if lost == "both":
                    server = serve(port, projects)
                context, page = browse(playwright, asked.browser, profile, url)
                after = sign(page)
                context.close()
                kept = "all is there" if after == before else f"LOST: {before} became {after}"
                print(f"{lost} killed {wait} s after the last edit ({ended} processes of the browser): {kept}")
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
