"""What the next page tells of what was just done. The address has a word of this list, and never a text."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.console.web.texts import later


@dataclass(frozen=True, slots=True)
class Told:
    """A message, in the manner of NL Design System's Alert: `ok`, `info`, `warning` or `error`."""

    type: str
    text: str


TOLD: Mapping[str, Told] = {
    "accepted": Told("ok", later("Accepted. The place is theirs; the provider knows that somebody is coming.")),
    "declined": Told("ok", later("Declined. The place has moved on to whoever is next.")),
    "answered-already": Told("warning", later("This offer was answered already, or it is over. Nothing was changed.")),
    "paused": Told("ok", later("They stand aside, and are offered nothing until you resume.")),
    "resumed": Told("ok", later("They are back in line, where they stood.")),
    "attempt-logged": Told("ok", later("Noted: somebody tried to reach them.")),
    "excluded": Told(
        "ok", later("They are offered nothing there any more. An offer that is open there is taken back.")
    ),
    "exclusion-lifted": Told("ok", later("Lifted. They may be offered places there again.")),
    "posted": Told("ok", later("Posted. Whoever is next on the list is offered it now.")),
    "not-posted": Told(
        "warning", later("Not posted: it was posted already, its facility is closed, or your contracts allow no more.")
    ),
    "agreed": Told("ok", later("They may come. Their coordinator is offered the place now.")),
    "refused": Told("ok", later("Noted: you do not take them. Whoever is next is asked about.")),
    "imported": Told("ok", later("Posted, all of them. Whoever is next is offered them now.")),
    "not-imported": Told(
        "warning",
        later("Nothing was posted: something has changed since you looked, or it is more than your contracts allow."),
    ),
    "affirmed": Told("ok", later("Affirmed: the place is still free.")),
    "taken-back": Told("ok", later("Taken back. It is offered to nobody.")),
    "arrived": Told("ok", later("They are there. The place is theirs.")),
    "no-show": Told("ok", later("Noted. The place is offered to whoever is next, and they are back in line.")),
    "departed": Told("ok", later("Noted. The place comes free, and is offered to whoever is next.")),
    "exit-expected": Told("ok", later("Saved: when they are expected to leave.")),
    "opened": Told("ok", later("The home is open. The next household on the list is offered it now.")),
    "slot-taken-back": Told("ok", later("Taken back. The home is offered to nobody.")),
    "claimed": Told("ok", later("Claimed. There must be a home within ten weeks.")),
    "housed": Told("ok", later("They have moved in, and count for your task.")),
    "reversed": Told("ok", later("The claim was taken back.")),
    "resent": Told("ok", later("It is delivered again, with the same id.")),
    "drawn": Told("ok", later("The draw has begun. Its seed is fixed; the commitment below proves it.")),
    "draw-published": Told("ok", later("The draw is over. Its seed is public, and anybody can check every lot.")),
    "locked": Told(
        "info", later("You were away for a while, so the page was locked. Sign in to go on where you were.")
    ),
    "ended": Told("info", later("You were signed out, because your session is over. Sign in to go on where you were.")),
    "heard-again": Told("ok", later("It is on its way again. If it still cannot be handled, it comes back here.")),
    "dropped": Told("ok", later("Dropped. It stays on record, and is not handled.")),
    "not-possible": Told("warning", later("That is not possible any more: somebody was faster. Nothing was changed.")),
}
