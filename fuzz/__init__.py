"""Fuzzing with atheris; see README.md."""
