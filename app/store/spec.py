"""The tables of the client view, made from the dataclasses of `protocol.objects` and one list.

A column holds text, a whole number, a yes/no or JSON; sealed fields share one blob per row. Every
table also has `sealed`, `extra` (sealed JSON of fields this version does not know), `b` (bucket
number) and `v` (version in that bucket).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.protocol import objects as o

SQL_TYPES = {"text": str, "int": int, "bool": int, "json": str, "rows": str}


@dataclass(frozen=True)
class Field:
    """One field of an object: how it is stored and whether it may be absent."""

    name: str
    kind: str
    item: type | None = None
    required: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One object of the client view as a table."""

    row: type
    name: str
    sealed: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def object(self) -> str:
        """The object's name on the wire and in change notices."""
        return str(self.row.OBJECT)  # type: ignore[attr-defined]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """All fields in the dataclass's order."""
        hints = typing.get_type_hints(self.row)
        return tuple(_field(f, hints[f.name]) for f in dataclasses.fields(self.row))

    @cached_property
    def clear(self) -> tuple[Field, ...]:
        """Fields that have a column of their own."""
        return tuple(f for f in self.fields if f.name not in self.sealed)

    @cached_property
    def hidden(self) -> tuple[Field, ...]:
        """Fields that live in the sealed blob."""
        return tuple(f for f in self.fields if f.name in self.sealed)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column in the order used for inserts and images."""
        return (*(f.name for f in self.clear), "sealed", "extra", "b", "v")

    def sql_columns(self) -> dict[str, type]:
        """Return column name to Python type, as sqlite-utils wants it."""
        made: dict[str, type] = {f.name: SQL_TYPES[f.kind] for f in self.clear}
        return made | {"sealed": bytes, "extra": bytes, "b": int, "v": int}


def _field(field: dataclasses.Field[Any], hint: Any) -> Field:
    options = [h for h in typing.get_args(hint) if h is not type(None)] if _is_union(hint) else [hint]
    kind, item = _kind(options[0])
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return Field(field.name, kind, item, required, len(options) < len(typing.get_args(hint)) and _is_union(hint))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _kind(hint: Any) -> tuple[str, type | None]:
    if hint is bool:
        return "bool", None
    if hint is int:
        return "int", None
    if hint is str:
        return "text", None
    if typing.get_origin(hint) is list and dataclasses.is_dataclass(item := typing.get_args(hint)[0]):
        return "rows", typing.cast(type, item)
    return "json", None


TABLES: tuple[Table, ...] = (
    Table(o.Store, "store"),
    Table(o.Staff, "staff", indexes=(("store_id",),)),
    Table(o.Product, "product", indexes=(("no",),)),
    Table(o.Stock, "stock", indexes=(("product_id",),)),
    Table(
        o.Customer,
        "customer",
        sealed=("name", "pinyin", "initials", "birthday", "note", "note_private", "sizes", "likes", "tags", "facts"),
        indexes=(("phone_tail",), ("last_order_at",)),
    ),
    Table(o.Order, "orders", indexes=(("customer_id", "created_at"), ("paid_at",), ("no",))),
    Table(o.BrowseEvent, "browse_event", indexes=(("customer_id", "at"), ("at",))),
    Table(o.CouponTemplate, "coupon_template"),
    Table(
        o.Coupon,
        "coupon",
        indexes=(("template_id", "state"), ("customer_id", "issued_at"), ("state", "issued_at"), ("code",)),
    ),
    Table(o.Share, "share", sealed=("caption",), indexes=(("created_at",), ("code",), ("customer_id",))),
    Table(o.Contact, "contact", indexes=(("customer_id", "at"), ("at",))),
    Table(o.ContactHolder, "contact_holder"),
    Table(o.SignalMark, "signal_mark", indexes=(("customer_id", "signal"),)),
    Table(o.CommissionRule, "commission_rule"),
    Table(
        o.CommissionEntry,
        "commission_entry",
        indexes=(("created_at",), ("state", "created_at"), ("order_id",), ("order_no",), ("statement_id",)),
    ),
    Table(o.Goal, "goal"),
    Table(o.Setting, "setting"),
    Table(o.Pack, "pack", indexes=(("version",),)),
    Table(o.GuideDay, "guide_day", indexes=(("date",),)),
    Table(o.RejectedMutation, "rejected", sealed=("name", "params", "subject"), indexes=(("at",),)),
    Table(o.Statement, "statement", indexes=(("month",),)),
    Table(o.Redemption, "redemption", indexes=(("at",), ("coupon_id",))),
    Table(o.TeamRedemption, "team_redemption", indexes=(("at",),)),
    Table(o.Dispute, "dispute", indexes=(("order_no",),)),
    Table(o.TeamDispute, "team_dispute", indexes=(("state", "asked_at"),)),
    Table(o.ActionReward, "action_reward", indexes=(("made_at",),)),
    Table(o.TeamReward, "team_reward", indexes=(("state", "made_at"),)),
    Table(o.Handover, "handover", sealed=("words",), indexes=(("customer_id", "at"),)),
    Table(o.HandedOver, "handed_over", indexes=(("at",),)),
    Table(o.GuideBook, "guide_book"),
    Table(o.Erasure, "erasure"),
    Table(
        o.FollowUp,
        "follow_up",
        sealed=("note", "private", "pieces"),
        indexes=(("customer_id", "at"), ("state", "at")),
    ),
    Table(o.TeamVisit, "team_visit", indexes=(("at",),)),
)

BY_OBJECT: dict[str, Table] = {table.object: table for table in TABLES}
BY_ROW: dict[type, Table] = {table.row: table for table in TABLES}
