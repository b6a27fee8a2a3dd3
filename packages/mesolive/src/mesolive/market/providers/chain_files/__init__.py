"""Reads option chain files: one reader for all formats, and a report of each anomaly in a file.

`read_chain_file` returns the chains of a file with everything that was corrected, left out or assumed; `read_export`
the first of them.
"""

from mesolive.market.providers.chain_files.model import (
    ChainExport,
    ChainFile,
    ChainFileError,
    ChainFormat,
    Oddity,
    Treatment,
    merged,
)
from mesolive.market.providers.chain_files.reader import parse_chain_file, parse_export, read_chain_file, read_export

__all__ = [
    "ChainExport",
    "ChainFile",
    "ChainFileError",
    "ChainFormat",
    "Oddity",
    "Treatment",
    "merged",
    "parse_chain_file",
    "parse_export",
    "read_chain_file",
    "read_export",
]
