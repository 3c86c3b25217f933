"""Recordings in place of words, in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend import audio
from manyminds.runtime.paths import speech_model

__all__ = ["NOT_BOTH", "SILENT", "SpeechFlags", "heard_as_json"]

NOT_BOTH = "say it or write it, not both: --hear FILE takes the place of words"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SpeechFlags:
    """Flags for who would rather speak."""

    hear: Path | None = None
    """A recording of the wish, or of what you say to a dialogue that goes on: an answer, "one",
    "two", "back". What is understood is shown. In English; needs the extra `audio`."""
    speak: Path | None = None
    """Write what is said to you as speech, too: reply.wav."""

    def __post_init__(self) -> None:
        """Refuse what could not be written, before anything is done."""
        if self.speak is not None and not self.speak.absolute().parent.is_dir():
            raise UsageError(f"{self.speak.parent} is no folder that {self.speak.name} could be in")

    def heard(self, beside: str | None, likely: Sequence[str] = ()) -> audio.Heard | None:
        """Return what is understood of the recording, and show it: it may be another word.

        Raises:
            UsageError: If something is written beside it, or nothing is understood.
        """
        if self.hear is None:
            return None
        if beside is not None:
            raise UsageError(NOT_BOTH)
        found = audio.hear(self.hear, likely, model=speech_model())
        notice(f'heard: "{found.text}"')
        return found

    def tell(self, text: str) -> None:
        """Say it aloud, if that is wanted."""
        if self.speak is not None:
            audio.speak(text, self.speak)


SILENT = SpeechFlags()


def heard_as_json(heard: audio.Heard | None) -> JsonValue:
    """Return what was understood, as --json has it."""
    return None if heard is None else {"text": heard.text, "sure": round(heard.sure, 4)}
