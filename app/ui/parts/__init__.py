"""The shared pieces screens are made of; one import gives all: `from app.ui import parts as p`."""

from app.ui.parts.cards import card, fact, group, notice, stat_strip
from app.ui.parts.choose import (
    filter_chips,
    search_field,
    segmented,
    segments_fit,
    switch_row,
    text_field,
    use_sheet,
)
from app.ui.parts.frame import frame, gutter
from app.ui.parts.lists import SLOTS, SearchSlots, VirtualList
from app.ui.parts.media import product_thumb
from app.ui.parts.people import avatar
from app.ui.parts.pickers import use_day_picker, use_time_picker
from app.ui.parts.progress import bar, ring
from app.ui.parts.proof import use_proof
from app.ui.parts.rows import list_row, person_row, setting_row
from app.ui.parts.snack import say
from app.ui.parts.states import (
    Skeleton,
    clock_note,
    empty,
    error_card,
    is_partial,
    offline_note,
    refused_note,
    unfinished,
)
from app.ui.parts.sync_badge import SyncBadge
from app.ui.parts.text import dots, ends, level_name, level_pill, marked, money_text, pill, pill_width, section, txt
from app.ui.parts.timeline import moment, thread, timeline_item
from app.ui.parts.tip import Tip
from app.ui.parts.touch import icon_button, primary, quiet, secondary, tappable, tile_row

__all__ = [
    "SLOTS",
    "SearchSlots",
    "Skeleton",
    "SyncBadge",
    "Tip",
    "VirtualList",
    "avatar",
    "bar",
    "card",
    "clock_note",
    "dots",
    "empty",
    "ends",
    "error_card",
    "fact",
    "filter_chips",
    "frame",
    "group",
    "gutter",
    "icon_button",
    "is_partial",
    "level_name",
    "level_pill",
    "list_row",
    "marked",
    "moment",
    "money_text",
    "notice",
    "offline_note",
    "person_row",
    "pill",
    "pill_width",
    "primary",
    "product_thumb",
    "quiet",
    "refused_note",
    "ring",
    "say",
    "search_field",
    "secondary",
    "section",
    "segmented",
    "segments_fit",
    "setting_row",
    "stat_strip",
    "switch_row",
    "tappable",
    "text_field",
    "thread",
    "tile_row",
    "timeline_item",
    "txt",
    "unfinished",
    "use_day_picker",
    "use_proof",
    "use_sheet",
    "use_time_picker",
]
