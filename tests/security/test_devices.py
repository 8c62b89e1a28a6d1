"""A lost device: who may see and revoke it, and that it is told to erase itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from server_stub import tables as t
from tests.fakes.server import PIN, Phone, Server, running


async def devices(server: Server, phone: Phone) -> list[dict[str, Any]]:
    answer = await server.http.get("/api/devices", headers=phone.headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["devices"])


async def revoke(server: Server, phone: Phone, device_id: str, **body: str) -> tuple[int, dict[str, Any]]:
    answer = await server.http.post(f"/api/devices/{device_id}/revoke", headers=phone.headers, json=body)
    return answer.status_code, answer.json()


def own(rows: list[dict[str, Any]], phone: Phone) -> dict[str, Any]:
    return next(row for row in rows if row["id"].endswith(phone.session["device"]["id"]))


async def test_a_lost_phone_is_signed_out_at_once_told_to_erase_itself_and_shown_until_it_did(
    backend: str, tmp_path: Path
) -> None:
    async with running(tmp_path / "home", backend) as server:
        lost, here = await server.sign_in("G0101"), await server.sign_in("G0101")
        server.clock.forward(minutes=10)
        await here.pull()
        rows = await devices(server, here)
        assert [row["here"] for row in rows] == [True, False] and rows[0]["seen_at"] > rows[1]["seen_at"]
        gone = own(rows, lost)["id"]
        assert (await revoke(server, here, gone))[1]["code"] == "step_up_needed"
        assert (await revoke(server, here, gone, pin="000000"))[1]["code"] == "wrong_pin"
        status, first = await revoke(server, here, gone, pin=PIN)
        assert status == 200 and await revoke(server, here, gone) == (200, first)
        answer = await server.http.get("/api/devices", headers=lost.headers)
        assert answer.status_code == 403 and answer.json()["wipe"] is True
        token = lost.session["access_token"]
        assert own(await devices(server, here), lost)["wiped_at"] is None
        await server.http.post("/api/auth/wiped", json={"access_token": token})
        assert own(await devices(server, here), lost)["wiped_at"] is not None
        with server.db.read() as conn:
            told = conn.execute(select(t.audit.c.object).where(t.audit.c.action == "device.revoke")).scalars().all()
        assert told == [f"device/{gone}"]


async def test_erased_devices_leave_the_list_after_thirty_days(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        lost, here = await server.sign_in("G0101"), await server.sign_in("G0101")
        await revoke(server, here, own(await devices(server, here), lost)["id"])
        await server.http.post("/api/auth/wiped", json={"access_token": lost.session["access_token"]})
        server.clock.forward(days=30, seconds=1)
        here = await server.sign_in("G0101", here.session["device"]["id"])
        assert [row["here"] for row in await devices(server, here)] == [True]


async def test_the_device_in_hand_signs_out_instead(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        here = await server.sign_in("G0101")
        status, said = await revoke(server, here, own(await devices(server, here), here)["id"])
        assert (status, said["code"]) == (422, "bad_arguments")


async def test_a_manager_sees_the_devices_of_the_stores_guides_and_nobody_elses(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as server:
        guide, manager = await server.sign_in("G0101"), await server.sign_in("M01")
        other, hq = await server.sign_in("G0201"), await server.sign_in("H01")
        rows = await devices(server, manager)
        assert {row["staff_id"] for row in rows} == {"m1", "g1"} and rows[0]["here"]
        assert (await revoke(server, manager, own(rows, guide)["id"]))[0] == 200
        theirs = own(await devices(server, other), other)["id"]
        assert await revoke(server, manager, theirs) == await revoke(server, manager, "lost.0")
        assert [row["here"] for row in await devices(server, hq)] == [True]
