"""The composition root: the only place that knows every concrete class.

A device is an `Installation` (on the web: a random id in the browser's preferences). A `Client` is one open store
folder with its engine; every session of the same person on the same device in this process shares it.

What is needed once a PIN is typed comes from `later`, which is imported while it is typed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import platform
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flet as ft
from flet.messaging.protocol import Message

from app.device import heap, images, journal, paths
from app.device.clock import Clock, SystemClock
from app.device.known import KnownStaff, known_staff
from app.device.ports import Ports, flet_ports
from app.domain.errors import GuideError, LocalFault
from app.domain.instants import from_text, to_text
from app.ui import comfort, guards, routes, shell, theme
from app.ui.session import UiSession
from app.ui.strings import assets_dir, error_text

if TYPE_CHECKING:
    import httpx

    from app import account
    from app.account.sign_out import Choice, SignedOut
    from app.content import Content
    from app.insight import CustomerIndex, SignalBoard
    from app.security import KeyStore
    from app.store import Store
    from app.sync import ServerClock, SyncEngine

log = logging.getLogger(__name__)
VERSION = "0.1.0"
API_URL = "http://127.0.0.1:8000"
LEASE_LOOK_S = 15.0
WARM_AFTER_S = 5.0  # Today reads first, where there is one; who asks for customers before that waits for nobody


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says."""

    home: Path
    api_url: str
    port: int
    host: str
    renderer: str
    production: bool
    allow_web: bool
    guided: bool = False  # show the first steps and tips

    @classmethod
    def from_env(cls) -> Settings:
        """Read the environment; on devices the app's own storage is home."""
        env = os.environ
        if "DAOGOU_HOME" not in env and (storage := env.get("FLET_APP_STORAGE_DATA")):
            env["DAOGOU_HOME"] = storage
        return cls(
            home=paths.home(),
            api_url=env.get("DAOGOU_API_URL", f"http://127.0.0.1:{env.get('DAOGOU_SERVER_PORT', '8000')}"),
            port=int(env.get("DAOGOU_APP_PORT", "8550")),
            host="0.0.0.0" if env.get("HOST") == "lan" else "127.0.0.1",  # noqa: S104 - only when asked for by name
            renderer=env.get("DAOGOU_WEB_RENDERER", "auto"),
            production=env.get("DAOGOU_ENV") == "production",
            allow_web=env.get("DAOGOU_ALLOW_WEB") == "1",
            guided=env.get("DAOGOU_TIPS") != "off",
        )


@dataclass(eq=False)
class Client:
    """One person's open store on this device, with everything that works on it."""

    store: Store
    engine: SyncEngine
    index: CustomerIndex
    board: SignalBoard
    content: Content
    clock: ServerClock
    http: httpx.AsyncClient
    keeper: account.SessionKeeper
    lease: account.LeaseGuard
    users: set[UiSession] = field(default_factory=set)
    ends: list[Callable[[], Any]] = field(default_factory=list)

    @property
    def session(self) -> account.Session:
        """Who is signed in, with the present tokens."""
        return self.keeper.session

    @property
    def staff(self) -> account.StaffInfo:
        """Who is signed in."""
        return self.session.staff

    @property
    def zone(self) -> str:
        """The brand's time zone."""
        return self.session.zone

    async def close(self) -> None:
        """Stop the engine and close store and connections; closing twice is fine."""
        await self.content.stop()
        await self.engine.stop()
        for end in self.ends:
            end()
        self.ends.clear()
        await self.store.aclose()
        await self.http.aclose()


