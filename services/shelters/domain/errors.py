"""What the rules refuse."""


class Refused(Exception):
    """The rules do not allow this now. The text says why, and what to do."""
