// Terms of contracts. Made by portal/scripts/wire_types.py from mesolive_sdk.contract_specs: do not edit.

/** `steps`: the step from a price on; with `above`, only above it. `combo`: the step of a net price. */
export interface TickTable {
  steps: [string, string][];
  combo: string;
  above?: boolean;
}

export const TICK_TABLES: Record<string, TickTable> = {
  "nickel": {
    "steps": [
      [
        "0",
        "0.05"
      ],
      [
        "3",
        "0.10"
      ]
    ],
    "combo": "0.05",
    "above": false
  },
  "penny": {
    "steps": [
      [
        "0",
        "0.01"
      ]
    ],
    "combo": "0.01",
    "above": false
  },
  "penny below 3": {
    "steps": [
      [
        "0",
        "0.01"
      ],
      [
        "3",
        "0.05"
      ]
    ],
    "combo": "0.05",
    "above": false
  },
  "by class": {
    "steps": [
      [
        "0",
        "0.05"
      ],
      [
        "3",
        "0.10"
      ]
    ],
    "combo": "0.01",
    "above": false
  },
  "globex": {
    "steps": [
      [
        "0",
        "0.05"
      ],
      [
        "5",
        "0.25"
      ]
    ],
    "combo": "0.05",
    "above": true
  }
};

export const TICKS_OF_ROOT: Record<string, string> = {
  "SPXW": "nickel",
  "SPX": "nickel",
  "SPXPM": "nickel",
  "XSP": "penny",
  "OEX": "nickel",
  "XEO": "nickel",
  "NDXP": "nickel",
  "NDX": "nickel",
  "XND": "penny",
  "RUTW": "nickel",
  "RUT": "nickel",
  "MRUT": "penny",
  "DJX": "penny below 3",
  "MXEA": "nickel",
  "MXEF": "nickel",
  "MXACW": "nickel",
  "MXUSA": "nickel",
  "VIXW": "nickel",
  "VIX": "nickel",
  "SPY": "penny",
  "QQQ": "penny",
  "IWM": "penny",
  "EW1": "globex",
  "EW2": "globex",
  "EW3": "globex",
  "EW4": "globex",
  "EW": "globex",
  "E1A": "globex",
  "E2A": "globex",
  "E3A": "globex",
  "E4A": "globex",
  "E5A": "globex",
  "E1B": "globex",
  "E2B": "globex",
  "E3B": "globex",
  "E4B": "globex",
  "E5B": "globex",
  "E1C": "globex",
  "E2C": "globex",
  "E3C": "globex",
  "E4C": "globex",
  "E5C": "globex",
  "E1D": "globex",
  "E2D": "globex",
  "E3D": "globex",
  "E4D": "globex",
  "E5D": "globex",
  "EYC": "globex",
  "ES": "globex",
  "EX1": "globex",
  "EX2": "globex",
  "EX3": "globex",
  "EX4": "globex",
  "EX": "globex",
  "X1A": "globex",
  "X2A": "globex",
  "X3A": "globex",
  "X4A": "globex",
  "X5A": "globex",
  "X1B": "globex",
  "X2B": "globex",
  "X3B": "globex",
  "X4B": "globex",
  "X5B": "globex",
  "X1C": "globex",
  "X2C": "globex",
  "X3C": "globex",
  "X4C": "globex",
  "X5C": "globex",
  "X1D": "globex",
  "X2D": "globex",
  "X3D": "globex",
  "X4D": "globex",
  "X5D": "globex",
  "MES": "globex"
};

export const USUAL_TICKS = "by class";

export const UNDERLYING_TYPES: Record<string, "Index" | "Stock" | "Futures"> = {
  "SPX": "Index",
  "XSP": "Index",
  "OEX": "Index",
  "XEO": "Index",
  "NDX": "Index",
  "XND": "Index",
  "RUT": "Index",
  "MRUT": "Index",
  "DJX": "Index",
  "MXEA": "Index",
  "MXEF": "Index",
  "MXACW": "Index",
  "MXUSA": "Index",
  "VIX": "Index",
  "SPY": "Stock",
  "QQQ": "Stock",
  "IWM": "Stock",
  "ES": "Futures",
  "MES": "Futures"
};
