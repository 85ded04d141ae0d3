"""Values of the Conversations API in the common form; those of counts are `MistralChat`'s."""

from __future__ import annotations

DIALECT = "mistral-conversations"
