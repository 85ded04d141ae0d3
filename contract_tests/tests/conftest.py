"""The toy adapter is a module beside these tests, as an author's package would be installed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
