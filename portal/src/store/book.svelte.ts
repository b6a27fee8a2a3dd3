// What the user has: accounts, strategies, positions, legs, orders, agents, halts, signals and errors. One copy for all pages.

import { dayKey, parse } from "../lib/format.ts";
import { painted } from "../lib/painted.ts";
import { Refusal } from "../lib/hub.ts";
import type {
  AdjustmentSignalEvent,
  AgentInfo,
  HubConnection,
  DataProviderType,
  EntrySignalEvent,
  ErrorAcknowledgement,
  ErrorEvent,
  ExitSignalEvent,
  LiveAccount,
  LiveLeg,
  ListOrdersResult,
  LivePosition,
  LiveStrategy,
  Order,
  OrderState,
  OrderUpdateEvent,
  TradingHalt,
} from "../wire/types.ts";
import { clock } from "./clock.svelte.ts";
import { control, events } from "./hubs.svelte.ts";
import { journal, type Entry } from "./journal.svelte.ts";

export type AccountKind = "live" | "simulated" | "paper";

export const WORKING: readonly OrderState[] = ["PendingSubmit", "Submitted", "PartiallyFilled", "PendingCancel"];

export interface SignalItem {
  key: string;
  kind: "entry" | "exit" | "adjustment";
  at: number;
  strategyId: number;
  strategyName: string;
  account: string | null;
  positionId: number | null;
  positionName: string | null;
  event: EntrySignalEvent | ExitSignalEvent | AdjustmentSignalEvent;
}

export interface ErrorItem {
  id: string;
  at: number;
  event: ErrorEvent;
}

const MAX_PAGES = 40;
const RETRY_MS = 2_000;
const FRESH_MS = 5_000;
const ORDERS_PAGE = 200;
/** Beyond so many plans that changed at once, the whole list is read again. */
const MAX_PLANS = 10;

/** What an account is: its broker's money, a broker's simulation, or fills that a person tells. */
export function kindOf(account: LiveAccount): AccountKind {
  if (account.IsPaperAccount || account.BrokerType === "MesoLive") return "paper";
  if (account.BrokerType === "Simulated" || account.BrokerType === "Recorded") return "simulated";
  return "live";
}

class Book {
  accounts = $state.raw<readonly LiveAccount[]>([]);
  strategies = $state.raw<readonly LiveStrategy[]>([]);
  positions = $state.raw<readonly LivePosition[]>([]);
  legs = $state.raw<readonly LiveLeg[]>([]);
  /** Newest first: all that work, all of today, and as far back as a page has asked. */
  orders = $state.raw<readonly Order[]>([]);
  /** Where the orders before those go on; null when there are none, undefined until the newest were read. */
  private earlier = $state<string | null | undefined>(undefined);
  /** Whether the newest orders were read, not only those that work. */
  readonly ordersRead = $derived(this.earlier !== undefined);
  /** Whether no order is older than those that were read. */
  readonly ordersComplete = $derived(this.earlier === null);
  /** The newest order when the newest were read last. */
  private newestRead = 0;
  agents = $state.raw<readonly AgentInfo[]>([]);
  /** Programs that are connected by a key of their own: without one nothing is traded by itself. Null until it was read. */
  programs = $state.raw<readonly HubConnection[] | null>(null);
  halts = $state.raw<readonly TradingHalt[]>([]);
  signals = $state.raw<readonly SignalItem[]>([]);
  errors = $state.raw<readonly ErrorItem[]>([]);
  /** Errors that a user has seen: they stay until they are resolved, and are not counted as new. */
  acknowledged = $state.raw<ReadonlyMap<string, ErrorAcknowledgement>>(new Map());
  /** The session of the stock exchange that runs, else the next one. */
  exchange = $state.raw<{ open: number; close: number } | null>(null);
  /** False until everything was read once. */
  ready = $state(false);
  /** False until the positions were read once: they come before all else. */
  positionsRead = $state(false);
  private firstReadAt = $state(0);
  /** Whether the values of the list stand for those of streams that have not begun: for as long as a value counts as fresh. */
  readonly listIsFresh = $derived(this.positionsRead && clock.now - this.firstReadAt < FRESH_MS);
  problem = $state<string | null>(null);

