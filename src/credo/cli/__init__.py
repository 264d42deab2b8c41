"""The command line: no logic, only doors."""
