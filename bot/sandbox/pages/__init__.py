"""What the pages of the local payment providers share: their look, and how they write amounts and
days."""

from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.sandbox.money import money


def day(at: int | None) -> str:
    """A date; nothing when there is none."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%-d %B %Y}"


class Templates:
    """A provider's own templates, over the shared ones."""

    def __init__(self, own: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([own, Path(__file__).parent]),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._environment.filters["money"] = money
        self._environment.filters["day"] = day

    def render(self, template: str, *, status: int = 200, **context: object) -> web.Response:
        """A page."""
        text = self._environment.get_template(template).render(context)
        return web.Response(text=text, content_type="text/html", status=status)

    def missing(self) -> web.Response:
        """What an unknown address gets."""
        return self.render("closed.html", status=404, message="This page does not exist.")
