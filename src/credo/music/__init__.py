"""Notes, keys, textures and the grid: pure Python and NumPy."""
