"""Every way of working with a piece, on one page. Each writes a MIDI file; together they take under two minutes.

    python examples/tasks.py                 # into the folder tasks
    python examples/tasks.py mymodel there   # with another model, into the folder there

A network that holds any notes and samples the rest does all of them: they differ in what is held, which is printed.
"""

import sys
from pathlib import Path

from credo.compose import tasks
from credo.compose.form import Form
from credo.compose.generate import Composer, Composition
from credo.compose.given import Given
from credo.compose.jobs import ranked
from credo.compose.wishes import Request
from credo.io.files import save


def main(model: str = "chorale", out: str = "tasks", *, bars: int = 8, iterations: int = 128) -> dict[str, Composition]:
    """Compose a piece, work with it in every way, and write what comes out."""
    composer = Composer.load(model)
    wish = Request(bars=bars, seed=1, iterations=iterations)
    voices = [voice.name for voice in composer.texture.voices]
    done: dict[str, Composition] = {}

    def keep(name: str, piece: Composition) -> Composition:
        done[name] = piece
        Path(out).mkdir(parents=True, exist_ok=True)
        save(piece.score, Path(out, f"{name}.mid"))
        print(f"{name:12} held: {piece.settings['task']['held']}")
        return piece

    # From noise: nothing is held. The piece and another one, for all that follows.
    piece = keep("compose", composer.compose(wish))
    other = keep("other", composer.compose(Request(bars=bars, seed=2, iterations=iterations)))

    # Bars 3 and 4 anew, in the inner voices: everything else is held.
    keep("infill", composer.perform(tasks.infill(piece.grid, bars=(3, 4), voices=voices[1:-1]), wish))

    # The melody is held, and harmonised. A score of one part goes to the voice that is named.
    melody = piece.score.parts[0]
    tune = Given.of(type(piece.score)((melody,), piece.score.timeline), composer.texture, voices=voices[:1])
    keep("harmonize", composer.perform(tasks.harmonize(tune), wish))

    # The upper voices are held, and get another bass.
    keep("accompany", composer.perform(tasks.accompany(piece.grid, add=voices[-1:]), wish))

    # The pitch classes of each step and each voice's rhythm are held.
    keep("revoice", composer.perform(tasks.revoice(piece.grid), wish))

    # A share of the notes is held, less and less of them.
    for amount in (0.2, 0.5, 0.8):
        keep(f"vary-{amount}", composer.perform(tasks.vary(piece.grid, amount=amount, seed=1), wish))

    # Between the two pieces nothing is held, and draws lean towards a mixture of what the top layer makes of both.
    for step in range(5):
        keep(f"blend-{step + 1}", composer.perform(tasks.blend(piece.grid, other.grid, share=step / 4), wish))

    # Sections that come again are tied; a varied one has notes of its own; the contrasting one is in a related key.
    form = Form.parse("A A' B A", section_bars=4)
    keep("form", form.write(composer, Request(seed=3, iterations=iterations, cadence=True)))

    # Alternatives, from conventional to surprising, on other instruments.
    versions = [composer.compose(Request(bars=bars, seed=seed, iterations=iterations)) for seed in range(4, 7)]
    for rank, version in enumerate(ranked(composer, versions), 1):
        keep(f"{rank}-of-3", version.played_by({voices[0]: "oboe", voices[-1]: "bassoon"}))
    return done


if __name__ == "__main__":
    main(*sys.argv[1:3])
