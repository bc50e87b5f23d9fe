"""What the rules refuse."""


class Refused(Exception):
    """The rules do not allow this now. The text says why and names no value of anyone."""


class IllegalTransition(Refused):
    """The thing is not in a state from which this can happen."""
