"""The demo page: the sandbox's Discord, mail and payment provider in a browser."""

from bot.sandbox.page.cast import PagePersona
from bot.sandbox.page.server import DemoPage

__all__ = ["DemoPage", "PagePersona"]
