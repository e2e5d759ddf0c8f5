"""What PostgreSQL is told in other words: placeholders, and texts that it would not take."""

from hypothesis import given
from hypothesis import strategies as st

from headrace.stores import statements as sql
from headrace.stores.postgres_address import Address
from headrace.stores.postgres_words import DIFFERENT, marked, own_words, unmarked

TEXTS = st.text(st.sampled_from("\0\1\2aZ\x7fä€\U0001f600"), max_size=6)


@given(TEXTS)
def test_a_text_comes_back_from_its_marks(text):
    assert "\0" not in marked(text)
    assert unmarked(marked(text)) == text


@given(TEXTS, TEXTS)
def test_marks_keep_texts_apart_and_in_order(one, other):
    assert (marked(one) < marked(other)) == (one < other)
    assert marked(one).startswith(marked(other)) or not one.startswith(other)


def test_each_question_mark_gets_its_number():
    assert own_words("SELECT ?, x FROM t WHERE y = ? LIMIT ?") == b"SELECT $1, x FROM t WHERE y = $2 LIMIT $3"
    assert own_words("SELECT 1") == b"SELECT 1"


def test_statements_that_differ_take_the_same_parameters():
    statements = {text for name, text in vars(sql).items() if name.isupper() and isinstance(text, str)}
    for common, own in DIFFERENT.items():
        assert common in statements
        assert own != common
        assert own.count("?") == common.count("?")


def test_no_statement_has_a_question_mark_in_a_text():
    for name, text in vars(sql).items():
        if name.isupper() and isinstance(text, str):
            assert all("?" not in part for part in text.split("'")[1::2]), name


def test_an_address_is_shown_without_what_is_secret():
    shown = {
        "postgresql://me:pw@db.example.org:5433/shop?sslmode=require&sslpassword=x": "postgresql://me@db.example.org:5433/shop",
        "postgres://db/shop": "postgresql://db/shop",
        "postgresql://me@/shop?host=/run/postgresql": "postgresql://me@/run/postgresql/shop",
        "postgresql://me:pw@one:1,two:2/shop": "postgresql://me@one,two:1,2/shop",
        "postgresql:///shop": "postgresql:///shop",
    }
    for address, text in shown.items():
        assert repr(Address(address)) == Address(address).shown == text


def test_what_an_address_says_counts_more_than_what_headrace_would_say():
    given = Address("postgresql://me@db/shop?connect_timeout=3&options=-csynchronous_commit%3Dremote_apply").conninfo(
        2.0
    )
    assert "connect_timeout=3" in given
    assert given.index("synchronous_commit=on") < given.index("synchronous_commit=remote_apply")
    assert "lock_timeout=2000ms" in given
