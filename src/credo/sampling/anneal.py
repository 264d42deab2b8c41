"""Annealed blocked rewriting: how a fine-tuned DBN writes a passage of any length.

The passage is a *tape*: a sequence of L blocks of G codes. At each iteration a random share of the free cells is
hidden, the stack predicts them from the rest in one go, and draws replace them. The opening lays out the whole passage:
the share falls from most of the cells to a few (Yao, Ozair, Cho & Bengio 2014; the schedule of Huang et al. 2017).
Single cells cannot move a long note, so cycles follow: each chooses lines of blocks and writes them anew with
everything else known, again from most of their cells to a few; there are fewer of them from cycle to cycle.

Constraints come in three forms, for the caller to make of them what the codes mean: a *bias* on the logits of every
draw, *ties* between places that have one value, and *rules*, which look at the tape as it stands. Where a rule is
broken at the end, the cells it names are drawn again until it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import random
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.units import code_of_unit
from credo.sampling.schedule import Plan, Schedule
from credo.shapes import expect

_CYCLES = 0x5EED  # sets the stream that chooses blocks apart from the one that draws cells


class Tapes(NamedTuple):
    """A batch of passages.

    Attributes:
        codes: shape (B, L, G), integers; labels and other context stand among them.
        known: which codes are held, shape (B, L, G), bool. Context is held whatever this says.
    """

    codes: np.ndarray
    known: np.ndarray


class Rule(Protocol):
    """A constraint between cells, written in `keras.ops`; hashable, for kernels are compiled once a set of rules.

    What differs from passage to passage is no part of a rule: it is handed to its functions as `facts`, see
    `Constraints`. Rules without facts take codes alone.
    """

    def bias(self, codes: Any, *facts: Any) -> Any:
        """What is added to the logits of each unit, given all other codes; (B, L, G), int32, to (B, L, N)."""

    def broken(self, codes: Any, *facts: Any) -> Any:
        """Codes that may be drawn anew so that the rule holds, 1 or 0; (B, L, G), int32, to (B, L, G), float32."""


class Constraints(NamedTuple):
    """What draws have to obey.

    Attributes:
        bias: added to the logits of every draw, shape (L, N), float32: large negative numbers forbid, others lean (an
            energy term); None for nothing.
        ties: for each code the place (block * G + code) of the code whose value it has, its own place where it is free,
            shape (L, G), int. The logits of tied places are averaged, with all that is added to them, and they are
            drawn as one. Codes of a tie must all be known, with one value, or all be free. None for no ties.
        rules: see `Rule`.
        facts: for each rule what it knows of the blocks, shape (L, D), int32, or None; may be shorter than `rules`.
            Blocks before and after the passage have zeros.
        unseen: codes of which the network is never told, shape (L, G), bool, such as rests that the caller wants and
            the training data have not; None for none.
        context: states that stand in the place of the codes' own, for mixtures of labels, NaN where there is none,
            shape (L, N), float32; None for none.
    """

    bias: np.ndarray | None = None
    ties: np.ndarray | None = None
    rules: tuple[Rule, ...] = ()
    context: np.ndarray | None = None
    facts: tuple[np.ndarray | None, ...] = ()
    unseen: np.ndarray | None = None


FREE = Constraints()


class Rewriter:
    """Rewrites tapes with a DBN; compiled once for each batch size, number of blocks and kind of constraints.

    Args:
        dbn: a fine-tuned network over sequences of blocks.
    """

    def __init__(self, dbn: DBN) -> None:
        self.dbn = dbn
        lines = np.zeros(int(dbn.cells.max()) + 1, int) if dbn.lines is None else dbn.lines
        self.line_of_code = lines[dbn.cells]
        self._kernels: dict[Any, Callable[..., Any]] = {}

    def rewrite(
        self,
        tapes: Tapes,
        schedule: Schedule = Schedule(),  # noqa: B008 - immutable
        *,
        constraints: Constraints = FREE,
        temperature: float = 1.0,
        seed: int | Sequence[int] = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Draw the free codes of tapes, given the held ones.

        Args:
            tapes: what is held and what is free; what stands in free places does not count.
            schedule: the annealing.
            constraints: what the draws have to obey. Rules may stay broken where what is held leaves no choice.
            temperature: divides the logits of every draw; below 1 for more ordinary passages.
            seed: the same seed gives the same codes on the same backend. One for each tape gives each the codes that it
                gets alone, but for a rare draw that hangs on how numbers were rounded.
            progress: called with (iterations done, iterations in all) from time to time.

        Returns:
            Codes, shape (B, L, G), uint8. Held codes are as they were.

        Raises:
            UsageError: a number is out of range, the shapes do not fit, or ties cannot be.
        """
        expect("codes", tapes.codes, "B L G", G=self.dbn.visible.groups)
        B, L, G = tapes.codes.shape
        expect("known", tapes.known, "B L G", B=B, L=L, G=G)
        if temperature <= 0 or schedule.iterations < 1:
            raise UsageError(
                f"rewrite: expected temperature > 0 and iterations >= 1, got {temperature} and {schedule.iterations}"
            )
        fixed = tapes.known | self.dbn.held
        if constraints.ties is not None:
            _check_ties(np.asarray(constraints.ties), tapes.codes, fixed)
        # Blocks of nothing but zeros stand before and after, as beyond the ends of a piece in training.
        before = sum(span // 2 for span in self.dbn.spans)
        after = _round_up(L + 2 * before) - L - before
        pad = ((0, 0), (before, after), (0, 0))
        known = np.pad(fixed, pad, constant_values=True).astype(np.float32)
        codes = np.pad(np.where(fixed, tapes.codes, 0), pad).astype(np.int32)
        beyond = np.zeros(codes.shape[1:], np.float32) if schedule.ends else self._beyond(L, before, after)
        kernel, extras = self._kernel(constraints), self._laid_out(constraints, L, before, after)
        key = random.make_key(seed) if isinstance(seed, int) else np.stack([random.make_key(each) for each in seed])
        if key.shape not in ((2,), (B, 2)):
            raise UsageError(f"seed: expected one, or one for each of {B} tapes, got {len(key)}")
        plan, chunk = schedule.plan(), 32

        def run(codes: Any, part: Plan, done: int, count: int, mending: bool) -> Any:
            part = Plan(*(np.resize(column, chunk) for column in part))
            numbers = (np.int32(done), np.int32(count), np.float32(mending), np.float32(temperature))
            arguments = (codes, known, beyond, key, *part, *numbers, *extras)
            return kernel(*(ops.convert_to_tensor(x) for x in arguments))

        for done in range(0, schedule.iterations, chunk):
            count = min(chunk, schedule.iterations - done)
            codes, broken = run(codes, Plan(*(x[done : done + count] for x in plan)), done, count, False)
            if progress:
                progress(done + count, schedule.iterations)
        for mend in range(_MENDS if constraints.rules else 0):
            if not float(broken):
                break
            codes, broken = run(codes, Plan(*(x[:1] for x in plan)), schedule.iterations + mend * _MEND, _MEND, True)
        result = ops.convert_to_numpy(codes)[:, before : before + L]
        return np.where(fixed, tapes.codes, result).astype(np.uint8)

    def _beyond(self, L: int, before: int, after: int) -> np.ndarray:
        """The codes of the blocks before and after, but for the context, 1 or 0; shape (before + L + after, G)."""
        outside = np.pad(np.zeros(L, bool), (before, after), constant_values=True)
        return (outside[:, None] & ~np.asarray(self.dbn.held, bool)).astype(np.float32)

    def _kernel(self, constraints: Constraints) -> Callable[..., Any]:
        facts = tuple(x is not None for x, _ in zip_longest(constraints.facts, constraints.rules))
        optional = (constraints.bias, constraints.ties, constraints.context, constraints.unseen)
        missing = (x is None for x in optional)
        kind = (*missing, tuple(zip(constraints.rules, facts, strict=True)))
        if kind not in self._kernels:
            self._kernels[kind] = compiled(self.dbn, partial(self._run_chunk, kind), soon=True)
        return self._kernels[kind]

    def _laid_out(self, constraints: Constraints, L: int, before: int, after: int) -> list[np.ndarray]:
        """The arrays of constraints over all blocks, the empty ones included."""
        G, N = self.dbn.visible.groups, self.dbn.visible.size
        pad, extras = ((before, after), (0, 0)), []
        for name, axis, size in (("bias", "N", N), ("context", "N", N), ("unseen", "G", G), ("ties", "G", G)):
            array = getattr(constraints, name)
            if array is None:
                continue
            expect(name, array, f"L {axis}", **{"L": L, axis: size})
            if name != "ties":
                filler = np.nan if name == "context" else 0.0
                extras.append(np.pad(np.asarray(array, np.float32), pad, constant_values=filler))
                continue
            places = np.arange((before + L + after) * G).reshape(-1, G)
            places[before : before + L] = array + before * G
            code = code_of_unit(self.dbn.visible)
            first = np.searchsorted(code, np.arange(G))
            block, tied = divmod(places[:, code], G)
            units = block * N + first[tied] + np.arange(N) - first[code]
            extras += [places.astype(np.int32), units.astype(np.int32)]
        for facts in constraints.facts:
            if facts is not None:
                expect("facts", facts, "L D", L=L)
                extras.append(np.pad(np.asarray(facts, np.int32), pad))
        return extras

    def _run_chunk(
        self,
        kind: tuple[Any, ...],
        codes: Any,
        known: Any,
        beyond: Any,
        key: Any,
        cells: Any,
        blocks: Any,
        cycles: Any,
        nested: Any,
        done: Any,
        count: Any,
        mending: Any,
        temperature: Any,
        *extras: Any,
    ) -> tuple[Any, Any]:
        """Some iterations; returns the codes and whether any rule is broken."""
        no_bias, no_ties, no_context, no_unseen, rules_and_facts = kind
        left = list(extras)
        extra = _Extras(
            None if no_bias else left.pop(0),
            None if no_context else left.pop(0),
            None if no_unseen else left.pop(0),
            *((None, None) if no_ties else (left.pop(0), left.pop(0))),
        )
        rules = [(rule, (left.pop(0),) if facts else ()) for rule, facts in rules_and_facts]
        cycle_key = ops.stack([ops.bitwise_xor(key[..., 0], _CYCLES), key[..., 1]], axis=-1)

        def body(index: Any, codes: Any) -> Any:
            here = random.advance(key, 3 * (done + index))
            cycle = random.advance(cycle_key, 2 * cycles[index])
            order = ops.where(nested[index] > 0, random.advance(cycle), here)
            chosen = self._choose(codes, order, cycle, cells[index], blocks[index])
            if rules:
                again = _tied(_broken(rules, codes), extra.places)
                again = again * ops.cast(self._by_cell(random.advance(here), codes) < 0.5, "float32")
                chosen = mending * again + (1 - mending) * chosen
            free = chosen * (1 - known)
            return self._redraw(codes, free, beyond, random.advance(here, 2), temperature, extra, rules)

        codes = ops.fori_loop(0, count, body, codes)
        broken = ops.max(_broken(rules, codes) * (1 - known)) if rules else ops.convert_to_tensor(0.0)
        return codes, broken

    def _by_cell(self, key: Any, codes: Any) -> Any:
        """A uniform number a cell, given to its codes; (B, L, G)."""
        count = int(self.dbn.cells.max()) + 1
        return ops.take(random.uniform(key, (*codes.shape[:2], count)), ops.convert_to_tensor(self.dbn.cells), axis=2)

    def _choose(self, codes: Any, key: Any, blocks_key: Any, cells: Any, blocks: Any) -> Any:
        """A share of the cells of a share of the lines of blocks, 1 or 0; (B, L, G)."""
        lines = int(self.line_of_code.max()) + 1
        chosen = ops.cast(random.uniform(blocks_key, (*codes.shape[:2], lines)) < blocks, "float32")
        chosen = ops.take(chosen, ops.convert_to_tensor(self.line_of_code), axis=2)
        return chosen * ops.cast(self._by_cell(key, codes) < cells, "float32")

    def _redraw(
        self, codes: Any, hidden: Any, beyond: Any, key: Any, temperature: Any, extra: _Extras, rules: _Rules
    ) -> Any:
        units, (B, L, G) = self.dbn.visible, codes.shape
        if extra.places is not None:
            hidden = _at(hidden, extra.places)
        v = units.expand(codes)
        if extra.context is not None:
            v = ops.where(ops.isnan(extra.context), v, extra.context)
        told = (1 - hidden) * (1 - beyond)
        if extra.unseen is not None:
            told = told * (1 - extra.unseen)
        logits = self.dbn.predict_hidden(v, units.spread(told))
        if extra.bias is not None:
            logits = logits + extra.bias
        for rule, facts in rules:
            logits = logits + rule.bias(codes, *facts)
        if extra.units is not None:
            flat = ops.reshape(extra.units, (-1,))
            columns = ops.transpose(ops.reshape(logits, (B, -1)))  # (L N, B)
            total = ops.segment_sum(columns, flat, num_segments=columns.shape[0])
            number = ops.segment_sum(ops.ones_like(columns[:, :1]), flat, num_segments=columns.shape[0])
            mean = ops.take(total / ops.maximum(number, 1), flat, axis=0)
            logits = ops.reshape(ops.transpose(mean), (B, L, -1))
        uniform = random.uniform(key, (B, L, G))
        if extra.places is not None:
            uniform = _at(uniform, extra.places)
        drawn = units.collapse(units.sample(logits / temperature, uniform))
        return ops.where(hidden > 0, drawn, codes)


#: How often what breaks a rule is drawn anew at most, and iterations of each time.
_MENDS, _MEND = 4, 8
#: Rules with their facts, one or none each.
_Rules = list[tuple[Rule, tuple[Any, ...]]]


class _Extras(NamedTuple):
    """The arrays of constraints over all blocks; ties as places of codes, (L, G), and of units, (L, N)."""

    bias: Any
    context: Any
    unseen: Any
    places: Any
    units: Any


def _check_ties(ties: np.ndarray, codes: np.ndarray, fixed: np.ndarray) -> None:
    """Check that ties lead to places that are free, and that all of a tie is held, with one value, or free."""
    B, L, G = codes.shape
    expect("ties", ties, "L G", L=L, G=G)
    first = ties.reshape(-1)
    if not 0 <= first.min() <= first.max() < L * G or (first[first] != first).any():
        raise UsageError("ties: expected places of the tape that are tied to no others")
    held, values = fixed.reshape(B, -1), np.where(fixed, codes, 0).reshape(B, -1)
    if (held != held[:, first]).any() or (values != values[:, first]).any():
        raise UsageError("ties: expected tied codes to be all held, with one value, or all free")


def _broken(rules: _Rules, codes: Any) -> Any:
    total = ops.zeros(codes.shape)
    for rule, facts in rules:
        total = ops.maximum(total, rule.broken(codes, *facts))
    return total


def _tied(x: Any, places: Any) -> Any:
    """The largest of the values of tied places, at each of them; (B, L, G) and (L, G) or None to (B, L, G)."""
    if places is None:
        return x
    flat = ops.transpose(ops.reshape(x, (x.shape[0], -1)))  # (L G, B)
    largest = ops.segment_max(flat, ops.reshape(places, (-1,)), num_segments=flat.shape[0])
    return _at(ops.reshape(ops.transpose(largest), x.shape), places)


def _at(x: Any, places: Any) -> Any:
    """The values that stand at places; (B, L, G) and (L, G) to (B, L, G)."""
    flat = ops.reshape(x, (x.shape[0], -1))
    return ops.reshape(ops.take(flat, ops.reshape(places, (-1,)), axis=1), x.shape)


def _round_up(blocks: int) -> int:
    """A number of blocks of which there are few, so that pieces of similar length share a compiled kernel."""
    step = max(4, 2 ** (blocks.bit_length() - 3))
    return -(-blocks // step) * step


def padded_length(dbn: DBN, blocks: int) -> int:
    """Blocks of a passage with those of nothing before and after it; there are few such lengths.

    Args:
        dbn: whose units see so far.
        blocks: of the passage, L.
    """
    return _round_up(blocks + 2 * sum(span // 2 for span in dbn.spans))
