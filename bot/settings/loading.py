"""Everything that is wrong with the settings, told at once."""

from collections.abc import Callable
from typing import TypeVar

from bot.settings.configuration import Configuration, load_configuration
from bot.settings.environment import (
    CONFIGURATION_FILE,
    Environment,
    Unchecked,
    load_environment,
)
from bot.settings.problems import SettingsError
from bot.settings.provider_keys import provider_keys

_T = TypeVar("_T")


def load_settings() -> tuple[Environment, Configuration]:
    """Read the environment and `mooring.toml`, and see that each provider's keys are there.

    Raises SettingsError with the problems of all three: whoever mends them starts once more, not
    three times.
    """
    problems: list[str] = []

    def attempt(load: Callable[[], _T]) -> _T | None:
        try:
            return load()
        except SettingsError as error:
            problems.extend(error.problems)
            return None

    environment = attempt(load_environment)
    given = environment or _unchecked()
    path = given.mooring_config if given else CONFIGURATION_FILE
    configuration = attempt(lambda: load_configuration(path))
    if given is not None:
        sold_through = configuration.to_catalogue().providers() if configuration else ()
        attempt(lambda: provider_keys(given, sold_through=sold_through))
    if environment is None or configuration is None or problems:
        raise SettingsError(problems)
    return environment, configuration


def _unchecked() -> Unchecked | None:
    """None where `.env` cannot be read: what it holds is not missing."""
    try:
        return Unchecked()
    except UnicodeDecodeError:
        return None
