// One SignalR connection to one hub: reconnects for ever, says its state, unwraps the envelope of answers.

import { HttpTransportType, HubConnection, HubConnectionBuilder, HubConnectionState, LogLevel, type IRetryPolicy, type ISubscription } from "@microsoft/signalr";
import type { MesoLiveApiError, StatusCode } from "../wire/types.ts";

interface Envelope {
  Status: StatusCode;
  Message?: string | null;
  Error?: MesoLiveApiError | null;
  Data?: unknown;
}

type Methods<H> = { [K in keyof H]: { args: unknown; result: unknown } };

/** The server refused a call: its status, and what it said for people. */
export class Refusal extends Error {
  readonly status: StatusCode;
  readonly code: string | null;
  readonly fields: Record<string, string[]>;

  constructor(envelope: Envelope, method: string) {
    super(envelope.Error?.Detail || envelope.Message || `${method} was answered with ${envelope.Status}`);
    this.status = envelope.Status;
    this.code = envelope.Error?.Code ?? null;
    this.fields = envelope.Error?.ValidationErrors ?? {};
  }
}

/** No answer came: the operation may or may not have been done. */
export class NoAnswer extends Error {}

const MAX_RETRY_MS = 15_000;
const CALL_TIMEOUT_MS = 30_000;

const retryForEver: IRetryPolicy = {
  nextRetryDelayInMilliseconds({ previousRetryCount }) {
    const ceiling = Math.min(MAX_RETRY_MS, 500 * 2 ** Math.min(previousRetryCount, 6));
    return ceiling / 2 + (Math.random() * ceiling) / 2;
  },
};

export type HubState = "connecting" | "connected" | "lost";

export class Hub<H extends Methods<H>> {
  state: HubState = "connecting";
  private readonly connection: HubConnection;
  private readonly listeners = new Set<(state: HubState) => void>();
  private stopped = false;
  private starting: Promise<void> | null = null;
  private tries = 0;

  constructor(
    readonly name: string,
    url: string,
  ) {
    this.connection = new HubConnectionBuilder()
      .withUrl(url, { transport: HttpTransportType.WebSockets, skipNegotiation: true })
      .withAutomaticReconnect(retryForEver)
      .configureLogging(LogLevel.None)
      .build();
    this.connection.serverTimeoutInMilliseconds = 30_000;
    this.connection.keepAliveIntervalInMilliseconds = 10_000;
    this.connection.onreconnecting(() => this.become("lost"));
    this.connection.onreconnected(() => this.become("connected"));
    this.connection.onclose(() => {
      this.become("lost");
      if (!this.stopped) void this.start();
    });
  }

  onState(listener: (state: HubState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Connect, however long it takes. Returns when connected or stopped. */
  start(): Promise<void> {
    this.stopped = false;
    this.starting ??= this.connect().finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.connection.stop();
  }

  on(event: string, handler: (value: unknown) => void): void {
    this.connection.on(event, handler);
  }

  /** Call a method and return its data; `DuplicateRequest` is the first call's answer, and as good. */
  async call<K extends keyof H & string>(method: K, args: H[K]["args"]): Promise<H[K]["result"]> {
    if (this.connection.state !== HubConnectionState.Connected) throw new NoAnswer("The server is not connected; nothing was asked.");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswer(`No answer to ${method} within ${CALL_TIMEOUT_MS / 1000} s.`)), CALL_TIMEOUT_MS);
    });
    let answer: Envelope;
    try {
      answer = (await Promise.race([this.connection.invoke(method, args), late])) as Envelope;
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      const text = error instanceof Error ? error.message : String(error);
      if (/method.*(not|does not) exist|unknown method|no method/i.test(text)) {
        throw new Refusal({ Status: "NotSupported", Message: `This server does not have ${method}.` }, method);
      }
      throw new NoAnswer(text);
    } finally {
      clearTimeout(timer);
    }
    if (answer.Status === "Success" || answer.Status === "DuplicateRequest") return answer.Data as H[K]["result"];
    throw new Refusal(answer, method);
  }

  stream<K extends keyof H & string>(
    method: K,
    args: H[K]["args"],
    next: (item: H[K]["result"]) => void,
    ended: (problem: string | null) => void,
  ): ISubscription<unknown> | null {
    if (this.connection.state !== HubConnectionState.Connected) return null;
    return this.connection.stream(method, args).subscribe({
      next: (item) => next(item as H[K]["result"]),
      error: (error: unknown) => ended(error instanceof Error ? error.message : String(error)),
      complete: () => ended(null),
    });
  }

  private async connect(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.connection.start();
        this.tries = 0;
        this.become("connected");
        return;
      } catch {
        this.become("lost");
        this.tries += 1;
        const wait = retryForEver.nextRetryDelayInMilliseconds({
          previousRetryCount: this.tries,
          elapsedMilliseconds: 0,
          retryReason: new Error("start"),
        });
        await new Promise((resolve) => setTimeout(resolve, wait ?? MAX_RETRY_MS));
      }
    }
  }

  private become(state: HubState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of [...this.listeners]) listener(state);
  }
}
