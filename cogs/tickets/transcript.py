"""The transcript: one HTML file that needs nothing from anywhere."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader

from bot.domain.ticket import Ticket, TicketMessage
from cogs import words

_environment = Environment(
    loader=PackageLoader("cogs.tickets", ""), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_environment.filters["time"] = words.plain_time


def render_transcript(ticket: Ticket, messages: Sequence[TicketMessage], *, topic: str) -> str:
    """The file's text. What was deleted in the channel is not shown to the member."""
    shown = [message for message in messages if message.deleted_at is None]
    template = _environment.get_template("transcript.html")
    return template.render(ticket=ticket, messages=shown, topic=topic)
