"""Files of tickets on disk, under names of our own: nobody's file name reaches the file system."""

import os
import shutil
from collections.abc import AsyncIterable
from pathlib import Path

from bot.domain.identifiers import AttachmentId, TicketId


class FileTooLargeError(Exception):
    """More came than was allowed; nothing of it is kept."""


class FileFolder:
    """One folder per ticket, below `root`; it is made when the first file comes."""

    def __init__(self, root: Path) -> None:
        """`root` belongs to Mooring alone."""
        self._root = root

    async def store(
        self,
        ticket_id: TicketId,
        attachment_id: AttachmentId,
        chunks: AsyncIterable[bytes],
        *,
        at_most: int,
    ) -> tuple[str, int]:
        """Write a file as it comes, whole or not at all; returns its name and size.

        Raises FileTooLargeError.
        """
        name = f"{ticket_id}/{attachment_id}"
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two processes that fetch the same file must not write into each other's.
        partial = path.with_name(f"{attachment_id}.{os.getpid()}.part")
        size = 0
        try:
            with partial.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > at_most:
                        raise FileTooLargeError
                    file.write(chunk)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return name, size

    def path(self, stored_as: str) -> Path | None:
        """Where a stored file is; None when it is not there any more."""
        path = self._path(stored_as)
        return path if path.is_file() else None

    def remove(self, stored_as: str) -> None:
        """Delete one file, if it is there."""
        self._path(stored_as).unlink(missing_ok=True)

    def remove_ticket(self, ticket_id: TicketId) -> None:
        """Delete everything of a ticket."""
        shutil.rmtree(self._path(str(ticket_id)), ignore_errors=True)

    def _path(self, name: str) -> Path:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError("a name that leads out of the folder")
        return path
