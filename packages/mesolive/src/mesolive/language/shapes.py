"""Field declarations of a definition's JSON: names and types, shared by the parser and the JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Live = Literal["used", "ignored"]


class Expression(Struct, frozen=True):
    """A script expression, a number or a text."""

    condition: bool = False


class Word(Struct, frozen=True):
    """A text.

    Attributes
    ----------
    max_length
        Greatest length in characters.
    """

    max_length: int = 250
    empty: bool = False


class Whole(Struct, frozen=True):
    """A whole number of at least 0, or a text that is one."""

    greatest: int = 100_000


class Amount(Struct, frozen=True):
    """A number within bounds, or a text that is one."""

    minimum: Decimal
    maximum: Decimal


class Choice(Struct, frozen=True):
    """One of a few texts; case does not matter."""

    of: tuple[str, ...]


class Anything(Struct, frozen=True):
    """Any value: only the simulation reads it."""


class Every(Struct, frozen=True):
    """`day`, `5min`, or a comma list of weekdays."""


class ListOf(Struct, frozen=True):
    """A list.

    Attributes
    ----------
    minimum, maximum
        Bounds of its length.
    """

    item: Kind
    minimum: int = 0
    maximum: int = 100


class MapOf(Struct, frozen=True):
    """An object whose keys the writer chooses.

    Attributes
    ----------
    keys
        What the keys are.
    """

    item: Kind
    keys: Literal["variable", "condition"]
    maximum: int = 100


class Shape(Struct, frozen=True):
    """An object with declared fields."""

    fields: Mapping[str, Field]
    title: str = ""


Kind = Expression | Word | Whole | Amount | Choice | Anything | Every | ListOf | MapOf | Shape


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object; `null` counts as not set.

    Attributes
    ----------
    live
        Whether a live run uses it.
    """

    kind: Kind
    about: str
    required: bool = False
    live: Live = "used"
    extension: bool = field(default=False)


MAX_LEGS = 50
MAX_EXPIRATIONS = 20
MAX_CONDITIONS = 100

_EXPRESSION = Expression()
_CONDITION = Expression(condition=True)
_CONDITIONS = ListOf(_CONDITION, maximum=MAX_CONDITIONS)
_VAR_DEFINES = MapOf(_EXPRESSION, "variable")
_ROOTS = ListOf(Word(16), maximum=20)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

EXPIRATION = Shape(
    {
        "Name": Field(Word(64), "Alias of the expiration; part of the names of its variables.", required=True),
        "DTE": Field(_EXPRESSION, "Sought calendar days to expiration; the nearest is taken.", required=True),
        "Min": Field(_EXPRESSION, "Fewest calendar days allowed."),
        "Max": Field(_EXPRESSION, "Most calendar days allowed."),
        "Roots": Field(
            Shape(
                {
                    "Include": Field(_ROOTS, "Only these roots, preferred in this order."),
                    "Exclude": Field(_ROOTS, "None of these roots."),
                }
            ),
            "Which trading classes may be chosen.",
        ),
    },
    title="Expiration",
)

COMPLEX = Shape(
    {
        "Statement": Field(_EXPRESSION, "Evaluated for every candidate as if it were the leg.", required=True),
        "Target": Field(_EXPRESSION, "Value that the statement should come nearest to.", required=True),
        "Constraints": Field(_CONDITIONS, "Conditions that a candidate must fulfil, all of them."),
    },
    title="Complex selector",
)

_SELECTOR_ABOUT = {
    "BidPrice": "Sought bid, per unit of the underlying.",
    "AskPrice": "Sought ask, per unit of the underlying.",
    "MidPrice": "Sought midpoint of bid and ask, per unit of the underlying.",
    "Delta": "Sought delta times 100, without its sign.",
    "StrikePrice": "Sought strike.",
    "Complex": "The best value of a statement over all candidates.",
    "Gamma": "Sought gamma of one contract, without its sign.",
    "Theta": "Sought theta of one contract, without its sign.",
    "Vega": "Sought vega of one contract.",
    "WVega": "Sought weighted vega of one contract.",
    "Rho": "Sought rho of one contract, without its sign.",
    "IV": "Sought implied volatility in percent.",
}
SELECTORS = tuple(_SELECTOR_ABOUT)
_EXTENSIONS = {"Gamma", "Theta", "Vega", "WVega", "Rho", "IV"}

SELECTOR = Shape(
    {
        "Min": Field(_EXPRESSION, "Lower bound in the unit of the selector."),
        "Max": Field(_EXPRESSION, "Upper bound in the unit of the selector."),
        **{
            name: Field(COMPLEX if name == "Complex" else _EXPRESSION, about, extension=name in _EXTENSIONS)
            for name, about in _SELECTOR_ABOUT.items()
        },
    },
    title="Strike selector: exactly one measure",
)

