var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Theta with hedged vega",
  "Description": "Sells near strangles and buys as many far puts as it takes to leave little weighted vega; the number of contracts follows from the legs' own greeks.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "near", "DTE": 30, "Min": 21, "Max": 40 },
      { "Name": "far", "DTE": "expiration_near_dte * 3", "Min": "expiration_near_dte + 30" }
    ],
    "Legs": [
      { "Name": "put", "Qty": -4, "OptionType": "Put", "ExpirationName": "near",
        "StrikeSelector": { "Delta": 15 } },
      { "Name": "call", "Qty": -4, "OptionType": "Call", "ExpirationName": "near",
        "StrikeSelector": { "Delta": 10 } },
      { "Name": "hedge", "Qty": "max(1, floor(abs(leg_put_wvega + leg_call_wvega) / leg_hedge_wvega))",
        "OptionType": "Put", "ExpirationName": "far",
        "StrikeSelector": { "Delta": 8, "Max": 12 } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 90, "Every": "wed" },
    "AbortConditions": [ "pos_theta <= 0", "abs(pos_wvega) > 0.6 * abs(leg_put_wvega + leg_call_wvega)" ],
    "ReentryDays": 3,
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "VarDefines": { "theta": "pos_theta", "hedge_paid": "100 * leg_hedge_qty * leg_hedge_price" }
  },
  "Adjustment": {
    "Schedule": { "BeforeMarketCloseMinutes": 45, "Every": "mon,wed,fri" },
    "MaxAdjustmentCount": 6,
    "ConditionalAdjustments": {
      "abs(leg_put_delta) > 30 * abs(leg_put_qty) -- Step 1": {
        "MoveLegAdjustment": { "LegName": "put", "StrikeSelector": { "Delta": 15 } }
      },
      "abs(leg_call_delta) > 25 * abs(leg_call_qty) -- Step 2": {
        "MoveLegAdjustment": { "LegName": "call", "StrikeSelector": { "Delta": 10 } }
      }
    }
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "ProfitTarget": "8 * theta",
    "StopLoss": "16 * theta",
    "MaxDaysInTrade": 20
  }
}
`;export{e as default};