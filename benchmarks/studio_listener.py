"""A listener at the Studio's page, for `studio_in_a_browser.py`: hearts, the library, music for them."""

from __future__ import annotations

from playwright.sync_api import Locator, expect
from studio_user import Composer, fresh

#: A row's title as `say` puts it into words, and the list it stands in.
ROWS = "#library-list li"


def listener(composer: Composer) -> None:
    """Likes and dislikes pieces, asks for more of them, and looks for others, by pointer and by key."""
    page = composer.page
    fresh(composer)
    page.fill("#title", "A liked one")
    page.fill("#alternatives", "3")
    page.locator("#alternatives").blur()
    composer.task("complete")
    composer.of("studio.listen(0)")
    _press(composer, "#like", "true")
    page.keyboard.press("2")
    expect(page.locator("#like")).to_have_attribute("aria-pressed", "false")
    _press(composer, "#dislike", "true")
    page.keyboard.press("1")
    expect(page.locator("#like")).to_have_attribute("aria-pressed", "true")
    composer.shot("hearts")
    page.locator("#roll").focus()
    page.keyboard.press("f")
    expect(page.locator("#like")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("f")
    expect(page.locator("#like")).to_have_attribute("aria-pressed", "true")

    _asked(composer, "#more-like")
    assert composer.of("studio.doc.alternatives.length") == 3
    assert composer.of("studio.doc.alternatives.every((one) => one.stars > 0)")
    page.click("[data-act=take]")
    bars = composer.of("studio.piece.bars")
    _asked(composer, "#for-me")
    composer.shot("for-me")
    assert composer.of("studio.doc.alternatives.map((one) => one.reasons.length > 10)") == [True, True, True]
    page.click("[data-act=take]")
    assert composer.of("studio.piece.notes.length") > 4 * bars

    held = composer.of("studio.piece.notes.slice(0, 5).map((one) => one.id)")
    composer.of(f"studio.edit('lock', {{...studio.piece, notes: studio.piece.notes.map((one) => "
                f"({{...one, locked: {held}.includes(one.id)}}))}})")  # fmt: skip
    assert page.get_attribute("#for-me", "aria-disabled") == "true"
    _asked(composer, "#more-like")
    kept = composer.of(f"studio.doc.alternatives.map((one) => one.piece.notes.filter((note) => "
                       f"{held}.includes(note.id) && note.locked).length)")  # fmt: skip
    assert kept == [5, 5, 5], kept
    _library(composer)


def _library(composer: Composer) -> None:
    page = composer.page
    page.keyboard.press("Escape")
    page.click("#library-button")
    _filled(composer)
    composer.shot("library-recommended")
    row = page.locator(ROWS).first
    _button(row, "hear").click()
    expect(_button(row, "hear")).to_have_attribute("aria-pressed", "true")
    _button(row, "hear").click()
    expect(_button(row, "hear")).to_have_attribute("aria-pressed", "false")
    _button(row, "like").click()
    expect(_button(row, "like")).to_have_attribute("aria-pressed", "true")
    _button(row, "similar").click()
    _filled(composer)
    composer.shot("library-similar")
    for side in ("harmony", "melody", "rhythm", "texture"):
        page.select_option("#library-by", side)
        _filled(composer)
    page.click("[data-list=search]")
    page.fill("#library-text", "liked one")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).not_to_have_count(0)
    _filled(composer)
    expect(page.locator(ROWS).first).to_contain_text("A liked one")
    page.fill("#library-text", "speed<3")
    page.keyboard.press("Enter")
    expect(page.locator("#library-told")).to_contain_text("expected one of")
    composer.faults[:] = [fault for fault in composer.faults if "422" not in fault]
    page.click("[data-list=ratings]")
    _filled(composer)
    composer.shot("library-ratings")
    liked = page.locator(ROWS).first
    _button(liked, "like").click()
    expect(_button(liked, "like")).to_have_attribute("aria-pressed", "false")
    page.click("[data-list=recommended]")
    _filled(composer)
    row = page.locator(ROWS).first
    title = row.locator("strong").inner_text()
    _button(row, "open").click()
    composer.until("!document.getElementById('library').open && studio.piece.notes.length > 0")
    assert composer.of("studio.piece.title") == title
    fresh(composer)
    page.click("#library-button")
    _filled(composer)
    _button(page.locator(ROWS).first, "more-like").click()
    composer.until("!credoStudio.jobs.running && studio.doc.alternatives.length === 3", 120)
    composer.shot("more-of-the-library")
    page.locator("#roll").focus()
    page.keyboard.press("Escape")


def _button(row: Locator, act: str) -> Locator:
    return row.locator(f"[data-act={act}]")


def _filled(composer: Composer) -> None:
    expect(composer.page.locator("#library-list[aria-busy]")).to_have_count(0, timeout=30_000)
    assert composer.page.locator(ROWS).count(), composer.page.inner_text("#library-told")


def _press(composer: Composer, button: str, pressed: str) -> None:
    composer.page.click(button)
    expect(composer.page.locator(button)).to_have_attribute("aria-pressed", pressed)


def _asked(composer: Composer, button: str) -> None:
    composer.page.click(button)
    composer.page.wait_for_timeout(50)
    composer.until("!credoStudio.jobs.running", 120)
    words = composer.page.inner_text("#status")
    assert "error" not in (composer.page.get_attribute("#status", "class") or ""), words
