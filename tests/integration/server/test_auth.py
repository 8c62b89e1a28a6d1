"""Sign-in of staff: the answer, the limits, refresh and its reuse, revoked devices."""

from __future__ import annotations

import asyncio
import base64

import pytest

from tests.fakes.server import PIN, Server

DEVICE = "device-0001"


async def try_login(server: Server, pin: str, staff_no: str = "G0101", device: str = DEVICE):
    body = {"staff_no": staff_no, "pin": pin, "device_id": device, "device_name": "phone"}
    return await server.http.post("/api/auth/login", json=body)


async def me(server: Server, access: str):
    return await server.http.get("/api/sync/mutations", headers={"Authorization": f"Bearer {access}"})


async def test_the_login_answer_has_all_a_phone_needs(server: Server) -> None:
    answer = (await try_login(server, PIN)).json()
    assert answer["staff"] == {
        "id": "g1", "staff_no": "G0101", "name": "林知夏", "role": "guide", "store_id": "s1", "no": 11,
    }  # fmt: skip
    assert answer["device"]["id"] == DEVICE and 0 <= answer["device"]["share_key_no"] <= 15
    assert len(base64.urlsafe_b64decode(answer["device"]["share_key"] + "=")) == 32
    assert all(len(base64.b64decode(key)) == 32 for keys in answer["trust"].values() for key in keys.values())
    assert answer["expires_in"] == 900 and answer["zone"] == "Asia/Shanghai"
    assert answer["server_time"] == "2026-11-24T02:30:00Z" and answer["public_url"] == "http://shop.test"


async def test_an_unknown_number_looks_like_a_wrong_pin(server: Server) -> None:
    wrong, unknown = await try_login(server, "000000"), await try_login(server, PIN, staff_no="G9999")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json() and wrong.json()["code"] == "wrong_pin"
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_the_account_locks_after_five_tries_even_in_parallel_and_opens_in_a_minute(server: Server) -> None:
    answers = await asyncio.gather(*(try_login(server, f"00000{n}") for n in range(9)))
    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes == ["account_locked"] * 4 + ["wrong_pin"] * 5
    locked = await try_login(server, PIN)
    assert locked.status_code == 429 and locked.headers["retry-after"] == str(locked.json()["params"]["seconds"])
    server.clock.forward(seconds=locked.json()["params"]["seconds"])
    assert (await try_login(server, PIN)).status_code == 200


async def test_a_good_pin_forgets_the_tries_before_it(server: Server) -> None:
    for _ in range(3):
        for _ in range(4):
            assert (await try_login(server, "111111")).json()["code"] == "wrong_pin"
        assert (await try_login(server, PIN)).status_code == 200


async def test_one_address_gets_twenty_tries_a_minute(server: Server) -> None:
    codes = [(await try_login(server, PIN, staff_no=f"X{n}")).json()["code"] for n in range(22)]
    assert codes == ["wrong_pin"] * 20 + ["rate_limited"] * 2


async def test_an_access_token_ends_and_is_refreshed_once(server: Server) -> None:
    first = (await try_login(server, PIN)).json()
    assert (await me(server, first["access_token"])).status_code == 200
    server.clock.forward(seconds=901)
    assert (await me(server, first["access_token"])).json()["code"] == "session_expired"
    second = await server.http.post(
        "/api/auth/refresh", json={"refresh_token": first["refresh_token"], "device_id": DEVICE}
    )
    assert (await me(server, second.json()["access_token"])).status_code == 200


async def test_a_lost_refresh_answer_comes_again_to_the_same_device_only(server: Server) -> None:
    first = (await try_login(server, PIN)).json()
    body = {"refresh_token": first["refresh_token"], "device_id": DEVICE}
    second = (await server.http.post("/api/auth/refresh", json=body)).json()
    server.clock.forward(seconds=60)
    again = (await server.http.post("/api/auth/refresh", json=body)).json()
    assert again == second | {"expires_in": second["expires_in"] - 60}
    assert (await me(server, again["access_token"])).status_code == 200
    elsewhere = body | {"device_id": "device-0002"}
    assert (await server.http.post("/api/auth/refresh", json=elsewhere)).json()["code"] == "session_expired"
    assert (await me(server, again["access_token"])).status_code == 401  # two devices hold it: the family ends


