var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Same-day iron condor",
  "Description": "Sells a put and a call for about 1.20 each on the day of expiration, protects both 30 points further out, and is gone by the afternoon.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "today", "DTE": 0, "Min": 0, "Max": 0, "Roots": { "Include": ["SPXW"] } }
    ],
    "Legs": [
      { "Name": "short_put", "Qty": -1, "OptionType": "Put", "ExpirationName": "today", "LegGroupId": 1,
        "StrikeSelector": { "MidPrice": "1.2", "Min": "0.3" } },
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "today", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "leg_short_put_strike - 30" } },
      { "Name": "short_call", "Qty": -1, "OptionType": "Call", "ExpirationName": "today", "LegGroupId": 2,
        "StrikeSelector": { "MidPrice": "1.2", "Min": "0.3" } },
      { "Name": "long_call", "Qty": 1, "OptionType": "Call", "ExpirationName": "today", "LegGroupId": 2,
        "StrikeSelector": { "StrikePrice": "leg_short_call_strike + 30" } }
    ]
  },
  "Entry": {
    "Schedule": { "AfterMarketOpenMinutes": 35, "Every": "day" },
    "Conditions": [ "abs(underlying_price / underlying_prevday_close - 1) < 0.01 -- no gap" ],
    "AbortConditions": [
      "abs(pos_delta) > 15",
      "leg_short_put_bid <= 0 or leg_short_call_bid <= 0"
    ],
    "VarDefines": {
      "credit": "100 * (leg_short_put_price + leg_short_call_price - leg_long_put_price - leg_long_call_price)"
    },
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "ReentryDays": 1
  },
  "Exit": {
    "Schedule": { "AfterMarketOpenMinutes": 40, "Every": "5min" },
    "ProfitTarget": "0.6 * credit",
    "StopLoss": "2 * credit",
    "Conditions": [ "timing.minutes_before_close <= 15" ]
  }
}
`;export{e as default};