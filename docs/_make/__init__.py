"""What `docs/generate.py` puts together. Each module makes the sections of one page."""
