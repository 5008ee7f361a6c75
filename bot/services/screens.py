"""A message on somebody's screen that a job fills in later."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Screen:
    """Discord's handle on the answer to an interaction. It expires after 15 minutes."""

    application_id: int
    token: str

    def to_payload(self) -> dict[str, object]:
        """For a job's payload."""
        return {"application_id": self.application_id, "token": self.token}

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> "Screen":
        """The inverse of `to_payload`."""
        return cls(int(str(payload["application_id"])), str(payload["token"]))
