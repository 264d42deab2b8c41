"""New pieces for a listener: several candidates, each judged by the taste, the best kept that are new and unlike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from credo.compose.copying import Checker
from credo.compose.models import find_model, window_of
from credo.compose.wishes import MOST_SEED, Request
from credo.errors import UsageError
from credo.evaluation.originality.notes import Music
from credo.evaluation.originality.sieve import Sieve
from credo.library.coding import Basis
from credo.library.reading import entry_of
from credo.library.store import Store
from credo.library.taste import words
from credo.library.taste.choosing import DIVERSITY
from credo.library.taste.model import likeness
from credo.library.taste.plans import Liked, Plan, liked_files, model_for, plans
from credo.library.taste.recommend import Listener, stars_of
from credo.library.taste.shelf import Shelf
from credo.models.folder import read_card
from credo.music.texture import Texture

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composer, Composition

#: Candidates a piece, and at least.
CANDIDATES, LEAST = 4, 8
#: Told after each candidate: how many are done, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be composed for a listener.

    Attributes:
        count: how many pieces.
        candidates: drawn for each.
        request: length, temperature, iterations and random seed.
        model: name or folder; None for the one whose voices hold most of what is liked.
        diversity: 0 for pieces that may be like each other, 1 for pieces that may not.
    """

    count: int = 1
    candidates: int = CANDIDATES
    request: Request = field(default_factory=Request)
    model: str | None = None
    diversity: float = DIVERSITY

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 50:
            raise UsageError(f"compose: expected 1 to 50 pieces, got {self.count}")
        if not 1 <= self.candidates <= 100:
            raise UsageError(f"candidates: expected 1 to 100 a piece, got {self.candidates}")
        if self.request.seed + self.drawn > MOST_SEED:
            raise UsageError(f"seed: expected at most {MOST_SEED - self.drawn}, got {self.request.seed}")

    @property
    def drawn(self) -> int:
        """How many candidates there are in all."""
        return max(self.count * self.candidates, LEAST)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A piece that was drawn.

    Attributes:
        piece: the piece.
        plan: what was asked.
        shelf: what is measured of it, as one piece on a shelf.
        stars: what the listener is expected to give it.
        doubt: how many stars that may be wrong.
        copied: what it has too much of: a liked piece, or the training data; empty if it is new.
    """

    piece: Composition
    plan: Plan
    shelf: Shelf
    stars: float
    doubt: float
    copied: str = ""


@dataclass(frozen=True, eq=False)
class Made:
    """What was composed.

    Attributes:
        pieces: the best, each with its `taste` in its settings.
        candidates: all that were drawn, the kept ones among them.
        lines: what could not be done, for people.
        model: that composed.
    """

    pieces: tuple[Composition, ...]
    candidates: tuple[Candidate, ...]
    lines: tuple[str, ...]
    model: str


def compose_for(
    store: Store | None,
    listener: Listener,
    wanted: Commission,
    *,
    composer: Composer | None = None,
    progress: Progress | None = None,
) -> Made:
    """Compose for a listener.

    The candidates are a matter of the ratings, the library and the seed alone: the same come again from the same.

    Args:
        store: the library, whose codes are used where the model made them.
        listener: what is known of the listener.
        wanted: how many, and how.
        composer: of the model that is wanted, for whoever has loaded it already.
        progress: told after each candidate.

    Raises:
        UsageError: no candidate could be drawn.
        ModelError: there is no such model.
    """
    liked = liked_files(listener)
    model = wanted.model or model_for(liked)
    card = read_card(find_model(model))
    prepared = plans(listener, liked, wanted.request, card, wanted.drawn)
    checker, sieve = Checker.of(model), _sieve(liked)
    if composer is None:
        from credo.compose.generate import Composer  # loads a tensor library, for seconds

        composer = Composer.load(model)
    code = _coder(store, composer, listener)
    drawn, lines = list[Candidate](), dict[str, None](dict.fromkeys(checker.remarks))
    texture = window_of(card).natural
    for number, plan in enumerate(prepared, 1):
        try:
            piece, plan = _drawn(plan, composer, texture, card)
        except UsageError as error:
            lines[f"left out a candidate {plan.because}: {error}"] = None
            continue
        if any(part.notes for part in piece.score.parts):
            drawn.append(_judged(checker.check(piece), plan, listener, sieve, code))
        if progress:
            progress(number, len(prepared))
    if not drawn:
        raise UsageError(f"compose: expected a candidate that {model} can write, got none", hint="; ".join(lines))
    new = [each for each in drawn if not each.copied]
    if len(new) < len(drawn):
        lines[f"{len(drawn) - len(new)} of {len(drawn)} candidates were too near to music that there is"] = None
    kept = _best(new, wanted)
    if len(kept) < wanted.count:
        lines[f"{len(kept)} pieces, for no more of the candidates were new; a larger --candidates helps"] = None
    pieces = tuple(_signed(each, rank, kept, drawn, listener) for rank, each in enumerate(kept, 1))
    return Made(pieces, tuple(drawn), tuple(lines), model)


def _drawn(plan: Plan, composer: Composer, texture: Texture, card: dict[str, Any]) -> tuple[Composition, Plan]:
    """A candidate; one that the model cannot write in the metre that is asked for is written in its own."""
    try:
        job, work = plan.job.wishing(plan.wish, plan.job.prepare(texture), card)
        return job.run(composer, work), plan
    except UsageError:
        if plan.wish.asked.metre is None:
            raise
    wish = replace(plan.wish, asked=_free(plan.wish.asked), realised=_free(plan.wish.realised))
    plan = replace(plan, wish=wish, because=f"{plan.because}; not its metre, which the model cannot write")
    job, work = plan.job.wishing(wish, plan.job.prepare(texture), card)
    return job.run(composer, work), plan


def _free(attributes: Any) -> Any:
    return replace(attributes, metre=None)


def _judged(
    piece: Composition,
    plan: Plan,
    listener: Listener,
    sieve: Sieve | None,
    code: Callable[[Composition], np.ndarray] | None,
) -> Candidate:
    entry = entry_of(piece.score)
    codes = None if code is None else code(piece)
    style = piece.settings["request"]["style"]
    composer = style[0][0] if style and style[0][0].casefold() in set(listener.taste.rated.composers) else ""
    shelf = Shelf.measured(entry.vector[None], [entry.attributes.to_dict()], [composer], codes=codes)
    if codes is None:
        shelf = listener.taste.rated.rows(np.zeros(0, np.int64)).joined(shelf)
    liking = listener.taste.liking_of(shelf)
    music, copied = Music.of(piece.score), ""
    if sieve is not None and len(music):
        overlap = sieve.overlap(music)
        bars = music.bar_at(int(music.onset.max())) + 1
        copied = "the pieces that you like" if sieve.is_above(overlap, bars) else ""
    if piece.settings.get("originality", {}).get("above"):
        copied = "the training data"
    return Candidate(piece, plan, shelf, stars_of(float(liking.mean[0])), 2 * float(liking.deviation[0]), copied)


def _best(candidates: Sequence[Candidate], wanted: Commission) -> list[Candidate]:
    """The best liked, each further one less what it has in common with those before it."""
    if not candidates:
        return []
    stars = np.array([each.stars for each in candidates])
    stars = (stars - stars.mean()) / max(float(stars.std()), 1e-3)  # from few ratings expectations are near each other
    shelf = candidates[0].shelf
    for each in candidates[1:]:
        shelf = shelf.joined(each.shelf)
    alike, nearest, picked = likeness(shelf, shelf), np.zeros(len(candidates)), list[int]()
    for _ in range(min(wanted.count, len(candidates))):
        merit = stars - wanted.diversity * np.maximum(nearest, 0)
        merit[picked] = -np.inf
        picked.append(int(merit.argmax()))
        nearest = np.maximum(nearest, alike[picked[-1]])
    return [candidates[k] for k in picked]


def _signed(
    each: Candidate, rank: int, kept: Sequence[Candidate], drawn: Sequence[Candidate], listener: Listener
) -> Composition:
    """The piece with what is expected of it, and why, in its settings."""
    likes = words.likes_of(listener.taste, listener.shelf)
    why = [each.plan.because]
    if listener.ratings:
        why.append(words.reasons(listener.taste, each.shelf, listener.titles, likes))
    stars = [round(other.stars, 2) for other in drawn]
    record = {
        "expected_stars": round(each.stars, 2) if listener.ratings else None,
        "doubt": round(each.doubt, 2),
        "reasons": "; ".join(why),
        "ratings": len(listener.ratings),
        "rank": [rank, len(kept)],
        "candidates": {"drawn": len(drawn), "expected_stars": stars, "copies": sum(bool(o.copied) for o in drawn)},
    }
    return replace(each.piece, settings={**each.piece.settings, "taste": record})


def _sieve(liked: Sequence[Liked]) -> Sieve | None:
    pieces = [music for music in (Music.of(each.score) for each in liked) if len(music)]
    return Sieve.of(pieces) if pieces else None


def _coder(store: Store | None, composer: Composer, listener: Listener) -> Callable[[Composition], np.ndarray] | None:
    """Makes codes like those of the library, where the model that composes made them."""
    models = list(store.models()) if store else []
    saved = store.basis(models[0]) if store and models and models[0] == composer.checksum else None
    if saved is None or not listener.taste.rated.codes.shape[1]:
        return None
    from credo.compose.coding import Coder

    coder, basis = Coder(composer), Basis.from_bytes(saved)
    return lambda piece: basis.codes(np.array(list(coder.codes([piece.grid])))).astype(np.float32)