class Installation:
    """One device: who is known here, and who is open."""

    def __init__(self, device_id: str, settings: Settings, keystore: KeyStore, clock: Clock) -> None:
        self.device_id, self.settings, self.keystore, self.clock = device_id, settings, keystore, clock
        self.version = VERSION
        self._clients: dict[Path, Client] = {}
        self._opening = asyncio.Lock()

    @property
    def folder(self) -> Path:
        """The folder of this installation."""
        return paths.device_folder(self.device_id, self.settings.home)

    def known_staff(self) -> tuple[KnownStaff, ...]:
        """Return who can unlock here without a network."""
        return known_staff(self.folder)

    async def sign_in(self, staff_no: str, pin: str) -> Client:
        """Sign in at the server, then open the store.

        Raises:
            GuideError: see `account.login_online`.
        """
        await _ready()
        from app.bootstrap import later

        http = later.make_http(self.settings.api_url, later.OfflineSwitch(), app_version=VERSION)
        async with self._opening, http, _starting():
            opened = await later.account.login_online(
                http, self.keystore, self.clock, staff_no=staff_no.strip().upper(), pin=pin, device_id=self.device_id,
                device_name=f"{platform.system()} {platform.machine()}", root=self.settings.home,
            )  # fmt: skip
            return await self._open(opened, heard=opened.session.server_time)

    async def unlock(self, staff_no: str, pin: str) -> Client:
        """Open the store of somebody known here; no network.

        Raises:
            GuideError: see `account.unlock_offline`.
        """
        await _ready()
        from app.bootstrap import later

        async with self._opening, _starting():
            opened = await later.account.unlock_offline(
                self.keystore, self.clock, staff_no=staff_no, pin=pin, device_id=self.device_id,
                root=self.settings.home,
            )  # fmt: skip
            return await self._open(opened)

    async def _open(self, opened: account.Opened, heard: str | None = None) -> Client:
        """Open a store; `heard` is the server's time when it was just asked: the device's clock may be a day off."""
        client = self._clients.get(opened.folder)
        if client is not None:
            if opened.session.access_token != client.session.access_token:
                client.keeper.adopt(opened.session)
                client.lease.take(opened.session.lease)
                client.engine.signed_in()
            return client
        client = await self._assembled(opened)
        if heard is not None:
            client.clock.heard(from_text(heard))
        self._clients[opened.folder] = client
        await client.board.recall()
        await client.engine.start()
        await client.content.start()
        watch = asyncio.create_task(self._watch_lease(client), name="lease")
        warm = asyncio.create_task(self._warm(client), name="warm")
        client.ends += [watch.cancel, warm.cancel]
        return client

    async def _warm(self, client: Client) -> None:
        """Read the customers once Today had its turn; then the start is over."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WARM_AFTER_S):
                    await client.board.answered.wait()
            with contextlib.suppress(GuideError):  # who asks for customers is told
                await client.index.warm(client.store)
        finally:
            heap.settle()

    async def _watch_lease(self, client: Client) -> None:
        while True:
            await asyncio.sleep(LEASE_LOOK_S)
            await self.look_at_lease(client)

    async def look_at_lease(self, client: Client) -> None:
        """Lock an open store whose lease no longer holds, unless the server answers now and gives a new one."""
        for last_try in (False, True):
            try:
                client.lease.check()
                return
            except LocalFault as over:
                if last_try:
                    _keep(asyncio.create_task(self._lock(client, over), name="lock"))
                    return
            with contextlib.suppress(GuideError):  # the second look says what is to be said
                await client.engine.sync_now()

    async def _lock(self, client: Client, why: LocalFault) -> None:
        """Close a store and its keys; what waits in it stays, sealed. Apart from the watch, which it ends."""
        users = list(client.users)
        await self._drop(client)
        for user in users:
            user.post(lambda user=user: user.shut_out(why.code))  # type: ignore[misc]

    async def finish_wipes(self) -> None:
        """Finish wipes that a crash or a missing network cut short, and tell the server of those it ordered."""
        await _ready()
        from app.bootstrap import later

        http = later.make_http(self.settings.api_url, later.OfflineSwitch(), app_version=VERSION)
        async with self._opening, http:
            await later.account.finish_wipes(self.keystore, self.device_id, self.settings.home, http)

    async def look_over(self) -> None:
        """Look over the stores that may be opened next, while somebody types a PIN: opening one need not then."""
        await _ready()
        from app.bootstrap import later

        for one in self.known_staff():
            if one.folder not in self._clients:
                await asyncio.to_thread(later.look_over, one.folder)

    async def _assembled(self, opened: account.Opened) -> Client:
        """Open the store and what works on it; rows that turn out damaged are met once, then the store is repaired."""
        from app.bootstrap import later

        at = to_text(self.clock.now())
        store = await asyncio.to_thread(later.open_store, opened.folder, opened.sealer, at)
        try:
            return self._assemble(opened, store)
        except LocalFault as exc:
            if exc.code != "key_lost":  # the key opened the session: what it does not open here is damaged
                raise
            store.mark_damaged()
            await store.aclose()
        return self._assemble(opened, await asyncio.to_thread(later.open_store, opened.folder, opened.sealer, at))

    def _assemble(self, opened: account.Opened, store: Store) -> Client:
        from app.bootstrap import later

        session, switch = opened.session, later.OfflineSwitch()
        http = later.make_http(self.settings.api_url, switch, app_version=VERSION)
        keeper = later.account.SessionKeeper(http, session, opened.folder, opened.sealer, self.clock)
        http.auth = keeper
        guard = later.account.LeaseGuard(opened.folder, session, opened.sealer, self.clock)
        clock = later.ServerClock(self.clock)
        engine = later.SyncEngine(
            store, http, switch, clock, later.replay_for(session.staff.id, session.device_id, session.zone),
            auth=keeper, profile=session.device_id, on_revoked=lambda: self._revoked(opened.folder),
            on_lease=guard.take,
        )  # fmt: skip
        index = later.CustomerIndex(store.read, clock.now, session.zone)
        content = later.Content(
            store, later.Blobs(paths.blobs_folder(self.settings.home), http, keeper), clock, session.pack_keys,
            store_id=session.staff.store_id, role=session.staff.role,
        )  # fmt: skip
        board = later.SignalBoard(store, clock.now, session.zone, session.staff.store_id)
        client = Client(store, engine, index, board, content, clock, http, keeper, guard)
        client.ends.append(store.subscribe(lambda touched: _ignore(index.on_commit(touched))))
        client.ends.append(store.subscribe(board.on_commit))
        return client

    async def release(self, user: UiSession, client: Client) -> None:
        """Let a session go; the last one closes the store, and its keys leave memory."""
        client.users.discard(user)
        if client.users:
            return
        await self._drop(client)

    async def sign_out(self, client: Client, choice: Choice) -> SignedOut:
        """Push, then sign out (`account.sign_out`); every session of this client returns to the login."""
        from app.bootstrap import later

        answer = await later.account.sign_out(
            client.store, client.engine, client.http, self.keystore, client.session, choice
        )
        if answer.outcome != "decide":
            await self._drop(client)
        return answer

    async def export_unsent(self, client: Client, pin: str) -> bytes:
        """Return the sealed file of what waits (`account.export_unsent`)."""
        from app.bootstrap import later

        return await later.account.export_unsent(client.store, self.keystore, client.session, pin, self.clock.now())

    async def import_unsent(self, client: Client, data: bytes, pin: str) -> int:
        """Queue what a sealed file holds (`account.import_unsent`) and send it soon; return how many."""
        from app.bootstrap import later

        count = await later.account.import_unsent(client.store, client.session, data, pin)
        client.engine.kick()
        return count

    async def _drop(self, client: Client) -> None:
        self._clients = {folder: one for folder, one in self._clients.items() if one is not client}
        for user in list(client.users):
            user.post(user.leave)
        client.users.clear()
        await client.close()
        heap.thaw()

    async def _revoked(self, folder: Path) -> None:
        """Wipe what the server took away; runs apart from the engine's own task, which it ends."""
        client = self._clients.get(folder)
        if client is None:
            return
        from app.bootstrap import later

        async def wipe() -> None:
            users = list(client.users)
            await self._drop(client)
            await later.wipe_folder(folder, self.keystore, client.session, revoked=True)
            for user in users:
                user.post(lambda user=user: user.shut_out("device_revoked"))  # type: ignore[misc]
            await self.finish_wipes()

        _keep(asyncio.create_task(wipe(), name="wipe"))

    async def close(self) -> None:
        """Close every client."""
        for client in list(self._clients.values()):
            await self._drop(client)


