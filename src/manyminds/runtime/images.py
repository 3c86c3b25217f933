"""Pictures that go with a question: kept once by their hash, shown to models that see.

Whether a model sees is asked of it, with a picture of one colour: what its name or its service
says of that is often wrong.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import get_args

from manyminds.core.errors import ProviderError, RecordError, UsageError
from manyminds.core.messages import ModelCall, Picture, Said
from manyminds.core.values import Image, ImageType, Task
from manyminds.runtime.flight import Endpoint

__all__ = ["IMAGE_TYPES", "keep_image", "pictures_of", "seeing"]

IMAGE_TYPES: tuple[ImageType, ...] = get_args(ImageType)
_FOLDER = "images"
_BEGINS: dict[ImageType, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"), "image/webp": (b"RIFF",),
}  # fmt: skip
_ASKED = "What colour is this picture? Answer with one word."


def keep_image(data: Path, content: bytes, media_type: ImageType) -> Image:
    """Keep a picture among the data, and return what names it.

    Raises:
        UsageError: If it is no picture of that type.
    """
    if not content.startswith(_BEGINS[media_type]):
        raise UsageError(f"what was sent as {media_type} is none")
    image = Image(sha256=sha256(content).hexdigest(), media_type=media_type)
    path = _place(data, image)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(content)
        part.replace(path)
    return image


def pictures_of(data: Path, task: Task) -> tuple[Picture, ...]:
    """Return the pictures of a task.

    Raises:
        RecordError: If one is not there any more, or is another one now.
    """
    return tuple(
        Picture(content=_read(data, one), media_type=one.media_type) for one in task.images
    )


def _read(data: Path, image: Image) -> bytes:
    try:
        content = _place(data, image).read_bytes()
    except OSError:
        raise RecordError(f"the picture {image.sha256[:12]} is not kept here any more") from None
    if sha256(content).hexdigest() != image.sha256:
        raise RecordError(f"the picture {image.sha256[:12]} is not what it was")
    return content


def _place(data: Path, image: Image) -> Path:
    return data / _FOLDER / image.sha256


async def seeing(endpoints: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Return the models that see.

    Raises:
        UsageError: If none does.
    """
    found = {name: one for name, one in endpoints.items() if await _sees(one)}
    if not found:
        raise UsageError(
            f"{', '.join(endpoints)}: shown a red picture, it did not see that; leave the picture "
            "out, or take a model that sees"
        )
    return found


async def _sees(endpoint: Endpoint) -> bool:
    call = ModelCall(
        messages=(Said(role="user", text=_ASKED),), max_tokens=40, temperature=0.0, seed=1,
        pictures=(Picture(content=_red(), media_type="image/png"),),
    )  # fmt: skip
    # Some refuse to be told not to think; what is refused without that too is the picture.
    for thinking in (False, None):
        try:
            reply = await endpoint.send(replace(call, thinking=thinking), progress=None)
        except ProviderError as error:
            if error.retryable:
                raise  # trouble of the service says nothing of its model
        else:
            return "red" in reply.text.casefold()
    return False


def _red(size: int = 32) -> bytes:
    """Return a red square, as PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    rows = (b"\0" + b"\xff\0\0" * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    whole = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)