  private subscribed = false;
  private again: ReturnType<typeof setTimeout> | null = null;
  private timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor() {
    journal.listen((entry, replayed) => this.apply(entry, replayed));
    // Once a connection, and not before its events are heard: what happens while the lists are read is read again.
    journal.onSubscribed(async () => {
      this.subscribed = true;
      if (control.state === "connected") await this.load();
    });
    events.onState((state) => {
      if (state !== "connected") this.subscribed = false;
    });
    control.onState((state) => {
      if (state === "connected" && this.subscribed) void this.load();
    });
    setInterval(() => {
      if (!document.hidden && control.state === "connected") {
        this.soon("agents");
        this.soon("programs");
        this.soon("halts");
        if (this.errors.length) this.soon("acknowledged");
      }
    }, 10_000);
    // Figures of accounts and positions come by streams; what the lists say besides, such as margin, changes slowly.
    setInterval(() => {
      if (!document.hidden && control.state === "connected") {
        this.soon("accounts");
        this.soon("exchange");
        if (this.open.length) this.soon("positions");
      }
    }, 60_000);
  }

  account(id: string | null | undefined): LiveAccount | undefined {
    return this.accounts.find((account) => account.BrokerAccountId === id);
  }

  kind(id: string | null | undefined): AccountKind {
    const account = this.account(id);
    // An account that is not known yet is treated as the one that costs most.
    return account ? kindOf(account) : "live";
  }

  strategy(id: number): LiveStrategy | undefined {
    return this.strategies.find((strategy) => strategy.Id === id);
  }

  position(id: number): LivePosition | undefined {
    return this.positions.find((position) => position.Id === id);
  }

  readonly open: readonly LivePosition[] = $derived(this.positions.filter((position) => position.State !== "Closed"));
  /** Halts as a person reads them: two of the same accounts and the same verb are lifted together, and shown as the first. */
  readonly haltsShown: readonly TradingHalt[] = $derived(this.halts.filter((halt, place, all) => all.findIndex((each) => each.BrokerAccountId === halt.BrokerAccountId && each.Scope === halt.Scope && each.ByOperator === halt.ByOperator) === place));
  readonly unseenErrors: readonly ErrorItem[] = $derived(this.errors.filter((error) => !this.acknowledged.has(error.id)));
  /** Orders of which the venue has not said what became of them. */
  readonly unresolved: readonly Order[] = $derived(this.orders.filter((order) => order.UnresolvedSince != null && WORKING.includes(order.State)));
  readonly lostAgents: readonly AgentInfo[] = $derived(this.agents.filter((agent) => agent.Status !== "Connected"));
  readonly working: readonly Order[] = $derived(this.orders.filter((order) => WORKING.includes(order.State)));

  /** The kinds of the accounts that hold, work or are switched on: what this page can move. */
  get kinds(): AccountKind[] {
    const present = new Set(this.accounts.map(kindOf));
    return (["live", "simulated", "paper"] as const).filter((kind) => present.has(kind));
  }

  /** Whose quotes an account is valued with; a provider that is connected when nothing else is said. */
  provider(account?: string | null): DataProviderType | null {
    const serving = this.agents.filter((agent) => agent.DataProvider);
    const own = serving.find((agent) => account && agent.BrokerAccountIds.includes(account));
    const any = serving.find((agent) => agent.Status === "Connected") ?? serving[0];
    return (own ?? any)?.DataProvider ?? null;
  }

  /** The halt that stops every order of an account; one of entries lets exits and adjustments go on. */
  haltOf(account: string | null, entry = false): TradingHalt | undefined {
    const of = this.halts.filter((halt) => halt.BrokerAccountId == null || halt.BrokerAccountId === account);
    return of.find((halt) => entry || halt.Scope !== "Entries");
  }

  async load(): Promise<void> {
    try {
      // What a person looks for comes first: the server would answer all of it later when asked for all of it at once.
      await Promise.all([this.read("positions"), this.read("halts")]);
      if (!this.ready) await painted();
      await Promise.all([
        this.read("accounts"),
        this.read("strategies"),
        this.read("legs"),
        this.readWorking(),
        this.read("agents"),
        this.read("acknowledged"),
        this.read("exchange"),
      ]);
      this.ready = true;
      this.problem = null;
      this.soon("orders", 0);
      this.soon("programs", 0);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      // A page is of no use without its lists: a server that was too busy for one of them is asked again.
      this.again ??= setTimeout(() => {
        this.again = null;
        if (this.subscribed && control.state === "connected") void this.load();
      }, RETRY_MS);
    }
  }

