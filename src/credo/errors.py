"""The exceptions that Credo raises for what a user can mend.

    CredoError
    ├── UsageError        an argument is outside what was expected   (also a ValueError)
    ├── FileError         a file cannot be read or written           (also an OSError)
    │   └── FormatError   a file was read and is not what it claims
    ├── CorpusError       training data that cannot be trained on
    ├── ModelError        a model folder that cannot be used
    └── MissingExtraError an optional library is not installed       (also an ImportError)

Every message says what was expected, what came, and what to do. Anything else that escapes is a bug in Credo.
"""

from __future__ import annotations

from pathlib import Path

#: The name to give to pip, with the extra in brackets.
DISTRIBUTION = "credo-music"


class CredoError(Exception):
    """Base of all of Credo's own exceptions.

    Args:
        message: what is wrong, in one line: what was expected and what came.
        hint: what the user can do about it, in one line.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(CredoError, ValueError):
    """An argument is outside what was expected."""


class FileError(CredoError, OSError):
    """A file or folder cannot be read or written.

    Args:
        path: the file or folder.
        reason: what is wrong with it, in one line.
    """

    def __init__(self, path: str | Path, reason: str, *, hint: str | None = None) -> None:
        CredoError.__init__(self, f"{path}: {reason}", hint=hint)
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self):
        return _rebuild_file_error, (type(self), str(self.path), self.reason, self.hint)


class FormatError(FileError):
    """A file was read and its content is not what its format promises."""


class CorpusError(CredoError):
    """Training data that cannot be trained on."""


class ModelError(CredoError):
    """A model folder that is missing, damaged, or of a newer format."""


class MissingExtraError(CredoError, ImportError):
    """A library that an optional part of Credo needs is not installed.

    Args:
        feature: what the user asked for.
        extra: the name of the extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        CredoError.__init__(
            self,
            f"{feature} needs a library that is not installed",
            hint=f'pip install "{DISTRIBUTION}[{extra}]"',
        )
        self.feature = feature
        self.extra = extra

    def __reduce__(self):
        return type(self), (self.feature, self.extra)


def _rebuild_file_error(cls: type[FileError], path: str, reason: str, hint: str | None) -> FileError:
    """Rebuild a FileError in another process."""
    return cls(path, reason, hint=hint)
