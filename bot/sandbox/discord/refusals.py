"""What a Discord client would not let a person do."""

from __future__ import annotations


class SandboxRefusal(Exception):
    """The action is impossible in a real client, so a test or a page must not do it."""
