"""What holds for the whole tree: pins, layers' companions, catalogues, packaging, marks of skipped tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.protocol.codes import CODES

ROOT = Path(__file__).parents[3]
LANGUAGES = ("zh_CN", "en")
PIN = re.compile(r"^([a-z0-9_.-]+)==([^ ;\\]+)", re.M)
TOP_LEVEL = {
    "app", "assets", "server_stub", "tests", "pyproject.toml", "README.md", "main.py", "Makefile", "requirements",
    "benchmarks", "docs", "CHANGELOG.md", "LICENSE",
}  # fmt: skip


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.fail("the house tests read the checkout's file list: run them in a git checkout")
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in out.stdout.splitlines() if (ROOT / name).exists()]


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text("utf-8")))


def test_client_pins_exist_for_phones() -> None:
    native = json.loads((ROOT / "tests/data/mobile_recipes.json").read_text("utf-8"))["native"]
    pinned = pins("client")
    for package, versions in native.items():
        assert pinned[package] in versions, f"{package} {pinned[package]} has no mobile recipe: {versions}"
    compiled = {name for name in pinned if _has_binary_wheels(name)}
    assert compiled <= set(native) | {"pyyaml"}, f"no mobile recipe is known for {compiled - set(native)}"


def _has_binary_wheels(package: str) -> bool:
    """Whether the installed distribution holds compiled modules it cannot do without."""
    from importlib.metadata import PackageNotFoundError, distribution

    optional = {"charset-normalizer", "markupsafe", "coverage"}  # have a pure-Python fallback
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:  # a pin for another platform
        return False
    return package not in optional and any(str(f).endswith(".so") for f in files)


def test_requirements_are_hashed_and_name_no_registry() -> None:
    for name in ("client", "server", "dev", "postgres"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        assert "--index-url" not in text and "://" not in text
        assert text.count("--hash=sha256:") >= len(PIN.findall(text))


def test_pyproject_and_client_requirements_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[=<>]", item)[0] for item in project["dependencies"]}
    wanted = {
        re.split(r"[=<>]", line)[0]
        for line in (ROOT / "requirements/client.in").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    }
    # cffi and msgpack come with cryptography and flet; they are pinned only to what phones have
    assert names == wanted - {"cffi", "msgpack"}


def test_top_level_is_the_design_card() -> None:
    found = {name.split("/")[0] for name in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_nothing_names_a_machine_or_a_registry() -> None:
    banned = re.compile(
        r"/(?:work|farm|root)/[a-z.]|files\.python" + r"hosted|pypi\.org/" + r"simple|registry\.npm" + "js"
    )
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".png", ".jpg", ".webp", ".otf", ".ttf", ".woff2", ".db"}:
            continue
        assert not banned.search(path.read_text("utf-8", errors="replace")), name


def test_no_test_is_skipped_without_being_listed() -> None:
    marks = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail)\b|\.skip\(" + r"|\bxit\(")
    found = {n for n in tracked() if n.startswith("tests/") and n.endswith(".py") and "house" not in n}
    assert not [name for name in found if marks.search((ROOT / name).read_text("utf-8"))]


def catalogues(base: str) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for language in LANGUAGES:
        for path in sorted((ROOT / base).glob(f"{language}/*.po")) or sorted((ROOT / base).glob(f"{language}.po")):
            with path.open("rb") as file:
                entries = {str(m.id if isinstance(m.id, str) else m.id[0]): m for m in read_po(file) if m.id}
            area = path.stem if path.stem != language else "shop"
            found.setdefault(area, {})[language] = set(entries)
            empty = [
                key for key, m in entries.items() if not (m.string if isinstance(m.string, str) else all(m.string))
            ]
            assert not empty, f"{path.relative_to(ROOT)} leaves {empty} untranslated"
    return found


@pytest.mark.parametrize("base", ["assets/locale", "server_stub/shop/locale"])
def test_catalogues_are_complete_in_both_languages(base: str) -> None:
    found = catalogues(base)
    assert found
    for area, by_language in found.items():
        assert set(by_language) == set(LANGUAGES), f"{area} lacks a language"
        assert by_language["zh_CN"] == by_language["en"], f"{area}: {by_language['zh_CN'] ^ by_language['en']}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_stands_in_two_catalogues(language: str) -> None:
    keys: dict[str, list[str]] = {}
    for path in sorted((ROOT / "assets/locale" / language).glob("*.po")):
        for key in re.findall(r'^msgid "([^"]+)"', path.read_text("utf-8"), re.M):
            keys.setdefault(key, []).append(path.name)
    assert {key: places for key, places in keys.items() if len(places) > 1} == {}


def test_every_error_code_has_a_sentence() -> None:
    errors = catalogues("assets/locale")["errors"]["zh_CN"]
    missing = {code for code in CODES if code not in errors and f"errors.{code}" not in errors}
    assert not missing


def test_every_key_used_in_the_app_is_in_the_catalogues() -> None:
    known = set().union(*(keys["zh_CN"] for keys in catalogues("assets/locale").values()))
    used = re.compile(r"""\bt\(\s*["']([a-z_]+\.[a-z0-9_.]+)["']""")
    for name in tracked():
        if name.startswith("app/") and name.endswith(".py"):
            for key in used.findall((ROOT / name).read_text("utf-8")):
                assert key in known, f"{name} uses {key}"


def test_flet_settings_are_what_a_build_needs() -> None:
    flet = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["flet"]
    assert flet["app"]["path"] == "." and flet["app"]["module"] == "main"
    assert flet["android"]["manifest_application"] == {
        "allowBackup": "false", "fullBackupContent": "false", "usesCleartextTraffic": "false",
    }  # fmt: skip
    assert {"NSFaceIDUsageDescription", "NSCameraUsageDescription"} <= set(flet["ios"]["info"])
    assert (ROOT / "assets/icon.png").exists()


def test_what_ships_starts_in_an_empty_folder(tmp_path: Path) -> None:
    """Lay out exactly what `flet build` would package, and import main there with nothing else in reach."""
    flet = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["flet"]
    excluded = set(flet["app"]["exclude"])
    shipped = [
        n for n in tracked() if not n.startswith(".") and not any(n == e or n.startswith(e + "/") for e in excluded)
    ]
    for name in shipped:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    assert not (tmp_path / "server_stub").exists() and not (tmp_path / "tests").exists()
    server_side = {"server_stub", "fastapi", "pydantic", "sqlalchemy"}
    code = (
        "import sys; sys.path.insert(0, '.'); import main, app.bootstrap.later; "
        f"assert not [m for m in sys.modules if m.split('.')[0] in {server_side!r}]"
    )
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_nothing_of_the_store_is_imported_before_the_pin_field() -> None:
    """Nobody waits for it there; it is imported while the PIN is typed."""
    later = "store|protocol|mutations|insight|account|sync|content|posters|security"
    code = (
        "import re, sys; sys.path.insert(0, '.'); import main, app.ui.screens.login; "
        f"print(*[m for m in sys.modules if re.match(r'app[.]({later})|httpx|cryptography|sqlite3|msgspec', m)])"
    )
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []
