// Placeholder of methods that the contract is getting; removed when they are generated.
export interface Later {
  HaltTrading: { args: { IdempotencyKey: string; BrokerAccountId?: string | null; Scope: "Entries" | "All"; Reason: string }; result: unknown };
  ResumeTrading: { args: { IdempotencyKey: string; BrokerAccountId?: string | null }; result: unknown };
}