@contextlib.asynccontextmanager
async def _starting() -> AsyncIterator[None]:
    """Leave garbage alone while a store is opened, until it is warm; a refused try ends here."""
    heap.begin()
    try:
        yield
    except BaseException:
        heap.settle()
        raise


async def _ready() -> None:
    """Import `later` off the loop, where it is not yet."""
    await asyncio.to_thread(importlib.import_module, "app.bootstrap.later")


def _ignore(_answer: object) -> None:
    """Drop an answer: notices return nothing."""


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


class App:
    """What one process serves: its settings and the installations seen so far. Made once (main may run again)."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self._installations: dict[str, Installation] = {}

    def installation(self, device_id: str, keystore: KeyStore) -> Installation:
        """Return the installation of a device."""
        found = self._installations.get(device_id)
        if found is None:
            found = Installation(device_id, self.settings, keystore, self.clock)
            self._installations[device_id] = found
        return found

    async def main(self, page: ft.Page) -> None:
        """Start one session."""
        ports = flet_ports(page)
        # asked at once: each answer is a way there and back before anything is drawn
        language, mode, device_id, system = await asyncio.gather(
            ports.prefs.get("language"), ports.prefs.get("theme"), self._device_id(page, ports), _system_language(page)
        )
        mode = mode or "system"
        ui = UiSession(page, self.installation(device_id, self._keystore(page, device_id)), ports)
        theme.use_font(theme.FONT if page.web or page.platform is ft.PagePlatform.LINUX else None)
        theme.apply(page, mode)
        ui.prefs.theme, ui.guided = mode, self.settings.guided
        ui.speak(language or "system", system)
        self._listen(page, ui)
        page.render_views(shell.App)
        comfort.start(page, ui)
        guards.install(page, lambda kind, what: _report(ui, kind, what))
        ui.run(_beside_the_pin, ui.installation)

    async def _device_id(self, page: ft.Page, ports: Ports) -> str:
        if page.web:
            known = await ports.prefs.get("device")
            device_id = known or f"web-{secrets.token_urlsafe(16)}"
            if known is None:
                await ports.prefs.set("device", device_id)
            return device_id
        file = self.settings.home / "app" / "device"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"app-{secrets.token_urlsafe(16)}", "ascii")
        return file.read_text("ascii").strip()

    def _keystore(self, page: ft.Page, device_id: str) -> KeyStore:
        if page.web or page.platform is ft.PagePlatform.LINUX:
            from app.security import FileKeyStore  # not on phones

            return FileKeyStore(paths.device_folder(device_id, self.settings.home) / "keystore.json")
        from app.device.secrets import OsKeyStore  # its service exists on devices only

        return OsKeyStore()

    def _listen(self, page: ft.Page, ui: UiSession) -> None:
        page.on_resize = lambda event: ui.resized(event.width, event.height)
        page.on_route_change = lambda event: ui.on_address(event.route)
        page.on_view_pop = lambda _event: ui.back() and None
        page.on_connect = lambda _event: ui.pulse()
        page.on_close = lambda _event: ui.close()
        page.on_locale_change = lambda event: ui.speak(system=event.locales[0].language_code) if event.locales else None
        page.on_app_lifecycle_state_change = lambda event: _lifecycle(ui, event.state, on_device=not page.web)
        ui.ports.connectivity.watch(lambda has_network: ui.kick() if has_network else None)

    async def close(self) -> None:
        """Close everything; the process ends."""
        for installation in self._installations.values():
            await installation.close()


_AWAY = (ft.AppLifecycleState.HIDE, ft.AppLifecycleState.PAUSE, ft.AppLifecycleState.DETACH)
_BACK = (ft.AppLifecycleState.SHOW, ft.AppLifecycleState.RESUME)


def _lifecycle(ui: UiSession, state: ft.AppLifecycleState, *, on_device: bool) -> None:
    """Rest while a device shows another app; in a browser several tabs share one engine, which goes on."""
    if state in _BACK:
        ui.foreground()
    elif state in _AWAY and on_device:
        ui.background()


async def _system_language(page: ft.Page) -> str | None:
    with contextlib.suppress(Exception):  # only a hint; a client without it speaks Chinese
        info = await page.get_device_info()
        return getattr(info, "language", None) or getattr(info, "locale", None)
    return None


async def _beside_the_pin(installation: Installation) -> None:
    await prepare()
    await installation.finish_wipes()
    await installation.look_over()


async def prepare() -> None:
    """Import the way in, what opens a store and the first screens: at the latest while somebody types a PIN."""
    await _ready()
    for name in ("login:LoginScreen", routes.TODAY.screen, routes.CUSTOMERS.screen):
        await asyncio.to_thread(routes.component, name)


def _report(ui: UiSession, kind: str, what: str) -> None:
    log.error("%s failed: %s", kind, what)
    ui.post(lambda: ui.tell(error_text("internal")))


def run() -> None:
    """Start the app: our own web server, or on a device Flet itself."""
    settings = Settings.from_env()
    journal.start(settings.home / "app" / "log", os.environ.get("DAOGOU_LOG_LEVEL", "INFO"))
    on_device = "FLET_PLATFORM" in os.environ or "FLET_APP_STORAGE_DATA" in os.environ
    app = App(settings)
    images.configure([paths.blobs_folder(settings.home)], web=not on_device)
    heap.settle()
    if on_device:
        ft.run(app.main, assets_dir=str(assets_dir()))
        return
    if settings.production and not settings.allow_web:
        raise SystemExit("The web mode keeps keys in a file: production refuses it unless DAOGOU_ALLOW_WEB=1.")
    serve(app)


def serve(app: App) -> None:
    """Serve the app to browsers until stopped."""
    import uvicorn  # the web server does not ship to phones

    asyncio.run(prepare())  # the first who asks is not the one who waits for it
    config = uvicorn.Config(
        web_app(app), host=app.settings.host, port=app.settings.port, log_level="warning", access_log=False,
        ws_max_size=16_000_000, timeout_graceful_shutdown=2,
    )  # fmt: skip
    uvicorn.Server(config).run()


def web_app(app: App) -> Any:
    """Return the ASGI app: `/healthz`, `/blob/<digest>`, and Flet for the rest."""
    import flet_web.fastapi as flet_fastapi  # type: ignore[import-untyped] # neither does it
    from fastapi import HTTPException
    from fastapi.responses import FileResponse, PlainTextResponse

    _say_messages_briefly()
    os.environ.setdefault("FLET_WEB_NO_CDN", "1")
    renderer = ft.WebRenderer.CANVAS_KIT if app.settings.renderer == "canvaskit" else ft.WebRenderer.AUTO
    api: Any = flet_fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None, on_shutdown=[app.close])

    def healthz() -> str:
        return "ok"

    async def blob(digest: str) -> FileResponse:
        found = await images.awaited(digest)  # the page may ask before the first sync has brought it
        if found is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return FileResponse(found, media_type=images.media_type(found), headers=headers)

    api.add_api_route("/healthz", healthz, response_class=PlainTextResponse)
    api.add_api_route("/blob/{digest}", blob, response_class=FileResponse)
    flet_app = flet_fastapi.app(
        app.main, assets_dir=str(assets_dir()), web_renderer=renderer, no_cdn=True, app_name="导购 Daogou",
        app_short_name="导购", session_timeout_seconds=3600,
    )  # fmt: skip
    api.mount("/", flet_app)
    return api


def _say_messages_briefly() -> None:
    """Keep Flet's web transport (1.0.5) from writing out whole pages for a log that is off.

    It formats each message before it asks whether anybody reads it. A page with all that its parts remember is ninety
    million characters, and twice as many for each part inside a part of `ft.memo`: a reload took seconds, or for ever.
    """

    def brief(message: Message) -> str:
        return f"Message({message.action})"

    Message.__repr__ = brief  # type: ignore[assignment,method-assign]
