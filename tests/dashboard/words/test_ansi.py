import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.words import ansi

ESC = "\x1b"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a\nb"),
        ("a\r\nb", "a\nb"),
        (f"{ESC}[31mred{ESC}[0m after", '<span class="red">red</span> after'),
        (f"{ESC}[1;32mok", '<span class="green bold">ok</span>'),
        (f"{ESC}[91mbright", '<span class="red">bright</span>'),
        (f"{ESC}[2mdim{ESC}[22mnot", '<span class="dim">dim</span>not'),
        (f"{ESC}[3;4mboth{ESC}[23;24mnone", '<span class="italic underline">both</span>none'),
        (f"{ESC}[33myellow{ESC}[39mplain", '<span class="yellow">yellow</span>plain'),
        (f"{ESC}[38;5;1mred", '<span class="red">red</span>'),
        (f"{ESC}[38;5;200mno", "no"),
        (f"{ESC}[38;2;1;2;3;1mbold", '<span class="bold">bold</span>'),
        (f"{ESC}[48;5;1mground", "ground"),
        (f"{ESC}[mreset", "reset"),
        (f"{ESC}[7;5;99mnothing", "nothing"),
        ("\x9b31mred", '<span class="red">red</span>'),
    ],
)
def test_colours_become_classes_and_nothing_else(printed: str, shown: str) -> None:
    assert ansi.to_html(printed) == shown


def test_a_colour_goes_on_over_the_end_of_a_line() -> None:
    assert ansi.to_html(f"{ESC}[31ma\nb{ESC}[0m\nc") == '<span class="red">a</span>\n<span class="red">b</span>\nc'


@pytest.mark.parametrize(
    "sequence",
    [
        f"{ESC}[2J",
        f"{ESC}[10;10H",
        f"{ESC}[?25l",
        f"{ESC}[1 q",
        f"{ESC}]0;a title\x07",
        f"{ESC}]8;;https://evil.example{ESC}\\",
        f"{ESC}]52;c;aGk=\x07",
        f"{ESC}P1$r0m{ESC}\\",
        f"{ESC}_a secret{ESC}\\",
        f"{ESC}^private{ESC}\\",
        f"{ESC}c",
        f"{ESC}(B",
        f"{ESC}=",
        "\x9d0;title\x9c",
        "\x07\x08\x00\x7f",
        "\x85",
    ],
)
def test_every_other_sequence_is_dropped_whole(sequence: str) -> None:
    assert ansi.to_html(f"a{sequence}b") == "ab"


@pytest.mark.parametrize("cut", [ESC, f"{ESC}[", f"{ESC}[31", f"{ESC}]0;title", f"{ESC}P1$r"])
def test_a_sequence_that_was_cut_off_leaves_nothing_behind(cut: str) -> None:
    assert ansi.to_html(f"a{cut}") == "a"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        f"<{ESC}[31mscript>",
        f"{ESC}]8;;javascript:alert(1){ESC}\\<b>click</b>{ESC}]8;;{ESC}\\",
        f'{ESC}[31"onmouseover="alert(1)m',
    ],
)
def test_markup_in_output_is_only_text(hostile: str) -> None:
    shown = ansi.to_html(hostile)
    bare = shown.replace('<span class="red">', "").replace("</span>", "")
    assert "<" not in bare
    assert '"' not in bare


def test_a_line_redrawn_in_place_is_shown_as_it_was_last() -> None:
    shown = ansi.to_html("10 %\r50 %\r100 %\ndone")
    assert shown.endswith("100 %\ndone")
    assert "2 earlier states of this line" in shown
    assert "10 %<" not in shown
    assert "50 %" not in shown


def test_a_carriage_return_at_the_end_erases_nothing() -> None:
    assert ansi.to_html("50 %\r") == "50 %"


def test_a_colour_set_in_a_folded_state_still_holds() -> None:
    assert ansi.to_html(f"{ESC}[31ma\rb").endswith('<span class="red">b</span>')


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u2028", "\U000e0041"])
def test_a_hidden_character_is_spelled_out(hidden: str) -> None:
    name = f"⟨U+{ord(hidden):04X}⟩"
    assert ansi.to_html(f"a{hidden}b") == f'a<span class="hidden-character">{name}</span>b'
    assert ansi.visible(f"a{hidden}b") == f"a{name}b"


def test_a_finished_page_spells_out_its_texts_and_keeps_what_is_sent_back() -> None:
    page = '<p title="\u202ea">\u202eb\x1b</p>\n<textarea name="x">\u202ec</textarea><input value="\u202ed">'
    shown = '<p title="\u202ea">⟨U+202E⟩b</p>\n<textarea name="x">\u202ec</textarea><input value="\u202ed">'
    assert ansi.spelled_out(page) == shown


def test_ordinary_writing_is_left_alone() -> None:
    text = "Grüße, 数据, עברית, 👍 — ok\tdone"
    assert ansi.to_html(text) == text
    assert ansi.visible(text) == text


def test_a_message_of_one_line_has_no_sequences_at_all() -> None:
    assert ansi.plain(f"{ESC}[31mred{ESC}]0;t\x07 \u202eevil") == "red ⟨U+202E⟩evil"


@given(
    st.text(st.characters(codec="utf-8") | st.sampled_from([ESC, "\x9b", "[", "]", "m", ";", "3", "1", "\r", "<", '"']))
)
def test_no_input_makes_markup_of_its_own(printed: str) -> None:
    bare = str(ansi.to_html(printed))
    for tag in ('<span class="hidden-character">', "</span>"):
        bare = bare.replace(tag, "")
    while "<span" in bare:
        start = bare.index("<span")
        end = bare.index(">", start)
        inside = bare[start : end + 1]
        assert set(inside) <= set('<span clstierowgybhdkmu="f-v 0123456789,>h')
        bare = bare[:start] + bare[end + 1 :]
    assert "<" not in bare
    assert ESC not in bare
    assert "\x9b" not in bare
