"""Small wire values for unit tests."""

from __future__ import annotations

from typing import Any


def customer(row_id: str = "c1", **changes: Any) -> dict[str, Any]:
    return {
        "id": row_id, "guide_id": "g1", "store_id": "s1", "name": "王小雨", "pinyin": "wangxiaoyu", "initials": "wxy",
        "phone_masked": "138****5678", "phone_tail": "5678", "level": "gold", "joined_at": "2025-01-01T00:00:00Z",
        "birthday": "11-26", "note": "机密备注", "sizes": {"top": "M"}, "likes": ["羊绒"],
        "tags": [{"name": "通勤", "kind": "personal"}], "consents": {"marketing": True}, **changes,
    }  # fmt: skip


def put(kind: str, value: dict[str, Any], version: int = 1, bucket: str = "guide:g1") -> dict[str, Any]:
    return {"op": "put", "key": f"{kind}/{value['id']}", "value": value, "b": bucket, "v": version}


def delete(key: str) -> dict[str, Any]:
    return {"op": "del", "key": key}
