"""Drums as drummers play them: the notes stay, loudness and timing are drawn."""

from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest

import tiny
from credo.compose import masks
from credo.compose.humanize import humanize
from credo.compose.wishes import Request
from credo.corpora.corpus import Card, Corpus
from credo.corpora.piece import Piece
from credo.errors import UsageError
from credo.io.files import load, save
from credo.music.grid import Cells, Grid, decode
from credo.music.score import Metre, Note, Part, Score, Timeline
from credo.music.texture import DRUMS
from credo.training.recipe import DataRecipe

pytestmark = [pytest.mark.machine, pytest.mark.once]

QUICK = Request(iterations=20, seed=5)


def beat(late: int, loud: int, bars: int = 5) -> Grid:
    """A kick on each quarter, loud and on time; a snare on the eighths between, as loud and late as is said."""
    sounding = np.zeros((16 * bars, 9), bool)
    velocity, offset = np.zeros(sounding.shape, int), np.zeros(sounding.shape, int)
    for drum, first, hard, after in ((0, 0, 127, 0), (1, 2, loud, late)):
        sounding[first::4, drum], velocity[first::4, drum], offset[first::4, drum] = True, hard, after
    cells = Cells.of(DRUMS.voices[0], sounding, None, velocity, offset)
    return Grid(DRUMS, (cells,), Timeline(metres=(Metre(Q(0), 4, 4),)))


@pytest.fixture(scope="module")
def drummer(tmp_path_factory):
    """A composer whose drummers play soft, late snares; one of two styles plays them later."""
    from credo.compose.generate import Composer
    from credo.training import logbook
    from credo.training.runs import train

    pieces = [
        replace(Piece.of(f"{n}", beat(2 + 2 * (n % 2), 34), "train"), style=("lazy", "very lazy")[n % 2])
        for n in range(6)
    ]
    recipe = replace(
        tiny.RECIPE,
        model=replace(tiny.RECIPE.model, hidden=(24,), spans=(3,)),
        data=DataRecipe(styles=2, style_beats=1),
        pretraining=replace(tiny.RECIPE.pretraining, steps=0),
        finetuning=replace(tiny.RECIPE.finetuning, steps=300, rate=2e-2),
    )
    out = tmp_path_factory.mktemp("drums") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logbook, "_board", lambda _: None)  # TensorBoard's library takes seconds to load
        train(Corpus(DRUMS, tuple(pieces), Card("two", origin="dice")), recipe, out, chunk_steps=100)
    return Composer.load(out)


def song() -> Score:
    """A machine's beat with a cowbell, a flam and a triplet, and a bass."""
    hits = [Note(Q(n, 2), 36 if n % 2 == 0 else 38, Q(1, 8), 80) for n in range(16)]
    hits += [Note(Q(1, 2), 56, Q(1, 4), 70), Note(Q(15, 32), 38, Q(1, 32), 40), Note(Q(10, 3), 42, Q(1, 8), 80)]
    bass = Part.of("bass", [Note(Q(n), 40, Q(1), 90) for n in range(8)], program=33)
    return Score((bass, Part.of("kit", hits, is_drums=True)), Timeline(metres=(Metre(Q(0), 4, 4),)), "Song")


def keys(part):
    return sorted(note.pitch for note in part.notes)


def test_notes_instruments_and_other_parts_stay(drummer):
    before = song()
    after = humanize(before, drummer, QUICK)
    assert after.parts[0] == before.parts[0]
    assert keys(after.parts[1]) == keys(before.parts[1])
    assert sorted(n.duration for n in after.parts[1].notes) == sorted(n.duration for n in before.parts[1].notes)
    assert after.timeline.metres == before.timeline.metres
    assert min(note.onset for note in after.parts[1].notes) >= 0
    assert humanize(before, drummer, QUICK) == after
    assert humanize(before, drummer, replace(QUICK, seed=6)) != after


