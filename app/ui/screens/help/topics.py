"""What guides ask: each topic has its question, answer and the place it leads to (`help.q_`, `help.a_`, `help.go_`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.contact import ContactPolicy
from app.protocol.objects import Setting
from app.ui.strings import Strings

ALL_ROLES = ("guide", "manager", "hq")
GUIDE = ("guide",)


@dataclass(frozen=True, slots=True)
class Topic:
    """One question: `path` is where its button goes, `roles` who has that place."""

    id: str
    path: str
    roles: tuple[str, ...] = GUIDE


TOPICS: tuple[Topic, ...] = (
    Topic("uncounted", "/commission/uncounted"),
    Topic("number", "/commission"),
    Topic("scan", "/coupons/redeem"),
    Topic("offline", "/sync", ALL_ROLES),
    Topic("refused", "/sync", ALL_ROLES),
    Topic("contact", "/customers"),
    Topic("leaver", "/customers"),
    Topic("card", "/card"),
    Topic("undo", "/coupons"),
    Topic("phone", "/privacy", ALL_ROLES),
    Topic("lost", "/privacy", ALL_ROLES),
    Topic("erase", "/privacy", ALL_ROLES),
    Topic("text", "/me", ALL_ROLES),
)


def policy_params(setting: Setting | None) -> dict[str, Any]:
    """Return the brand's contact limits as the answers name them."""
    policy = ContactPolicy.from_wire(setting.contact if setting else {})
    begin, end = policy.quiet
    return {"day": policy.day, "week": policy.week, "month": policy.month, "begin": begin, "end": end}


def answer(topic: Topic, strings: Strings, params: Mapping[str, Any]) -> str:
    """Return a topic's answer in words."""
    return strings.t(f"help.a_{topic.id}", **params)


def found(text: str, role: str, strings: Strings, params: Mapping[str, Any]) -> tuple[Topic, ...]:
    """Return the topics of a role in which every word of `text` stands, those with it in the question first."""
    words = text.casefold().split()
    first: list[Topic] = []
    rest: list[Topic] = []
    for topic in TOPICS:
        question = strings.t(f"help.q_{topic.id}").casefold()
        hay = f"{question} {answer(topic, strings, params).casefold()}"
        if role in topic.roles and all(word in hay for word in words):
            (first if all(word in question for word in words) else rest).append(topic)
    return (*first, *rest)
