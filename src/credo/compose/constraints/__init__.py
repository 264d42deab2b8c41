"""Musical constraints: wishes that every piece obeys, as masks of draws, ties between cells, and rules."""
