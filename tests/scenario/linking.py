"""The steps of /link, as several scenarios take them."""

from collections.abc import Iterator
from pathlib import Path

from bot.sandbox.discord import Message, Persona
from tests.scenario.stage import Stage

NOBODY = "nobody@example.com"
ADDRESS, CODE_FIELD = "Your billing email", "Code from the mail"
REFUSED = "This code cannot be used any more."
WRONG = "That code is not right"


async def ask(stage: Stage, person: Persona, address: str) -> Message:
    """Run /link, type an address, and read the answer."""
    opened = await person.slash("link", channel=stage.here)
    assert opened.modal is not None
    sent = await person.submit(opened.modal, {ADDRESS: address})
    assert sent.message is not None
    assert sent.message.ephemeral
    return sent.message


async def enter(person: Persona, screen: Message, code: str) -> Message:
    """Press "Enter code", type it, and read the answer."""
    opened = await person.click(screen, "Enter code")
    assert opened.modal is not None
    sent = await person.submit(opened.modal, {CODE_FIELD: code})
    assert sent.message is not None
    assert sent.message.ephemeral
    return sent.message


def linked(stage: Stage) -> dict[str, int]:
    """Who has which customer."""
    rows = stage.rows("SELECT id, user_id FROM customers WHERE user_id IS NOT NULL")
    return {row["id"]: row["user_id"] for row in rows}


def store_files(stage: Stage) -> Iterator[bytes]:
    """The store's bytes on disk: the file and its write-ahead log."""
    path = Path(stage.bot.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        yield file.read_bytes()


def another(code: str) -> str:
    """A code of the same form that is not this one."""
    return "".join(str((int(digit) + 1) % 10) if digit.isdigit() else digit for digit in code)
