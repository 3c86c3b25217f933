"""Recordings: words that a machine says are heard again, and nothing else is opened by them."""

import json
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.recommend.audio import Heard, hear, speak
from tests.recommend.test_gateway import PLACES, Stub, gateway

ANSWERS = ("italian", "japanese", "french", "no matter", "back")


def spoken(folder: Path, text: str) -> Path:
    speak(text, folder / "said.wav")
    return folder / "said.wav"


@pytest.mark.parametrize(
    "text", ["dinner tomorrow, italian, for four people", "vegetarian, please"]
)
def test_a_wish_that_is_spoken_is_heard(tmp_path: Path, text: str) -> None:
    heard = hear(spoken(tmp_path, text))
    assert heard.text.casefold().strip(".").split() == text.split()
    assert 0.2 < heard.sure < 1


@pytest.mark.parametrize("text", ANSWERS)
def test_short_answers_are_heard_where_they_are_expected(tmp_path: Path, text: str) -> None:
    assert hear(spoken(tmp_path, text), ANSWERS).text.casefold().strip(".") == text


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("silence.wav", b"", "nothing is understood"),
        ("slow.wav", b"", "1 samples a second"),
        ("fast.wav", b"", "1996536704 samples a second"),
        ("long.wav", b"", "longer than 60 seconds"),
        ("empty.ogg", b"", "is empty"),
        ("text.mp3", b"hello", "no recording"),
        ("cut.wav", b"RIFF\x00\x00\x00\x00WAVE", "no recording"),
        # It names a recording beside it, which a decoder by itself would open.
        ("list.ffconcat", b"ffconcat version 1.0\nfile said.wav\n", "no recording"),
    ],
)
def test_what_is_no_recording_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / name
    file.write_bytes(data)
    made = {
        "silence.wav": (8_000, 16_000), "long.wav": (8_000, 488_000), "slow.wav": (1, 9_000),
        "fast.wav": (1_996_536_704, 9_000),
    }  # fmt: skip
    if name in made:
        rate, samples = made[name]
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(np.zeros(samples, np.int16).tobytes())
    spoken(tmp_path, "this must not be heard")
    with pytest.raises(UsageError, match=why):
        hear(file)


def test_a_dialogue_is_spoken_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("MANYMINDS_HOME", str(tmp_path))
    (tmp_path / "places.csv").write_text(PLACES, "utf-8")
    wish = str(spoken(tmp_path, "dinner tomorrow under 25 euros"))
    places, reply = ["--from", str(tmp_path / "places.csv")], tmp_path / "reply.wav"
    assert run(["recommend", "--hear", wish, *places, "--speak", str(reply), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["heard"]["text"].casefold().startswith("dinner tomorrow")
    assert f'heard: "{told["heard"]["text"]}"' in said.err
    assert told["outcome"] == "question"
    assert "italian" in hear(reply).text.casefold()  # the question, as it was said
    answer = ["recommend", "--go-on", "last", "--json", "--hear"]
    assert run([*answer, str(spoken(tmp_path, "japanese"))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["top"]["title"] == "Sakura"
    while told["outcome"] == "question":
        assert run([*answer, str(spoken(tmp_path, "no matter"))]) == 0
        told = json.loads(capsys.readouterr().out)
    assert run([*answer, str(spoken(tmp_path, "one"))]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == told["top"]["id"]
    assert run(["recommend", "dinner", "--hear", wish, *places]) == 2
    assert "not both" in capsys.readouterr().err
    assert run([*answer, wish, "--back"]) == 2  # nothing is taken back before it is refused
    assert run(["recommend", "--go-on", "last"]) == 0
    assert "Chosen: " in capsys.readouterr().out
    assert run(["recommend", "--go-on", "last", "--back", "--speak", "/nowhere/x.wav"]) == 2
    assert "/nowhere is no folder" in capsys.readouterr().err
    assert run(["recommend", "--go-on", "last", "--speak", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "Chosen: " in said.out
    assert "cannot be written" in said.err
    assert "Traceback" not in said.err


def test_a_recording_among_messages_is_heard_once_and_shown(tmp_path: Path) -> None:
    calls: list[tuple[Path, Sequence[str]]] = []

    def listen(file: Path, likely: Sequence[str]) -> Heard:
        calls.append((file, likely))
        return hear(file, likely)

    stub, there = Stub(None), spoken(tmp_path, "dinner tomorrow, italian, for four people")
    stub.write(1, "", audio=there)
    gateway(tmp_path, stub, hear=listen).turn()
    stub.write(1, "", audio=there)
    gateway(tmp_path, stub, hear=listen).turn()
    assert calls == [(there, ())]
    reply = stub.got["re ann ann-1"]
    assert reply.casefold().startswith('(heard: "dinner tomorrow, italian, for four people')
    assert "How far may it be?" in reply
    nearer = tmp_path / "nearer.wav"
    speak("no matter", nearer)
    stub.write(2, "", audio=nearer)
    gateway(tmp_path, stub, hear=hear).turn()
    assert stub.got["re ann ann-2"].casefold().startswith('(heard: "no matter')

    def fails(_file: Path, _likely: Sequence[str]) -> Heard:
        raise RuntimeError

    stub.write(3, "", audio=there)
    gateway(tmp_path, stub, hear=fails).turn()
    assert stub.got["re ann ann-3"].startswith("(I did not understand the recording")
    stub.write(4, "", audio=tmp_path / "gone.wav")
    gateway(tmp_path, stub, hear=listen).turn()
    assert stub.got["re ann ann-4"].startswith("(I did not understand the recording")
    stub.write(5, "", audio=there)
    gateway(tmp_path, stub).turn()  # nobody hears
    assert stub.got["re ann ann-5"].startswith("(I did not understand the recording")