  /** Read a list again, once for many events. */
  soon(what: Kind, delay = 150): void {
    if (this.timers.has(what)) return;
    this.timers.set(
      what,
      setTimeout(() => {
        this.timers.delete(what);
        this.read(what).catch((error: unknown) => {
          if (error instanceof Refusal) this.problem = error.message;
        });
      }, delay),
    );
  }

  async read(what: Kind): Promise<void> {
    switch (what) {
      case "accounts":
        this.accounts = await pages("ListAccounts", {}, (page) => page.Accounts);
        break;
      case "strategies":
        this.strategies = await pages("ListStrategies", {}, (page) => page.Strategies);
        break;
      case "positions":
        this.positions = await pages("ListPositions", { IncludeValues: true }, (page) => page.Positions);
        if (!this.positionsRead) this.firstReadAt = Date.now();
        this.positionsRead = true;
        break;
      case "legs": {
        const [opening, open, closing] = await Promise.all(
          (["Opening", "Open", "Closing"] as const).map((Status) => pages("ListLegs", { Status }, (page) => page.Legs)),
        );
        this.legs = [...(opening ?? []), ...(open ?? []), ...(closing ?? [])];
        break;
      }
      case "orders":
        await this.readNewest();
        break;
      case "agents":
        this.agents = (await control.call("ListAgents", {})).Agents;
        break;
      case "programs": {
        const keys = (await control.call("ListConnections", {})).Connections.filter((each) => each.KeyId && each.Hub === "control" && each.Role === "trade");
        this.programs = keys.filter((each, place) => keys.findIndex((other) => other.KeyId === each.KeyId) === place);
        break;
      }
      case "acknowledged":
        this.acknowledged = new Map((await control.call("ListErrorAcknowledgements", {})).Acknowledgements.map((each) => [each.ErrorId, each]));
        break;
      case "exchange": {
        const { SessionOpen, SessionClose, MarketTime } = await control.call("GetSession", {});
        clock.observe(parse(MarketTime));
        const [open, close] = [parse(SessionOpen), parse(SessionClose)];
        this.exchange = open !== null && close !== null ? { open, close } : null;
        break;
      }
      case "halts":
        this.halts = (await control.call("ListHalts", {})).Halts;
        break;
    }
  }

  /** The orders of a plan, read again: what a command or an event has changed, without the thousands of others. */
  async readPlan(plan: number): Promise<void> {
    this.mergeOrders(await pages("ListOrders", { ExecPlanId: plan }, (page) => page.Orders));
  }

  /** The orders before those that were read. */
  async readEarlier(): Promise<void> {
    if (this.earlier) this.earlier = await this.ordersFrom(this.earlier);
  }

