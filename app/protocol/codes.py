"""Every code an error or refusal may carry; each has one sentence per language in `assets/locale`."""

from __future__ import annotations

AUTH = frozenset({
    "wrong_pin", "account_locked", "session_expired", "device_revoked", "first_login_offline", "unlock_wrong_pin",
    "unlock_locked", "clock_skew", "trust_changed", "step_up_needed", "offline_too_long", "clock_set_back",
})  # fmt: skip
NETWORK = frozenset({"offline", "server_away", "server_fault", "rate_limited", "timeout"})
RULES = frozenset({
    "not_yours", "not_found", "forbidden", "bad_arguments", "mutation_unknown", "no_marketing_consent", "quiet_hours",
    "contact_budget_used", "contact_other_device", "coupon_not_available", "coupon_expired", "coupon_used",
    "coupon_opened", "coupon_limit_customer", "coupon_limit_guide", "coupon_limit_day", "coupon_out_of_scope",
    "coupon_below_threshold", "coupon_not_stackable", "template_stopped", "quota_used", "lease_over", "no_lease",
    "reward_not_flagged", "reward_answered", "reward_decided", "answer_invalid",
    "unsent_file_invalid", "coupon_not_issued", "coupon_reserved", "coupon_voided", "coupon_not_yet",
    "coupon_online_only", "coupon_unknown", "needs_network",
    "tag_invalid", "note_too_long", "share_code_invalid", "signal_gone", "amount_invalid", "currency_unknown",
    "refund_too_large", "order_state", "order_exists", "event_reused", "binding_protected", "binding_self",
    "binding_staff", "binding_scope", "binding_disabled_guide", "dispute_asked", "dispute_decided",
    "dispute_order_unknown", "dispute_other_store",
    "dispute_no_gain", "handover_limit", "handover_guide", "handover_nothing", "handed_over", "left_to_store",
    "handover_refused", "words_too_long", "follow_up_time", "follow_up_closed", "follow_up_pieces", "fact_invalid",
    "birthday_known",
})  # fmt: skip
CONTENT = frozenset({
    "pack_signature", "pack_rollback", "pack_expired", "pack_digest", "pack_path", "pack_too_large", "pack_malformed",
    "picture_malformed", "coupon_code_invalid", "coupon_code_forged", "lease_invalid",
})  # fmt: skip
LOCAL = frozenset(
    {"customer_erased", "disk_full", "key_lost", "database_damaged", "store_repaired", "poster_failed", "internal"}
)
PROTOCOL = frozenset({
    "version_too_old", "mutation_gap", "mutation_reused", "sanity_mismatch", "body_too_large", "body_malformed",
})  # fmt: skip

CODES = AUTH | NETWORK | RULES | CONTENT | LOCAL | PROTOCOL
