"""Saying what is wrong with a setting."""

from collections.abc import Callable

from pydantic import ValidationError


class SettingsError(Exception):
    """`problems` are sentences for the person who configures Mooring."""

    def __init__(self, problems: list[str]) -> None:
        """One sentence for each thing that is wrong."""
        super().__init__("\n".join(problems))
        self.problems = problems


def problems_of(error: ValidationError, where: Callable[[str], str]) -> list[str]:
    """One sentence for each error; `where` puts a setting's dotted name in its file."""
    return [
        _problem(dict(each), where(".".join(map(str, each["loc"]))))
        for each in error.errors(include_input=False, include_url=False)
    ]


def _problem(error: dict[str, object], where: str) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{where} is missing."
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting that Mooring knows."
    expected = "expected " if str(error["type"]) == "value_error" else ""
    return f"{where} is wrong: {expected}{message}."
