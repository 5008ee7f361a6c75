"""Collects the field errors of one request and refuses it with code 50035, Invalid Form Body."""

from __future__ import annotations

from bot.sandbox.discord.wire import ApiError, Json

Path = tuple[str | int, ...]


class Form:
    """The field errors found in one request body."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def add(self, path: Path, code: str, message: str) -> None:
        """Note that the field at ``path`` is refused."""
        node = self.errors
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: Path, value: object, *, low: int = 0, high: int) -> None:
        """Check the length of a text or a list; absent (None) values pass."""
        if value is None or not isinstance(value, str | list):
            return
        if low <= len(value) <= high:
            return
        if low == 0:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        else:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def required(self, path: Path, value: object) -> bool:
        """Check that a field is there; returns whether it is."""
        if value is None:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
            return False
        return True

    def finish(self) -> None:
        """Raise 50035 when anything was refused."""
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", errors=self.errors)


def refuse(path: Path, code: str, message: str) -> ApiError:
    """An Invalid Form Body with a single field error."""
    form = Form()
    form.add(path, code, message)
    return ApiError(400, 50035, "Invalid Form Body", errors=form.errors)
