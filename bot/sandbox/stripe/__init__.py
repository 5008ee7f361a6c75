"""A local Stripe that speaks API 2026-10-28.endive; production code never imports it."""

from bot.sandbox.clock import SandboxClock
from bot.sandbox.stripe.sandbox import StripeSandbox

__all__ = ["SandboxClock", "StripeSandbox"]
