"""The addresses of the Studio."""
