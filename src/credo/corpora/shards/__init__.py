"""Corpora of more files than one process should read: parts read apart from each other, and put together after."""
