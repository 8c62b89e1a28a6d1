"""Our reader of PO files against Babel's, over every catalogue there is and over what PO files may say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.ui import po
from app.ui.strings import LANGUAGES, assets_dir

FILES = [path for language in LANGUAGES for path in sorted((assets_dir() / "locale" / language).glob("*.po"))]
ODD = r"""# a comment
msgid ""
msgstr "Plural-Forms: nplurals=2; plural=(n != 1);\n"

#, python-brace-format
#: place.py:3
msgid ""
"two."
"parts"
msgstr "says \"so\"\n"
"and \\ more"

msgid "many"
msgid_plural "many"
msgstr[0] "{n} one"
msgstr[1] "{n} "
"others"

#~ msgid "gone"
#~ msgstr "gone"

msgid "empty"
msgstr ""
"""


def babel(text: bytes) -> dict[str, tuple[str, ...]]:
    found = {}
    for message in read_po(io.BytesIO(text)):
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        if key:
            found[key] = message.string if isinstance(message.string, tuple) else (message.string,)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_catalogue_reads_as_babel_reads_it(path: Path) -> None:
    ours = dict(po.entries(path.read_text("utf-8")))
    assert ours == babel(path.read_bytes())
    assert ours


def test_what_po_files_may_say_reads_as_babel_reads_it() -> None:
    assert dict(po.entries(ODD)) == babel(ODD.encode())


def test_a_part_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="escape"):
        list(po.entries('msgid "a"\nmsgstr "\\q"'))
