"""Reads secret settings from files: `NAME_FILE` names a file with the value of `NAME`.

Docker and Kubernetes mount secrets as files, where neither `docker inspect` nor a child process sees them.
"""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from app.settings.error import SettingsError
from app.settings.kinds import said


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting may be read from a file."""
    return bool(said(field, "secret"))


class SecretFiles(PydanticBaseSettingsSource):
    """The contents of the files that `variables` (the environment, or `.env`) name."""

    def __init__(self, settings_cls: type[BaseSettings], variables: EnvSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables = variables.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The contents of the file for one setting; None if there is none.

        Raises:
            ValueError: the setting itself is set as well, or the file cannot be used. The text is a sentence.
        """
        path = self._variables.get(f"{field_name}_file") if is_secret(field) else None
        return (None if path is None else self._contents(field_name, path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The settings that are read from files.

        Raises:
            SettingsError: some files cannot be used.
        """
        problems, values = [], {}
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, _, _ = self.get_field_value(field, name)
            except ValueError as error:
                problems.append(str(error))
            else:
                if value is not None:
                    values[name] = value
        if problems:
            raise SettingsError(problems)
        return values

    def _contents(self, name: str, path: str) -> str:
        variable = f"{name.upper()}_FILE"
        if self._variables.get(name) is not None:
            raise ValueError(f"{name.upper()} and {variable} are both set; set one of them.")
        try:
            text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ValueError(f'{variable} is "{path}": the file cannot be read ({error.strerror}).') from None
        except ValueError:  # Neither its bytes nor their position are repeated.
            raise ValueError(f'{variable} is "{path}": the file is not UTF-8 text.') from None
        if not text:
            raise ValueError(f'{variable} is "{path}": the file is empty.')
        return text
