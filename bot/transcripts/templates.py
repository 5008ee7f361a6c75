"""What both pages have in common: escaping, the style sheet, and the policy for browsers."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

_STYLE = (Path(__file__).parent / "style.css").read_text().strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(f"\n{_STYLE}\n".encode()).digest()).decode()
# Nothing is loaded from anywhere, nothing runs, nothing is sent. Also sent as a header.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

environment = Environment(
    loader=PackageLoader("bot.transcripts", ""),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.globals.update(
    policy=Markup(POLICY),  # noqa: S704 - a constant
    style=Markup(_STYLE),  # noqa: S704 - our own file
)
