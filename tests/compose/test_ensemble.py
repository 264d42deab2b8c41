"""Models that play together share bars, tempo and seed; the first one's notes are as they were alone."""

from dataclasses import replace

import numpy as np
import pytest

from credo.compose.ensemble import join
from credo.compose.generate import Composer, Request
from credo.compose.jobs import Job
from credo.music.texture import DRUMS
from credo.music.window import Window
from credo.training.build import build
from tiny import RECIPE

pytestmark = [pytest.mark.machine, pytest.mark.once]


@pytest.fixture(scope="module")
def drummer():
    recipe = replace(RECIPE, model=replace(RECIPE.model, lateral=False))
    card = {"name": "drummer", "texture": DRUMS.to_dict(), "window_steps": 16}
    return Composer(build(recipe, Window(DRUMS, 16)), card, given="drummer")


def test_drums_join_in(tiny_composer, drummer):
    request = Request(bars=2, seed=3, tempo=132, iterations=3)
    alone = tiny_composer.compose(request)
    both = join(alone, [drummer])
    assert both.grid == alone.grid
    assert [part.name for part in both.score.parts] == [part.name for part in alone.score.parts] + ["drums"]
    assert both.score.timeline == alone.score.timeline
    assert both.score.parts[-1].is_drums
    assert both.score.parts[-1].notes
    assert both.settings["with"] == ["drummer"]
    assert join(alone, [drummer]).score == both.score
    last = max(note.onset for note in both.score.parts[-1].notes)
    assert last < both.score.timeline.length


def test_a_job_hands_the_company_on(tiny_composer, drummer):
    job = Job("compose", Request(bars=2, seed=4, iterations=3))
    assert len(job.run(tiny_composer, None, company=[drummer]).score.parts) == 5
    assert len(job.run(tiny_composer, None).score.parts) == 4
    assert np.isfinite(tiny_composer.energy(job.run(tiny_composer, None).grid))
