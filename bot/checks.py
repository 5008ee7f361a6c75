"""`mooring check`."""

from collections.abc import Callable

from bot.settings import Configuration, Environment


async def run_checks(
    environment: Environment, configuration: Configuration, say: Callable[[str], None]
) -> int:
    """Placeholder."""
    return 0
