"""The desk for every check's test."""

from tests.integration.checks.desk import desk

__all__ = ["desk"]
