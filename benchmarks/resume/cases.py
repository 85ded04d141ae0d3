"""What is asked: prose, code, JSON as text, Japanese; for answers of thirty to a hundred tokens."""

from __future__ import annotations

from typing import Final

MAX_TOKENS: Final = 400
"""Far more than an answer needs: none shall end for want of tokens."""

PROMPTS: Final[dict[str, tuple[str, ...]]] = {
    "prose": (
        "Explain in one sentence why the sky is blue.",
        "Describe the sea in winter in one sentence.",
        "What is the difference between weather and climate? Answer in one sentence.",
        "Why do people sleep? Answer in one sentence.",
        "Name three fruits and say how they taste.",
    ),
    "code": (
        "Write a SQL query that counts the customers. Only code.",
        "Write a JavaScript function that adds two numbers. Only code.",
        "Write a Python class Point with x and y. Only code.",
        "Write a Python function that returns the larger of two numbers. Only code.",
        "Write an HTML page that says hello. Only code.",
    ),
    "json": (
        "Give a JSON object that describes a dog, with name, age and colour. Only JSON.",
        "Give a JSON list of three European capitals. Only JSON.",
        "Give a JSON object with the title and the author of a book. Only JSON.",
        "Write this as JSON: Anna is 30 and lives in Oslo. Only JSON.",
        "Give a JSON object of a user with id, email and a list of two roles. Only JSON.",
    ),
    "japanese": (
        "「おはようございます」と言ってください。",
        "Translate into Japanese: Good morning. The weather is fine.",
        "日本語で、1から5まで数えてください。",
        "Write one short sentence in Japanese about spring.",
        "日本語で自己紹介をしてください。",
    ),
}
