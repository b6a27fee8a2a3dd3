var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Broken-wing butterfly without delta",
  "Description": "A put butterfly whose lower wing is chosen so that the whole structure has no delta. Sized by the account; target and stop grow with it.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "main", "DTE": 56, "Min": 42, "Max": 70 }
    ],
    "Legs": [
      { "Name": "upper", "Qty": 1, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 35 } },
      { "Name": "body", "Qty": -2, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 22 } },
      { "Name": "lower", "Qty": 1, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Complex": {
          "Statement": "pos_delta",
          "Target": "0",
          "Constraints": [ "leg_lower_strike < leg_body_strike", "leg_lower_strike > 0.5 * underlying_price" ]
        } } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 60, "Every": "fri" },
    "QtyMultiplier": "floor(max(1, nav / initial_cash))",
    "AbortConditions": [ "abs(pos_delta) > 3 * abs(leg_upper_qty)" ],
    "ReentryDays": 7,
    "Concurrency": { "MaxPositionsInFlight": 2, "EntryShiftDays": 14 },
    "VarDefines": {
      "size": "leg_upper_qty",
      "deepest": "options.model_solver(position, 0, underlying_price * 0.6, underlying_price * 1.1, pnl, minimize, return_value)"
    }
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "ProfitTarget": "300 * size",
    "StopLoss": "min(600 * size, abs(deepest) / 3)",
    "Conditions": [ "leg_body_dte < 14", "pos_delta < -25 * size" ]
  }
}
`;export{e as default};