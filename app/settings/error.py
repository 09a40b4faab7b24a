"""The error that stops the start if settings are wrong."""


class SettingsError(Exception):
    """Settings that are wrong: one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
