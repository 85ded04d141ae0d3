"""What `docs/generate.py` puts together. Each module makes the sections of one page."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # where the measurements are, which some pages tell
