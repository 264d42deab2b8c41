"""A deep belief network writes music, from data to a saved file, in one page.

Notes are quantised, encoded and normalised; the RBMs are pretrained layer by layer with contrastive divergence; the
stack is fine-tuned by backpropagation; new music is generated from noise, decoded to notes and saved. The same file
runs on JAX, TensorFlow and PyTorch:

    python examples/article.py
    KERAS_BACKEND=tensorflow python examples/article.py
    KERAS_BACKEND=torch python examples/article.py

On TensorFlow the machines are instances of `tf.keras.Model`, as on every backend they are `keras.Model`s. The data are
Bach's chorales, which music21 carries (`pip install music21`); a folder of your own four-part files works too:

    python examples/article.py my_midi_folder
"""

import sys
from pathlib import Path

import numpy as np

from credo.corpora.bach import bach
from credo.corpora.ingest import ingest
from credo.corpora.windows import training_codes
from credo.io.files import save
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.music.grid import Cells, Grid, decode
from credo.music.pitch import Key
from credo.music.steps import bar_timeline, decode_steps, encode_steps, key_codes
from credo.music.texture import SATB
from credo.music.window import Window
from credo.training.build import units_of
from credo.training.greedy import pretrain

# isort: split
from keras import ops  # after Credo, which chooses JAX where nobody chose a backend


def main(
    folder: str | None = None,
    out: str = "article",
    *,
    windows: int = 20_000,
    epochs: int = 5,
    hidden: tuple[int, int] = (512, 256),
    steps: int = 400,
) -> DBN:
    """Train, generate and save; see above."""
    # 1. Data: two-bar windows of four voices on a grid of sixteenths: eight beats, each of one-hot groups.
    corpus = ingest(folder, SATB, f"{out}-corpus") if folder else bach()
    window = Window(SATB, steps=32)
    data = training_codes(corpus, window, "train", max_windows=windows)[:]

    # 2. A deep belief network: two restricted Boltzmann machines, one upon the other. All beats share their weights; a
    #    hidden beat hears three beats below it, and one of the second layer five of the first.
    dbn = DBN(units_of(window), hidden=hidden, spans=(3, 5), held=window.held, cells=window.cell_of_code)
    assert all(isinstance(rbm, RBM) for rbm in dbn.rbms)

    # 3. Greedy pretraining by contrastive divergence.
    pretrain(dbn, data, epochs=epochs, progress=lambda layer, epoch, metrics: print(f"layer {layer}", epoch, metrics))

    # 4. Fine-tuning by backpropagation through the unrolled stack.
    dbn.compile(optimizer="adam")
    dbn.fit(data, epochs=epochs, batch_size=128, verbose=2)

    # 5. New music from noise, twice as long, by a Gibbs chain in which nothing is held but the bars and the key.
    timeline = bar_timeline(4, 4, 4, SATB)
    blank = Grid(SATB, tuple(Cells.silent(voice, 64) for voice in SATB.voices), timeline)
    beats = window.to_beats(encode_steps(blank), key_codes(Key.parse("G major")))[None]
    facts = {"v": dbn.visible.expand(beats), "known": np.broadcast_to(window.held, beats.shape)}
    states = dbn.generate(1, steps=steps, seed=1, temperature=0.7, blocks=16, **facts)
    codes = ops.convert_to_numpy(dbn.visible.collapse(states))[0]
    grid = decode_steps(window.to_steps(codes), blank)

    # 6. Decode to notes and save the music and the machine.
    save(decode(grid), f"{out}.mid")
    dbn.save(f"{out}.keras")
    print(f"wrote {Path(out).with_suffix('.mid')} and {Path(out).with_suffix('.keras')}")
    return dbn


if __name__ == "__main__":
    main(*sys.argv[1:2])
