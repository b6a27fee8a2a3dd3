"""Strategy definitions and expressions. Pure: no I/O and no clock of its own."""
