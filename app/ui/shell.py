"""The shell: the roots side by side, the bar or rail, the pages over them.

A root is built at its first visit and then hidden, its queries paused; a phone pushes pages as views, wider windows
show them in the right pane (or over the root where it has no panes), so the rail stays.
"""

from __future__ import annotations

from typing import Any

import flet as ft

from app.ui import hooks, routes
from app.ui.guards import screen
from app.ui.parts.states import empty
from app.ui.strings import t
from app.ui.theme import BAR_HEIGHT, LIST_WIDTH, RAIL_WIDTH, SHORT_BAR_HEIGHT, Motion, Radius, Tone, Type

LABEL_GROWS = 16  # Flutter lets the bar's words grow by 30 % and no more


@ft.component
def App() -> list[ft.Control]:
    """Return the stack of views: login or shell at the bottom, on phones the pushed pages above."""
    ui = hooks.use_session()
    gate, layout, prefs = hooks.observe(ui.gate), hooks.use_layout(), hooks.observe(ui.prefs)
    nav = hooks.use_nav()
    # another person, language or size of text: everything is built anew
    face = f"{prefs.spoken}-{layout.scale:g}-{int(layout.calm)}"
    life = f"{gate.stage}-{face}"
    is_in = gate.client is not None
    first = hooks.use_same(lambda: ShellView(key=f"shell-{life}") if is_in else LoginView(key=f"login-{face}"), life)
    if not is_in:
        return [first]
    views = [first]
    over = [path for path in nav.stack() if layout.is_phone or routes.covers(path)]
    made = hooks.use_same(dict[str, ft.Control], life)
    for gone in made.keys() - set(over):
        del made[gone]
    views += [made.setdefault(path, PushedView(path, key=f"{life}-{path}")) for path in over]
    return views


def _held(same: ft.Control | None, expand: bool | None = True, **options: Any) -> ft.Control:
    """Return what holds a control that stays the same object: in a list Flet tells it its new parent, alone not."""
    return ft.Stack([same] if same else [], fit=ft.StackFit.EXPAND, expand=expand, **options)


def _view(route: str, content: ft.Control, **options: Any) -> ft.View:
    return ft.View(
        route=route, controls=[ft.SafeArea(content, expand=True)], padding=0, spacing=0, bgcolor=Tone.SURFACE, **options
    )


@ft.component
def LoginView() -> ft.View:
    """Show the way in."""
    return _view("/", routes.component("login:LoginScreen")())


@ft.component
def PushedView(path: str) -> ft.View:
    """Show one page over the shell (phones)."""
    return _view(path, hooks.PlaceCtx("pushed", lambda: Page(path, key=path)))


@screen
def Page(path: str) -> ft.Control:
    """Show the page at `path`; another path is another instance, so no state of one customer reaches the next."""
    found = routes.page_of(path)
    if found is None:
        return empty(ft.Icons.SEARCH_OFF, t("common.page_gone"))
    route, params = found
    return hooks.PathCtx(path, lambda: routes.component(route.screen)(**params, key=path))


@ft.component
def ShellView() -> ft.View:
    """Show the roots with the bar (phones) or the rail (wider)."""
    ui, layout, nav = hooks.use_session(), hooks.use_layout(), hooks.use_nav()
    phone = layout.is_phone
    # a phone's bar and a tablet's rail stand around the same roots: a window that changes keeps them as they are
    rail = ft.Container(None if phone else _rail(), visible=not phone)
    line = ft.VerticalDivider(width=1, thickness=1, color=Tone.LINE, visible=not phone)
    row = ft.Row([rail, line, _held(hooks.use_same(Roots))], spacing=0, expand=True)
    # the system's Back: the page over a root, then the first root, then out of the app
    at_home = nav.root == ui.roots[0].name and (phone or not nav.stack())
    return _view(
        "/", row, navigation_bar=_bar() if phone else None, can_pop=at_home,
        on_confirm_pop=lambda _event: ui.back() or ui.go(ui.roots[0].name),
    )  # fmt: skip


@screen
def Roots() -> ft.Control:
    """Show the visited roots in one stack, only the present one visible."""
    nav, made = hooks.use_nav(), hooks.use_same(dict[str, ft.Control])
    # in the order of their visits: a new one only ever comes last, so those before it keep their place
    places = [_held(_place(name, made), visible=name == nav.root, key=f"at-{name}") for name in nav.visited]
    return ft.Column(places, spacing=0, expand=True)


def _place(name: str, made: dict[str, ft.Control]) -> ft.Control:
    """Return a root's place, made once: a move elsewhere does not draw it."""
    if name not in made:
        made[name] = RootPlace(name, key=name)
    return made[name]


@screen
def RootPlace(name: str) -> ft.Control:
    """Show one root: alone, or with its right pane."""
    ui, layout, over = hooks.use_session(), hooks.use_layout(), hooks.use_over(name)
    root = next(r for r in ui.roots if r.name == name)
    stack = () if layout.is_phone else tuple(path for path in over if not routes.covers(path))
    two = layout.is_wide and root.two_pane
    cover = bool(stack) and not two
    inside = hooks.use_same(
        lambda: hooks.RootCtx(name, lambda: hooks.PlaceCtx("root", lambda: RootScreen(name, key=name))), name
    )
    main = _held(inside, width=LIST_WIDTH if two else None, expand=None if two else True, visible=not cover)
    # the page keeps its place among the cells, so it stays as it is when the window grows or shrinks
    line = ft.VerticalDivider(width=1, thickness=1, color=Tone.LINE, visible=two)
    side = hooks.use_same(lambda: _side(root, stack[-1:], two), name, stack[-1:], two)
    cells = [main, line, _held(side, visible=side is not None)]
    return ft.Row(cells, spacing=0, expand=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH)


def _side(root: routes.Root, top: tuple[str, ...], two: bool) -> ft.Control | None:
    """Return what stands beside a root or over it: its top page, or what a wide window shows without one."""
    if top:
        return _pane(top[0], root.name, "pane" if two else "pushed")
    return _nothing(root) if two else None


def _pane(path: str, root: str, place: str) -> ft.Control:
    return hooks.RootCtx(root, lambda: hooks.PlaceCtx(place, lambda: Page(path, key=path)))


def _nothing(root: routes.Root) -> ft.Control:
    if root.empty is not None:
        # its subject changes by itself: what was kept for one must not reach the next, so it has no path
        return hooks.RootCtx(root.name, lambda: hooks.PlaceCtx("pane", routes.component(root.empty)))
    return ft.Container(empty(root.icon, t(f"common.pick_{root.name}")), alignment=ft.Alignment.CENTER, expand=True)


@screen
def RootScreen(name: str) -> ft.Control:
    """Build a root's screen."""
    root = next(r for r in hooks.use_session().roots if r.name == name)
    return hooks.PathCtx(root.path, routes.component(root.screen))


def _index() -> tuple[tuple[routes.Root, ...], int | None]:
    ui = hooks.use_session()
    roots = ui.bar_roots()
    names = [root.name for root in roots]
    return roots, names.index(ui.nav.root) if ui.nav.root in names else None


def _bar() -> ft.NavigationBar:
    ui = hooks.use_session()
    roots, index = _index()
    places = [
        ft.NavigationBarDestination(icon=r.icon, selected_icon=r.selected_icon, label=t(f"common.root_{r.name}"))
        for r in roots
    ]
    layout = ui.layout
    words = ft.NavigationBarLabelBehavior
    return ft.NavigationBar(
        places, selected_index=index or 0, on_change=lambda e: ui.go(roots[int(e.control.selected_index)].name),
        bgcolor=Tone.CARD, border=ft.Border(top=ft.BorderSide(1, Tone.LINE)),
        height=SHORT_BAR_HEIGHT if layout.short else round(BAR_HEIGHT + LABEL_GROWS * (min(layout.scale, 1.3) - 1)),
        label_behavior=words.ALWAYS_HIDE if layout.short else words.ALWAYS_SHOW,
        animation_duration=Motion.NONE if layout.calm else Motion.CALM,
    )  # fmt: skip


def _rail() -> ft.Control:
    ui = hooks.use_session()
    roots, index = _index()
    places = [
        ft.NavigationRailDestination(icon=r.icon, selected_icon=r.selected_icon, label=t(f"common.root_{r.name}"))
        for r in roots
    ]
    mark = ft.Container(
        ft.Icon(ft.Icons.STOREFRONT_OUTLINED, size=22, color=Tone.ON_SOFT), width=44, height=44, bgcolor=Tone.SOFT,
        border_radius=Radius.M, alignment=ft.Alignment.CENTER, margin=ft.Margin.only(top=8, bottom=20),
        visible=not ui.layout.short,
    )  # fmt: skip
    return ft.NavigationRail(
        places, selected_index=index, on_change=lambda e: ui.go(roots[int(e.control.selected_index)].name),
        label_type=ft.NavigationRailLabelType.ALL, min_width=RAIL_WIDTH, bgcolor=Tone.CARD, leading=mark,
        indicator_color=Tone.SOFT, group_alignment=-1, selected_label_text_style=Type.LABEL.style(),
        unselected_label_text_style=Type.META.style(),
        scrollable=True,
    )  # fmt: skip
