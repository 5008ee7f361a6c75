"""`python -m bot` is the same as `mooring`."""

from bot.cli import main

main()
