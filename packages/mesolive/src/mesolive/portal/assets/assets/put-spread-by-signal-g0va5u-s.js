var e=`{
  "MesoSimVersion": "3.0",
  "StrategyName": "Put spread by an outside signal",
  "Description": "Enters only when a sheet of one's own says 1 in its column risk_on, and leaves when it says 0. The address below is an example: put your own in its place.",
  "Symbol": "SPX",
  "ExternalData": { "CsvUrl": "https://gist.githubusercontent.com/example/0123456789abcdef/raw/signal.csv" },
  "Structure": {
    "Expirations": [
      { "Name": "main", "DTE": 30, "Min": 21, "Max": 45 }
    ],
    "Legs": [
      { "Name": "short_put", "Qty": -1, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Delta": "12 + 8 * confidence", "Min": 8, "Max": 25 } },
      { "Name": "long_put", "Qty": 1, "OptionType": "Put", "ExpirationName": "main", "LegGroupId": 1,
        "StrikeSelector": { "Delta": "abs(leg_short_put_delta) / 2" } }
    ]
  },
  "Entry": {
    "Schedule": { "AfterMarketOpenMinutes": 60, "Every": "day" },
    "Conditions": [ "risk_on == 1" ],
    "ReentryDays": 1,
    "Concurrency": { "MaxPositionsInFlight": 1 },
    "VarDefines": { "credit": "100 * (leg_short_put_price - leg_long_put_price)" }
  },
  "Exit": {
    "Schedule": { "AfterMarketOpenMinutes": 60, "Every": "5min" },
    "MaxDaysInTrade": 21,
    "ProfitTarget": "0.5 * credit",
    "StopLoss": "1.5 * credit",
    "Conditions": [ "risk_on == 0" ]
  }
}
`;export{e as default};