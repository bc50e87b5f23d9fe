"""How a command ends that does not go well. Light: `doorstroom --help` loads this, and little else."""

EXIT_FAILED = 1


class CannotRun(Exception):
    """It cannot start like this; the text says why and what to do."""


class Failed(Exception):
    """It began, and could not go on; the text says why. `code` is what the process ends with."""

    def __init__(self, message: str, code: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.code = code
