var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Laddered strangle that rolls",
  "Description": "A new strangle every week, up to three at once. A side that has become too heavy is rolled to balance the other one, the put side to a later month; after four adjustments the next one closes the position.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "main", "DTE": 45, "Min": 35, "Max": 60 }
    ],
    "Legs": [
      { "Name": "put", "Qty": -1, "OptionType": "Put", "ExpirationName": "main",
        "StrikeSelector": { "Delta": 10, "Min": 6, "Max": 14 } },
      { "Name": "call", "Qty": -1, "OptionType": "Call", "ExpirationName": "main",
        "StrikeSelector": { "Delta": "abs(pos_delta)", "Min": 6, "Max": 14 } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 60, "Every": "mon" },
    "ReentryDays": 1,
    "Concurrency": { "MaxPositionsInFlight": 3, "EntryShiftDays": 7 },
    "QtyMultiplier": "floor(max(1, nav / 100000))",
    "VarDefines": { "credit": "100 * abs(leg_put_qty) * (leg_put_price + leg_call_price)" }
  },
  "Adjustment": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "MaxAdjustmentCount": 4,
    "ConditionalAdjustments": {
      "pos_delta < -8 * abs(leg_call_qty) -- A: the call side is too heavy": {
        "MoveLegAdjustment": {
          "LegName": "call",
          "StrikeSelector": { "Delta": "leg_put_delta / abs(leg_put_qty)" },
          "VarDefines": { "call_rolled_at": "underlying_price" }
        }
      },
      "pos_delta > 8 * abs(leg_put_qty) -- B: the put side is too heavy": {
        "MoveLegAdjustment": {
          "LegName": "put",
          "StrikeSelector": { "Delta": "leg_call_delta / abs(leg_call_qty)" },
          "ExpirationName": "next",
          "Expirations": [ { "Name": "next", "DTE": 60, "Min": 50, "Max": 90 } ]
        }
      }
    }
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 20, "Every": "day" },
    "ProfitTarget": "0.5 * credit",
    "StopLoss": "1.5 * credit",
    "Conditions": [ "min(leg_put_dte, leg_call_dte) < 14" ]
  }
}
`;export{e as default};