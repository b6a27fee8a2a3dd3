"""Doubles of brokers' programs: what connectors are tried against where no account can be reached."""
