"""The routes of the API; each reads a message, asks the part that knows, and answers."""
