"""The page about the language names what there is."""

from __future__ import annotations

from mesolive.language import shapes
from mesolive.language.calls import FUNCTIONS, PURE
from mesolive.language.checking import MAX_ALL_EXPIRATIONS, MAX_ALL_LEGS
from mesolive.language.expression import MAX_LENGTH, MAX_OPERATORS
from mesolive.language.legs import LEG_FIELDS
from mesolive.language.statement_check import MAX_MODULE_CALLS
from mesolive.language.variables import BUILT_IN
from mesolive_testkit.paths import DOCS

PAGE = (DOCS / "strategy-language.md").read_text()


def test_every_variable_and_function_is_on_the_page() -> None:
    for name in [*PURE, *LEG_FIELDS]:
        assert name in PAGE, name
    for name in [*BUILT_IN, *FUNCTIONS]:
        stem = name.removeprefix("timing.").removeprefix("options.")
        for prefix in ("pos_", "acc_", "underlying_"):
            stem = stem.removeprefix(prefix)
        assert stem in PAGE or stem.removesuffix("_after") in PAGE, name


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    limits = PAGE[PAGE.index("Limits:") :].replace("\n", " ")
    for limit in (
        f"{shapes.MAX_LEGS} legs and {shapes.MAX_EXPIRATIONS} expirations",
        f"({MAX_ALL_LEGS} and {MAX_ALL_EXPIRATIONS} in all)",
        f"{shapes.MAX_CONDITIONS} conditions",
        f"{MAX_LENGTH:,} characters",
        f"{MAX_OPERATORS} operators",
        f"{MAX_MODULE_CALLS} module calls",
    ):
        assert limit in limits
