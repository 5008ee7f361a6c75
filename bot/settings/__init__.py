"""Settings: secrets and addresses from the environment or `.env`, everything else from
`mooring.toml`. What is wrong is told by variable, file and expectation, never by its value."""

from bot.settings.configuration import Configuration, load_configuration
from bot.settings.environment import Environment, load_environment
from bot.settings.loading import load_settings
from bot.settings.problems import SettingsError
from bot.settings.provider_keys import ProviderKeys, provider_keys

__all__ = [
    "Configuration",
    "Environment",
    "ProviderKeys",
    "SettingsError",
    "load_configuration",
    "load_environment",
    "load_settings",
    "provider_keys",
]
