"""Which files that people send may be shown, and which are only handed out."""

# What a browser draws and cannot run: SVG and HTML hold scripts. Name and beginning must agree.
_PICTURES = {
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"RIFF",)),
}
_WEBP_MARK = slice(8, 12)


def extension(filename: str) -> str:
    """The lower-case ending of a name, without the dot; nothing when it has none."""
    _, dot, ending = filename.rpartition(".")
    return ending.lower() if dot else ""


def may_be_picture(filename: str) -> bool:
    """Whether the name is that of a picture that may be shown."""
    return extension(filename) in _PICTURES


def picture_type(filename: str, data: bytes) -> str | None:
    """The content type of a picture that may be shown; None for everything else."""
    content_type, beginnings = _PICTURES.get(extension(filename), ("", ()))
    if not any(data.startswith(beginning) for beginning in beginnings):
        return None
    if content_type == "image/webp" and data[_WEBP_MARK] != b"WEBP":
        return None
    return content_type


def readable_size(size: int) -> str:
    """A size for people: 17 bytes, 4 KiB, 1.5 MiB."""
    if size < 1 << 10:
        return f"{size} bytes"
    if size < 1 << 20:
        return f"{size / (1 << 10):.0f} KiB"
    return f"{size / (1 << 20):.1f} MiB"
