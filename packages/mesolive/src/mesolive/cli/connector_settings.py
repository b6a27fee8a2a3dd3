"""Settings and secrets of connectors on the command line: NAME=VALUE, prompts, files, standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesolive.settings import SettingsError

Given = Annotated[
    list[str] | None, typer.Option("--set", help="A setting as NAME=VALUE, as often as needed; NAME= is its default.")
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secrets-file",
        help="A file with a line NAME=VALUE for each secret; - reads standard input. Without it secrets are asked for.",
    ),
]


def setting_pairs(given: list[str] | None) -> dict[str, str]:
    """Return settings by name from texts NAME=VALUE."""
    result: dict[str, str] = {}
    for text in given or []:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--set")
        result[name] = value
    return result


def settings_secrets(names: list[str], file: Path | None) -> dict[str, str]:
    """Return secrets from a file, from standard input, or from prompts that do not echo; an empty answer is none."""
    if file is None:
        asked = {name: typer.prompt(name, default="", hide_input=True, show_default=False, err=True) for name in names}
        return {name: text for name, text in asked.items() if text}
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--secrets-file: {file} cannot be read ({type(error).__name__})") from None
    result: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator:  # the line is not repeated: it may be a secret
            raise SettingsError(f"--secrets-file: line {number}: expected NAME=VALUE")
        result[name.strip()] = value.strip()
    return result
