"""Every token of the look: colours, type, space, radius, motion; and the two Flet themes made of them.

Screens name roles (`ft.Colors.PRIMARY`, `color.LATE`) and kinds of text (`Type.ROW`), never a hex value, so that
light and dark need no code of their own. A customised text style inherits neither font nor colour from the theme:
each style below sets both.
"""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

FONT = "sc"
FONT_FILE = "fonts/NotoSansSC-Regular.otf"
PHONE_MAX = 600
WIDE_MIN = 1000
LIST_WIDTH = 420
DETAIL_MAX = 760
BAR_HEIGHT = 68
SHORT_BAR_HEIGHT = 52
NARROW = 360  # below this a row of several words and buttons is too long
SHORT_MAX = 500  # a window lower than this is a phone on its side
RAIL_WIDTH = 84
ROW_HEIGHT = 72
TOUCH = 48
DOT = "\u200a·\u200a"  # Noto CJK draws the middle dot full width: hair spaces, not spaces


class Space:
    """The only distances used between things."""

    XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 32


class Radius:
    """Small pills, fields and buttons, cards, sheets."""

    S, M, L, XL = 8, 12, 16, 24


class Motion:
    """How long what moves takes, milliseconds; `NONE` where the device asks for less motion."""

    NONE, CALM = 0, 200


LARGE_TEXT = 1.45  # from here on what stands side by side stands in two rows


def row_height(scale: float = 1.0) -> int:
    """Return the height of a list's row at a text scale: 72, and higher from about 1.1 on."""
    return max(ROW_HEIGHT, round(36 + 60 * scale) if scale >= LARGE_TEXT else round(30 + 42 * scale))


class Tone:
    """Colour roles by meaning, as Flet theme colours."""

    TEXT = ft.Colors.ON_SURFACE
    QUIET = ft.Colors.ON_SURFACE_VARIANT
    LINE = ft.Colors.OUTLINE_VARIANT
    CARD = ft.Colors.SURFACE_CONTAINER_LOWEST
    SURFACE = ft.Colors.SURFACE
    FILL = ft.Colors.SURFACE_CONTAINER_HIGH
    ACTION = ft.Colors.PRIMARY
    ON_ACTION = ft.Colors.ON_PRIMARY
    SOFT = ft.Colors.PRIMARY_CONTAINER
    ON_SOFT = ft.Colors.ON_PRIMARY_CONTAINER
    CALM = ft.Colors.SECONDARY_CONTAINER
    ON_CALM = ft.Colors.ON_SECONDARY_CONTAINER
    WARM = ft.Colors.TERTIARY_CONTAINER
    ON_WARM = ft.Colors.ON_TERTIARY_CONTAINER
    LATE = ft.Colors.ERROR
    REFUSED = ft.Colors.ERROR_CONTAINER
    ON_REFUSED = ft.Colors.ON_ERROR_CONTAINER


@dataclass(frozen=True, slots=True)
class TypeSpec:
    """One kind of text: size, line height, weight and its usual colour role."""

    size: float
    line: float
    strong: bool = False
    color: str = Tone.TEXT

    def style(self, color: str | None = None) -> ft.TextStyle:
        """Return the Flet style, in `color` when given."""
        return ft.TextStyle(
            size=self.size,
            height=self.line / self.size,
            weight=ft.FontWeight.W_600 if self.strong else ft.FontWeight.W_400,
            color=color or self.color,
            font_family=_font,
        )


_NARROW = 0.58  # of a Latin letter's or figure's width to its size, on the safe side


def text_width(text: str, kind: TypeSpec, scale: float = 1.0) -> float:
    """Return about how wide `text` is on one line: to choose between a row and two, never to place anything."""
    units = sum(1.0 if ord(letter) > 0x2E7F else _NARROW for letter in text)
    return units * kind.size * scale * (1.03 if kind.strong else 1.0)


class Type:
    """The kinds of text (size/line of the design card)."""

    DISPLAY = TypeSpec(32, 40, True)
    TITLE = TypeSpec(26, 34, True)
    NAME = TypeSpec(22, 30, True)
    FIGURE = TypeSpec(20, 28, True)
    SECTION = TypeSpec(16, 24, True)
    LEAD = TypeSpec(16, 24)
    BODY = TypeSpec(14, 21)
    ROW = TypeSpec(14, 20, True)
    META = TypeSpec(12.5, 18, False, Tone.QUIET)
    LABEL = TypeSpec(12, 16, True)
    TINY = TypeSpec(11, 16, True)


