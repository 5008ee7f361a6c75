"""Sending a file of the report, or saying that it is too large."""

from cogs import words
from cogs.interactions import Interaction, reply
from cogs.layout import card, text
from cogs.retention.files import attachment


async def send_file(interaction: Interaction, written: bytes, name: str, about: str) -> None:
    """For the person who asked alone."""
    file = attachment(written, name, largest=interaction.filesize_limit)
    if file is None:
        too_large = "## The file is too large for Discord\nPlease choose a shorter period."
        await reply(interaction, card(text(too_large), accent=words.WARNING_COLOUR))
        return
    await reply(interaction, card(text(about), accent=words.SUCCESS_COLOUR), file=file)
