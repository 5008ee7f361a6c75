"""A local Discord that discord.py cannot tell from the real one, and the people who use it."""

from bot.sandbox.discord.answers import Answer
from bot.sandbox.discord.channels import (
    Channel,
    Overwrite,
    overwrite_for_member,
    overwrite_for_role,
)
from bot.sandbox.discord.files import Attachment, File
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.interactions import DidNotRespond, Interaction
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.persona import Persona
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.requestlog import Exchange, RequestEntry, RequestLog
from bot.sandbox.discord.sandbox import DiscordSandbox
from bot.sandbox.discord.users import Application, User
from bot.sandbox.discord.views import Button, Field, Modal, Option, Select
from bot.sandbox.discord.world import WorldEvent

__all__ = [
    "Answer",
    "Application",
    "Attachment",
    "Button",
    "Channel",
    "DidNotRespond",
    "DiscordSandbox",
    "Exchange",
    "Field",
    "File",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "Modal",
    "Option",
    "Overwrite",
    "Persona",
    "RequestEntry",
    "RequestLog",
    "Role",
    "SandboxRefusal",
    "Select",
    "User",
    "WorldEvent",
    "overwrite_for_member",
    "overwrite_for_role",
]
