var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Calendar with modelled break-evens",
  "Description": "A call calendar at the money. At entry the model finds the break-evens and the peak at the near leg's settlement; the position is left when the market leaves the tent.",
  "Symbol": "SPX",
  "Structure": {
    "Expirations": [
      { "Name": "near", "DTE": 21, "Min": 14, "Max": 30 },
      { "Name": "far", "DTE": "expiration_near_dte + 21", "Min": "expiration_near_dte + 7" }
    ],
    "Legs": [
      { "Name": "near_call", "Qty": -2, "OptionType": "Call", "ExpirationName": "near", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "underlying_price" } },
      { "Name": "far_call", "Qty": 2, "OptionType": "Call", "ExpirationName": "far", "LegGroupId": 1,
        "StrikeSelector": { "StrikePrice": "leg_near_call_strike" } }
    ]
  },
  "Entry": {
    "Schedule": { "BeforeMarketCloseMinutes": 45, "Every": "mon,tue,wed" },
    "ReentryDays": 5,
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "VarDefines": {
      "low": "options.model_solver(position, leg_near_call_dte, underlying_price * 0.8, underlying_price * 1.2, pnl, zero, return_price)",
      "high": "options.model_solver(position, leg_near_call_dte, underlying_price * 1.2, underlying_price * 0.8, pnl, zero, return_price)",
      "peak": "options.model_solver(position, leg_near_call_dte, underlying_price * 0.8, underlying_price * 1.2, pnl, maximize, return_value)"
    },
    "AbortConditions": [ "peak < 100", "high - low < 0.02 * underlying_price" ]
  },
  "Exit": {
    "Schedule": { "BeforeMarketCloseMinutes": 30, "Every": "day" },
    "ProfitTarget": "0.4 * peak",
    "StopLoss": "0.5 * peak",
    "Conditions": [ "underlying_price < low or underlying_price > high", "leg_near_call_dte < 3" ]
  },
  "Settings": { "Core": { "ExpirationSelectionConstraint": "AbortOnReuse" } }
}
`;export{e as default};