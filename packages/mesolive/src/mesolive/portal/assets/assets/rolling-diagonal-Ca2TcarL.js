var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Diagonal whose short leg rolls",
  "Description": "A long put some months out pays for itself by a short put in front of it, which is rolled to the next month a week before it settles.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "front", "DTE": 30, "Min": 20, "Max": 40 },
      { "Name": "back", "DTE": 120, "Min": 90 }
    ],
    "Legs": [
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "back", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 30 } },
      { "Name": "short_put", "Qty": -1, "OptionType": "Put", "ExpirationName": "front", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 25, "Max": "abs(leg_long_put_delta)" } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 45, "Every": "mon" },
    "Conditions": [ "underlying_iv_rank < 60" ],
    "ReentryDays": 5,
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "VarDefines": {
      "paid": "100 * (leg_long_put_price - leg_short_put_price)",
      "rolls": 0
    }
  },
  "Adjustment": {
    "Schedule": { "BeforeMarketCloseMinutes": 40, "Every": "day" },
    "MaxAdjustmentCount": 5,
    "ConditionalAdjustments": {
      "leg_short_put_dte < 7 and leg_long_put_dte > 45": {
        "MoveLegAdjustment": {
          "LegName": "short_put",
          "ExpirationName": "next_front",
          "Expirations": [
            { "Name": "next_front", "DTE": 30, "Min": "leg_short_put_dte + 7", "Max": "leg_long_put_dte - 14" }
          ],
          "StrikeSelector": { "Delta": 25 },
          "VarDefines": { "rolls": "rolls + 1" }
        }
      }
    }
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "ProfitTarget": "0.5 * paid",
    "StopLoss": "0.5 * paid",
    "Conditions": [ "leg_long_put_dte <= 45", "rolls >= 4 and pos_pnl > 0" ]
  }
}
`;export{e as default};