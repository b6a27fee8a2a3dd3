// Many values by one stream: what the rows of a table ask for in the same moment is asked of the server together.

import type { ISubscription } from "@microsoft/signalr";
import { painted } from "../lib/painted.ts";

/** Who waits for values of one number. */
export interface Member<T> {
  /** How many show it. */
  users: number;
  subscription: ISubscription<unknown> | null;
  take: (item: T) => void;
  end: (problem: string | null) => void;
}

type Open<T> = (ids: number[], next: (id: number, item: T) => void, ended: (problem: string | null) => void) => ISubscription<unknown> | null;

/** A server lets a user have a thousand streams open: two hundred rows in six tabs would be more, one for each row. */
export class Gathered<T> {
  private waiting = new Map<number, Member<T>>();
  private begins = false;

  /**
   * @param open begins a stream of many numbers
   * @param most how many one stream may have
   */
  constructor(
    private readonly open: Open<T>,
    private readonly most: number,
  ) {}

  /** Have a number followed with those that are asked for in the same moment. */
  add(id: number, member: Member<T>): void {
    this.waiting.set(id, member);
    if (this.begins) return;
    this.begins = true;
    void painted().then(() => {
      this.begins = false;
      // Who left meanwhile is not followed.
      const wanted = [...this.waiting].filter(([, each]) => each.users > 0 && !each.subscription);
      this.waiting.clear();
      for (let from = 0; from < wanted.length; from += this.most) this.begin(new Map(wanted.slice(from, from + this.most)));
    });
  }

  private begin(members: ReadonlyMap<number, Member<T>>): void {
    // Ended by the server while it begins: the members of that stream have had its end.
    let over = false;
    const stream = this.open(
      [...members.keys()],
      (id, item) => members.get(id)?.take(item),
      (problem) => {
        over = true;
        for (const member of members.values()) member.end(problem);
      },
    );
    if (!stream || over) return;
    const held = new Set<Member<T>>(members.values());
    for (const member of members.values()) {
      member.subscription = {
        dispose: () => {
          // The stream goes on while one of those that began it is shown.
          if (held.delete(member) && held.size === 0) stream.dispose();
        },
      };
    }
  }
}