BUTTON = TypeSpec(15, 22, True)


_font: str | None = FONT


def use_font(family: str | None) -> None:
    """Set the family of every style: the bundled one on the web and Linux, None (the system's) on phones."""
    global _font  # noqa: PLW0603 - one process draws for one kind of screen
    _font = family


LIGHT = ft.ColorScheme(
    primary="#0B6B5B", on_primary="#FFFFFF", primary_container="#C9EDE2", on_primary_container="#06382F",
    secondary="#47635C", on_secondary="#FFFFFF", secondary_container="#DCE9E3", on_secondary_container="#17332C",
    tertiary="#8A5A00", on_tertiary="#FFFFFF", tertiary_container="#FFEBC8", on_tertiary_container="#4A3000",
    error="#B3261E", on_error="#FFFFFF", error_container="#FBE3E0", on_error_container="#6B1510",
    surface="#F7F7F4", on_surface="#191C1B", on_surface_variant="#5B625F", outline="#8A918E", outline_variant="#E3E5E0",
    surface_container_lowest="#FFFFFF", surface_container_low="#F2F3EF", surface_container="#EFF0EC",
    surface_container_high="#E9EBE6", surface_container_highest="#E1E4DE", surface_bright="#FFFFFF",
    surface_dim="#E9EBE6", inverse_surface="#2D3231", on_inverse_surface="#EFF1EE", inverse_primary="#7FD8C2",
    surface_tint=ft.Colors.TRANSPARENT, shadow="#000000", scrim="#000000",
)  # fmt: skip
DARK = ft.ColorScheme(
    primary="#7FD8C2", on_primary="#00382E", primary_container="#10493E", on_primary_container="#BFF0E2",
    secondary="#A9C9BF", on_secondary="#12352C", secondary_container="#2A3D37", on_secondary_container="#CFE5DC",
    tertiary="#F2BE6E", on_tertiary="#452B00", tertiary_container="#3A2E18", on_tertiary_container="#F7DCAE",
    error="#FFB4AB", on_error="#690005", error_container="#5C1D1A", on_error_container="#FFDAD5",
    surface="#101312", on_surface="#E2E4E1", on_surface_variant="#A6ADA9", outline="#737A76", outline_variant="#2B302E",
    surface_container_lowest="#191D1B", surface_container_low="#161A18", surface_container="#1D2120",
    surface_container_high="#252A28", surface_container_highest="#2F3432", surface_bright="#252A28",
    surface_dim="#101312", inverse_surface="#E2E4E1", on_inverse_surface="#2D3231", inverse_primary="#0B6B5B",
    surface_tint=ft.Colors.TRANSPARENT, shadow="#000000", scrim="#000000",
)  # fmt: skip


def _rounded(radius: float) -> ft.RoundedRectangleBorder:
    return ft.RoundedRectangleBorder(radius=radius)


def _text_theme(scheme: ft.ColorScheme) -> ft.TextTheme:
    ink, quiet = scheme.on_surface, scheme.on_surface_variant
    return ft.TextTheme(
        display_large=Type.DISPLAY.style(ink), display_medium=Type.DISPLAY.style(ink),
        display_small=Type.TITLE.style(ink), headline_large=Type.TITLE.style(ink),
        headline_medium=Type.TITLE.style(ink), headline_small=Type.NAME.style(ink),
        title_large=Type.FIGURE.style(ink), title_medium=Type.SECTION.style(ink), title_small=Type.ROW.style(ink),
        body_large=Type.LEAD.style(ink), body_medium=Type.BODY.style(ink), body_small=Type.META.style(quiet),
        label_large=Type.ROW.style(ink), label_medium=Type.LABEL.style(ink), label_small=Type.TINY.style(ink),
    )  # fmt: skip


FOCUS_WIDTH = 2
FOCUS_FILL = 0.22


