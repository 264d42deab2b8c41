"""How likely data are under a machine: exactly where that can be counted out, and by estimates with their errors."""
