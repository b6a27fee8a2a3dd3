// Session: who is signed in. The key and the code are forgotten as soon as the server has answered.

import { ROOT } from "../lib/router.svelte.ts";

export interface SessionInfo {
  User: string;
  Role: "trade" | "watch";
  ExpiresAt?: string | null;
  Version?: string | null;
}

export type SessionState = "unknown" | "out" | "in" | "unreachable";

class Session {
  state = $state<SessionState>("unknown");
  info = $state.raw<SessionInfo | null>(null);
  /** Whether the server has no user yet, so that nobody can sign in. */
  firstRun = $state(false);

  /** What the server said of the session with the page itself, so that sockets need not wait for another answer. */
  begin(): void {
    const said = document.querySelector<HTMLMetaElement>("meta[name=mesolive-session]")?.content ?? "ask";
    if (said === "ask") void this.load();
    else {
      this.info = JSON.parse(said) as SessionInfo;
      this.state = "in";
    }
  }

  /** A session that may only look: every control that acts is off, and the server refuses it too. */
  get watching(): boolean {
    return this.info?.Role === "watch";
  }

  async load(): Promise<void> {
    try {
      const answer = await fetch(`${ROOT}portal/session`, { headers: { "X-MesoLive": "1" }, cache: "no-store" });
      if (answer.ok) {
        this.info = (await answer.json()) as SessionInfo;
        this.state = "in";
      } else if (answer.status === 401) {
        const said = (await answer.json().catch(() => null)) as { FirstRun?: boolean } | null;
        this.firstRun = said?.FirstRun === true;
        this.ended();
      } else if (answer.status === 403 || answer.status === 404) {
        this.ended();
      } else {
        this.state = "unreachable";
      }
    } catch {
      this.state = "unreachable";
    }
  }

  /** Returns null when signed in, else what to tell. */
  async signIn(secret: { Code: string } | { Key: string }): Promise<string | null> {
    let answer: Response;
    try {
      answer = await fetch(`${ROOT}portal/session`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-MesoLive": "1" },
        body: JSON.stringify(secret),
      });
    } catch {
      return "The server does not answer.";
    }
    if (answer.ok) {
      await this.load();
      return this.state === "in" ? null : "The browser stored no cookie of this server. Allow cookies for this address.";
    }
    if (answer.status === 429) return "Too many attempts. Wait a minute, then try again.";
    const code = "Code" in secret;
    if (answer.status === 401 || answer.status === 403) {
      return code
        ? "This link was used already, or is older than 10 minutes. Run “mesolive portal link” for a new one."
        : "The server does not accept this key.";
    }
    const body = (await answer.json().catch(() => null)) as { Message?: string } | null;
    return body?.Message ?? `The server answered ${answer.status}.`;
  }

  async signOut(): Promise<void> {
    await fetch(`${ROOT}portal/session`, { method: "DELETE", headers: { "X-MesoLive": "1" } }).catch(() => undefined);
    this.ended();
    location.assign(ROOT);
  }

  /** The server ended the session: a revoked key, or its time is over. */
  ended(): void {
    this.info = null;
    this.state = "out";
  }
}

export const session = new Session();
