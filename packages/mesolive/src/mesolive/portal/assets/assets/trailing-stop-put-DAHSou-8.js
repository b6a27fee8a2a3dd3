var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Put spread with a trailing stop",
  "Description": "A put credit spread. An adjustment that only sets variables remembers the best profit so far; once it is worth protecting, giving back a third of it closes the position.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "month", "DTE": 42, "Min": 30, "Max": 55, "Roots": { "Include": ["SPXW", "SPX"] } }
    ],
    "Legs": [
      { "Name": "short_put", "Qty": -1, "OptionType": "Put", "ExpirationName": "month", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 16, "Min": 10, "Max": 22 } },
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "month", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "leg_short_put_strike - 75", "Max": "leg_short_put_strike - 50" } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 45, "Every": "day" },
    "ReentryDays": 2,
    "Concurrency": { "MaxPositionsInFlight": 3, "EntryShiftDays": 7 },
    "VarDefines": {
      "credit": "100 * (leg_short_put_price - leg_long_put_price)",
      "best": 0
    }
  },
  "Adjustment": {
    "Schedule": { "AfterMarketOpenMinutes": 10, "Every": "5min" },
    "ConditionalAdjustments": {
      "pos_pnl > best": { "UpdateVarsAdjustment": { "VarDefines": { "best": "pos_pnl" } } }
    }
  },
  "Exit": {
    "Schedule": { "AfterMarketOpenMinutes": 10, "Every": "5min" },
    "MaxDaysInTrade": 28,
    "StopLoss": "2 * credit",
    "Conditions": [
      "best > 0.3 * credit and pos_pnl < best * 2 / 3 -- trail",
      "leg_short_put_dte < 10"
    ]
  }
}
`;export{e as default};