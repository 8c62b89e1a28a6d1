"""docs/protocol.md says what the code does: its tables and examples are generated."""

from __future__ import annotations

from tests.contract import protocol_doc


def test_the_protocol_page_is_up_to_date() -> None:
    page = protocol_doc.PAGE.read_text("utf-8")
    assert protocol_doc.render() == page, "run `make protocol` and commit docs/protocol.md"