LEG = Shape(
    {
        "Name": Field(Word(64), "Name of the leg; part of the names of its variables.", required=True),
        "Qty": Field(_EXPRESSION, "Contracts: negative is short, 0 is a marker leg.", required=True),
        "OptionType": Field(Choice(("Call", "Put")), "Side of the option.", required=True),
        "ExpirationName": Field(Word(64), "Alias of its expiration.", required=True),
        "LegGroupId": Field(_EXPRESSION, "Legs of one group are traded as one combination; 0 is none."),
        "StrikeSelector": Field(SELECTOR, "How the strike is chosen.", required=True),
    },
    title="Leg",
)

SCHEDULE = Shape(
    {
        "AfterMarketOpenMinutes": Field(Whole(1440), "Minutes after the opening; rounded to 5."),
        "BeforeMarketCloseMinutes": Field(Whole(1440), "Minutes before the close; rounded to 5."),
        "Every": Field(Every(), "`day`, `5min`, or weekdays such as `mon,wed,fri`."),
    },
    title="Schedule: exactly one of the two minute fields",
)

ADJUSTMENT = Shape(
    {
        "RemoveLegsAdjustment": Field(
            Shape(
                {
                    "LegNames": Field(ListOf(Word(64), minimum=1, maximum=MAX_LEGS), "Legs to close.", required=True),
                    "VarDefines": Field(_VAR_DEFINES, "Variables set when it is carried out."),
                }
            ),
            "Closes legs.",
        ),
        "RemoveLegAdjustment": Field(
            Shape(
                {
                    "LegName": Field(Word(64), "Leg to close.", required=True),
                    "VarDefines": Field(_VAR_DEFINES, "Variables set when it is carried out."),
                }
            ),
            "Closes one leg: the older form of RemoveLegsAdjustment.",
        ),
        "MoveLegAdjustment": Field(
            Shape(
                {
                    "LegName": Field(Word(64), "Leg to move; it keeps its name and quantity.", required=True),
                    "StrikeSelector": Field(SELECTOR, "How the new strike is chosen.", required=True),
                    "ExpirationName": Field(Word(64), "Another expiration."),
                    "Expirations": Field(ListOf(EXPIRATION, maximum=MAX_EXPIRATIONS), "New aliases."),
                    "VarDefines": Field(_VAR_DEFINES, "Variables set when it is carried out."),
                }
            ),
            "Closes a leg and opens it elsewhere.",
        ),
        "AddLegsAdjustment": Field(
            Shape(
                {
                    "Legs": Field(ListOf(LEG, minimum=1, maximum=MAX_LEGS), "Legs to open.", required=True),
                    "Expirations": Field(ListOf(EXPIRATION, maximum=MAX_EXPIRATIONS), "New aliases."),
                    "AbortConditions": Field(_CONDITIONS, "Any of them refuses the adjustment."),
                    "VarDefines": Field(_VAR_DEFINES, "Variables set when it is carried out."),
                }
            ),
            "Opens legs.",
        ),
        "UpdateVarsAdjustment": Field(
            Shape({"VarDefines": Field(_VAR_DEFINES, "Variables to set.", required=True)}),
            "Sets variables; nothing is traded.",
        ),
    },
    title="Adjustment",
)

MARGIN = Shape(
    {
        "Model": Field(Choice(("RegT", "PMLike", "None")), "Model; RegT when it is not set."),
        "HouseMultiplier": Field(Amount(Decimal("0.01"), Decimal(100)), "Multiplies the result; 1 when it is not set."),
        "RegTMode": Field(
            Choice(("CBOEVanilla", "CBOEPermissive")),
            "Whether what sales brought is applied to the requirement; CBOEVanilla, without, when it is not set.",
        ),
        "PMConfig": Field(
            Shape(
                {
                    "LowerBoundPct": Field(
                        Amount(Decimal(0), Decimal(99)), "How far the price may fall, in percent; 10."
                    ),
                    "UpperBoundPct": Field(Amount(Decimal(0), Decimal(1000)), "How far it may rise, in percent; 10."),
                }
            ),
            "Range of prices that PMLike looks at.",
        ),
    }
)

