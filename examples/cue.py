"""Music for a game and for an advertisement, in under two minutes, with a page to hear it and a Godot project.

    python examples/cue.py                # every brief in examples/briefs, into the folder cues
    python examples/cue.py mybrief.toml   # one of yours

Open `player.html` in a browser: the slider brings players in and out at bar lines, and buttons play stingers in time.
Open the folder `godot` with Godot 4.3 or later. `credo cue BRIEF.toml --player web --player godot` does the same.
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from credo.compose.cue.making import make
from credo.compose.cue.outline import outline
from credo.compose.cue.package import deliver
from credo.compose.cue.sheets.brief import Brief
from credo.compose.generate import Composer
from credo.conditioning.reading import read_words_and_picture


def main(briefs: Sequence[Path], out: str = "cues", *, players: Sequence[str] = ("web", "godot")) -> list[Path]:
    """Make a cue of each brief; gives their folders."""
    load, folders = cache(Composer.load), []
    for path in briefs:
        brief = Brief.read(path)
        plan = outline(brief, read_words_and_picture(brief.text, None) if brief.text else None)
        print(f"{brief.name}: {plan.fit.bars} bars in {plan.key.name}, {', '.join(plan.band.roles)}")
        for landing in plan.fit.landings:
            print(f"  {landing.hit.name} at {landing.seconds:.3f} s, {landing.residual_ms:+.2f} ms off")
        package = deliver(make(plan, load, effects=brief.loops), out, players=players)
        print(f"  {package.folder}")
        folders.append(package.folder)
    return folders


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    main(given or sorted(Path(__file__).parent.glob("briefs/*.toml")))
