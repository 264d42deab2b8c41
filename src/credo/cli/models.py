"""Models, as commands load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credo.compose.generate import Composer


def composer_class() -> type[Composer]:
    """The class of composers, imported when it is needed: it loads a tensor library, for seconds.

    What its composers compile is kept in the user's cache folder for the next command.
    """
    from credo.compose.generate import Composer
    from credo.models.backend.kept import keep_compiled

    keep_compiled()
    return Composer