DEFINITION = Shape(
    {
        "$schema": Field(Word(), "Address of this schema, for editors.", live="ignored"),
        "$original": Field(Anything(), "The version 2 text that this was converted from.", live="ignored"),
        "MesoSimVersion": Field(Word(64), "Version of the engine that wrote the file; below 3 it is converted."),
        "StrategyName": Field(Word(128), "Default name."),
        "Description": Field(Word(20_000, empty=True), "Text."),
        "Backtest": Field(Anything(), "Name, Start, End and Cash of a simulation.", live="ignored"),
        "Symbol": Field(Word(32), "Underlying, such as SPX.", required=True),
        "Structure": Field(
            Shape(
                {
                    "Name": Field(Word(250, empty=True), "Label.", live="ignored"),
                    "Expirations": Field(
                        ListOf(EXPIRATION, minimum=1, maximum=MAX_EXPIRATIONS), "Expirations, in order.", required=True
                    ),
                    "Legs": Field(ListOf(LEG, minimum=1, maximum=MAX_LEGS), "Legs, in order.", required=True),
                }
            ),
            "What is traded.",
            required=True,
        ),
        "Entry": Field(
            Shape(
                {
                    "Schedule": Field(SCHEDULE, "When an entry is looked for."),
                    "Conditions": Field(_CONDITIONS, "Any true one (or none written) allows the entry."),
                    "VarDefines": Field(_VAR_DEFINES, "Variables that the position is given, in the order written."),
                    "AbortConditions": Field(_CONDITIONS, "Any true one refuses the entry, legs being known."),
                    "QtyMultiplier": Field(_EXPRESSION, "Scales all quantities; 1 when not set."),
                    "ReentryDays": Field(Whole(), "Calendar days from an exit to the next entry."),
                    "Concurrency": Field(
                        Shape(
                            {
                                "MaxPositionsInFlight": Field(Whole(), "Most positions open at once."),
                                "EntryShiftDays": Field(Whole(), "Calendar days between two entries."),
                            }
                        ),
                        "Positions side by side.",
                    ),
                }
            ),
            "When a position is entered.",
        ),
        "Adjustment": Field(
            Shape(
                {
                    "Schedule": Field(SCHEDULE, "When adjustments are looked for."),
                    "ConditionalAdjustments": Field(
                        MapOf(ADJUSTMENT, "condition", maximum=MAX_CONDITIONS),
                        "Condition → what is done; in the order of the conditions' text.",
                    ),
                    "MaxAdjustmentCount": Field(Whole(), "After so many, the next one closes the position instead."),
                }
            ),
            "How a position is adjusted.",
        ),
        "Exit": Field(
            Shape(
                {
                    "Schedule": Field(SCHEDULE, "When an exit is looked for."),
                    "MaxDaysInTrade": Field(_EXPRESSION, "Days after which the position is closed."),
                    "ProfitTarget": Field(_EXPRESSION, "Profit in account currency; fixed at entry."),
                    "StopLoss": Field(_EXPRESSION, "Loss in account currency, positive; fixed at entry."),
                    "Conditions": Field(_CONDITIONS, "Any true one closes the position."),
                    "VarDefines": Field(_VAR_DEFINES, "Variables set at the exit of a simulation.", live="ignored"),
                }
            ),
            "When a position is closed.",
        ),
        "ExternalData": Field(
            Shape({"CsvUrl": Field(Word(2000), "Address of a CSV; its columns become variables.")}),
            "Data from outside.",
        ),
        "Indicators": Field(
            Shape(
                {
                    "Standard": Field(
                        MapOf(
                            Shape(
                                {
                                    "Type": Field(Word(16), "Kind of indicator, such as RSI.", required=True),
                                    "Instrument": Field(Word(32), "The underlying when not set."),
                                    "Param1": Field(_EXPRESSION, "First parameter."),
                                    "Param2": Field(_EXPRESSION, "Second parameter."),
                                    "Param3": Field(_EXPRESSION, "Third parameter."),
                                }
                            ),
                            "variable",
                        ),
                        "Indicators over the underlying's daily closes, by variable name.",
                    )
                }
            ),
            "Indicators of version 2.",
            extension=True,
        ),
        "Settings": Field(
            Shape(
                {
                    "Core": Field(
                        Shape(
                            {
                                "LegSelectionConstraint": Field(
                                    Choice(("FullyUnique", "UniqueInPosition", "None")),
                                    "Which contracts in use may be used again; FullyUnique when not set.",
                                ),
                                "ExpirationSelectionConstraint": Field(
                                    Choice(("AbortOnReuse", "AllowReuse")),
                                    "Whether two aliases may come to the same expiration.",
                                ),
                                "Margin": Field(MARGIN, "How margin is calculated; without it, it is not."),
                            }
                        ),
                        "Settings of simulation and live trading.",
                    ),
                    "Sim": Field(Anything(), "Settings of the simulation.", live="ignored"),
                }
            ),
            "Settings.",
        ),
    },
    title="MesoLive strategy definition, version 3",
)

WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAYS, start=1)}
