"""The text of a broken answer: where it may be cut, and how more of it is joined on.

Two things make a good seam. While the answer runs, `HoldBack` keeps its last, perhaps unfinished
word back, so that a cut falls between two words. When another attempt goes on, its `Joint` reads
the first words of it, once, and decides what of them is new:

1. They may repeat the whole answer (a server that echoes the prefix, a model that starts again).
   That is followed in silence for as long as it is identical; if it then differs, it is another
   answer, and may not be glued on.
2. They may repeat the end of the answer. One overlap is stripped; it must be long enough to be
   evidence, since an answer may well repeat itself.
3. What was shown behind the point where the attempt was to go on, must come again, or is taken
   back.
4. What came behind it and was never shown must come too, or other words in its place: an answer
   that ends, or that ends in the middle of it, is not believed.
5. A word is never joined to a word. Where the lost attempt had white space, it stays, for servers
   swallow it at the beginning of an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HELD_CHARACTERS: Final = 24
HELD_SECONDS: Final = 0.150

_SAME_BEGINNING: Final = 20
"""Characters that two answers must share at their beginning to be taken for the same answer."""

_OVERLAP: Final = {"prefix": 32, "instruct": 5, "restart": 32}
"""Characters that must repeat to be taken for an echo. A model that was asked to go on repeats the
last words as a rule; one that continues a prefix hardly ever. Short ones must be whole words."""

_LONG: Final = 8

_PREFACE: Final = 40
"""Characters of an answer to "go on" that are read before it is believed not to start anew."""

_OVERLAP_WINDOW: Final = 400
_BACK_OFF: Final = 64

_AFTER_PUNCTUATION: Final = re.compile(r".*[。、，．！？：；…」』）】》]", re.DOTALL)
_CLOSES: Final = frozenset(".,;:!?)]}…%'\"’”»")
_FLAG_LETTERS: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_JOINERS: Final = frozenset("\u200d\ufe0e\ufe0f")


def boundary(text: str) -> int:
    """Where ``text`` can be cut without cutting a word: before its last white space.

    Scripts without spaces are cut behind punctuation. 0 if there is no such place.
    """
    bare = text.rstrip()
    if len(bare) < len(text):
        return len(bare)
    words = text.rsplit(None, 1)
    cut = len(words[0]) if len(words) == 2 else 0
    if not text.isascii():
        found = _AFTER_PUNCTUATION.match(text, cut)
        if found is not None:
            cut = found.end()
    return cut


class HoldBack:
    """Holds back the end of the running text, at most `HELD_CHARACTERS` of it.

    ``since`` is for the flow to note when ``held`` came; it is None when that has changed.
    """

    __slots__ = ("held", "since")

    def __init__(self) -> None:
        self.held = ""
        self.since: float | None = None

    def admit(self, text: str) -> str:
        """What may be delivered, now that ``text`` has come."""
        held = self.held
        if held:
            text = held + text
        cut = boundary(text)
        if len(text) - cut > HELD_CHARACTERS:
            cut = _whole_character(text, len(text) - HELD_CHARACTERS)
        if cut or not held:
            self.since = None
        self.held = text[cut:]
        return text[:cut]

    def release(self) -> str:
        """All that is held."""
        held, self.held, self.since = self.held, "", None
        return held


def _whole_character(text: str, cut: int) -> int:
    """The next cut that does not part a letter from its accents, or an emoji from its parts."""
    flags = text[:cut]
    if (len(flags) - len(flags.rstrip(_FLAG_LETTERS))) % 2:
        cut += 1  # a flag is two letters
    while cut < len(text) and (
        text[cut] in _JOINERS
        or text[cut - 1] == "\u200d"
        or unicodedata.category(text[cut]) in ("Mn", "Mc", "Me")
        or "\U0001f3fb" <= text[cut] <= "\U0001f3ff"
    ):
        cut += 1
    return cut


def safe_length(text: str, held: str) -> int:
    """How much of the delivered ``text`` can be sent as a prefix: whole words, no space at the end.

    What lies behind must come again. All of it, if no word ends near the end. ``held`` is what had
    come behind it: white space there proves that the last word is whole.
    """
    bare = len(text.rstrip())
    if bare < len(text) or held[:1].isspace():
        return bare
    near = max(0, len(text) - _BACK_OFF)
    cut = boundary(text[near:])
    if cut == 0:
        return 0 if near == 0 else len(text)
    return len(text[: near + cut].rstrip())


@dataclass(slots=True)
class Join:
    """``rewind`` characters are taken back, then ``text`` follows.

    ``stopped`` is the stop string that the seam completed: the answer ends there. ``doubtful`` is
    whether the text may be another answer's beginning instead of the rest of this one.
    """

    rewind: int
    text: str
    stopped: str | None = None
    doubtful: bool = False


class StartedAnewError(Exception):
    """The attempt gives another answer instead of going on with this one."""


class Joint:
    """Reads the first words of an attempt that goes on with ``sent``.

    Args:
        sent: the text of the answer that the vendor was told.
        shown: what the caller had seen behind it.
        dropped: what had come behind that, and was not shown.
        how: ``prefix``, ``instruct``, or ``restart``, with nothing ``sent``.
        stops: the stop strings of the request; the server sees only the half behind the seam.
    """

    def __init__(
        self, sent: str, shown: str, dropped: str, how: str, stops: Sequence[str] = ()
    ) -> None:
        self.text = ""
        """What the attempt has brought so far."""
        self._sent = sent
        self._shown = shown
        self._lost = shown + dropped
        self._least = _OVERLAP[how]
        self._asked = how == "instruct"
        self._stops = tuple(stop for stop in stops if stop)
        self._reach = max(map(len, self._stops), default=1) - 1

    def feed(self, text: str) -> Join | None:
        """What to do with the text so far, or None if more is needed to tell.

        Raises:
            StartedAnewError: another answer began.
        """
        self.text += text
        return self._decide(ended=False)

    def end(self, *, over: bool = True) -> Join:
        """What to do if no more text follows; ``over`` if nothing else does either.

        Raises:
            StartedAnewError: as `feed`, or the answer is over before what had come already.
        """
        if not over and not self.text.strip():
            self._lost = ""  # a call, say, came instead of words
        join = self._decide(ended=True)
        assert join is not None
        return join

    def _decide(self, *, ended: bool) -> Join | None:
        sent, came = self._sent, self.text
        if sent and came.startswith(sent):
            return self._joined(came[len(sent) :], ended=ended, repeated=True)
        if sent.startswith(came) and not ended:
            return None
        if self._is_what_was_lost(came):
            return self._joined(came, ended=ended, repeated=False)
        repeated = self._repeated_end(ended=ended)
        if repeated is None:
            return None
        if not repeated:
            abrupt = self._is_abrupt(came)
            if (self._asked or abrupt) and len(came) < _PREFACE and not ended:
                return None
            if self._starts_anew(came, abrupt=abrupt):
                raise StartedAnewError
            join = self._joined(came, ended=ended, repeated=False)
            if join is not None:
                join.doubtful = abrupt and not self._asked
            return join
        return self._joined(came[repeated:], ended=ended, repeated=True)

    def _is_abrupt(self, came: str) -> bool:
        """Whether a sentence seems to begin in the midst of another, not with what was lost.

        The rest of a sentence begins with white space, or with the rest of a word. Only a server
        that swallows white space, before a name or a German noun, gives the same picture.
        """
        lost, came = self._lost.lstrip(), came.lstrip() if self._asked else came
        end = self._sent[-1:]
        if not came[:1].isupper() or not (end.islower() or end == ","):
            return False
        return not lost or _common(came, lost) < min(len(came), len(lost))

    def _starts_anew(self, came: str, *, abrupt: bool) -> bool:
        """Whether the answer's beginning comes again, if need be behind a few words.

        Where it comes abruptly, its first two words are enough.
        """
        if not self._asked and came[:1].isspace():
            return False  # no answer begins so, but the rest of one does
        if abrupt and len(came.split()) > 1 and came.split()[:2] == self._sent.split()[:2]:
            return True
        sent, came = " ".join(self._sent.split()), " ".join(came.split())
        beginning, inside = sent[:_SAME_BEGINNING], self._asked or abrupt
        at = came.find(beginning)
        if len(beginning) < _SAME_BEGINNING or not (at == 0 or (inside and at > 0)):
            return False
        # The lines of a list may all begin alike: the next one is no proof, but the first one is.
        return at > 0 or sent.count(sent[: _common(sent, came)]) == 1

    def _is_what_was_lost(self, text: str) -> bool:
        """Whether ``text`` brings again what had come behind ``sent``: then it surely goes on."""
        return bool(self._lost.strip()) and text.startswith(self._lost)

    def _repeated_end(self, *, ended: bool) -> int | None:
        """How many characters repeat the end of what was sent; None if more may."""
        came = self.text.lstrip() if self._asked else self.text
        skipped = len(self.text) - len(came)
        if not came:
            return 0
        window = self._sent[-_OVERLAP_WINDOW:]
        inside_a_word = not self._asked and _is_word(self._sent[-1:]) and _is_word(came)
        least = _LONG if inside_a_word else self._least  # nobody goes on so
        head = came[:least]
        if not self._asked and len(head) == least and window.count(head) > 1:
            return 0  # a text that repeats itself anyway
        at = window.find(head)
        while 0 <= at <= len(window) - least:
            end = window[at:]
            if came.startswith(end):
                rest = came[len(end) :]
                if not ended and end.partition("\n")[0].startswith(rest):
                    return None
                meant = not self._asked and _may_be_meant(window[:at], end, rest)
                inside = _is_word(rest) or window[at - 1 : at].isalnum()
                if not meant and (_is_evident(end) or not inside):
                    return skipped + len(end)
            elif end.startswith(came) and not ended:
                return None
            at = window.find(head, at + 1)
        for length in range(min(len(came), least - 1), 0, -1):
            rest = came[length:]
            if window.endswith(came[:length]) and self._is_what_was_lost(rest):
                return skipped + length
        return 0

    def _joined(self, text: str, *, ended: bool, repeated: bool) -> Join | None:
        shown = self._shown
        if text.strip() and not repeated:
            text = self._with_space(text)
        if ended:
            came, lost = text.rstrip(), self._lost.rstrip()
            if len(came) < len(lost) and lost.startswith(came):
                raise StartedAnewError("ended its answer before words that had come already")
        elif len(text) < len(self._lost) and self._lost.startswith(text):
            return None
        if not text.strip():
            return Join(0, "" if shown.startswith(text) else text) if ended else None
        if text.startswith(shown):
            return self._stopped(0, text[len(shown) :], ended=ended)
        kept = min(_common(shown, text), len(_leading_space(shown)))
        return self._stopped(len(shown) - kept, text[kept:], ended=ended)

    def _stopped(self, rewind: int, text: str, *, ended: bool) -> Join | None:
        """The join, unless it completes a stop string: then everything from that on is cut."""
        if not self._reach:
            return Join(rewind, text)
        if len(text) < self._reach and not ended:
            return None
        kept = self._sent + self._shown
        edge = kept[: len(kept) - rewind][-self._reach :]
        joined = edge + text
        hits = [(at, stop) for stop in self._stops if 0 <= (at := joined.find(stop)) < len(edge)]
        if not hits:
            return Join(rewind, text)
        at, stop = min(hits)
        return Join(rewind + len(edge) - at, "", stop)

    def _with_space(self, text: str) -> str:
        """``text`` with the white space before it that the lost attempt had."""
        came, space = _leading_space(text), _leading_space(self._lost)
        bare, lost = text[len(came) :], self._lost[len(space) :]
        if lost and _common(bare, lost) == min(len(bare), len(lost)):
            return space + bare
        if space and space.endswith(came) and (came or bare[0] not in _CLOSES):
            return space + bare
        if self._asked and _is_word(self._sent[-1:]) and _is_word(text):
            return " " + text
        return text


def _leading_space(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _is_word(text: str) -> bool:
    """Whether the first character is a letter or a digit of a script that puts spaces."""
    return text[:1].isalnum() and unicodedata.east_asian_width(text[0]) not in ("W", "F")


def _is_evident(repeated: str) -> bool:
    return len(repeated.encode("utf-8", "replace")) >= _LONG or len(repeated.split()) > 1


def _may_be_meant(before: str, end: str, rest: str) -> bool:
    """Whether an answer may well say ``end`` once more: whole lines, as of a list or of code.

    ``before`` is what stands before it, and ``rest`` what follows when it comes again.
    """
    first, newline, _ = end.partition("\n")
    begun, again = before.rpartition("\n")[2], end.rpartition("\n")[2]
    return bool(newline) and (begun == again or rest.startswith(first))


def _common(one: str, other: str) -> int:
    """The length of what two texts have in common at their beginning."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(n for n in range(length) if one[n] != other[n])
