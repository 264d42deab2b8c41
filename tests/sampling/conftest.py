import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for oracle.py, which the tests of the machines share
