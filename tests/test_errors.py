"""Credo's exceptions: printed in one line, caught as their Python kin, and alive after a journey between processes."""

import copy
import pickle
from pathlib import Path

import pytest

from credo import errors
from credo.errors import (
    CorpusError,
    CredoError,
    FileError,
    FormatError,
    MissingExtraError,
    ModelError,
    UsageError,
)

EXAMPLES = {
    CredoError("expected sense, got none"): "expected sense, got none",
    UsageError("bars: expected 1 to 512, got 0", hint="name more"): "bars: expected 1 to 512, got 0 (name more)",
    FileError("a/b.mid", "is not there"): "a/b.mid: is not there",
    FileError(Path("a/b.mid"), "is gone", hint="put it back"): "a/b.mid: is gone (put it back)",
    FormatError("x.abc", "is empty"): "x.abc: is empty",
    CorpusError("corpus: expected pieces, got none", hint="add some"): "corpus: expected pieces, got none (add some)",
    ModelError("model: expected a folder, got x"): "model: expected a folder, got x",
    MissingExtraError("Sound", "audio"): (
        'Sound needs a library that is not installed (pip install "credo-music[audio]")'
    ),
}


def ids(error):
    return type(error).__name__


@pytest.mark.parametrize("error", EXAMPLES, ids=ids)
def test_printed_in_one_line(error):
    assert str(error) == EXAMPLES[error]
    assert "\n" not in str(error)


@pytest.mark.parametrize("error", EXAMPLES, ids=ids)
@pytest.mark.parametrize("journey", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy])
def test_the_same_after_a_journey(error, journey):
    again = journey(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_caught_as_what_python_has_for_it():
    kin = {UsageError: ValueError, FileError: OSError, FormatError: FileError, MissingExtraError: ImportError}
    for ours, theirs in kin.items():
        assert issubclass(ours, theirs)
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, CredoError) for kind in kinds)
    assert {kind.__name__ for kind in kinds} == {type(error).__name__ for error in EXAMPLES}


def test_the_tree_in_the_docstring_is_the_tree():
    for kind in {type(error) for error in EXAMPLES}:
        assert f" {kind.__name__} " in f" {errors.__doc__} ".replace("\n", " \n")
