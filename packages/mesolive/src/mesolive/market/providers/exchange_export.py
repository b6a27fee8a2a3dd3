"""The chain reader by its former name; new code imports `mesolive.market.providers.chain_files`."""

from __future__ import annotations

from mesolive.market.providers.chain_files import ChainExport, parse_export, read_export
from mesolive.market.providers.chain_files import ChainFileError as ExportError

__all__ = ["ChainExport", "ExportError", "parse_export", "read_export"]
