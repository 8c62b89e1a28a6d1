"""Posters: a template, a product and a link become one picture, with no network.

    template.py   what a template may say; hostile ones are refused or clamped
    layout.py     where text goes: pure arithmetic, no pictures
    fonts.py      the bundled fonts: glyph widths, what can be drawn
    pictures.py   product pictures opened safely and fitted
    qr.py         QR codes that survive a messenger
    render.py     `make_poster(spec) -> bytes`, `make_preview`, `save_poster`

A poster holds a product, a price, a guide, a store and a link; nothing of a customer ever enters it.
"""
