// Events as sentences: what happened, to what, and how serious it is.

import type { Entry } from "../store/journal.svelte.ts";
import type {
  AccessEvent,
  AdjustmentSignalEvent,
  AgentStatusEvent,
  EntrySignalEvent,
  ErrorEvent,
  ExitSignalEvent,
  HaltChangeEvent,
  LegUpdateEvent,
  OrderUpdateEvent,
  PositionUpdateEvent,
} from "../wire/types.ts";
import { browserOf, contract, plain, priceWords, quantity, signed, words } from "./format.ts";

export interface Telling {
  text: string;
  tone: "" | "good" | "bad" | "wait";
  href: string | null;
}

export function tell({ type, event }: Entry): Telling {
  switch (type) {
    case "OnEntrySignal": {
      const { State, StrategyName, BrokerAccountId, StrategyId } = event as EntrySignalEvent;
      return { text: `${StrategyName} on ${BrokerAccountId}: ${State === "On" ? "may be entered" : "may not be entered any more"}`, tone: State === "On" ? "wait" : "", href: `/build?strategy=${StrategyId}&account=${BrokerAccountId}` };
    }
    case "OnExitSignal": {
      const { State, PositionName, PositionId, ExitSignalResult: result } = event as ExitSignalEvent;
      const reasons = [result?.ProfitTarget, result?.StopLoss, result?.MaxDaysInTrade, ...(result?.Conditions ?? [])].filter((each) => each?.Result).map((each) => `${words(each?.Type ?? "")}: ${each?.Statement ?? ""}`);
      return { text: `${PositionName}: exit signal ${State.toLowerCase()}${State === "On" && reasons.length ? ` (${reasons.join("; ")})` : ""}`, tone: State === "On" ? "wait" : "", href: `/positions/${PositionId}` };
    }
    case "OnAdjustmentSignal": {
      const { State, PositionName, PositionId, Condition } = event as AdjustmentSignalEvent;
      return { text: `${PositionName}: adjustment signal ${State.toLowerCase()} (${Condition.Statement})`, tone: State === "On" ? "wait" : "", href: `/positions/${PositionId}` };
    }
    case "OnOrderUpdate": {
      const order = event as OrderUpdateEvent;
      const filled = order.FilledQty ? `, ${quantity(Math.abs(order.FilledQty))}${order.State === "Filled" ? "" : " filled"} at ${priceWords(order.AvgFillPrice)}` : "";
      const bad = order.State === "Rejected" || order.State === "Expired";
      return { text: `order ${order.OrderId} ${words(order.State)}${filled}${order.Rejection ? `: ${order.Rejection.Reason}` : ""}`, tone: bad ? "bad" : order.State === "Filled" ? "good" : "", href: `/orders/${order.OrderId}` };
    }
    case "OnPositionUpdate": {
      const { PositionName, PositionId, Status, RealizedPnL } = event as PositionUpdateEvent;
      return { text: `${PositionName} ${words(Status)}${RealizedPnL ? `, realised ${signed(RealizedPnL)}` : ""}`, tone: Status === "Created" ? "good" : "", href: `/positions/${PositionId}` };
    }
    case "OnLegUpdate": {
      const leg = event as LegUpdateEvent;
      return { text: `${leg.PositionName}: ${leg.LegName} ${words(leg.Status)}, ${leg.Qty ? `${signed(leg.Qty, 0)} ` : ""}${contract(leg.Contract)}`, tone: "", href: `/positions/${leg.PositionId}` };
    }
    case "OnHaltChange": {
      const { BrokerAccountId, Scope, Halted, Reason } = event as HaltChangeEvent;
      const where = BrokerAccountId ?? "all accounts";
      return { text: Halted ? `${where}: ${Scope === "Entries" ? "entries stopped" : "halted"}: ${Reason}` : `${where}: resumed`, tone: Halted ? "bad" : "good", href: "/" };
    }
    case "OnAccessEvent": {
      const access = event as AccessEvent;
      const browser = `${browserOf(access.UserAgent ?? "")}${access.Address ? ` at ${access.Address}` : ""}`;
      const key = access.KeyLabel ? `"${access.KeyLabel}"` : (access.KeyId ?? "");
      const by = access.By === `session:${access.SessionId}` ? "" : ` by ${access.By ?? "the command line"}`;
      const what = {
        SignedIn: `${browser} signed in${access.KeyId ? ` with key ${access.KeyId}` : " with a link"}`,
        SignedInAgain: `${browser} presented a key again`,
        SessionEnded: `${browser} was signed out${by}`,
        SessionExpired: `${browser} was signed out: not used for long, or its time was over`,
        SignInRefused: `${plain(access.Attempts ?? 1)} ${access.Attempts === 1 ? "sign-in" : "sign-ins"} refused, the last from ${access.Address ?? "an unknown address"}`,
        KeyCreated: `key ${key} made${by}`,
        KeyRevoked: `key ${key} revoked${by}`,
        Unknown: "access changed",
      }[access.Change];
      const tone = access.Change === "SignInRefused" ? "bad" : access.Change === "KeyCreated" || access.Change === "SignedIn" ? "wait" : "";
      return { text: access.Role ? `${what} (${access.Role})` : what, tone, href: "/settings" };
    }
    case "OnAgentStatusChange": {
      const { Connector, Status, Message } = event as AgentStatusEvent;
      return { text: `${Connector ?? "agent"} ${Status.toLowerCase()}: ${Message}`, tone: Status === "Connected" ? "good" : "bad", href: "/server" };
    }
    case "OnError": {
      const error = event as ErrorEvent;
      const where = error.PositionName ?? error.StrategyName ?? "";
      return { text: `${where ? `${where}: ` : ""}${error.State === "Active" ? "error" : "resolved"}: ${error.Message ?? error.Statement ?? ""}`, tone: error.State === "Active" ? "bad" : "good", href: error.PositionId ? `/positions/${error.PositionId}` : "/signals" };
    }
    default: {
      const of = event as { PositionName?: string; StrategyName?: string; Error?: string; Condition?: string; PositionId?: number };
      const subject = of.PositionName ?? of.StrategyName ?? "";
      const what = words(type.replace(/^On(Position)?/, ""));
      return { text: `${subject ? `${subject}: ` : ""}${what}${of.Error ? `: ${of.Error}` : of.Condition ? ` (${of.Condition})` : ""}`, tone: of.Error ? "bad" : "", href: of.PositionId ? `/positions/${of.PositionId}` : null };
    }
  }
}
