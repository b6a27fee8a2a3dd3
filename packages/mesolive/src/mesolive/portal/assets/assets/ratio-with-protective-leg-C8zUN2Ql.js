var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Ratio spread with a protective leg",
  "Description": "A one by two put ratio. When the market falls towards the short strikes a far put is bought once, which turns it into a butterfly with a wide wing; when the market recovers the protection is sold again.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "main", "DTE": 60, "Min": 45, "Max": 80 }
    ],
    "Legs": [
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Delta": 30, "Min": 24, "Max": 36 } },
      { "Name": "short_puts", "Qty": -2, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Complex": {
          "Statement": "leg_long_put_price - 2 * leg_short_puts_price",
          "Target": "-1 -- a small credit",
          "Constraints": [ "leg_short_puts_strike < leg_long_put_strike", "leg_short_puts_bid > 0" ]
        } } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 45, "Every": "tue,thu" },
    "ReentryDays": 7,
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "AbortConditions": [ "leg_long_put_strike - leg_short_puts_strike < 25" ],
    "VarDefines": { "width": "leg_long_put_strike - leg_short_puts_strike" }
  },
  "Adjustment": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "ConditionalAdjustments": {
      "open_trades_cnt == 2 and underlying_price < leg_short_puts_strike + width": {
        "AddLegsAdjustment": {
          "Legs": [
            { "Name": "wing", "Qty": "abs(leg_short_puts_qty) - leg_long_put_qty", "OptionType": "Put", "ExpirationName": "main",
              "StrikeSelector": { "StrikePrice": "leg_short_puts_strike - 2 * width", "Max": "leg_short_puts_strike - 5" } }
          ],
          "AbortConditions": [ "leg_wing_price > leg_short_puts_price / 2" ],
          "VarDefines": { "wing_paid": "leg_wing_price" }
        }
      },
      "open_trades_cnt == 3 and underlying_price > leg_long_put_strike * 1.03": {
        "RemoveLegsAdjustment": { "LegNames": ["wing"] }
      }
    }
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 20, "Every": "day" },
    "MaxDaysInTrade": 45,
    "ProfitTarget": "100 * width / 4",
    "StopLoss": "100 * width / 2"
  }
}
`;export{e as default};