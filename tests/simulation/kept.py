"""Seeds that have found a defect, and what that was."""

KEPT = {
    1: "a relay whose clock was ahead kept its claims for hours",
    38: "a stay ended before it began",
    59: "a merger was undone for an entry that was released meanwhile",
    119: "who stood aside for a yes that came to nothing paused for ever after a merger was undone",
    208: "a relay marked what it had published before a loss, under the claim of one that died before it said it again",
    222: "a merger read a list before the survivor joined it",
    451: "what a merger freed was offered to the case that left by it",
}