def _button_style(scheme: ft.ColorScheme, side: ft.BorderSide | None = None, filled: bool = False) -> ft.ButtonStyle:
    """Return a button 48 high that grows with its words, with a line around it while the keyboard is on it."""
    ring = ft.BorderSide(FOCUS_WIDTH, scheme.on_surface if filled else scheme.primary)
    calm = {} if side is None else {ft.ControlState.DEFAULT: side}
    return ft.ButtonStyle(
        shape=_rounded(Radius.M),
        padding=ft.Padding.symmetric(horizontal=Space.L, vertical=(TOUCH - BUTTON.line) / 2),
        text_style=ft.TextStyle(
            size=BUTTON.size, height=BUTTON.line / BUTTON.size, weight=ft.FontWeight.W_600, font_family=_font
        ),
        side={ft.ControlState.FOCUSED: ring, **calm},
        elevation=0,
    )


def _transitions(calm: bool) -> ft.PageTransitionsTheme:
    if calm:
        none = ft.PageTransitionTheme.NONE
        return ft.PageTransitionsTheme(android=none, ios=none, macos=none, linux=none, windows=none)
    slides = ft.PageTransitionTheme.CUPERTINO
    return ft.PageTransitionsTheme(
        android=ft.PageTransitionTheme.FADE_FORWARDS, ios=slides, macos=slides, linux=slides, windows=slides
    )


def _theme(scheme: ft.ColorScheme, calm: bool) -> ft.Theme:
    line = ft.BorderSide(1, scheme.outline_variant)
    return ft.Theme(
        font_family=_font,
        color_scheme=scheme,
        use_material3=True,
        scaffold_bgcolor=scheme.surface,
        divider_color=scheme.outline_variant,
        text_theme=_text_theme(scheme),
        filled_button_theme=ft.FilledButtonTheme(style=_button_style(scheme, filled=True)),
        outlined_button_theme=ft.OutlinedButtonTheme(style=_button_style(scheme, line)),
        text_button_theme=ft.TextButtonTheme(style=_button_style(scheme)),
        navigation_bar_theme=_bar_theme(scheme),
        divider_theme=ft.DividerTheme(color=scheme.outline_variant, thickness=1, space=1),
        bottom_sheet_theme=ft.BottomSheetTheme(
            bgcolor=scheme.surface_container_lowest, elevation=0, shape=_rounded(Radius.XL), show_drag_handle=True
        ),
        snackbar_theme=ft.SnackBarTheme(
            bgcolor=scheme.inverse_surface,
            content_text_style=Type.BODY.style(scheme.on_inverse_surface),
            action_text_color=scheme.inverse_primary,
            behavior=ft.SnackBarBehavior.FLOATING,
            shape=_rounded(Radius.M),
            elevation=0,
        ),
        page_transitions=_transitions(calm),
        focus_color=ft.Colors.with_opacity(FOCUS_FILL, scheme.primary),
        visual_density=ft.VisualDensity.STANDARD,
    )


def _bar_theme(scheme: ft.ColorScheme) -> ft.NavigationBarTheme:
    return ft.NavigationBarTheme(
        bgcolor=scheme.surface_container_lowest,
        indicator_color=scheme.primary_container,
        elevation=0,
        height=BAR_HEIGHT,
        label_text_style={
            ft.ControlState.SELECTED: ft.TextStyle(
                size=12, weight=ft.FontWeight.W_600, color=scheme.on_surface, font_family=_font
            ),
            ft.ControlState.DEFAULT: ft.TextStyle(
                size=12, weight=ft.FontWeight.W_400, color=scheme.on_surface_variant, font_family=_font
            ),
        },
    )


def light_theme(*, calm: bool = False) -> ft.Theme:
    """Return the light theme; `calm` moves nothing."""
    return _theme(LIGHT, calm)


def dark_theme(*, calm: bool = False) -> ft.Theme:
    """Return the dark theme; `calm` moves nothing."""
    return _theme(DARK, calm)


def theme_mode(setting: str) -> ft.ThemeMode:
    """Return Flet's mode of the setting `system`, `light` or `dark`."""
    return {"light": ft.ThemeMode.LIGHT, "dark": ft.ThemeMode.DARK}.get(setting, ft.ThemeMode.SYSTEM)


def apply(page: ft.Page, setting: str, *, calm: bool = False) -> None:
    """Give `page` both themes, the bundled font where it is used, and the mode of `setting`."""
    if _font is not None:
        page.fonts = {FONT: FONT_FILE}
    page.theme, page.dark_theme = light_theme(calm=calm), dark_theme(calm=calm)
    page.theme_mode = theme_mode(setting)
