// The decision log of a backtest, as `mesolive replay` writes it (docs/backtest.md).

export interface Statement {
  Type?: string;
  Statement?: string;
  Result?: boolean | null;
  Value?: number | null;
  Variables?: Record<string, number>;
  Error?: string;
}

export interface SelectedLeg {
  Name: string;
  Contract: string;
  Qty: number;
  Trace: { Candidates: number; Target?: number | null; Value?: number | null };
}

export interface Decision {
  Time: string;
  Decision: string;
  Position?: string;
  Condition?: string;
  ScheduleOk?: boolean;
  ConcurrencyOk?: boolean;
  ReentryOk?: boolean;
  Conditions?: Statement[];
  AbortConditions?: Statement[];
  Definitions?: Statement[];
  Legs?: SelectedLeg[];
  Closes?: string[];
  QtyMultiplier?: number;
  Result: string;
  Reason?: string;
  Underlying?: number | null;
}
