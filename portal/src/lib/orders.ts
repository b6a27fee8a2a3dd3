// Orders in words, the same on every page that names one.

import type { Order } from "../wire/types.ts";
import { number, priceWords, quantity, words } from "./format.ts";

/** "credit 18.65", "stop 4,950.00" or "market": what is asked, as a person says it. */
export function asked(order: Order): string {
  if (order.OrderType === "Market") return "market";
  return order.OrderType === "Stop" ? `stop ${number(order.StopPrice)}` : priceWords(order.LimitPrice);
}

/** "buy 2 credit 18.65, limit, day": the word says which way the money goes. */
export function describe(order: Order): string {
  const price = order.OrderType === "Market" ? "" : ` ${asked(order)}`;
  return `${order.Side === "S" ? "sell" : "buy"} ${quantity(Math.abs(order.Qty))}${price}, ${words(order.OrderType)}, ${order.TimeInForce === "Gtc" ? "GTC" : "day"}`;
}

/** "1 of 2 at credit 18.60": what was filled, at the average of its fills. */
export function filled(order: Order): string {
  return `${quantity(Math.abs(order.CumQty))} of ${quantity(Math.abs(order.Qty))}${order.AvgFillPrice == null ? "" : ` at ${priceWords(order.AvgFillPrice)}`}`;
}
