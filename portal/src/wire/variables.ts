// Variables of the language. Made by portal/scripts/wire_types.py from mesolive.language: do not edit.

/** In every strategy. */
export const BUILT_IN: readonly string[] = [
  "acc_delta",
  "acc_gamma",
  "acc_margin",
  "acc_pnl",
  "acc_rho",
  "acc_theta",
  "acc_vega",
  "acc_wvega",
  "days_in_trade",
  "initial_cash",
  "minutes_after_open",
  "minutes_before_close",
  "nav",
  "open_trades_cnt",
  "pos_delta",
  "pos_gamma",
  "pos_in_flight",
  "pos_margin",
  "pos_pnl",
  "pos_rho",
  "pos_theta",
  "pos_vega",
  "pos_wvega",
  "timing.day",
  "timing.day_of_week",
  "timing.days_in_trade",
  "timing.minutes_after_open",
  "timing.minutes_before_close",
  "timing.month",
  "timing.year",
  "underlying_hv",
  "underlying_iv",
  "underlying_iv_pct",
  "underlying_iv_rank",
  "underlying_prevday_close",
  "underlying_price",
  "underlying_today_open"
];

/** Of each leg: `leg_NAME_FIELD`. */
export const LEG_FIELDS: readonly string[] = [
  "ask",
  "bid",
  "delta",
  "dit",
  "dte",
  "gamma",
  "iv",
  "pnl",
  "price",
  "qty",
  "rho",
  "strike",
  "theta",
  "vega",
  "wvega"
];

/** Of a position that is held. */
export const FROZEN: readonly string[] = ["max_days_in_trade", "profit_target", "stop_loss"];
