"""``python -m streamkit.cli``."""

from __future__ import annotations

import sys

from streamkit.cli import main

sys.exit(main())
