"""Kernels that sample a machine while some cells are held."""
