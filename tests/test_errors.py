"""Messages do not grow with what they are about."""

from hypothesis import given
from hypothesis import strategies as st

from tconv.errors import StoreError, TconvError, bounded, listed, quoted, shortened


@given(st.text(max_size=600), st.integers(60, 300))
def test_shortened_text_keeps_its_start_and_its_end(text: str, length: int) -> None:
    cut = shortened(text, length)

    assert len(cut) <= length
    assert cut == text or (cut.startswith(text[:20]) and cut.endswith(text[-15:]))


def test_shortened_text_says_how_long_it_is() -> None:
    assert "[51,000,000 characters]" in shortened("x" * 51_000_000)


def test_number_that_python_refuses_to_write_is_described() -> None:
    assert quoted([1 << 20_000]) == "a value of type list that is too long to be shown"


def test_lists_within_lists_are_described() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]

    assert quoted(nested) == "a value of type list that is too long to be shown"


def test_list_has_ten_entries_and_says_how_many_more() -> None:
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(range(1234)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 1,224 more"


def test_message_of_an_error_is_bounded_and_ends_with_what_to_do() -> None:
    message = "\n".join([*("x" * 10_000 for _ in range(5000)), "delete it"])
    for error in (TconvError(message), StoreError(message)):
        text = str(error)

        assert len(text) < 100_000
        assert "[4,962 more lines]" in text
        assert text.endswith("\ndelete it")
        assert bounded(text) == text


def test_short_message_stays_as_it_is() -> None:
    message = "a\n" * 39 + "b" * 2000
    assert bounded(message) == message
