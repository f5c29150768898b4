"""What is in a folder, byte by byte."""

from pathlib import Path


def content(folder):
    """Bytes of all files, by path within the folder."""
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
