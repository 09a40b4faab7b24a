"""The settings: one frozen value, read once at the entry point from the environment and `.env`.

An invalid value stops the start with a sentence that names the variable, its value and what would be accepted.
"""

from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from app.settings.error import SettingsError
from app.settings.fields import Settings
from app.settings.kinds import right_values, without_password

__all__ = ["Settings", "SettingsError", "load_settings"]

_MAX_SHOWN_CHARACTERS = 200


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment and `.env`; `overrides` win over both.

    Raises:
        SettingsError: some are wrong.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_sentence(details) for details in error.errors() if _is_own(details)]) from None


def _is_own(details: ErrorDetails) -> bool:
    # A default that depends on a wrong value: the wrong value's own error says so.
    return details["type"] != "default_factory_not_called"


def _sentence(details: ErrorDetails) -> str:
    name = str(details["loc"][0])
    field = Settings.model_fields[name.lower()]
    wrong = details["ctx"]["error"] if details["type"] == "value_error" else f"it must be {right_values(field)}."
    return f"{name.upper()} {_shown(details['input'], secret='SecretStr' in str(field.annotation))}: {wrong}"


def _shown(value: Any, *, secret: bool) -> str:
    if value is None:
        return "is not set"
    if secret or isinstance(value, SecretStr):
        return "is wrong"
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f'is "{without_password(text)[:_MAX_SHOWN_CHARACTERS]}"'
