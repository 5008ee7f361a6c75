"""A transcript that is longer than Discord takes: it has the newest messages, and says so."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import MessageId, UserId
from bot.domain.ticket_record import RecordedMessage, TicketRecord
from bot.domain.transcript import Copy
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_files import TicketFileService
from bot.services.transcripts import LARGEST_FILE, TranscriptService
from storage.file_folder import FileFolder
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import GUILD, NOW
from tests.integration.storage.test_tickets import opened, service_over

MESSAGES = 1_100
# Each sign is five in HTML.
LOUD = '"' * 2_000


async def test_a_flood_is_cut_to_what_can_be_sent(context: Context, tmp_path: Path) -> None:
    ticket = await opened(service_over(context))
    service = TranscriptService(
        context,
        records_over(context),
        TicketFileService(context, FileFolder(tmp_path)),
        TicketAccess(context, GuildService(context, {GUILD: GuildSettings()})),
    )
    first = RecordedMessage(
        MessageId(1), ticket.id, UserId(2), "Mia", False, LOUD, None, None, False, NOW, None, None
    )
    flood = tuple(
        replace(first, message_id=MessageId(n), sent_at=NOW + timedelta(seconds=n))
        for n in range(1, MESSAGES + 1)
    )

    html = await service.file(TicketRecord(ticket, flood), Copy.MEMBER)
    short = await service.file(TicketRecord(ticket, flood[:10]), Copy.MEMBER)

    assert LARGEST_FILE * 0.7 < len(html.encode()) <= LARGEST_FILE
    assert f'id="m{MESSAGES}"' in html
    assert 'id="m1"' not in html
    assert "begins with the newest ones that fit" in html
    assert "begins with" not in short
