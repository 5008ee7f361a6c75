"""Pure rules: standard library only, time is always an argument."""
