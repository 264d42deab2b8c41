"""The bridge: a musical wish becomes a mask, a sample becomes a score."""
