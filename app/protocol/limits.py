"""Limits of the wire, named once and used by both sides; sizes in bytes, times in seconds."""

from __future__ import annotations

API_VERSION = 1
SCHEMA_VERSION = "1"
MIN_APP_VERSION = "0.1.0"
PAGE_ROWS = 3_000
BODY_MAX_BYTES = 1_000_000
PUSH_BATCH = 200  # how many our client sends at once
PUSH_MAX_MUTATIONS = 4_000  # other clients send all that waits in one push; BODY_MAX_BYTES binds first
TEXT_MAX = 2_000
NOTE_MAX = 2_000
TAG_MAX = 20
ORDER_NO_MAX = 64
DISPUTE_TEXT_MAX = 500
HANDOVER_TO_MAX = 50  # colleagues who share one book
HANDOVER_SOME_MAX = 5_000  # customers named one by one in a hand-over of a part
LEASE_DAYS = 7
LEASE_GRACE_HOURS = 72
OFFLINE_HOURS = 72  # how long a phone shows personal data without the server
REVEALS_AN_HOUR = 20
REVEAL_NOTE_MAX = 200
STEP_UP_S = 300
ACCESS_TOKEN_S = 900
REFRESH_TOKEN_S = 30 * 86_400
TOMBSTONE_DAYS = 90
BROWSE_KEEP_DAYS = 180
MANIFEST_MAX_BYTES = 512_000
BLOB_MAX_BYTES = 10_000_000
