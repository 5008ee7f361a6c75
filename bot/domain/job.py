"""Something that has to happen after a commit, at least once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewJob:
    """`key` makes it unique for ever: adding the same key again changes nothing.

    Jobs with the same `line` run one after another. `run_at` None means at once.
    """

    kind: str
    key: str
    payload: Mapping[str, Any]
    line: str | None = None
    run_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempts` counts this run too."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
