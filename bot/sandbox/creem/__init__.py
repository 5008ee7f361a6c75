"""A local Creem that speaks the wire of its API v1; production code never imports it.

Facts are from Creem's public documentation (docs.creem.io, its OpenAPI description and its SDKs'
sources, 2026). Each module says which of its behaviours are documented and which are chosen here,
because the documentation is silent or contradicts itself.
"""

from bot.sandbox.creem.sandbox import CreemSandbox

__all__ = ["CreemSandbox"]
