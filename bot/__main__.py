"""Where the process begins: `mooring`, and `python -m bot`, which is the same."""

import gc


def main() -> None:
    """Import the program, then run its command line."""
    # Nothing that is imported goes away again, and looking for it takes a fifth of the start.
    gc.disable()
    from bot.cli import main as run  # noqa: PLC0415

    gc.enable()
    run()


if __name__ == "__main__":
    main()
