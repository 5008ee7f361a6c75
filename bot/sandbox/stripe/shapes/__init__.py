"""What each object looks like on the wire: pure builders, one module per family of nouns.

Field sets follow API 2026-10-28.endive; fields the sandbox never fills are there as null, because a
client may tell an absent field from a null one.
"""
