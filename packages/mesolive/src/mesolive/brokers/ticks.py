"""Price steps of options and combos: the rules that the client uses too."""

from mesolive_sdk.ticks import on_tick, tick_of

__all__ = ["on_tick", "tick_of"]
