"""Use cases: one transaction each. No Discord, no HTTP, no provider's SDK."""
