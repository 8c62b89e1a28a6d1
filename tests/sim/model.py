"""A small model of the server: the protocol of sync.md over dictionaries, with bugs that can be planted.

Planted by name in `bugs`: no_dedupe, no_dels, pull_scope, push_scope, lmid_early, fault_consumes.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

import httpx

from app.protocol.sync_sums import SUM_MODULUS, row_sum
from tests.unit.client.values import customer

PAGE = 4
GUIDES = ("g1", "g2")


class ModelServer(httpx.AsyncBaseTransport):
    """Customers of two guides; `X-Guide` says who asks. `applied` counts effects per mutation's mid."""

    def __init__(self, bugs: frozenset[str] = frozenset()) -> None:
        self.bugs = bugs
        self.applied: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.rows: dict[str, dict[str, Any]] = {}
        self.bucket_of: dict[str, str] = {}
        self.log: dict[str, dict[str, tuple[int, Any]]] = {}
        self.version: Counter[str] = Counter()
        self.lmids: dict[str, int] = {}
        self.group_of: dict[str, str] = {}
        self.fault_next = 0
        self.writes: list[tuple[str, str]] = []  # (who wrote, whose customer it was)
        for number in range(1, 13):
            self.put(f"customer/c{number}", customer(f"c{number}", guide_id=GUIDES[number % 2]))

    # --- rows ------------------------------------------------------------------------------------------------
    def put(self, key: str, value: dict[str, Any], bucket: str | None = None) -> None:
        bucket = bucket or f"guide:{value['guide_id']}"
        before = self.bucket_of.get(key)
        if before not in (None, bucket) and "no_dels" not in self.bugs:
            self._write(str(before), key, None)
        elif before not in (None, bucket):
            self.log[str(before)].pop(key, None)
        self.rows[key], self.bucket_of[key] = value, bucket
        self._write(bucket, key, value)

    def delete(self, key: str) -> None:
        bucket = self.bucket_of.pop(key, None)
        self.rows.pop(key, None)
        if bucket is not None:
            self._write(bucket, key, None)

    def _write(self, bucket: str, key: str, value: Any) -> None:
        self.version[bucket] += 1
        self.log.setdefault(bucket, {})[key] = (self.version[bucket], copy.deepcopy(value))

    def view(self, guide: str) -> dict[str, dict[str, Any]]:
        return {key: self.rows[key] for key, bucket in self.bucket_of.items() if bucket == f"guide:{guide}"}

    # --- wire ------------------------------------------------------------------------------------------------
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        guide = request.headers["X-Guide"]
        answer = self._push(guide, body) if request.url.path.endswith("push") else self._pull(guide, body)
        return httpx.Response(answer.pop("status", 200), json=answer, request=request)

    def _push(self, guide: str, body: dict[str, Any]) -> dict[str, Any]:
        for one in body["mutations"]:
            client, known = one["clientID"], self.lmids.get(one["clientID"], 0)
            self.group_of[client] = body["clientGroupID"]
            if one["id"] > known + 1:
                return {"status": 409, "code": "mutation_gap"}
            if one["id"] <= known and "no_dedupe" not in self.bugs:
                continue
            if self.fault_next:
                self.fault_next -= 1
                if "fault_consumes" in self.bugs:
                    self.lmids[client] = one["id"]
                return {"status": 503, "code": "server_fault"}
            self._run(guide, one)
            self.lmids[client] = max(known, one["id"])
        return {}

    def _run(self, guide: str, one: dict[str, Any]) -> None:
        args, key = one["args"], f"customer/{one['args']['customer_id']}"
        value = self.rows.get(key)
        allowed = value is not None and (value["guide_id"] == guide or "push_scope" in self.bugs)
        if value is None or not allowed or args.get("tag") == "refused":
            self.refused[args["mid"]] += 1
            row_id = f"{one['clientID']}/{one['id']}"
            row = {"id": row_id, "client_id": one["clientID"], "mutation_id": one["id"], "name": one["name"],
                   "code": "not_yours", "params": {}, "at": args["at"], "subject": key}  # fmt: skip
            self.put(f"rejected/{row_id}", row, f"guide:{guide}")
            return
        self.applied[args["mid"]] += 1
        self.writes.append((guide, value["guide_id"]))
        value = copy.deepcopy(value)
        if one["name"] == "edit_note":
            value["note"] = args["note"]
        elif all(tag["name"] != args["tag"] for tag in value["tags"]):
            value["tags"].append({"name": args["tag"], "kind": "personal", "at": args["at"]})
        self.put(key, value)

    def _pull(self, guide: str, body: dict[str, Any]) -> dict[str, Any]:
        cookie = body["cookie"] or {"order": 0, "b": {}, "lm": {}}
        buckets = [f"guide:{g}" for g in GUIDES if g == guide or "pull_scope" in self.bugs]
        patch: list[dict[str, Any]] = [] if body["cookie"] else [{"op": "clear"}]
        position, complete, left = dict(cookie["b"]), True, PAGE
        for bucket in buckets:
            after = position.get(bucket, 0)
            waiting = sorted((v, k, value) for k, (v, value) in self.log.get(bucket, {}).items() if v > after)
            for version, key, value in waiting[:left]:
                put = {"op": "put", "key": key, "value": value, "b": bucket, "v": version}
                patch.append({"op": "del", "key": key} if value is None else put)
                position[bucket] = version
            complete &= len(waiting) <= left
            left = max(0, left - len(waiting))
        mine = {c: n for c, n in self.lmids.items() if self.group_of[c] == body["clientGroupID"]}
        told = (
            {c: n for c, n in mine.items() if cookie["lm"].get(c) != n} if complete or "lmid_early" in self.bugs else {}
        )
        changed = bool(patch or told)
        made = {"order": cookie["order"] + 1, "b": position, "lm": cookie["lm"] | told} if changed else cookie
        answer = {"cookie": made, "lastMutationIDChanges": told, "patch": patch, "more": not complete,
                  "serverTime": "2026-11-24T02:30:00Z"}  # fmt: skip
        return answer | ({"sums": {bucket: self._sums(bucket) for bucket in buckets}} if complete else {})

    def _sums(self, bucket: str) -> list[int]:
        live = [(key, version) for key, (version, value) in self.log.get(bucket, {}).items() if value is not None]
        return [len(live), sum(row_sum(key, version) for key, version in live) % SUM_MODULUS]