  /** The newest orders: back to the start of the day, to the oldest that may still work, and to those of the last reading. */
  private async readNewest(): Promise<void> {
    const first = this.earlier === undefined;
    const known = Math.min(first ? Infinity : this.newestRead, ...this.working.map((order) => order.OrderId));
    const day = dayKey(clock.market);
    let token: string | null = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { Orders, ContinuationToken }: ListOrdersResult = await control.call("ListOrders", { NewestFirst: true, Limit: ORDERS_PAGE, ContinuationToken: token });
      this.mergeOrders(Orders);
      token = ContinuationToken ?? null;
      if (page === 0) this.newestRead = Orders[0]?.OrderId ?? 0;
      const last = Orders.at(-1);
      if (!token || !last || (last.OrderId <= known && dayKey(parse(last.CreatedAt) ?? 0) !== day)) break;
    }
    // What was read further back before stays read.
    if (first || token === null) this.earlier = token;
  }

  private async ordersFrom(token: string): Promise<string | null> {
    const page = await control.call("ListOrders", { NewestFirst: true, Limit: ORDERS_PAGE, ContinuationToken: token });
    this.mergeOrders(page.Orders);
    return page.ContinuationToken ?? null;
  }

  private async readWorking(): Promise<void> {
    const orderLists = await Promise.all(WORKING.map((State) => pages("ListOrders", { State }, (page) => page.Orders)));
    this.mergeOrders(orderLists.flat());
  }

  private mergeOrders(fresh: readonly Order[]): void {
    const merged = new Map(this.orders.map((order) => [order.OrderId, order]));
    for (const order of fresh) {
      // Answers may overtake each other: an order never goes back to what it was.
      const known = merged.get(order.OrderId);
      if (!known || (parse(known.LastUpdated) ?? 0) <= (parse(order.LastUpdated) ?? 0)) merged.set(order.OrderId, order);
    }
    this.orders = [...merged.values()].sort((a, b) => b.OrderId - a.OrderId);
  }

  private changedPlans = new Set<number>();
  private plansTimer: ReturnType<typeof setTimeout> | null = null;
  private changedPlan(plan: number): void {
    this.changedPlans.add(plan);
    this.plansTimer ??= setTimeout(() => {
      this.plansTimer = null;
      const plans = [...this.changedPlans];
      this.changedPlans.clear();
      if (plans.length > MAX_PLANS) this.soon("orders", 0);
      else
        for (const each of plans)
          this.readPlan(each).catch((error: unknown) => {
            if (error instanceof Refusal) this.problem = error.message;
          });
    }, 150);
  }

  private apply(entry: Entry, replayed: boolean): void {
    // Signals and errors come by events alone; of all else the lists that were read are newer than a replayed event.
    if (!replayed) this.readChanged(entry);
    this.note(entry);
  }

  private readChanged({ type, event }: Entry): void {
    switch (type) {
      case "OnOrderUpdate": {
        const plan = (event as OrderUpdateEvent).ExecPlanId;
        if (plan != null) this.changedPlan(plan);
        else this.soon("orders");
        this.soon("accounts");
        break;
      }
      case "OnPositionUpdate":
      case "OnLegUpdate":
        this.soon("positions");
        this.soon("legs");
        this.soon("strategies");
        this.soon("accounts");
        break;
      case "OnHaltChange":
        this.soon("halts", 0);
        this.soon("orders");
        break;
      case "OnAgentStatusChange":
        this.soon("agents");
        break;
      case "OnError":
        this.soon("acknowledged");
        break;
    }
  }

  private note({ type, event, at }: Entry): void {
    switch (type) {
      case "OnEntrySignal": {
        const signal = event as EntrySignalEvent;
        this.signal(signal.State === "On", {
          key: `entry/${signal.StrategyId}/${signal.BrokerAccountId}`,
          kind: "entry",
          at,
          strategyId: signal.StrategyId,
          strategyName: signal.StrategyName,
          account: signal.BrokerAccountId,
          positionId: null,
          positionName: null,
          event: signal,
        });
        break;
      }
      case "OnExitSignal":
      case "OnAdjustmentSignal": {
        const signal = event as ExitSignalEvent | AdjustmentSignalEvent;
        const kind = type === "OnExitSignal" ? "exit" : "adjustment";
        const condition = "Condition" in signal ? `/${signal.Condition.Statement}` : "";
        this.signal(signal.State === "On", {
          key: `${kind}/${signal.PositionId}${condition}`,
          kind,
          at,
          strategyId: signal.StrategyId,
          strategyName: signal.StrategyName,
          account: signal.BrokerAccountId ?? null,
          positionId: signal.PositionId,
          positionName: signal.PositionName,
          event: signal,
        });
        break;
      }
      case "OnError": {
        const error = event as ErrorEvent;
        const others = this.errors.filter((each) => each.id !== error.ErrorId);
        this.errors = error.State === "Active" ? [...others, { id: error.ErrorId, at, event: error }] : others;
        break;
      }
    }
  }

  private signal(on: boolean, item: SignalItem): void {
    const current = this.signals.find((each) => each.key === item.key);
    if (current && current.at > item.at) return;
    const others = this.signals.filter((each) => each.key !== item.key);
    this.signals = on ? [...others, item] : others;
  }
}

type Kind = "exchange" | "programs" | "accounts" | "strategies" | "positions" | "legs" | "orders" | "agents" | "halts" | "acknowledged";
type Paged = "ListAccounts" | "ListStrategies" | "ListPositions" | "ListLegs" | "ListOrders";
type ResultOf<M extends Paged> = import("../wire/types.ts").ControlHub[M]["result"];
type ArgsOf<M extends Paged> = import("../wire/types.ts").ControlHub[M]["args"];

async function pages<M extends Paged, T>(method: M, args: ArgsOf<M>, items: (page: ResultOf<M>) => T[]): Promise<T[]> {
  const all: T[] = [];
  let token: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: ResultOf<M> = await control.call(method, { ...args, Limit: 500, ContinuationToken: token });
    all.push(...items(answer));
    token = answer.ContinuationToken ?? null;
    if (!token) break;
  }
  return all;
}

export const book = new Book();
