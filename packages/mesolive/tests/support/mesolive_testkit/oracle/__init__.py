"""An oracle of strategies: what a definition must do at each scheduled time, from docs/strategy-language.md alone.

It shares nothing with `mesolive.language`, signals, preparations or the autopilot: it knows a definition as JSON, the
exchange's sessions, and the quotes of a chain.
"""