async def test_a_refresh_token_whose_successor_was_used_ends_the_whole_family(server: Server) -> None:
    first = (await try_login(server, PIN)).json()
    body = {"refresh_token": first["refresh_token"], "device_id": DEVICE}
    second = (await server.http.post("/api/auth/refresh", json=body)).json()
    follower = {"refresh_token": second["refresh_token"], "device_id": DEVICE}
    third = (await server.http.post("/api/auth/refresh", json=follower)).json()
    assert (await server.http.post("/api/auth/refresh", json=body)).json()["code"] == "session_expired"
    assert (await me(server, third["access_token"])).status_code == 401


async def test_a_reused_refresh_token_ends_the_whole_family(server: Server) -> None:
    first = (await try_login(server, PIN)).json()
    body = {"refresh_token": first["refresh_token"], "device_id": DEVICE}
    second = (await server.http.post("/api/auth/refresh", json=body)).json()
    server.clock.forward(seconds=601)
    assert (await server.http.post("/api/auth/refresh", json=body)).json()["code"] == "session_expired"
    assert (await me(server, second["access_token"])).status_code == 401
    thief = {"refresh_token": second["refresh_token"], "device_id": DEVICE}
    assert (await server.http.post("/api/auth/refresh", json=thief)).status_code == 401


async def test_a_refresh_token_is_worth_nothing_on_another_device(server: Server) -> None:
    first = (await try_login(server, PIN)).json()
    stolen = {"refresh_token": first["refresh_token"], "device_id": "device-0002"}
    assert (await server.http.post("/api/auth/refresh", json=stolen)).status_code == 401


async def test_logout_ends_the_family(server: Server) -> None:
    phone = await server.sign_in("G0101")
    assert (await server.http.post("/api/auth/logout", headers=phone.headers)).status_code == 204
    assert (await me(server, phone.session["access_token"])).status_code == 401


async def test_a_revoked_device_is_told_to_wipe(server: Server) -> None:
    from server_stub.people import auth

    phone = await server.sign_in("G0101", DEVICE)
    with server.db.begin() as tx:
        auth.revoke_device(tx, f"11.{DEVICE}")
    answer = await phone.raw_pull()
    assert answer.status_code == 403
    assert {answer.json()[name] for name in ("code", "error")} == {"device_revoked", "DeviceRevoked"}
    assert answer.json()["wipe"] is True


async def test_devices_of_a_guide_get_different_share_keys_until_the_seventeenth_retires_the_oldest(
    server: Server,
) -> None:
    phones = []
    for n in range(17):
        phones.append(await server.sign_in("G0101", f"device-{n:04d}"))
        server.clock.forward(seconds=1)
    numbers = [phone.session["device"]["share_key_no"] for phone in phones]
    assert len(set(numbers[:16])) == 16 and numbers[16] == numbers[0]
    assert (await phones[0].raw_pull()).json()["code"] == "device_revoked"
    assert (await phones[1].raw_pull()).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pin": 246810}, "pin"), ({"admin": True}, "admin"), ({"device_id": "x/../y12"}, "device_id"),
        ({"staff_no": ""}, "staff_no"),
    ],
)  # fmt: skip
async def test_a_login_body_is_read_strictly(server: Server, change: dict, field: str) -> None:
    body = {"staff_no": "G0101", "pin": PIN, "device_id": DEVICE, "device_name": "phone", **change}
    answer = await server.http.post("/api/auth/login", json=body)
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["params"]["field"]) == ("bad_arguments", field)
