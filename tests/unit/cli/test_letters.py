"""Dead letters on the terminal: hostile bytes do nothing, binary ones are readable, questions choose."""

import io
import json
import re

import pytest
from click.testing import CliRunner

from collegium.cli.__main__ import cli
from collegium.cli.errors import UsageFault
from collegium.cli.exits import Exit
from collegium.cli.letters import Question, letter_list, letter_page, parse_ids, parse_since, shown
from collegium.cli.screens import SafeConsole
from collegium.log.letter_desk import Entry, Page
from collegium.log.letters import Letter, LetterId, Mark, Word
from collegium.log.port import Headers
from collegium.log.topics import TopicNames
from collegium.telemetry.visible import visible_json

NAMES = TopicNames("t.")
RUN = "0190aaaa-0000-7000-8000-000000000001"
EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\r\nforged line"


def letter(
    value: bytes | None = b"{}",
    *,
    key: bytes | None = RUN.encode(),
    headers: Headers = (),
    topic: str | None = "t.tasks.a",
    reason: str = "no JSON",
) -> Letter:
    """A letter."""
    return Letter(
        id=LetterId(0, 17),
        at_ms=1_000_000,
        topic=topic,
        partition=1,
        offset=2,
        stage="s",
        error_class="EnvelopeError",
        reason=reason,
        redrives=0,
        dropped_bytes=None,
        key=key,
        size_bytes=len(value or b""),
        value=value,
        headers=headers,
    )


def printed(what: object) -> str:
    """What a terminal would get."""
    out = io.StringIO()
    SafeConsole(file=out, highlight=False, markup=False, width=200).print(what)
    return out.getvalue()


@pytest.mark.parametrize("where", ["value", "key", "header name", "header", "reason", "topic", "marked by"])
def test_hostile_text_does_not_act_on_the_terminal(where: str) -> None:
    """Escape sequences, overrides and forged lines are shown as what they are, wherever they come."""
    evil = EVIL.encode()
    it = letter(
        evil if where == "value" else b"{}",
        key=evil if where == "key" else None,
        headers=((EVIL, b"x"),) if where == "header name" else (("h", evil),) if where == "header" else (),
        reason=EVIL if where == "reason" else "r",
        topic=EVIL if where == "topic" else "t.x",
    )
    mark = Mark(it.id, Word.REDRIVEN, 1, EVIL if where == "marked by" else "ann")
    for text in (
        printed(letter_page(Entry(it, mark), NAMES, most_bytes=1_000, link=None)),
        printed(letter_list(Page([Entry(it, mark)], 1, complete=True), NAMES, 1_000_000)),
    ):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        if where != "value":
            assert not any(line.startswith("forged") for line in text.splitlines())
    document = visible_json(json.dumps(shown(it, 1_000), ensure_ascii=False))
    assert "\x1b" not in document
    assert "\u202e" not in document


def test_binary_bytes_are_shown_in_hexadecimal() -> None:
    """Offset, bytes and what is printable of them; JSON has them all."""
    it = letter(bytes(range(250, 256)) + b"abc\x00")
    text = printed(letter_page(Entry(it), NAMES, most_bytes=1_000, link=None))
    assert "00000000  fa fb fc fd fe ff 61 62 63 00" in text
    assert "......abc." in text
    assert shown(it, 1_000)["value"] == {"hex": "fafbfcfdfeff61626300"}


def test_large_values_are_cut_and_say_so() -> None:
    """A character that the cut goes through does not make the text binary."""
    it = letter("ä".encode() * 100)
    assert shown(it, 101)["value"] == {"text": "ä" * 50}
    assert shown(it, 101)["cut"] is True
    assert "99 bytes more: --bytes shows them" in printed(letter_page(Entry(it), NAMES, most_bytes=101, link=None))


def test_a_trace_is_linked_where_jaeger_is_known() -> None:
    """The page names the address that a browser opens."""
    text = printed(letter_page(Entry(letter()), NAMES, most_bytes=10, link="http://j:16686/trace/abc"))
    assert "http://j:16686/trace/abc" in text


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        (Question(), True),
        (Question(topic="tasks.a"), True),
        (Question(topic="t.tasks.a"), True),
        (Question(topic="tasks"), False),
        (Question(run="0190aaaa"), True),
        (Question(run="0191"), False),
        (Question(reason="json"), True),
        (Question(reason="envelopeerror"), True),
        (Question(reason="xml"), False),
        (Question(since_ms=1_000_000), True),
        (Question(since_ms=1_000_001), False),
        (Question(topic="tasks.a", reason="xml"), False),
    ],
)
def test_questions_choose_letters(question: Question, fits: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """By topic, run, reason and time, all of them at once."""
    assert question.wants(NAMES)(letter()) is fits


def test_points_in_time_are_read_or_refused() -> None:
    """A duration counts back from now; a time needs its offset."""
    assert parse_since("2h", 10_000_000) == 2_800_000
    assert parse_since("1970-01-01T00:00:01Z", 0) == 1_000
    for text in ("yesterday", "2030-01-31T18:00:00"):
        with pytest.raises(UsageFault):
            parse_since(text, 0)


def test_letters_are_named_once_each() -> None:
    """The same one twice is one."""
    assert parse_ids(["0:1", "0:2", "0:1"]) == [LetterId(0, 1), LetterId(0, 2)]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("list",), Exit.KAFKA_UNREACHABLE, "collegium up"),
        (("list", "--since", "soon"), Exit.USAGE, "write 2h"),
        (("list", "--limit", "0"), Exit.USAGE, "--limit"),
        (("show", "seventeen"), Exit.USAGE, "partition:offset"),
        (("redrive",), Exit.USAGE, "ID"),
        (("redrive", "0:1", "x"), Exit.USAGE, "dead-letters list"),
        (("discard", "0:1:2"), Exit.USAGE, "partition:offset"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(words: tuple[str, ...], code: Exit, says: str) -> None:
    """With the documented exit code, and nothing on standard output."""
    nowhere = {"COLLEGIUM_KAFKA_BOOTSTRAP": None, "COLLEGIUM_DATA_DIR": "nowhere"}
    result = CliRunner().invoke(cli, ["dead-letters", *words], env=nowhere)
    assert result.exit_code == code, result.stderr
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not result.stdout
