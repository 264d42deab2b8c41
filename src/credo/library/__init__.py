"""The user's own pieces: what they are like, and which are alike."""
