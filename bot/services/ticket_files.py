"""Files of tickets: fetched as they come, because Discord's addresses work for a day."""

from collections.abc import AsyncIterable
from datetime import datetime
from pathlib import Path

from bot.domain.files import readable_size
from bot.domain.identifiers import AttachmentId, MessageId, TicketId
from bot.domain.job import Job, NewJob
from bot.domain.ticket_record import KeptFile
from bot.services.context import Context
from storage import ticket_files
from storage.file_folder import FileFolder, FileTooLargeError

DELETE_FILES = "ticket.delete_files"
FETCHED_AT_ONCE = 4


def delete_files(ticket_id: TicketId, *, now: datetime) -> NewJob:
    """For the transaction in which what was said in the ticket is forgotten."""
    return NewJob(
        DELETE_FILES, f"ticket-files:{ticket_id}:{now.timestamp()}", {"ticket_id": ticket_id}
    )


class TicketFileService:
    """Rows in the store, bytes beside it."""

    def __init__(self, context: Context, folder: FileFolder) -> None:
        """`folder` is where the bytes are."""
        self._context = context
        self._folder = folder

    async def wanted(self, attachment_id: AttachmentId) -> KeptFile | None:
        """A file that is to be fetched; None when it is here, given up, or not to be kept."""
        policy = self._context.policy.records
        async with self._context.database.read() as connection:
            file = await ticket_files.find(connection, attachment_id)
            if file is None or file.stored_as is not None or file.failure is not None:
                return None
            earlier = await ticket_files.size_before(connection, file, largest=policy.largest_file)
        if file.size > policy.largest_file:
            why = f"files of more than {readable_size(policy.largest_file)} are not kept"
        elif earlier + file.size > policy.largest_ticket:
            why = f"a ticket's files are kept up to {readable_size(policy.largest_ticket)}"
        else:
            return file
        await self.give_up(file, why)
        return None

    async def keep(self, file: KeptFile, chunks: AsyncIterable[bytes]) -> None:
        """Store a file as it comes. What Discord sends beyond what it announced is refused."""
        try:
            stored_as, size = await self._folder.store(
                file.ticket_id, file.id, chunks, at_most=self._context.policy.records.largest_file
            )
        except FileTooLargeError:
            await self.give_up(file, "it was larger than Discord had said")
            return
        async with self._context.database.write() as connection:
            is_known = await ticket_files.kept(connection, file.id, stored_as=stored_as, size=size)
        if not is_known:  # purged or erased meanwhile
            self._folder.remove(stored_as)

    async def give_up(self, file: KeptFile, why: str) -> None:
        """It will never be here; the transcript says why."""
        async with self._context.database.write() as connection:
            await ticket_files.failed(connection, file.id, why=why)

    async def is_any_awaited(self, ticket_id: TicketId) -> bool:
        """Whether a file of the ticket is still on its way."""
        async with self._context.database.read() as connection:
            return await ticket_files.is_any_awaited(connection, ticket_id)

    async def count_of(self, message_id: MessageId) -> int:
        """How many files came with a message."""
        async with self._context.database.read() as connection:
            return await ticket_files.count_of(connection, message_id)

    def path(self, file: KeptFile) -> Path | None:
        """Where a file's bytes are; None when they are not here."""
        return None if file.stored_as is None else self._folder.path(file.stored_as)

    async def delete(self, job: Job) -> None:
        """Nobody may know the files of this ticket any more."""
        self._folder.remove_ticket(TicketId(str(job.payload["ticket_id"])))
