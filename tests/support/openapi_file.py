"""Writes docs/openapi.yaml: `make openapi`."""

import json
from pathlib import Path
from typing import Any

import yaml

from bot.web.openapi import document

PATH = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def _text(dumper: Any, text: str) -> Any:
    """Long texts with their lines as they are."""
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper: Any = type("_Dumper", (yaml.SafeDumper,), {})
_Dumper.add_representer(str, _text)


def written() -> str:
    """The document as people read it."""
    # What occurs twice would be written once, and then pointed to.
    unshared = json.loads(json.dumps(document()))
    text: str = yaml.dump(unshared, Dumper=_Dumper, sort_keys=False, width=100)
    return f"# Made by `make openapi` from bot/web/openapi.py.\n{text}"


if __name__ == "__main__":
    PATH.write_text(written())
