"""The letters that name array axes, and the check that functions make at their door.

| letter | axis |
|---|---|
| B | batch: independent passages, chains or samples |
| T | steps of time on the grid |
| V | voices |
| P | pitches of a voice |
| G | codes of cells: one integer a softmax group, one bit a Bernoulli unit |
| N | visible units (a softmax group of C categories counts C) |
| H | hidden units (of a block) |
| L | blocks of a sequence, where a machine repeats block by block |
| S | neighbouring blocks that a hidden block hears |
| C | categories of a softmax group |
"""

from __future__ import annotations

from typing import Any

from credo.errors import UsageError


def expect(name: str, array: Any, shape: str, **sizes: int) -> None:
    """Check that an array has the axes that its docstring promises.

    Args:
        name: what the array is called, for the message.
        array: anything with a `shape`.
        shape: axis letters divided by spaces, such as `"B N"`.
        **sizes: the sizes of the letters that are known, such as `N=88`. The others may have any size.

    Raises:
        UsageError: the number of axes or a known size differs.

    Example:
        >>> import numpy as np
        >>> expect("v", np.zeros((3, 88)), "B N", N=88)
    """
    letters = shape.split()
    got = tuple(array.shape)
    fits = len(got) == len(letters) and all(
        size is None or letter not in sizes or size == sizes[letter] for letter, size in zip(letters, got, strict=True)
    )
    if not fits:
        wanted = ", ".join(f"{letter}={sizes[letter]}" if letter in sizes else letter for letter in letters)
        raise UsageError(f"{name}: expected shape ({wanted}), got {got}")