def test_it_plays_as_it_has_learnt(drummer):
    plain = decode(beat(0, 80))
    played = humanize(plain, drummer, QUICK).parts[0].notes
    kicks, snares = ([note for note in played if note.pitch == key] for key in (36, 38))
    assert np.mean([note.velocity for note in kicks]) > 100
    assert np.mean([note.velocity for note in snares]) < 50
    lateness = [float(note.onset * 4) % 1 for note in snares]
    assert 0.1 < np.mean(lateness) < 0.5
    assert {note.onset % 1 for note in kicks} == {0}


def test_a_style_is_played(drummer):
    plain = decode(beat(0, 80))
    late = []
    for style in ("lazy", "very lazy"):
        request = replace(QUICK, style=((style, 1.0),))
        notes = humanize(plain, drummer, request).parts[0].notes
        late.append(np.mean([float(note.onset * 4) % 1 for note in notes if note.pitch == 38]))
    assert late[0] < late[1]
    with pytest.raises(UsageError, match="expected one of lazy; very lazy"):
        humanize(plain, drummer, replace(QUICK, style=(("jazz", 1.0),)))


def test_the_amount_says_how_far(drummer):
    before = song()
    assert humanize(before, drummer, QUICK, amount=0) == before
    half, whole = (humanize(before, drummer, QUICK, amount=amount).parts[1].notes for amount in (0.5, 1))
    changes = []
    for notes in (half, whole):
        loudness = dict.fromkeys((36, 38), 0)
        for note in notes:
            loudness[note.pitch] = loudness.get(note.pitch, 0) + abs(note.velocity - 80)
        changes.append(loudness[36])
    assert 0 < changes[0] < changes[1]
    with pytest.raises(UsageError, match="amount: expected 0 to 2"):
        humanize(before, drummer, QUICK, amount=3)


def test_triplets_and_flams_keep_their_shape(drummer):
    after = humanize(song(), drummer, QUICK).parts[1].notes
    (triplet,) = (note for note in after if note.pitch == 42)
    assert abs(triplet.onset - Q(10, 3)) <= Q(1, 9)
    grace, stroke = [note for note in after if note.pitch == 38][:2]
    assert stroke.onset - grace.onset == Q(1, 32)


def test_composing_never_contradicts_itself(drummer):
    """Each hit that is drawn has a loudness that was drawn too, and nothing else has one."""
    grid = drummer.compose(Request(bars=4, iterations=30, seed=2)).grid
    cells = grid.voices[0]
    assert cells.attack.any()
    assert ((cells.velocity > 0) == cells.attack).all()
    assert not cells.offset[~cells.attack].any()
    held = drummer.complete(grid, masks.everything(grid), QUICK)
    assert held == grid
    again = drummer.complete(grid, masks.expression(grid), QUICK)
    assert (again.voices[0].sounding == cells.sounding).all()


def test_other_models_and_files_are_told(tiny_composer, drummer):
    with pytest.raises(UsageError, match="learnt loudness and timing"):
        humanize(song(), tiny_composer, QUICK)
    with pytest.raises(UsageError, match="expected a drum part"):
        humanize(Score(song().parts[:1]), drummer, QUICK)


def test_the_command_writes_a_file_beside_the_one_it_reads(drummer, tmp_path, capsys):
    from credo.cli.main import run

    save(song(), tmp_path / "song.mid")
    options = ["--model", str(drummer.given), "--iterations", "8", "--seed", "1"]
    assert run(["humanize", str(tmp_path / "song.mid"), *options, "--style", "VERY"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "song-humanized.mid")
    before, after = load(tmp_path / "song.mid"), load(tmp_path / "song-humanized.mid")
    assert after.parts[0] == before.parts[0]
    assert keys(after.parts[1]) == keys(before.parts[1])
    assert after.parts[1] != before.parts[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--amount", "3"], "amount: expected 0 to 2"),
        (["--out", "x.txt"], "expected a file that ends in"),
        (["--style", "jazz"], "expected one of lazy; very lazy"),
    ],
)
def test_wrong_use_is_told_in_a_line(drummer, tmp_path, capsys, options, told):
    from credo.cli.main import run

    save(song(), tmp_path / "song.mid")
    assert run(["humanize", str(tmp_path / "song.mid"), "--model", str(drummer.given), *options]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["song.mid"]
