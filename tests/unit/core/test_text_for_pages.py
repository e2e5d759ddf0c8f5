"""Text on its way into a page."""

import html

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.visible import in_html


@given(st.text() | st.text("&<>\"'a"))
def test_text_in_a_page_is_escaped_as_the_standard_library_does_it(text: str):
    assert in_html(text) == html.escape(text)
