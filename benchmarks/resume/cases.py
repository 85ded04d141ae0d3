"""What is asked: prose, code, JSON as text, Japanese."""

from __future__ import annotations

from typing import Final

MAX_TOKENS: Final = 400
"""Far more than an answer needs: none shall end for want of tokens."""

PROMPTS: Final[dict[str, tuple[str, ...]]] = {
    "prose": (
        "Explain in three sentences why the sky is blue.",
        "Describe a walk along the sea in winter, in four sentences.",
        "What is the difference between weather and climate? Answer briefly.",
        "Tell a very short story about a fox and a well.",
        "Why do people sleep? Answer in three sentences.",
    ),
    "code": (
        "Write a Python function that says whether a number is prime. Only code.",
        "Write a Python class for a stack with push, pop and peek. Only code.",
        "Write a short JavaScript function that reverses a string. Only code.",
        "Write a SQL query for the five customers with the most orders. Only code.",
        "Write a Python function that counts the words of a text. Only code.",
    ),
    "json": (
        "Give a JSON object that describes a dog: name, age, colour, three habits. Only JSON.",
        "Give a JSON list of four European capitals, with country and population. Only JSON.",
        "Give a JSON object of a recipe for pancakes: title, ingredients, steps. Only JSON.",
        "Give a JSON object with the opening hours of a shop for each weekday. Only JSON.",
        "Give a JSON list of three books, with title, author and year. Only JSON.",
    ),
    "japanese": (
        "日本の四季について、短く説明してください。",
        "Translate into Japanese: Good morning. Today the weather is fine. Let us go to the sea.",
        "「猫」と「犬」の違いを日本語で書いてください。",
        "Write a haiku about spring in Japanese, and then its English translation.",
        "日本語で、1から10まで数えてください。",
    ),
}
