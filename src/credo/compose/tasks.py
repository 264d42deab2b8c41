"""Ways of working with a piece. Each is a mask: it holds some cells, and `Composer.perform` samples the rest.

    piece = Given.read("mine.mid", composer.texture)
    composer.perform(infill(piece, bars=(5, 8)), Request(seed=3))

No tensor library is loaded for this, so that a wish that cannot be met is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from credo.compose import masks
from credo.compose.given import Given, voices_that_sound
from credo.errors import UsageError
from credo.music.grid import Grid
from credo.music.passage import bar_steps, slice_grid
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Tempo

if TYPE_CHECKING:
    from credo.compose.generate import Composer
    from credo.compose.seeds import Seed
    from credo.sampling.anneal import Constraints

#: Where music may come from: a file that was read, or a grid such as that of a composition.
Music = Given | Grid


@dataclass(frozen=True, eq=False)
class Task:
    """What is held of a piece, and what else its draws have to obey.

    Attributes:
        name: the task, a name in `TASKS`.
        grid: the held notes on the timeline of the result.
        mask: which codes are held, shape (T, K); see `masks`.
        title: what the result is called, without the number.
        held: what is held, in words.
        inputs: the music it works on.
        options: what `TASKS` needs to make the task again; JSON-able.
        lean: makes constraints for a composer and the grid that it completes: energy terms, ties, rules; None for none.
        salt: added to the random seed, so that a piece that is written anew with its own seed does not come out again.
        unknown: held codes that the model is not told of, shape (T, K), bool: it draws them for itself, and they come
            out as they were. Such are the rests of voices that nobody plays, no wish for silence. None for none.
    """

    name: str
    grid: Grid
    mask: np.ndarray
    title: str
    held: str
    inputs: tuple[Given | Seed, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    lean: Callable[[Composer, Grid], Constraints] | None = None
    salt: int = 1_000_003
    unknown: np.ndarray | None = None


def infill(music: Music, *, bars: tuple[int, int], voices: Sequence[str] = ()) -> Task:
    """Write some bars anew; everything else is held.

    Args:
        music: the piece.
        bars: the first and the last bar to write, counted from 1. Notes that reach in from outside stay.
        voices: the voices to write; none for all.

    Raises:
        UsageError: there are no such bars or voices.
    """
    given = _given(music)
    grid, (first, last) = given.grid, bars
    start, stop = _steps_of_bars(grid, first, last)
    names = {grid.texture.voice(name).name for name in voices}
    where = (f"bars {first}-{last}" if last > first else f"bar {first}") + "".join(f", {name}" for name in voices)
    return Task(
        "infill",
        grid,
        masks.outside(grid, start, stop, names or None),
        f"{given.name}, {where} anew",
        f"all but {where}",
        (given,),
        {"bars": [first, last], "voices": list(voices)},
        unknown=unplayed(grid) if names else None,
    )


def harmonize(music: Music, *, voice: str = "") -> Task:
    """Write the other voices to a melody, which is held.

    Args:
        music: the melody, on the voice that it is for.
        voice: the voice that is held; empty for the one that sounds.

    Raises:
        UsageError: there is no such voice, or no note in it.
    """
    given = _given(music)
    sounding = voices_that_sound(given.grid)
    if not voice and len(sounding) != 1:
        raise UsageError(f"voice: expected the name of the melody's voice, for {_list(sounding)} have notes")
    voice = given.grid.texture.voice(voice).name if voice else sounding[0]
    if voice not in sounding:
        raise UsageError(f"voice: expected one that has notes ({_list(sounding)}), got {voice}")
    mask = masks.voices(given.grid, {voice})
    return Task("harmonize", given.grid, mask, f"{given.name}, harmonised", voice, (given,), {"voice": voice})


def accompany(music: Music, *, add: Sequence[str]) -> Task:
    """Add voices to those that are there, which are held. What a named voice had is written anew.

    Args:
        music: the piece; voices that have no notes and are not named stay silent. The model is not told that they are,
            for it would take that as a wish for silence.
        add: the voices to write.

    Raises:
        UsageError: there are no such voices, or none is left to accompany.
    """
    given = _given(music)
    texture = given.grid.texture
    new = [texture.voice(name).name for name in add]
    there = [name for name in voices_that_sound(given.grid) if name not in new]
    if not new or not there:
        raise UsageError(
            f"add: expected voices to write beside others that have notes ({_list(voices_that_sound(given.grid))}), "
            f"got {_list(new)}"
        )
    mask = masks.voices(given.grid, {voice.name for voice in texture.voices} - set(new))
    title, options = f"{given.name}, with {_list(new)}", {"add": new}
    return Task("accompany", given.grid, mask, title, _list(there), (given,), options, unknown=unplayed(given.grid))


def revoice(music: Music, *, keep: Sequence[str] = ()) -> Task:
    """Give the same harmonies and rhythms another voicing.

    Each voice keeps its rhythm, and at each step exactly the pitch classes sound that sounded before; which voice has
    which, and in which octave, is written anew.

    Args:
        music: the piece, in mono voices.
        keep: voices that stay as they are, such as soprano and bass.

    Raises:
        UsageError: there are no such voices, or the texture has other than mono voices.
    """
    given = _given(music)
    grid = given.grid
    others = [voice.name for voice in grid.texture.voices if voice.kind != "mono"]
    if others:
        raise UsageError(f"revoice: expected a texture of single lines, got {_list(others)} in {grid.texture.name}")
    kept = [grid.texture.voice(name).name for name in keep]

    mask = masks.voices(grid, set(kept))

    def lean(composer: Composer, here: Grid) -> Constraints:
        from credo.compose.revoicing import same_harmonies

        return same_harmonies(composer, here, mask)

    held = "the pitch classes of each step and each voice's rhythm" + "".join(f", {name}" for name in kept)
    return Task("revoice", grid, mask, f"{given.name}, revoiced", held, (given,), {"keep": kept}, lean)


def vary(music: Music, *, amount: float, seed: int = 0) -> Task:
    """Write a random share of the notes anew: 0 gives the piece back, 1 another one of the same length, metre and key.

    Args:
        music: the piece.
        amount: the share of its notes, 0..1.
        seed: of the choice of the notes; with one seed, a larger amount changes all that a smaller one may change.

    Raises:
        UsageError: the amount is no share.
    """
    given = _given(music)
    _check_share("amount", amount)
    mask = masks.share_of_notes(given.grid, amount, np.random.default_rng(seed))
    held = f"{1 - amount:.0%} of the notes"
    return Task("vary", given.grid, mask, f"{given.name}, varied by {amount:g}", held, (given,), {"amount": amount})


def blend(music: Music, other: Music, *, share: float) -> Task:
    """A piece between two others: what the top layer makes of both is mixed, and draws lean towards the mixture.

    Where one is longer, its first bars are taken. Tempo and key are mixed too.

    Args:
        music: the first piece.
        other: the second one, of the same metre.
        share: of the second piece; 0 gives the first one back and 1 the second.

    Raises:
        UsageError: the share is none, or the pieces have different metres.
    """
    _check_share("share", share)
    given, second = _given(music), _given(other)
    one, two = _of_one_length(given.grid, second.grid)
    timeline = (two if share > 0.5 else one).timeline
    tempo = [grid.timeline.tempos[0].bpm if grid.timeline.tempos else DEFAULT_TEMPO_BPM for grid in (one, two)]
    if 0 < share < 1:
        bpm = round((1 - share) * tempo[0] + share * tempo[1], 1)
        timeline = replace(timeline, tempos=(Tempo(Fraction(0), bpm),))
    grid = replace(two if share > 0.5 else one, timeline=timeline)

    def lean(composer: Composer, _: Grid) -> Constraints:
        from credo.compose.blending import between

        return between(composer, one, two, share)

    return Task(
        "blend",
        grid,
        masks.nothing(grid) if 0 < share < 1 else masks.everything(grid),
        f"{given.name} to {second.name}, {share:04.0%}",
        "nothing" if 0 < share < 1 else "everything",
        (given, second),
        {"share": share},
        lean if 0 < share < 1 else None,
    )


#: The tasks on given music, by name: from inputs, options and the random seed to a task.
TASKS: dict[str, Callable[[Sequence[Given], Mapping[str, Any], int], Task]] = {
    "infill": lambda given, options, seed: infill(*given, **{**options, "bars": tuple(options["bars"])}),
    "harmonize": lambda given, options, seed: harmonize(*given, **options),
    "accompany": lambda given, options, seed: accompany(*given, **options),
    "revoice": lambda given, options, seed: revoice(*given, **options),
    "vary": lambda given, options, seed: vary(*given, **options, seed=seed),
    "blend": lambda given, options, seed: blend(*given, **options),
}


def unplayed(grid: Grid) -> np.ndarray | None:
    """The rests of voices that have no note at all, for `Task.unknown`; shape (T, K), bool, or None for none.

    That nobody plays there yet, or that a voice is left out, asks the others for no silence; told of it, a model that
    has seen no such rests writes nothing but more of them.
    """
    silent = {voice.name for voice in grid.texture.voices} - set(voices_that_sound(grid))
    return masks.only_voices(grid, silent) if 0 < len(silent) < len(grid.texture.voices) else None


def in_tempo_and_key(grid: Grid, tempo: float | None, key: Any) -> Grid:
    """The grid with another tempo (quarters a minute) or key throughout, where one is wished for."""
    timeline = grid.timeline
    if tempo is not None:
        timeline = replace(timeline, tempos=(Tempo(Fraction(0), tempo),))
    if key is not None:
        timeline = replace(timeline, keys=(KeyChange(Fraction(0), key),))
    return replace(grid, timeline=timeline)


def count_bars(grid: Grid) -> int:
    """How many whole bars a piece has; an upbeat counts as the start of the first."""
    return max(len(bar_steps(grid)) - bool(grid.timeline.pickup), 1)


def _given(music: Music) -> Given:
    return music if isinstance(music, Given) else Given(music)


def _steps_of_bars(grid: Grid, first: int, last: int) -> tuple[int, int]:
    """The first step of a bar and the step after the last of another; an upbeat belongs to bar 1."""
    bars, upbeat = bar_steps(grid), bool(grid.timeline.pickup)
    if not 1 <= first <= last <= len(bars) - upbeat:
        raise UsageError(f"bars: expected two of 1 to {len(bars) - upbeat}, the first one first, got {first}-{last}")
    return 0 if first == 1 else bars[first - 1 + upbeat][0], bars[last - 1 + upbeat][1]


def _of_one_length(one: Grid, two: Grid) -> tuple[Grid, Grid]:
    """Both pieces from their first downbeat, cut to the length of the shorter."""
    if one.texture != two.texture:
        names = " and ".join(grid.texture.name for grid in (one, two))
        raise UsageError(f"blend: expected two pieces of one texture, got {names}")
    cut = []
    for grid in (one, two):
        start = int(grid.timeline.pickup * grid.texture.steps_per_quarter)
        cut.append(slice_grid(grid, min(start, grid.steps), grid.steps) if start else grid)
    steps = min(cut[0].steps, cut[1].steps)
    if not steps:
        raise UsageError("blend: expected two pieces of some length after their upbeats, got nothing of one")
    one, two = (slice_grid(grid, 0, steps) for grid in cut)
    for number, (bar, other) in enumerate(zip(one.timeline.bars(), two.timeline.bars(), strict=False), 1):
        if bar[:2] != other[:2] or bar[2].beat != other[2].beat:
            names = " and ".join(f"{metre.numerator}/{metre.denominator}" for _, _, metre in (bar, other))
            raise UsageError(
                f"blend: expected two pieces of one metre, got {names} in bar {number}",
                hint="cut both pieces to bars of one metre",
            )
    return one, two


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise UsageError(f"{name}: expected 0 to 1, got {share:g}")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
