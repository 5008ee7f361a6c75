"""What a check has found, as one line for the person who runs Mooring."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The sign in front of the line. Only WRONG makes `mooring check` fail."""

    FINE = "✓"
    DOUBTFUL = "⚠"
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` says what is the matter and, unless all is fine, what to do. It holds no secrets."""

    level: Level
    text: str

    def __str__(self) -> str:
        """The line as it is printed."""
        return f"{self.level} {self.text}"


def fine(text: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.FINE, text)


def doubtful(text: str) -> Finding:
    """Mooring runs, but something will not work as one might expect."""
    return Finding(Level.DOUBTFUL, text)


def wrong(text: str) -> Finding:
    """Mooring, or a part of it, cannot work."""
    return Finding(Level.WRONG, text)
