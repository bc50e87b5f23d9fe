"""How a command ends that does not go well. Light: `doorstroom --help` loads this, and little else."""


class CannotRun(Exception):
    """It cannot start like this; the text says why and what to do."""


class Failed(Exception):
    """It began, and could not go on; the text says why."""
