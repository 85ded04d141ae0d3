"""What the caller sees of the running text, and how an attempt goes on with it.

The draft asks for each piece of text of choice 0. Where a broken answer could be gone on with, the
last word waits in a `HoldBack`; the first words of the next attempt pass a `Joint`. What waits is
not in the draft's part yet, so joined deltas always equal its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streamkit import events as e
from streamkit._joint import HoldBack, Join, Joint, StartedAnewError

if TYPE_CHECKING:
    from streamkit._draft import Draft
    from streamkit._parts import PartDraft


class StopString(Exception):
    """The seam completed a stop string: the answer ends here, though the server goes on."""


class Seam:
    """The delivery of choice 0's text. ``active`` says whether `admit` must be asked at all.

    ``append_only`` is set for a reader of words alone, from whom nothing can be taken back.
    ``pieces`` and ``characters`` count what was admitted, over all attempts.
    """

    __slots__ = (
        "_draft",
        "_least",
        "_lost",
        "_spoken",
        "active",
        "append_only",
        "characters",
        "held_part",
        "hold",
        "joint",
        "pieces",
        "resumed",
    )

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._lost = ""
        self._least: e.Fidelity = "restarted"
        self._spoken = False
        self.active = False
        self.append_only = False
        self.pieces = self.characters = 0
        self.hold: HoldBack | None = None
        self.held_part: PartDraft | None = None
        self.joint: Joint | None = None
        self.resumed: tuple[e.Strategy, e.Fidelity] | None = None

    def hold_back(self) -> None:
        """From now on, the last word waits until it is whole."""
        self.hold, self.active = HoldBack(), True
        self.hold.held, self._lost = self._lost, ""

    @property
    def space(self) -> str:
        """The white space that is known to follow the text that was shown."""
        return self.behind[: len(self.behind) - len(self.behind.lstrip())]

    def recall(self, space: str) -> None:
        """The same, of an answer that another process left."""
        self._lost = space

    @property
    def overdue(self) -> bool:
        """Whether what waits shall be shown if it waits for long.

        Not to a reader of words alone: another attempt may bring another word, and half of one
        that was shown could not be taken back. Lines often fall silent before they break.
        """
        return self.hold is not None and bool(self.hold.held) and not self.append_only

    @property
    def behind(self) -> str:
        """What is known to follow the text that was shown."""
        if self.joint is None and self.hold is not None:
            return self.hold.held
        return self._lost

    def break_off(self) -> str:
        """The attempt is over. Returns what it brought and nobody saw."""
        unshown = self.joint.text if self.joint is not None else self.behind
        self._lost = self.behind
        if self.hold is not None:
            self.hold.release()
        self.held_part = self.joint = self.resumed = None
        return unshown

    def go_on(
        self,
        strategy: e.Strategy,
        fidelity: e.Fidelity,
        sent: str,
        stops: Sequence[str],
        least: e.Fidelity,
    ) -> None:
        """Another attempt goes on behind ``sent``; its first content tells the caller so.

        ``least`` is the fidelity that the caller demands.
        """
        draft = self._draft
        self._least = least
        shown = draft.text[len(sent) :]
        self.resumed = (strategy, fidelity)
        self.joint = Joint(sent, shown, self._lost, strategy, stops) if sent or shown else None
        self.active = self.joint is not None or self.hold is not None
        if self.joint is None:
            self._lost, self._spoken = "", False

    def admit(self, part: PartDraft, text: str) -> str:
        """What may be delivered now, of this text and of what waited.

        Raises:
            StartedAnewError: the attempt gives another answer instead of going on.
            StopString: the answer ends at the seam.
        """
        self.pieces += 1
        self.characters += len(text)
        if self.joint is not None:
            self._spoken = True
            join = self.joint.feed(text)
            if join is None:
                return ""
            text = self._joined(part, join)
        elif not self._spoken:
            self._spoken = True  # nobody waits longer for the first word
            return text
        if self.hold is None:
            return text
        if part is not self.held_part:
            self.release()
            self.held_part = part
        return self.hold.admit(text)

    def release(self) -> None:
        """Deliver what waits."""
        part, self.held_part = self.held_part, None
        if part is not None and self.hold is not None:
            self._deliver(part, self.hold.release())

    def drop(self) -> None:
        """What waits comes once more, with the whole answer."""
        self.break_off()
        self._lost, self.active = "", False

    @property
    def owed(self) -> int:
        """How many characters `give_back` would deliver."""
        if self.append_only:
            return 0
        part = self._draft.choices[0].newest_text
        lost = len(self._lost) if part is not None and not part.closed else 0
        held = "" if self.hold is None or self.held_part is None else self.hold.held
        return lost + len(held)

    def give_back(self) -> None:
        """No attempt follows: deliver all that came behind the text, even before the break.

        Not to a reader of words alone: who later goes on from the token would have to bring the
        same half word again.
        """
        if self.append_only:
            return
        self.release()
        part = self._draft.choices[0].newest_text
        if self._lost and part is not None and not part.closed:
            self._deliver(part, self._lost)
        self._lost, self.joint = "", None

    def settle(self, *, over: bool = True) -> None:
        """No more text comes, nor anything else if it is ``over``. Raises as `admit`."""
        if self.joint is not None:
            choice = self._draft.choices[0]
            part = choice.continued or choice.newest_text
            join = self.joint.end(over=over)
            if part is not None and not part.closed:
                self._deliver(part, self._joined(part, join))
            self.joint = None
        self.tell_next()

    def tell_next(self) -> None:
        """Say that the answer goes on, with whatever comes next."""
        choice = self._draft.choices[0]
        part = choice.continued
        if part is not None:
            self.tell(part.index, len(part.text))
        else:
            self.tell(len(choice.parts), 0)

    def tell(self, part: int, offset: int) -> None:
        """Say that the answer goes on there, unless it was said."""
        if self.resumed is not None:
            (strategy, fidelity), self.resumed = self.resumed, None
            self._draft.emit(e.Resumed, strategy, fidelity, part, offset)

    def _joined(self, part: PartDraft, join: Join) -> str:
        """The joint has decided: take back what must be, and return what follows."""
        rewind = min(join.rewind, len(part.text))
        if rewind and self.append_only:
            raise StartedAnewError("went on with another word than the half that had been shown")
        if join.doubtful:
            self._doubt()
        self.joint, self._lost = None, ""
        self.tell(part.index, len(part.text) - rewind)
        if rewind:
            part.take_back(rewind)
            self._draft.delivered -= rewind
            self._draft.emit(e.Rewound, part.index, rewind, False)
        if join.stopped is not None:
            raise StopString(join.stopped)
        return join.text

    def _doubt(self) -> None:
        """What goes on may be another answer: no more may be promised than that it fits."""
        if self.resumed is None or self._least in ("exact", "seamless"):
            raise StartedAnewError
        strategy, fidelity = self.resumed
        self.resumed = strategy, "approximate" if fidelity == "seamless" else fidelity

    def _deliver(self, part: PartDraft, text: str) -> None:
        if text:
            part.add(text)
            self._draft.delivered += len(text)
            self._draft.emit(e.TextDelta, part.index, text, part.choice)
