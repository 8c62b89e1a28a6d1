from __future__ import annotations

from app.domain.auto_tag import CODES
from app.insight.auto_tags import auto_tags
from app.store.queries import customers
from app.ui.screens.customers.tag_words import tag_name, tag_reason
from tests.fakes.sample import ZONE, Sample


def test_rule_6_5_tags_come_from_the_rows_of_this_device_and_read_as_sentences(sample: Sample) -> None:
    now, read = sample.clock.at, sample.store.read
    found = {c.id: auto_tags(read, c.id, now, ZONE) for c in customers.all_customers(read)}
    assert any(found.values()) and not all(found.values())
    tags = [tag for some in found.values() for tag in some]
    assert {tag.code for tag in tags} <= set(CODES)
    words = [text for tag in tags for text in (tag_name(tag), tag_reason(tag, now))]
    assert not [text for text in words if "{" in text or "autotag" in text]


def test_nobody_has_no_tags(sample: Sample) -> None:
    assert auto_tags(sample.store.read, "gone", sample.clock.at, ZONE) == ()
