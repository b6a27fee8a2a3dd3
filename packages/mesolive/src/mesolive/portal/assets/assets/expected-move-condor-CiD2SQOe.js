var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Iron condor around the expected move",
  "Description": "Two marker legs at the money, which are never traded, measure what the market expects; the short strikes stand 1.1 expected moves away on either side.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "week", "DTE": 7, "Min": 4, "Max": 10, "Roots": { "Include": ["SPXW"] } }
    ],
    "Legs": [
      { "Name": "atm_call", "Qty": 0, "OptionType": "Call", "ExpirationName": "week",
        "StrikeSelector": { "StrikePrice": "underlying_price" } },
      { "Name": "atm_put", "Qty": 0, "OptionType": "Put", "ExpirationName": "week",
        "StrikeSelector": { "StrikePrice": "underlying_price" } },
      { "Name": "short_put", "Qty": -1, "OptionType": "Put", "ExpirationName": "week", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "underlying_price - 1.1 * (leg_atm_call_price + leg_atm_put_price)" } },
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "week", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "leg_short_put_strike - 50", "Max": "leg_short_put_strike - 10" } },
      { "Name": "short_call", "Qty": -1, "OptionType": "Call", "ExpirationName": "week", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "underlying_price + 1.1 * (leg_atm_call_price + leg_atm_put_price)" } },
      { "Name": "long_call", "Qty": 1, "OptionType": "Call", "ExpirationName": "week", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "leg_short_call_strike + 50", "Min": "leg_short_call_strike + 10" } }
    ]
  },
  "Entry": {
    "Schedule": { "AfterMarketOpenMinutes": 120, "Every": "mon,fri" },
    "Conditions": [ "underlying_iv_rank > 15" ],
    "ReentryDays": 2,
    "Concurrency": { "MaxPositionsInFlight": 2, "EntryShiftDays": 3 },
    "VarDefines": {
      "expected_move": "leg_atm_call_price + leg_atm_put_price",
      "started_at": "underlying_price",
      "credit": "100 * (leg_short_put_price + leg_short_call_price - leg_long_put_price - leg_long_call_price)"
    }
  },
  "Exit": {
    "Schedule": { "AfterMarketOpenMinutes": 15, "Every": "5min" },
    "ProfitTarget": "0.5 * credit",
    "StopLoss": "2 * credit",
    "Conditions": [
      "abs(underlying_price - started_at) > expected_move",
      "leg_short_put_dte < 1.2 and timing.minutes_before_close <= 30"
    ]
  }
}
`;export{e as default};