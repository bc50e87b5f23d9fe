"""What the rules do not allow."""


class Refused(Exception):
    """The rules do not allow this now. The text says why, and what to do."""
