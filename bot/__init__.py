"""Mooring: support and retention for software vendors whose customers live in Discord."""
