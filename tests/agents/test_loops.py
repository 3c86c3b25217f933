import pytest

from manyminds.agents.loops import is_looping


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" + "- len('e') is one more " * 6,
        "".join(f"print(counts[{n}])  # {n} corresponds to a day\n" for n in range(9)),
        "print(day)  # one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday or Sunday, "
        "and then again from the start, for as long as there are days left to be printed\n" * 4,
        '{"event_id": "' + "1234567890" * 30,
        "the answer is " + "7" * 400,
    ],
)
def test_a_loop_is_noticed_even_where_its_numbers_count_up(text: str) -> None:
    assert is_looping(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a short answer",
        ", ".join(str(n) for n in range(300)),
        "| 12 | 13 |\n" * 40,
        "for a in x:\n    print(a)\nfor b in y:\n    print(b)\n",
        "ha " * 4,
        "1" * 100,
        str(3**500),
        "x" * 300 + "12" * 60,
    ],
)
def test_lists_of_numbers_and_plain_text_are_no_loops(text: str) -> None:
    assert not is_looping(text)
