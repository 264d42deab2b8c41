"""How long composing takes once a model is warm: sixteen bars, and four minutes in a form.

    python benchmarks/composing_speed.py

Each is composed twice, with different seeds, at 90 quarters a minute in 4/4; the second time counts, without the
writing of files. Times are of the machine, and of what else it does.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace

from credo.compose.form import Form
from credo.compose.generate import Composer
from credo.compose.models import available
from credo.compose.wishes import Request

BARS, LONG = 16, 90  # four minutes are ninety bars


def seconds(compose) -> float:
    """The time of the second of two."""
    for seed in (1, 2):
        began = time.monotonic()
        compose(seed)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=sorted(available()))
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before\n")
    print("| model | 16 bars | four minutes |\n|---|---|---|")
    form, wish = Form.parse("AABA", bars=LONG), Request(bars=BARS, tempo=90, metre=(4, 4))
    for name in options.models:
        composer = Composer.load(name)
        short = seconds(lambda seed, c=composer: c.compose(replace(wish, seed=seed)))
        long = seconds(lambda seed, c=composer: form.write(c, replace(wish, seed=seed)))
        print(f"| `{name}` | {short:.1f} s | {long:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
