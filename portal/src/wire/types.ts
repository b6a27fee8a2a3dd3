// Types of the wire. Made by portal/scripts/wire_types.py from the models of mesolive_sdk: do not edit.

/** A decimal in arguments: a string keeps each digit that a person typed. */
export type DecimalArg = string | number;
/** An instant in UTC, as the server writes it. */
export type Instant = string;
export type JsonValue = unknown;

export type AccessChange = "SignedIn" | "SignedInAgain" | "SessionEnded" | "SessionExpired" | "SignInRefused" | "KeyCreated" | "KeyRevoked" | "Unknown";

export interface AccessEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  Change: AccessChange;
  At: Instant;
  Role: string;
  KeyId?: string | null;
  KeyLabel?: string | null;
  SessionId?: string | null;
  Address?: string | null;
  UserAgent?: string | null;
  By?: string | null;
  Attempts?: number | null;
}

export interface AccountDataArgs {
  BrokerAccountId: string;
}

export interface AccountDataEntry {
  SnapshotTime: Instant;
  NetLiquidationValue?: number | null;
  Cash?: number | null;
  MaintenanceMarginReq?: number | null;
  UnrealizedPnL?: number | null;
  DayPnL?: number | null;
  ActivePositions: number;
  Greeks: LiveGreeks;
}

export interface AccountFigures {
  NetLiquidation?: number | null;
  MaintenanceMargin?: number | null;
  Cash?: number | null;
}

export interface AccountLimits {
  BrokerAccountId: string;
  AllowLive: boolean;
  MaxContracts: number;
  MaxPremium: number;
  MaxNotional: number;
  MaxLoss: number;
  MaxOrdersPerMinute: number;
  PriceBand: number;
  AllowUnlimitedLoss: boolean;
  StaleExits: string;
  QueueOrders?: boolean;
  NightSessions?: boolean;
}

export interface AcknowledgeErrorArgs {
  ErrorId: string;
}

export interface AddConnectorArgs {
  Name: string;
  Kind: string;
  Settings: Record<string, string>;
  Secrets: Record<string, string>;
}

export interface AddNotificationRuleArgs {
  Name: string;
  Url: string;
  Kinds?: NotificationKind[] | null;
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  Quiet?: QuietHours | null;
}

export interface AdjustLegPnLArgs {
  IdempotencyKey: string;
  LegId: number;
  RealizedPnL?: DecimalArg | null;
}

export interface AdjustmentEvaluated {
  Condition: ConditionEvaluation;
  ScheduleOk: boolean;
  Automatic: boolean;
}

export interface AdjustmentSignalEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  State: SignalState;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  AdjustmentTimeOk: boolean;
  Condition: ConditionEvaluation;
}

export interface AdoptPositionArgs {
  IdempotencyKey: string;
  StrategyId: number;
  BrokerAccountId: string;
  PositionName: string;
  Legs: AdoptedLeg[];
  QtyMultiplier?: DecimalArg;
}

export interface AdoptedLeg {
  Name: string;
  Contract: LiveContract;
  Qty: number;
  EntryPrice: number;
  LegGroupId?: number;
  ExpirationName?: string | null;
  OpenedAt?: Instant | null;
}

export type AgentConnector = "Ibkr" | "TastyTrade" | "Simulated" | "Recorded" | "Unknown";

export interface AgentInfo {
  AgentId: string;
  Name: string;
  Status: AgentStatus;
  Connector: AgentConnector;
  DataProvider?: DataProviderType | null;
  BrokerAccountIds: string[];
  ConnectedAt?: Instant | null;
  LastSnapshotAt?: Instant | null;
  Message?: string | null;
}

export type AgentStatus = "Connected" | "Disconnected" | "Error" | "Unknown";

export interface AgentStatusEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  Status: AgentStatus;
  Message: string;
  Connector?: AgentConnector | null;
}

export interface ApiKeyInfo {
  KeyId: string;
  Label?: string | null;
  Role: string;
  CreatedAt: Instant;
  ExpiresAt?: Instant | null;
  RevokedAt?: Instant | null;
  LastUsedAt?: Instant | null;
  LastAddress?: string | null;
  Connections?: number;
  Sessions?: number;
}

export interface ApplyPaperFillsArgs {
  IdempotencyKey: string;
  BrokerAccountId: string;
  ExecPlanId: number;
  QtyMultiplier?: DecimalArg | null;
  PaperLegFills: Record<string, PaperLegFill>;
}

export interface ApplyPaperFillsResult {
  ExecPlanId: number;
  PositionId: number;
  LiveOrderIds: number[];
  ExecutionIds: number[];
}

export interface AutoUpdateVarsAdjustmentCompletedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  Condition: string;
  UpdatedVars: Record<string, number>;
}

export interface AutoUpdateVarsAdjustmentFailedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  Condition: string;
  Error: string;
}

export interface AutoUpdateVarsAdjustmentStartedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  Condition: string;
}

export interface AutoUpdateVarsEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  Condition: string;
}

export interface BacktestArgs {
  BacktestId: string;
}

export interface BacktestDrawdown {
  Amount: number;
  Percent: number;
  PeakAt: Instant;
  TroughAt: Instant;
  RecoveredAt?: Instant | null;
  Days: number;
}

export interface BacktestInfo {
  BacktestId: string;
  Name: string;
  StrategyName: string;
  Market: string;
  From?: string | null;
  To?: string | null;
  State: BacktestState;
  Progress: number;
  Day?: string | null;
  StartedAt: Instant;
  EndedAt?: Instant | null;
  Message?: string | null;
  PnL?: number | null;
  Percent?: number | null;
  MaxDrawdown?: number | null;
  Asked?: StartBacktestArgs | null;
}

export interface BacktestMonth {
  Month: string;
  PnL: number;
  Percent?: number | null;
  Closed: number;
  Won: number;
}

export interface BacktestPoint {
  At: Instant;
  Value?: number | null;
  Drawdown?: number | null;
  Underlying?: number | null;
}

export interface BacktestPosition {
  Id: number;
  Name: string;
  OpenedAt: Instant;
  ClosedAt?: Instant | null;
  Days: number;
  PnL?: number | null;
  Commission: number;
  Fills: number;
  Adjustments: number;
  Ended: string;
}

export interface BacktestResults {
  Start: number;
  End?: number | null;
  PnL?: number | null;
  Percent?: number | null;
  Commissions: number;
  Trades: number;
  StillOpen: number;
  Won: number;
  Lost: number;
  WinRate?: number | null;
  ProfitFactor?: number | null;
  AverageWin?: number | null;
  AverageLoss?: number | null;
  LargestWin?: number | null;
  LargestLoss?: number | null;
  Exposure?: number | null;
  MaxDrawdown?: BacktestDrawdown | null;
  Months: BacktestMonth[];
  Positions: BacktestPosition[];
}

export type BacktestState = "Running" | "Completed" | "Failed" | "Cancelled" | "Unknown";

export interface BacktestTrade {
  At: Instant;
  Position: string;
  Leg: string;
  Contract: string;
  Qty: number;
  Price: number;
  Commission: number;
  Settled: boolean;
}

export interface BrokerTrade {
  ExecutionId: string;
  ExecutedAt: Instant;
  Legs: BrokerTradeLeg[];
}

export interface BrokerTradeLeg {
  Contract: LiveContract;
  Qty: number;
  Price: number;
  Commission: number;
}

export type BrokerType = "Ibkr" | "TastyTrade" | "Simulated" | "Recorded" | "MesoLive" | "Unknown";

export interface BrowserSession {
  SessionId: string;
  Role: string;
  KeyId?: string | null;
  UserAgent: string;
  Address: string;
  Current: boolean;
  CreatedAt: Instant;
  LastUsedAt: Instant;
  ExpiresAt: Instant;
}

export interface CancelOrderArgs {
  IdempotencyKey: string;
  LiveOrderId: number;
}

export interface CancelOrderResult {
  LiveOrderId: number;
  State: OrderState;
}

export interface CancelPreparationResult {
  JobId: string;
  Status: PreparationStatus;
}

export interface CancelPreparePositionAdjustmentArgs {
  IdempotencyKey: string;
  JobId: string;
}

export interface CancelPreparePositionEntryArgs {
  IdempotencyKey: string;
  JobId: string;
}

export interface CancelPreparePositionExitArgs {
  IdempotencyKey: string;
  JobId: string;
}

export interface ChainDataEntry {
  At: Instant;
  Expiration: ChainExpiration;
  Multiplier: number;
  Spot?: number | null;
  Stale: boolean;
  Listed: number;
  Rows: ChainRow[];
}

export interface ChainExpiration {
  Root: string;
  Day: string;
  Expiration: Instant;
  Settlement: string;
  DTE: number;
  Forward?: number | null;
}

export interface ChainQuote {
  Bid?: number | null;
  Ask?: number | null;
  Last?: number | null;
  Mark?: number | null;
  IV?: number | null;
  Delta?: number | null;
  Gamma?: number | null;
  Theta?: number | null;
  Vega?: number | null;
  Quality: string;
}

export interface ChainRow {
  Strike: number;
  Call?: ChainQuote | null;
  Put?: ChainQuote | null;
}

export interface CheckOrderArgs {
  ReplacesOrder?: number | null;
  BrokerAccountId: string;
  ExecPlanId: number;
  QtyMultiplier?: DecimalArg | null;
  LegGroupId: number;
  LegGroupOrder: LegGroupOrder;
}

export interface CheckOrderResult {
  At: Instant;
  Allowed: boolean;
  Refusal?: OrderRefusal | null;
  Warnings: string[];
  Qty?: number | null;
  Contracts?: number | null;
  Bid?: number | null;
  Mid?: number | null;
  Ask?: number | null;
  WorstPrice?: number | null;
  HighestPrice?: number | null;
  Premium?: number | null;
  Notional?: number | null;
  MaxLossBefore?: number | null;
  MaxLossAfter?: number | null;
  UnlimitedLoss?: boolean;
  MarginBefore?: number | null;
  MarginAfter?: number | null;
  Limits: AccountLimits;
  Verdicts?: OrderVerdict[] | null;
}

export interface CheckStrategyDefinitionArgs {
  StrategyDefinition: Record<string, JsonValue>;
}

export interface CheckStrategyDefinitionResult {
  Valid: boolean;
  Problems: DefinitionProblem[];
  Notes: string[];
  Converted?: Record<string, JsonValue> | null;
}

export interface ComboContractsDataArgs {
  Combo: ComboLeg[];
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface ComboContractsDataEntry {
  ComboPrices?: LivePrices | null;
  ComboGreeks?: LiveGreeks | null;
  ContractPrices?: LivePrices[] | null;
  ContractGreeks?: LiveGreeks[] | null;
}

export interface ComboLeg {
  Contract: LiveContract;
  Ratio: DecimalArg;
}

export interface CompareBacktestsArgs {
  First: string;
  Second: string;
}

export interface CompareBacktestsResult {
  First: BacktestInfo;
  Second: BacktestInfo;
  Figures: ComparedFigure[];
  Definition: ComparedField[];
  Settings: ComparedField[];
}

export interface ComparedField {
  Path: string;
  First?: string | null;
  Second?: string | null;
}

export interface ComparedFigure {
  Name: string;
  First?: number | null;
  Second?: number | null;
  Difference?: number | null;
}

export interface ConditionEvaluation {
  Type: ConditionType;
  Statement: string;
  Result?: boolean | null;
  Vars: Record<string, number>;
  Error?: string | null;
}

export type ConditionType = "Entry" | "Abort" | "Exit" | "ProfitTarget" | "StopLoss" | "MaxDaysInTrade" | "Adjustment" | "VarDefine" | "QtyMultiplier" | "Expiration" | "StrikeSelector" | "LegQty" | "LegGroup" | "Unknown";

export interface ConnectorAccount {
  BrokerAccountId: string;
  Live: boolean;
  AccountType: string;
  Currency: string;
  CanTrade: boolean;
  Permissions: string[];
  Enabled: boolean;
}

export interface ConnectorArgs {
  Name: string;
}

export type ConnectorCheck = "Ok" | "Warning" | "Failed" | "Unknown";

export interface ConnectorFinding {
  Topic: string;
  Check: ConnectorCheck;
  Detail: string;
  Remedy: string;
}

export interface ConnectorInfo {
  Name: string;
  Kind: string;
  Enabled: boolean;
  State: ConnectorStateType;
  Message: string;
  Remedy: string;
  Since?: Instant | null;
  DataProvider?: DataProviderType | null;
  Agent?: string | null;
  Settings: Record<string, string>;
  SecretsSet: string[];
  Accounts: ConnectorAccount[];
  CreatedAt: Instant;
}

export interface ConnectorKindInfo {
  Kind: string;
  Title: string;
  DataProvider?: DataProviderType | null;
  BrokerType?: BrokerType | null;
  Settings: ConnectorSetting[];
}

export interface ConnectorLogEntry {
  At: Instant;
  State: ConnectorStateType;
  Message: string;
  Remedy: string;
}

export interface ConnectorSetting {
  Name: string;
  Help: string;
  Required: boolean;
  Secret: boolean;
  Default?: string | null;
  Choices: string[];
}

export type ConnectorStateType = "Disabled" | "Connecting" | "Connected" | "Restricted" | "Disconnected" | "ActionRequired" | "Unknown";

export interface ContractDataArgs {
  Contract: LiveContract;
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface ContractDataEntry {
  Prices?: LivePrices | null;
  Greeks?: LiveGreeks | null;
}

export interface CreateAccountArgs {
  BrokerAccountId: string;
  BrokerType: BrokerType;
  Cash: DecimalArg;
  Currency?: string;
}

export interface CreateApiKeyArgs {
  Label?: string | null;
  ExpiresDays?: number;
  Role?: string;
}

export interface CreateApiKeyResult {
  Key: ApiKeyInfo;
  Token: string;
}

export interface CreateStrategyArgs {
  StrategyDefinition: Record<string, JsonValue>;
  Name?: string | null;
  BacktestId?: string | null;
  MesoSimInstance?: string | null;
  ActiveOnAccounts: string[];
}

export type DataProviderType = "Ibkr" | "TastyTrade" | "Simulated" | "Recorded" | "Unknown";

export interface DefinitionProblem {
  Path: string;
  Message: string;
  Severity: string;
}

export interface DefinitionVariable {
  Name: string;
  Source: string;
  Help: string;
  Type?: string;
}

export interface DeleteStrategyArgs {
  StrategyId: number;
  Force?: boolean;
}

export interface DeleteStrategyResult {
  StrategyId: number;
}

export interface DisableBrokerAccountArgs {
  Name: string;
  BrokerAccountId: string;
}

export interface EnableBrokerAccountArgs {
  Name: string;
  BrokerAccountId: string;
}

export interface EndSessionArgs {
  SessionId: string;
}

export interface EntrySignalEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  State: SignalState;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  EntrySignalResult?: EntrySignalsResult | null;
}

export interface EntrySignalsResult {
  ScheduleOk: boolean;
  ConcurrencyOk: boolean;
  ReentryOk: boolean;
  Conditions: ConditionEvaluation[];
  EntryAllowed: boolean;
  NextEntryAt?: Instant | null;
}

export interface EquityPoint {
  At: Instant;
  NetLiquidation?: number | null;
  Cash: number;
  Margin?: number | null;
  PnL?: number | null;
  DayPnL?: number | null;
  Delta?: number | null;
  Gamma?: number | null;
  Theta?: number | null;
  Vega?: number | null;
  DeltaDollars?: number | null;
}

export interface ErrorAcknowledgement {
  ErrorId: string;
  EventSeqId: number;
  At: Instant;
  By: string;
}

export interface ErrorEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  State: ErrorState;
  ErrorId: string;
  StrategyId?: number | null;
  StrategyName?: string | null;
  PositionId?: number | null;
  PositionName?: string | null;
  BrokerAccountId?: string | null;
  Message?: string | null;
  ConditionType?: ConditionType | null;
  Statement?: string | null;
}

export type ErrorState = "Active" | "Resolved" | "Unknown";

export interface EvaluationsEntry {
  Evaluations: StrategyEvaluated[];
}

export interface ExecPlanGroup {
  LegGroupId: number;
  LegRatios: Record<string, number>;
  Qty: number;
  Filled: number;
  WorkingOrderId?: number | null;
}

export interface ExecPlanInfo {
  ExecPlanId: number;
  Kind: string;
  State: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  PositionId?: number | null;
  PositionName: string;
  QtyMultiplier?: number | null;
  CreatedAt: Instant;
  ExecutedAt?: Instant | null;
  Groups: ExecPlanGroup[];
}

export interface ExitSignalEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  State: SignalState;
  StrategyId: number;
  StrategyName: string;
  PositionId: number;
  PositionName: string;
  BrokerAccountId?: string | null;
  ExitSignalResult?: ExitSignalsResult | null;
}

export interface ExitSignalsResult {
  ScheduleOk: boolean;
  MaxDaysInTrade?: ConditionEvaluation | null;
  ProfitTarget?: ConditionEvaluation | null;
  StopLoss?: ConditionEvaluation | null;
  Conditions: ConditionEvaluation[];
}

export interface FlattenedPosition {
  PositionId: number;
  BrokerAccountId: string;
  ExecPlanId?: number | null;
  Orders: SendOrderResult[];
  Unsent: UnsentLegGroup[];
  Status: StatusCode;
  Message?: string | null;
  Code?: string | null;
}

export interface GetAccountArgs {
  BrokerAccountId: string;
}

export interface GetAccountLimitsArgs {
  BrokerAccountId: string;
}

export interface GetAccountSnapshotArgs {
  BrokerAccountId: string;
}

export interface GetAccountSnapshotResult {
  SnapshotTime: Instant;
  NetLiquidationValue?: number | null;
  Cash?: number | null;
  MaintenanceMarginReq?: number | null;
  UnrealizedPnL?: number | null;
  DayPnL?: number | null;
  ActivePositions: number;
  Greeks: LiveGreeks;
}

export interface GetBacktestDecisionsArgs {
  BacktestId: string;
  Position?: string | null;
  Decision?: string | null;
  OnlyDone?: boolean;
  Offset?: number;
  Limit?: number;
}

export interface GetBacktestDecisionsResult {
  Total: number;
  Decisions: Record<string, JsonValue>[];
}

export interface GetBacktestResultResult {
  Backtest: BacktestInfo;
  Definition: Record<string, JsonValue>;
  Settings: Record<string, string>;
  Warnings: string[];
  BooksBalance: boolean;
  Results: BacktestResults;
  Equity: BacktestPoint[];
  Command?: string | null;
}

export interface GetBacktestTradesArgs {
  BacktestId: string;
  Position?: string | null;
  Offset?: number;
  Limit?: number;
}

export interface GetBacktestTradesResult {
  Total: number;
  Trades: BacktestTrade[];
}

export interface GetChainArgs {
  Symbol: string;
  Root?: string | null;
  Day: string;
  Center?: DecimalArg | null;
  Strikes?: number;
  DataProvider?: DataProviderType | null;
}

export interface GetChainResult {
  At: Instant;
  Expiration: ChainExpiration;
  Multiplier: number;
  Spot?: number | null;
  Stale: boolean;
  Listed: number;
  Rows: ChainRow[];
}

export interface GetComboContractsSnapshotArgs {
  Combo: ComboLeg[];
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface GetComboContractsSnapshotResult {
  ComboPrices?: LivePrices | null;
  ComboGreeks?: LiveGreeks | null;
  ContractPrices?: LivePrices[] | null;
  ContractGreeks?: LiveGreeks[] | null;
}

export interface GetConnectorLogArgs {
  Name: string;
  Limit?: number;
}

export interface GetConnectorLogResult {
  Entries: ConnectorLogEntry[];
}

export interface GetContractSnapshotArgs {
  Contract: LiveContract;
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface GetContractSnapshotResult {
  Prices?: LivePrices | null;
  Greeks?: LiveGreeks | null;
}

export interface GetEquityHistoryArgs {
  BrokerAccountId: string;
  From?: Instant | null;
  To?: Instant | null;
  StepSeconds?: number | null;
}

export interface GetEquityHistoryResult {
  StepSeconds: number;
  Points: EquityPoint[];
}

export interface GetEvaluationsArgs {
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  PositionId?: number | null;
}

export interface GetEvaluationsResult {
  Evaluations: StrategyEvaluated[];
}

export interface GetEventsArgs {
  BeforeEventSeqId?: number | null;
  Types?: string[] | null;
  StrategyId?: number | null;
  PositionId?: number | null;
  OrderId?: number | null;
  Text?: string | null;
  Limit?: number;
}

export interface GetEventsResult {
  Events: MesoLiveEventEnvelope[];
  HasMore: boolean;
}

export interface GetEventsSinceArgs {
  SinceEventSeqId: number;
  Limit: number;
  ContinuationToken?: string | null;
}

export interface GetEventsSinceResult {
  Events: MesoLiveEventEnvelope[];
  ContinuationToken?: string | null;
}

export interface GetExecPlanArgs {
  ExecPlanId: number;
}

export interface GetExecPlanResult {
  Plan: ExecPlanInfo;
  JobId?: string | null;
  Entry?: PreparePositionEntryResult | null;
  Exit?: PreparePositionExitResult | null;
  Adjustment?: PreparePositionAdjustmentResult | null;
}

export interface GetExecutionArgs {
  ExecutionId: number;
}

export interface GetExecutionsArgs {
  ExecutionIds: number[];
}

export interface GetExecutionsResult {
  Executions: LiveExecution[];
  MissingExecutionIds: number[];
}

export interface GetExpirationsArgs {
  Symbol: string;
  DataProvider?: DataProviderType | null;
}

export interface GetExpirationsResult {
  At: Instant;
  Expirations: ChainExpiration[];
}

export interface GetIdempotencyRecordArgs {
  IdempotencyKey: string;
}

export interface GetLatestEventSeqIdArgs {
}

export interface GetLatestEventSeqIdResult {
  LatestEventSeqId: number;
  SnapshotTime: Instant;
}

export interface GetLegArgs {
  LegId: number;
}

export interface GetLegSnapshotArgs {
  LegId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface GetLegSnapshotResult {
  Prices?: LivePrices | null;
  Greeks?: LiveGreeks | null;
  PnL?: LivePnL | null;
}

export interface GetLegsArgs {
  LegIds: number[];
}

export interface GetLegsResult {
  Legs: LiveLeg[];
  MissingLegIds: number[];
}

export interface GetLegsSnapshotArgs {
  LegIds: number[];
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface GetLegsSnapshotResult {
  LegPrices?: Record<string, LivePrices> | null;
  LegGreeks?: Record<string, LiveGreeks> | null;
  LegPnLs?: Record<string, LivePnL> | null;
}

export interface GetOrderArgs {
  LiveOrderId: number;
}

export interface GetOrderHistoryArgs {
  LiveOrderId: number;
}

export interface GetOrderHistoryResult {
  LiveOrderId: number;
  PositionId?: number | null;
  ReplacesOrderId?: number | null;
  ReplacedByOrderId?: number | null;
  UnresolvedSince?: Instant | null;
  Reason?: string | null;
  Entries: OrderHistoryEntry[];
}

export interface GetOutlookArgs {
  From?: Instant | null;
  To?: Instant | null;
}

export interface GetOutlookResult {
  At: Instant;
  Sessions: OutlookSession[];
  Items: OutlookItem[];
  Strategies?: OutlookStrategy[] | null;
  Halts?: TradingHalt[] | null;
}

export interface GetPositionArgs {
  PositionId: number;
}

export interface GetPositionHistoryArgs {
  PositionId: number;
  From?: Instant | null;
  To?: Instant | null;
  StepSeconds?: number | null;
}

export interface GetPositionHistoryResult {
  StepSeconds: number;
  Points: PositionPoint[];
}

export interface GetPositionSnapshotArgs {
  PositionId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  IncludePosition?: string;
  IncludeLegs?: string;
  IncludeLegGroups?: string;
  Provider?: DataProviderType | null;
}

export interface GetPositionSnapshotResult {
  PositionPrices?: LivePrices | null;
  PositionGreeks?: LiveGreeks | null;
  PositionPnLs?: LivePnL | null;
  LegPrices?: Record<string, LivePrices> | null;
  LegGreeks?: Record<string, LiveGreeks> | null;
  LegPnLs?: Record<string, LivePnL> | null;
  LegGroupPrices?: Record<string, LivePrices> | null;
  LegGroupGreeks?: Record<string, LiveGreeks> | null;
  LegGroupPnLs?: Record<string, LivePnL> | null;
}

export interface GetPreparePositionAdjustmentStatusArgs {
  JobId: string;
}

export interface GetPreparePositionAdjustmentStatusResult {
  JobId: string;
  Status: PreparationStatus;
  Error?: string | null;
  CreatedAt: Instant;
  UpdatedAt: Instant;
  Result?: PreparePositionAdjustmentResult | null;
}

export interface GetPreparePositionEntryStatusArgs {
  JobId: string;
}

export interface GetPreparePositionEntryStatusResult {
  JobId: string;
  Status: PreparationStatus;
  Error?: string | null;
  CreatedAt: Instant;
  UpdatedAt: Instant;
  Result?: PreparePositionEntryResult | null;
}

export interface GetPreparePositionExitStatusArgs {
  JobId: string;
}

export interface GetPreparePositionExitStatusResult {
  JobId: string;
  Status: PreparationStatus;
  Error?: string | null;
  CreatedAt: Instant;
  UpdatedAt: Instant;
  Result?: PreparePositionExitResult | null;
}

export interface GetReconciliationArgs {
  BrokerAccountId: string;
  Refresh?: boolean;
}

export interface GetReconciliationResult {
  BrokerAccountId: string;
  ComparedAt?: Instant | null;
  Contracts: ReconciledContract[];
  Trades: BrokerTrade[];
}

export interface GetRiskGraphArgs {
  PositionIds?: number[] | null;
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  Symbol?: string | null;
  ExecPlanId?: number | null;
  QtyMultiplier?: DecimalArg | null;
  Combo?: ComboLeg[] | null;
  Days?: DecimalArg[] | null;
  PriceFrom?: DecimalArg | null;
  PriceTo?: DecimalArg | null;
  Points?: number;
  VolShift?: DecimalArg;
  Provider?: DataProviderType | null;
}

export interface GetRiskGraphResult {
  Symbol: string;
  Spot: number;
  At: Instant;
  Prices: number[];
  Curves: RiskCurve[];
  SigmaMove?: number | null;
  MaxProfit?: number | null;
  MaxLoss?: number | null;
  UnlimitedProfit?: boolean;
  UnlimitedLoss?: boolean;
  MaxProfitEstimated?: boolean;
  PositionIds: number[];
  MissingLegs: string[];
}

export interface GetSessionArgs {
  Symbol?: string | null;
  BrokerAccountId?: string | null;
}

export interface GetSessionResult {
  User: string;
  Role: string;
  KeyId?: string | null;
  SessionId?: string | null;
  ExpiresAt?: Instant | null;
  Version: string;
  Market: string;
  Speed: number;
  MarketTime: Instant;
  RealTime: Instant;
  SessionOpen: Instant;
  SessionClose: Instant;
  IsOpen: boolean;
  NextSessionOpen?: Instant | null;
  SignalsEverySeconds: number;
  EnforceMaxAdjustments: boolean;
  DataProviders: DataProviderType[];
  Symbol?: string | null;
  OrdersOpen?: Instant | null;
  OrdersClose?: Instant | null;
  TakesOrders?: boolean | null;
}

export interface GetStrategyArgs {
  StrategyId: number;
}

export interface GetStrategySchemaArgs {
}

export interface GetStrategySchemaResult {
  Schema: Record<string, JsonValue>;
}

export interface GetStrategyVersionArgs {
  StrategyId: number;
  Version: number;
}

export interface GetStrategyVersionResult {
  Version: number;
  SavedAt: Instant;
  SavedBy?: string | null;
  Length: number;
  StrategyDefinition: Record<string, JsonValue>;
}

export interface GetStrategyVersionsArgs {
  StrategyId: number;
}

export interface GetStrategyVersionsResult {
  Versions: StrategyVersion[];
}

export interface GetUnderlyingSnapshotArgs {
  Underlying: LiveUnderlying;
  PriceFields?: string;
  Provider: DataProviderType;
}

export interface GetUnderlyingSnapshotResult {
  Prices?: LivePrices | null;
}

export interface GreekValues {
  Delta?: number | null;
  Gamma?: number | null;
  Theta?: number | null;
  Vega?: number | null;
  WVega?: number | null;
  Rho?: number | null;
  IV?: number | null;
}

export interface HaltAndFlattenArgs {
  IdempotencyKey: string;
  BrokerAccountId?: string | null;
  Reason: string;
}

export interface HaltAndFlattenResult {
  CancelledOrderIds: number[];
  Positions: FlattenedPosition[];
  Complete: boolean;
}

export interface HaltChangeEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  BrokerAccountId?: string | null;
  Scope: HaltScope;
  Halted: boolean;
  Reason: string;
}

export type HaltScope = "All" | "Entries" | "Unknown";

export interface HaltTradingArgs {
  IdempotencyKey: string;
  BrokerAccountId?: string | null;
  Scope?: HaltScope;
  Reason: string;
}

export interface HubConnection {
  Hub: string;
  KeyId?: string | null;
  SessionId?: string | null;
  Label?: string | null;
  Role: string;
  Count: number;
  Since?: Instant | null;
  Address?: string | null;
}

export type IdempotencyOperation = "StartPreparePositionEntry" | "CancelPreparePositionEntry" | "StartPreparePositionExit" | "CancelPreparePositionExit" | "StartPreparePositionAdjustment" | "CancelPreparePositionAdjustment" | "ApplyPaperFills" | "SendOrder" | "CancelOrder" | "SetPositionClosed" | "AdjustLegPnL" | "LiquidatePosition" | "AdoptPosition" | "HaltTrading" | "ResumeTrading" | "HaltAndFlatten" | "RegroupExecPlan" | "Unknown";

export interface IdempotencyRecord {
  IdempotencyKey: string;
  Operation: IdempotencyOperation;
  Status: IdempotencyRecordStatus;
  CreatedAt: Instant;
  UpdatedAt: Instant;
  RequestHash?: string | null;
  LiveExecPlanId?: number | null;
  LiveOrderIds?: number[] | null;
  ErrorMessage?: string | null;
  JobId?: string | null;
  JobStatus?: PreparationStatus | null;
  JobResult?: JsonValue;
  JobErrorMessage?: string | null;
  ResponseStatus?: StatusCode | null;
  ResponseMessage?: string | null;
  ResponseError?: MesoLiveApiError | null;
  ResponseData?: string | null;
}

export type IdempotencyRecordStatus = "Processing" | "Completed" | "Failed" | "Unknown";

export interface JobArgs {
  JobId: string;
}

export interface LegDataArgs {
  LegId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface LegDataEntry {
  Prices?: LivePrices | null;
  Greeks?: LiveGreeks | null;
  PnL?: LivePnL | null;
}

export interface LegGroupOrder {
  OrderType: OrderType;
  TimeInForce: TimeInForce;
  LimitPrice?: DecimalArg | null;
  StopPrice?: DecimalArg | null;
  LegNames: string[];
}

export interface LegGroupQtys {
  Qty: number;
  LegRatios: Record<string, number>;
}

export type LegStatus = "Opening" | "Open" | "Closing" | "Closed" | "Unknown";

export interface LegUpdateEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  BrokerAccountId: string;
  PositionId: number;
  PositionName: string;
  StrategyId: number;
  StrategyName: string;
  LegId: number;
  LegName: string;
  Contract: LiveContract;
  Status: LegStatus;
  Qty?: number;
  RealizedPnL?: number;
}

export interface LegsDataArgs {
  LegIds: number[];
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface LegsDataEntry {
  LegPrices?: Record<string, LivePrices> | null;
  LegGreeks?: Record<string, LiveGreeks> | null;
  LegPnLs?: Record<string, LivePnL> | null;
}

export interface LiquidatePositionArgs {
  IdempotencyKey: string;
  PositionId: number;
}

export interface LiquidatePositionResult {
  PositionId: number;
  ExecPlanId: number;
  Orders: SendOrderResult[];
  Unsent: UnsentLegGroup[];
}

export interface ListAccountsArgs {
  Limit?: number;
  ContinuationToken?: string | null;
}

export interface ListAccountsResult {
  ContinuationToken?: string | null;
  Accounts: LiveAccount[];
}

export interface ListAgentsArgs {
}

export interface ListAgentsResult {
  Agents: AgentInfo[];
}

export interface ListApiKeysArgs {
}

export interface ListApiKeysResult {
  Keys: ApiKeyInfo[];
}

export interface ListBacktestMarketsArgs {
}

export interface ListBacktestMarketsResult {
  Recordings: string[];
}

export interface ListBacktestsArgs {
}

export interface ListBacktestsResult {
  Backtests: BacktestInfo[];
}

export interface ListConnectionsArgs {
}

export interface ListConnectionsResult {
  Connections: HubConnection[];
}

export interface ListConnectorKindsArgs {
}

export interface ListConnectorKindsResult {
  Kinds: ConnectorKindInfo[];
}

export interface ListConnectorsArgs {
}

export interface ListConnectorsResult {
  Connectors: ConnectorInfo[];
}

export interface ListErrorAcknowledgementsArgs {
}

export interface ListErrorAcknowledgementsResult {
  Acknowledgements: ErrorAcknowledgement[];
}

export interface ListExecPlansArgs {
  PositionId?: number | null;
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  Open?: boolean;
  Limit?: number;
}

export interface ListExecPlansResult {
  Plans: ExecPlanInfo[];
}

export interface ListExecutionsArgs {
  Limit?: number;
  ContinuationToken?: string | null;
  ExecPlanId?: number | null;
  LiveOrderId?: number | null;
  PositionId?: number | null;
  BrokerAccountId?: string | null;
}

export interface ListExecutionsResult {
  ContinuationToken?: string | null;
  Executions: LiveExecution[];
}

export interface ListHaltsArgs {
}

export interface ListHaltsResult {
  Halts: TradingHalt[];
}

export interface ListLegsArgs {
  Limit?: number;
  ContinuationToken?: string | null;
  PositionId?: number | null;
  BrokerAccountId?: string | null;
  Status?: LegStatus | null;
}

export interface ListLegsResult {
  ContinuationToken?: string | null;
  Legs: LiveLeg[];
}

export interface ListNotificationRulesArgs {
}

export interface ListNotificationRulesResult {
  Rules: NotificationRule[];
  Services: Record<string, string>;
}

export interface ListOrdersArgs {
  Limit?: number;
  ContinuationToken?: string | null;
  ExecPlanId?: number | null;
  BrokerAccountId?: string | null;
  State?: OrderState | null;
  NewestFirst?: boolean;
}

export interface ListOrdersResult {
  ContinuationToken?: string | null;
  Orders: Order[];
}

export interface ListPositionsArgs {
  Limit?: number;
  ContinuationToken?: string | null;
  LiveStrategyId?: number | null;
  LiveExecPlanId?: number | null;
  BrokerAccountId?: string | null;
  State?: LivePositionState | null;
  ClosedFrom?: Instant | null;
  ClosedTo?: Instant | null;
  IncludeValues?: boolean;
}

export interface ListPositionsResult {
  ContinuationToken?: string | null;
  Positions: LivePosition[];
}

export interface ListSessionsArgs {
}

export interface ListSessionsResult {
  Sessions: BrowserSession[];
}

export interface ListStrategiesArgs {
  Limit?: number;
  ContinuationToken?: string | null;
  ActiveOnAccounts?: string[] | null;
}

export interface ListStrategiesResult {
  ContinuationToken?: string | null;
  Strategies: LiveStrategy[];
}

export interface ListUnderlyingsArgs {
  DataProvider?: DataProviderType | null;
}

export interface ListUnderlyingsResult {
  Underlyings: UnderlyingInfo[];
}

export interface ListVariablesArgs {
  StrategyDefinition?: Record<string, JsonValue> | null;
}

export interface ListVariablesResult {
  Variables: DefinitionVariable[];
  Functions: string[];
}

export interface LiveAccount {
  BrokerAccountId: string;
  BrokerType: BrokerType;
  AccountType: string;
  Currency: string;
  IsPaperAccount: boolean;
  NetLiquidationValue?: number | null;
  MaintenanceMarginReq?: number | null;
  Cash?: number | null;
  LastUpdated?: Instant | null;
  CreatedAt: Instant;
  ActivePositions: number;
  BrokerFacts?: LiveBrokerFacts | null;
  Books?: AccountFigures | null;
  DisabledAt?: Instant | null;
  UnrealizedPnL?: number | null;
  DayPnL?: number | null;
  Greeks?: GreekValues | null;
  DeltaDollars?: number | null;
}

export interface LiveBrokerFacts {
  AsOf: Instant;
  NetLiquidation?: number | null;
  Cash?: number | null;
  InitialMargin?: number | null;
  MaintenanceMargin?: number | null;
  BuyingPower?: number | null;
  ExcessLiquidity?: number | null;
  DayTradesLeft?: number | null;
}

export interface LiveContract {
  ContractType: MesoContractType;
  Underlying: LiveUnderlying;
  Root?: string | null;
  OptionType?: MesoOptionType | null;
  Expiration?: Instant | null;
  Strike?: number | null;
  Multiplier?: number | null;
}

export interface LiveExecution {
  Id: number;
  BrokerExecutionId?: string | null;
  LiveOrderId?: number | null;
  ExecPlanId: number;
  BrokerAccountId: string;
  PositionId: number;
  LegId: number;
  LegName: string;
  Contract: LiveContract;
  Qty: number;
  Price: number;
  Commission: number;
  ExecutedAt: Instant;
}

export interface LiveGreeks {
  SnapshotTime?: Instant | null;
  BidAgeMs?: number | null;
  AskAgeMs?: number | null;
  LastAgeMs?: number | null;
  MarkAgeMs?: number | null;
  Quality?: QuoteQuality | null;
  Bid?: GreekValues | null;
  Ask?: GreekValues | null;
  Last?: GreekValues | null;
  Mark?: GreekValues | null;
}

export interface LiveLeg {
  Id: number;
  Name: string;
  LiveContract: LiveContract;
  LegGroupId: number;
  CreatedAt: Instant;
  ClosedAt?: Instant | null;
  LivePositionId: number;
  AccountId: string;
  Underlying: string;
  Qty: number;
  AvgEntryPrice: number;
  UserSetRealizedPnL?: number | null;
  TrackedRealizedPnL?: number | null;
}

export type LiveLegSelectionConstraint = "FullyUnique" | "UniqueInPosition" | "None" | "Unknown";

export interface LivePnL {
  SnapshotTime?: Instant | null;
  BidAgeMs?: number | null;
  AskAgeMs?: number | null;
  LastAgeMs?: number | null;
  MarkAgeMs?: number | null;
  Quality?: QuoteQuality | null;
  Realized?: number | null;
  Bid?: number | null;
  Ask?: number | null;
  Last?: number | null;
  Mark?: number | null;
}

export interface LivePosition {
  Id: number;
  State: LivePositionState;
  CreatedAt: Instant;
  ClosedAt?: Instant | null;
  Name: string;
  BrokerAccountId: string;
  LiveStrategyId: number;
  StrategyName: string;
  QtyMultiplier?: number | null;
  RealizedPnL?: number | null;
  Symbol?: string | null;
  AdjustmentCount?: number | null;
  Expirations?: Instant[] | null;
  UnrealizedPnL?: number | null;
  DayPnL?: number | null;
  Margin?: number | null;
}

export interface LivePositionDetail {
  Id: number;
  State: LivePositionState;
  CreatedAt: Instant;
  ClosedAt?: Instant | null;
  Name: string;
  BrokerAccountId: string;
  LiveStrategyId: number;
  StrategyName: string;
  QtyMultiplier?: number | null;
  RealizedPnL: number;
  Symbol?: string | null;
  AdjustmentCount?: number | null;
  Expirations?: Instant[] | null;
  UnrealizedPnL?: number | null;
  DayPnL?: number | null;
  Margin?: number | null;
  Legs: LiveLeg[];
  Vars: Record<string, number>;
  PositionPrice: LivePrices;
  PositionGreeks: LiveGreeks;
  PositionPnL: LivePnL;
  LegPrices: Record<string, LivePrices>;
  LegGreeks: Record<string, LiveGreeks>;
  LegPnLs: Record<string, LivePnL>;
  LegGroups: Record<string, string[]>;
}

export type LivePositionState = "Opening" | "Open" | "Closing" | "Closed" | "Unknown";

export interface LivePrices {
  SnapshotTime?: Instant | null;
  BidAgeMs?: number | null;
  AskAgeMs?: number | null;
  LastAgeMs?: number | null;
  MarkAgeMs?: number | null;
  Quality?: QuoteQuality | null;
  Bid?: number | null;
  Ask?: number | null;
  Last?: number | null;
  Mark?: number | null;
}

export interface LiveStrategy {
  Id: number;
  Name: string;
  Symbol: string;
  Description?: string | null;
  BacktestId?: string | null;
  MesoSimInstance?: string | null;
  ActiveOnAccounts: string[];
  ActivePositions: number;
  CreatedAt: Instant;
  UpdatedAt: Instant;
}

export interface LiveStrategyDetail {
  Id: number;
  Name: string;
  Symbol: string;
  Description?: string | null;
  BacktestId?: string | null;
  MesoSimInstance?: string | null;
  ActiveOnAccounts: string[];
  ActivePositions: number;
  CreatedAt: Instant;
  UpdatedAt: Instant;
  StrategyDefinition: Record<string, JsonValue>;
}

export interface LiveUnderlying {
  Symbol: string;
  ContractType: MesoContractType;
  Exchange?: string | null;
  Currency: string;
}

export type MesoContractType = "Stock" | "Index" | "Options" | "Futures" | "FuturesOptions" | "Unknown";

export interface MesoLiveApiError {
  Code?: string | null;
  Detail?: string | null;
  Provider?: string | null;
  ValidationErrors?: Record<string, string[]> | null;
}

export interface MesoLiveEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
}

export interface MesoLiveEventEnvelope {
  EventSeqId: number;
  EventId: string;
  EventTime: Instant;
  EventType: string;
  StrategyId?: number | null;
  Event: JsonValue;
}

export type MesoOptionType = "Call" | "Put" | "Unknown";

export type NotificationKind = "Signals" | "Fills" | "Orders" | "Positions" | "Errors" | "Agents" | "Limits" | "Halts" | "Access" | "Unknown";

export interface NotificationRule {
  RuleId: number;
  Name: string;
  Service: string;
  Kinds: NotificationKind[];
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  Quiet?: QuietHours | null;
  Enabled: boolean;
  State: NotificationState;
  CreatedAt: Instant;
  LastSentAt?: Instant | null;
  LastErrorAt?: Instant | null;
  LastError?: string | null;
  Sent: number;
  Failed: number;
  Held: number;
}

export interface NotificationRuleArgs {
  RuleId: number;
}

export type NotificationState = "Ready" | "Quiet" | "Failing" | "Disabled" | "Unknown";

export interface Order {
  OrderId: number;
  CreatedAt: Instant;
  FilledAt?: Instant | null;
  ExecPlanId: number;
  BrokerAccountId: string;
  LegGroupId: number;
  State: OrderState;
  Side: string;
  Qty: number;
  CumQty: number;
  AvgFillPrice?: number | null;
  LastFillPrice?: number | null;
  LimitPrice?: number | null;
  StopPrice?: number | null;
  OrderType: OrderType;
  TimeInForce: TimeInForce;
  LastUpdated: Instant;
  LegRatios?: Record<string, number> | null;
  Legs?: OrderLeg[] | null;
  PositionId?: number | null;
  StrategyId?: number | null;
  Reason?: string | null;
  ReplacesOrderId?: number | null;
  ReplacedByOrderId?: number | null;
  UnresolvedSince?: Instant | null;
  SentBy?: string | null;
}

export interface OrderHistoryEntry {
  At: Instant;
  What: string;
  Who: string;
  Change: string;
  Detail: string;
}

export interface OrderLeg {
  Name: string;
  Ratio: number;
  Contract: LiveContract;
  LegId?: number | null;
}

export interface OrderRefusal {
  Status: StatusCode;
  Code?: string | null;
  Message: string;
  Fields?: Record<string, string[]> | null;
}

export interface OrderRefusedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  BrokerAccountId: string;
  ExecPlanId: number;
  LegGroupId: number;
  StrategyId?: number | null;
  StrategyName?: string | null;
  Code: string;
  Message: string;
}

export interface OrderRejectionInfo {
  Code?: string | null;
  Reason: string;
  Source?: string | null;
}

export type OrderState = "PendingSubmit" | "Submitted" | "PartiallyFilled" | "Filled" | "PendingCancel" | "Cancelled" | "Rejected" | "Expired" | "Replaced" | "Unknown";

export type OrderType = "Market" | "Limit" | "Stop" | "StopLimit" | "Unknown";

export interface OrderUpdateEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  OrderId: number;
  BrokerAccountId?: string | null;
  ExecPlanId?: number | null;
  LegGroupId?: number | null;
  StrategyId: number;
  StrategyName: string;
  State: OrderState;
  FilledQty: number | null;
  RemainingQty: number | null;
  FillPrice: number | null;
  AvgFillPrice: number | null;
  Rejection?: OrderRejectionInfo | null;
}

export interface OrderVerdict {
  Check: string;
  Passed?: boolean | null;
  Code?: string | null;
  Message?: string | null;
  Value?: number | null;
  Limit?: number | null;
}

export interface OutlookGate {
  Gate: string;
  Open: boolean;
  Until?: Instant | null;
  Why?: string | null;
}

export interface OutlookItem {
  At: Instant;
  What: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  PositionId?: number | null;
  PositionName?: string | null;
  Closed?: string[] | null;
  Legs?: OutlookLeg[] | null;
}

export interface OutlookLeg {
  LegId: number;
  Name: string;
  Contract: LiveContract;
  Qty: number;
  Settlement: string;
}

export interface OutlookSession {
  Open: Instant;
  Close: Instant;
}

export interface OutlookStrategy {
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  Symbol: string;
  SessionOpen: Instant;
  SessionClose: Instant;
  IsOpen: boolean;
  Active?: boolean;
  Gates?: OutlookGate[] | null;
  NextEntryAt?: Instant | null;
  NextExitAt?: Instant | null;
  NextAdjustmentAt?: Instant | null;
}

export interface PageArgs {
  Limit?: number;
  ContinuationToken?: string | null;
}

export interface PageResult {
  ContinuationToken?: string | null;
}

export interface PaperLegFill {
  Price: DecimalArg;
  Commission?: DecimalArg;
  FilledAt?: Instant | null;
}

export type PositionAdjustmentOperation = "AddLegs" | "RemoveLegs" | "MoveLeg" | "UpdateVars" | "Unknown";

export interface PositionAdjustmentPreparationCompletedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Result: PreparePositionAdjustmentResult;
}

export interface PositionAdjustmentPreparationFailedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Error: string;
}

export interface PositionDataArgs {
  PositionId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  IncludePosition?: string;
  IncludeLegs?: string;
  IncludeLegGroups?: string;
  Provider?: DataProviderType | null;
}

export interface PositionDataEntry {
  PositionPrices?: LivePrices | null;
  PositionGreeks?: LiveGreeks | null;
  PositionPnLs?: LivePnL | null;
  LegPrices?: Record<string, LivePrices> | null;
  LegGreeks?: Record<string, LiveGreeks> | null;
  LegPnLs?: Record<string, LivePnL> | null;
  LegGroupPrices?: Record<string, LivePrices> | null;
  LegGroupGreeks?: Record<string, LiveGreeks> | null;
  LegGroupPnLs?: Record<string, LivePnL> | null;
}

export interface PositionEntryPreparationCompletedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Result: PreparePositionEntryResult;
}

export interface PositionEntryPreparationFailedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Error: string;
}

export interface PositionEvaluated {
  PositionId: number;
  PositionName: string;
  At: Instant;
  Exit: ExitSignalsResult;
  Adjustments: AdjustmentEvaluated[];
}

export interface PositionExitPreparationCompletedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Result: PreparePositionExitResult;
}

export interface PositionExitPreparationFailedEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
  Error: string;
}

export interface PositionPoint {
  At: Instant;
  PnL?: number | null;
  RealizedPnL: number;
  Price?: number | null;
  Underlying?: number | null;
  Delta?: number | null;
  Gamma?: number | null;
  Theta?: number | null;
  Vega?: number | null;
  Margin?: number | null;
}

export type PositionStatus = "Created" | "Closed" | "Adjusted" | "RealizedPnLChanged" | "Unknown";

export interface PositionUpdateEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  PositionId: number;
  StrategyId: number;
  StrategyName: string;
  PositionName: string;
  BrokerAccountId: string;
  Status: PositionStatus;
  RealizedPnL?: number;
}

export interface PositionsDataEntry {
  PositionPrices?: LivePrices | null;
  PositionGreeks?: LiveGreeks | null;
  PositionPnLs?: LivePnL | null;
  LegPrices?: Record<string, LivePrices> | null;
  LegGreeks?: Record<string, LiveGreeks> | null;
  LegPnLs?: Record<string, LivePnL> | null;
  LegGroupPrices?: Record<string, LivePrices> | null;
  LegGroupGreeks?: Record<string, LiveGreeks> | null;
  LegGroupPnLs?: Record<string, LivePnL> | null;
  PositionId: number;
}

export interface PreparationEvent {
  EventId?: string;
  EventSeqId?: number;
  EventTime: Instant;
  JobId: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId?: string | null;
}

export type PreparationStatus = "Pending" | "Running" | "Completed" | "Failed" | "Cancelled" | "Unknown";

export interface PreparationStatusResult {
  JobId: string;
  Status: PreparationStatus;
  Error?: string | null;
  CreatedAt: Instant;
  UpdatedAt: Instant;
}

export interface PreparePositionAdjustmentArgs {
  IdempotencyKey: string;
  PositionId: number;
  Operation: PositionAdjustmentOperation;
  Condition: string;
  LegSelectionConstraint: LiveLegSelectionConstraint;
  DataProvider?: DataProviderType | null;
}

export interface PreparePositionAdjustmentResult {
  ExecPlanId: number;
  PositionName: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  LegGroups: Record<string, string[]>;
  LegGroupQtys: Record<string, LegGroupQtys>;
  Vars: Record<string, number>;
  LegGreeks: Record<string, LiveGreeks>;
  LegPrices: Record<string, LivePrices>;
  LegGroupGreeks: Record<string, LiveGreeks>;
  LegGroupPrices: Record<string, LivePrices>;
  PositionGreeks: LiveGreeks;
  PositionPrice: LivePrices;
  UnderlyingPrice: LivePrices;
  PositionId: number;
  OrderLegs: Record<string, LiveLeg>;
  Operation: PositionAdjustmentOperation;
  Condition: string;
  QtyMultiplier?: number | null;
  AbortConditions?: ConditionEvaluation[] | null;
  AdjustmentAllowed?: boolean | null;
}

export interface PreparePositionEntryArgs {
  IdempotencyKey: string;
  PositionName: string;
  StrategyId: number;
  BrokerAccountId: string;
  LegSelectionConstraint: LiveLegSelectionConstraint;
  Underlying: LiveUnderlying;
  DataProvider?: DataProviderType | null;
}

export interface PreparePositionEntryResult {
  ExecPlanId: number;
  PositionName: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  LegGroups: Record<string, string[]>;
  LegGroupQtys: Record<string, LegGroupQtys>;
  Vars: Record<string, number>;
  LegGreeks: Record<string, LiveGreeks>;
  LegPrices: Record<string, LivePrices>;
  LegGroupGreeks: Record<string, LiveGreeks>;
  LegGroupPrices: Record<string, LivePrices>;
  PositionGreeks: LiveGreeks;
  PositionPrice: LivePrices;
  UnderlyingPrice: LivePrices;
  SelectedLegs: Record<string, LiveLeg>;
  AbortConditions: ConditionEvaluation[];
  EntryConditions: ConditionEvaluation[];
  EntryAllowed: boolean;
  QtyMultiplier: number;
}

export interface PreparePositionExitArgs {
  IdempotencyKey: string;
  PositionId: number;
  DataProvider?: DataProviderType | null;
}

export interface PreparePositionExitResult {
  ExecPlanId: number;
  PositionName: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  LegGroups: Record<string, string[]>;
  LegGroupQtys: Record<string, LegGroupQtys>;
  Vars: Record<string, number>;
  LegGreeks: Record<string, LiveGreeks>;
  LegPrices: Record<string, LivePrices>;
  LegGroupGreeks: Record<string, LiveGreeks>;
  LegGroupPrices: Record<string, LivePrices>;
  PositionGreeks: LiveGreeks;
  PositionPrice: LivePrices;
  UnderlyingPrice: LivePrices;
  PositionId: number;
  PositionLegs: Record<string, LiveLeg>;
}

export interface PreparedPlan {
  ExecPlanId: number;
  PositionName: string;
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  LegGroups: Record<string, string[]>;
  LegGroupQtys: Record<string, LegGroupQtys>;
  Vars: Record<string, number>;
  LegGreeks: Record<string, LiveGreeks>;
  LegPrices: Record<string, LivePrices>;
  LegGroupGreeks: Record<string, LiveGreeks>;
  LegGroupPrices: Record<string, LivePrices>;
  PositionGreeks: LiveGreeks;
  PositionPrice: LivePrices;
  UnderlyingPrice: LivePrices;
}

export interface QuietHours {
  From: string;
  To: string;
  TimeZone?: string;
  Except?: NotificationKind[] | null;
}

export type QuoteQuality = "Live" | "Delayed" | "Frozen" | "Modelled" | "Unknown";

export interface ReconciledContract {
  Contract: LiveContract;
  AtBroker: number;
  InBooks: number;
  Difference: number;
}

export interface RegroupExecPlanArgs {
  IdempotencyKey: string;
  ExecPlanId: number;
  Groups: string[][];
}

export interface RegroupExecPlanResult {
  Plan: ExecPlanInfo;
  JobId?: string | null;
  Entry?: PreparePositionEntryResult | null;
  Exit?: PreparePositionExitResult | null;
  Adjustment?: PreparePositionAdjustmentResult | null;
  Warnings: string[];
}

export interface RemoveConnectorResult {
  Name: string;
}

export interface RenameStrategyArgs {
  StrategyId: number;
  Name: string;
}

export interface ResumeTradingArgs {
  IdempotencyKey: string;
  BrokerAccountId?: string | null;
}

export interface ResumeTradingResult {
  Lifted: number;
  Halts: TradingHalt[];
}

export interface RevokeApiKeyArgs {
  KeyId: string;
}

export interface RiskCurve {
  Days: number;
  At: Instant;
  PnL: (number | null)[];
  Delta: (number | null)[];
  Gamma: (number | null)[];
  Theta: (number | null)[];
  Vega: (number | null)[];
  BreakEvens: number[];
}

export interface SendOrderArgs {
  IdempotencyKey: string;
  ReplacesOrder?: number | null;
  BrokerAccountId: string;
  ExecPlanId: number;
  QtyMultiplier?: DecimalArg | null;
  LegGroupId: number;
  LegGroupOrder: LegGroupOrder;
}

export interface SendOrderResult {
  LiveOrderId: number;
  State: OrderState;
}

export interface SetAccountLimitsArgs {
  BrokerAccountId: string;
  AllowLive?: boolean | null;
  MaxContracts?: DecimalArg | null;
  MaxPremium?: DecimalArg | null;
  MaxNotional?: DecimalArg | null;
  MaxLoss?: DecimalArg | null;
  MaxOrdersPerMinute?: number | null;
  PriceBand?: DecimalArg | null;
  AllowUnlimitedLoss?: boolean | null;
  StaleExits?: string | null;
  QueueOrders?: boolean | null;
  NightSessions?: boolean | null;
}

export interface SetAccountMarketDataArgs {
  BrokerAccountId: string;
  DataProvider?: DataProviderType | null;
  AcceptDelayed?: boolean;
}

export interface SetPositionClosedArgs {
  IdempotencyKey: string;
  PositionId: number;
}

export type SignalState = "On" | "Off" | "Unknown";

export interface Snapshot {
  SnapshotTime?: Instant | null;
  BidAgeMs?: number | null;
  AskAgeMs?: number | null;
  LastAgeMs?: number | null;
  MarkAgeMs?: number | null;
  Quality?: QuoteQuality | null;
}

export interface StartBacktestArgs {
  Name?: string | null;
  StrategyId?: number | null;
  StrategyDefinition?: Record<string, JsonValue> | null;
  Recording?: string | null;
  From?: string | null;
  To?: string | null;
  Seed?: number;
  EverySeconds?: number;
  Orders?: boolean;
  FillModel?: string | null;
  LegSlippage?: DecimalArg | null;
  Cash?: DecimalArg | null;
  Commission?: DecimalArg | null;
}

export interface StartPreparationResult {
  JobId: string;
}

export type StatusCode = "Success" | "DuplicateRequest" | "Conflict" | "ValidationError" | "NotFound" | "Unauthorized" | "Forbidden" | "NotSupported" | "RateLimited" | "ProviderUnavailable" | "BrokerError" | "Timeout" | "InternalError" | "Unknown";

export interface StrategyEvaluated {
  StrategyId: number;
  StrategyName: string;
  BrokerAccountId: string;
  At: Instant;
  Entry?: EntrySignalsResult | null;
  Positions: PositionEvaluated[];
}

export interface StrategyVersion {
  Version: number;
  SavedAt: Instant;
  SavedBy?: string | null;
  Length: number;
}

export interface StreamAccountDataArgs {
  BrokerAccountId: string;
}

export interface StreamChainDataArgs {
  Symbol: string;
  Root?: string | null;
  Day: string;
  Center?: DecimalArg | null;
  Strikes?: number;
  DataProvider?: DataProviderType | null;
}

export interface StreamComboContractsDataArgs {
  Combo: ComboLeg[];
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface StreamContractDataArgs {
  Contract: LiveContract;
  PriceFields?: string;
  GreekFields?: string;
  Include?: string;
  Provider: DataProviderType;
}

export interface StreamEvaluationsArgs {
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  PositionId?: number | null;
}

export interface StreamLegDataArgs {
  LegId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface StreamLegsDataArgs {
  LegIds: number[];
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  Include?: string;
  Provider?: DataProviderType | null;
}

export interface StreamPositionDataArgs {
  PositionId: number;
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  IncludePosition?: string;
  IncludeLegs?: string;
  IncludeLegGroups?: string;
  Provider?: DataProviderType | null;
}

export interface StreamPositionsDataArgs {
  PositionIds: number[];
  PriceFields?: string;
  GreekFields?: string;
  PnlFields?: string;
  IncludePosition?: string;
  IncludeLegs?: string;
  IncludeLegGroups?: string;
  Provider?: DataProviderType | null;
}

export interface StreamUnderlyingDataArgs {
  Underlying: LiveUnderlying;
  PriceFields?: string;
  Provider: DataProviderType;
}

export interface SubscribeToStrategiesArgs {
  Strategies?: number[] | null;
}

export interface SubscribeToStrategiesResult {
  SuccessfulStrategies: number[];
  FailedStrategies: number[];
}

export interface TestConnectorResult {
  Passed: boolean;
  Findings: ConnectorFinding[];
  Accounts: ConnectorAccount[];
  DataQuality: Record<string, string>;
  ClockDifferenceSeconds?: number | null;
}

export interface TestNotificationRuleResult {
  Sent: boolean;
  Message: string;
}

export type TimeInForce = "Day" | "Gtc" | "Unknown";

export interface TradingHalt {
  BrokerAccountId?: string | null;
  Reason: string;
  CreatedAt: Instant;
  Scope?: HaltScope;
  ByOperator?: boolean;
}

export interface UnderlyingDataArgs {
  Underlying: LiveUnderlying;
  PriceFields?: string;
  Provider: DataProviderType;
}

export interface UnderlyingDataEntry {
  Prices?: LivePrices | null;
}

export interface UnderlyingInfo {
  Underlying: LiveUnderlying;
  DataProvider: DataProviderType;
  Preferred: boolean;
  Bid?: number | null;
  Ask?: number | null;
  Last?: number | null;
  Mark?: number | null;
  ReceivedAt?: Instant | null;
  Stale: boolean;
}

export interface UnsentLegGroup {
  LegGroupId: number;
  Status: StatusCode;
  Message: string;
}

export interface UnsubscribeFromStrategiesArgs {
  Strategies?: number[] | null;
}

export interface UnsubscribeFromStrategiesResult {
  SuccessfulStrategies: number[];
  FailedStrategies: number[];
}

export interface UpdateConnectorArgs {
  Name: string;
  Settings: Record<string, string>;
  Secrets: Record<string, string>;
}

export interface UpdateNotificationRuleArgs {
  RuleId: number;
  Name?: string | null;
  Url?: string | null;
  Kinds?: NotificationKind[] | null;
  Quiet?: QuietHours | null;
  Enabled?: boolean | null;
  NoQuiet?: boolean;
  StrategyId?: number | null;
  BrokerAccountId?: string | null;
  AllStrategies?: boolean;
  AllAccounts?: boolean;
}

export interface UpdateStrategyArgs {
  StrategyId: number;
  StrategyDefinition?: Record<string, JsonValue> | null;
  ActiveOnAccounts?: string[] | null;
  ExpectedUpdatedAt?: Instant | null;
}

export interface ControlHub {
  AcknowledgeError: { args: AcknowledgeErrorArgs; result: ErrorAcknowledgement };
  AddConnector: { args: AddConnectorArgs; result: ConnectorInfo };
  AddNotificationRule: { args: AddNotificationRuleArgs; result: NotificationRule };
  AdjustLegPnL: { args: AdjustLegPnLArgs; result: LiveLeg };
  AdoptPosition: { args: AdoptPositionArgs; result: LivePosition };
  ApplyPaperFills: { args: ApplyPaperFillsArgs; result: ApplyPaperFillsResult };
  CancelBacktest: { args: BacktestArgs; result: BacktestInfo };
  CancelOrder: { args: CancelOrderArgs; result: CancelOrderResult };
  CancelPreparePositionAdjustment: { args: CancelPreparePositionAdjustmentArgs; result: CancelPreparationResult };
  CancelPreparePositionEntry: { args: CancelPreparePositionEntryArgs; result: CancelPreparationResult };
  CancelPreparePositionExit: { args: CancelPreparePositionExitArgs; result: CancelPreparationResult };
  CheckOrder: { args: CheckOrderArgs; result: CheckOrderResult };
  CheckStrategyDefinition: { args: CheckStrategyDefinitionArgs; result: CheckStrategyDefinitionResult };
  CompareBacktests: { args: CompareBacktestsArgs; result: CompareBacktestsResult };
  CreateAccount: { args: CreateAccountArgs; result: LiveAccount };
  CreateApiKey: { args: CreateApiKeyArgs; result: CreateApiKeyResult };
  CreateStrategy: { args: CreateStrategyArgs; result: LiveStrategy };
  DeleteBacktest: { args: BacktestArgs; result: ListBacktestsResult };
  DeleteStrategy: { args: DeleteStrategyArgs; result: DeleteStrategyResult };
  DisableBrokerAccount: { args: DisableBrokerAccountArgs; result: LiveAccount };
  DisableConnector: { args: ConnectorArgs; result: ConnectorInfo };
  EnableBrokerAccount: { args: EnableBrokerAccountArgs; result: LiveAccount };
  EnableConnector: { args: ConnectorArgs; result: ConnectorInfo };
  EndSession: { args: EndSessionArgs; result: ListSessionsResult };
  GetAccount: { args: GetAccountArgs; result: LiveAccount };
  GetAccountLimits: { args: GetAccountLimitsArgs; result: AccountLimits };
  GetBacktest: { args: BacktestArgs; result: BacktestInfo };
  GetBacktestDecisions: { args: GetBacktestDecisionsArgs; result: GetBacktestDecisionsResult };
  GetBacktestResult: { args: BacktestArgs; result: GetBacktestResultResult };
  GetBacktestTrades: { args: GetBacktestTradesArgs; result: GetBacktestTradesResult };
  GetChain: { args: GetChainArgs; result: GetChainResult };
  GetConnectorLog: { args: GetConnectorLogArgs; result: GetConnectorLogResult };
  GetEquityHistory: { args: GetEquityHistoryArgs; result: GetEquityHistoryResult };
  GetEvaluations: { args: GetEvaluationsArgs; result: GetEvaluationsResult };
  GetExecPlan: { args: GetExecPlanArgs; result: GetExecPlanResult };
  GetExecution: { args: GetExecutionArgs; result: LiveExecution };
  GetExecutions: { args: GetExecutionsArgs; result: GetExecutionsResult };
  GetExpirations: { args: GetExpirationsArgs; result: GetExpirationsResult };
  GetIdempotencyRecord: { args: GetIdempotencyRecordArgs; result: IdempotencyRecord };
  GetLeg: { args: GetLegArgs; result: LiveLeg };
  GetLegs: { args: GetLegsArgs; result: GetLegsResult };
  GetOrder: { args: GetOrderArgs; result: Order };
  GetOrderHistory: { args: GetOrderHistoryArgs; result: GetOrderHistoryResult };
  GetOutlook: { args: GetOutlookArgs; result: GetOutlookResult };
  GetPosition: { args: GetPositionArgs; result: LivePositionDetail };
  GetPositionHistory: { args: GetPositionHistoryArgs; result: GetPositionHistoryResult };
  GetPreparePositionAdjustmentStatus: { args: GetPreparePositionAdjustmentStatusArgs; result: GetPreparePositionAdjustmentStatusResult };
  GetPreparePositionEntryStatus: { args: GetPreparePositionEntryStatusArgs; result: GetPreparePositionEntryStatusResult };
  GetPreparePositionExitStatus: { args: GetPreparePositionExitStatusArgs; result: GetPreparePositionExitStatusResult };
  GetReconciliation: { args: GetReconciliationArgs; result: GetReconciliationResult };
  GetRiskGraph: { args: GetRiskGraphArgs; result: GetRiskGraphResult };
  GetSession: { args: GetSessionArgs; result: GetSessionResult };
  GetStrategy: { args: GetStrategyArgs; result: LiveStrategyDetail };
  GetStrategySchema: { args: GetStrategySchemaArgs; result: GetStrategySchemaResult };
  GetStrategyVersion: { args: GetStrategyVersionArgs; result: GetStrategyVersionResult };
  GetStrategyVersions: { args: GetStrategyVersionsArgs; result: GetStrategyVersionsResult };
  HaltAndFlatten: { args: HaltAndFlattenArgs; result: HaltAndFlattenResult };
  HaltTrading: { args: HaltTradingArgs; result: ListHaltsResult };
  LiquidatePosition: { args: LiquidatePositionArgs; result: LiquidatePositionResult };
  ListAccounts: { args: ListAccountsArgs; result: ListAccountsResult };
  ListAgents: { args: ListAgentsArgs; result: ListAgentsResult };
  ListApiKeys: { args: ListApiKeysArgs; result: ListApiKeysResult };
  ListBacktestMarkets: { args: ListBacktestMarketsArgs; result: ListBacktestMarketsResult };
  ListBacktests: { args: ListBacktestsArgs; result: ListBacktestsResult };
  ListConnections: { args: ListConnectionsArgs; result: ListConnectionsResult };
  ListConnectorKinds: { args: ListConnectorKindsArgs; result: ListConnectorKindsResult };
  ListConnectors: { args: ListConnectorsArgs; result: ListConnectorsResult };
  ListErrorAcknowledgements: { args: ListErrorAcknowledgementsArgs; result: ListErrorAcknowledgementsResult };
  ListExecPlans: { args: ListExecPlansArgs; result: ListExecPlansResult };
  ListExecutions: { args: ListExecutionsArgs; result: ListExecutionsResult };
  ListHalts: { args: ListHaltsArgs; result: ListHaltsResult };
  ListLegs: { args: ListLegsArgs; result: ListLegsResult };
  ListNotificationRules: { args: ListNotificationRulesArgs; result: ListNotificationRulesResult };
  ListOrders: { args: ListOrdersArgs; result: ListOrdersResult };
  ListPositions: { args: ListPositionsArgs; result: ListPositionsResult };
  ListSessions: { args: ListSessionsArgs; result: ListSessionsResult };
  ListStrategies: { args: ListStrategiesArgs; result: ListStrategiesResult };
  ListUnderlyings: { args: ListUnderlyingsArgs; result: ListUnderlyingsResult };
  ListVariables: { args: ListVariablesArgs; result: ListVariablesResult };
  RegroupExecPlan: { args: RegroupExecPlanArgs; result: RegroupExecPlanResult };
  RemoveConnector: { args: ConnectorArgs; result: RemoveConnectorResult };
  RemoveNotificationRule: { args: NotificationRuleArgs; result: ListNotificationRulesResult };
  RenameStrategy: { args: RenameStrategyArgs; result: LiveStrategy };
  ResumeTrading: { args: ResumeTradingArgs; result: ResumeTradingResult };
  RevokeApiKey: { args: RevokeApiKeyArgs; result: ApiKeyInfo };
  SendOrder: { args: SendOrderArgs; result: SendOrderResult };
  SetAccountLimits: { args: SetAccountLimitsArgs; result: AccountLimits };
  SetAccountMarketData: { args: SetAccountMarketDataArgs; result: LiveAccount };
  SetPositionClosed: { args: SetPositionClosedArgs; result: LivePosition };
  StartBacktest: { args: StartBacktestArgs; result: BacktestInfo };
  StartPreparePositionAdjustment: { args: PreparePositionAdjustmentArgs; result: StartPreparationResult };
  StartPreparePositionEntry: { args: PreparePositionEntryArgs; result: StartPreparationResult };
  StartPreparePositionExit: { args: PreparePositionExitArgs; result: StartPreparationResult };
  TestConnector: { args: ConnectorArgs; result: TestConnectorResult };
  TestNotificationRule: { args: NotificationRuleArgs; result: TestNotificationRuleResult };
  UpdateConnector: { args: UpdateConnectorArgs; result: ConnectorInfo };
  UpdateNotificationRule: { args: UpdateNotificationRuleArgs; result: NotificationRule };
  UpdateStrategy: { args: UpdateStrategyArgs; result: LiveStrategy };
}

export interface DataHub {
  GetAccountSnapshot: { args: GetAccountSnapshotArgs; result: GetAccountSnapshotResult };
  GetComboContractsSnapshot: { args: GetComboContractsSnapshotArgs; result: GetComboContractsSnapshotResult };
  GetContractSnapshot: { args: GetContractSnapshotArgs; result: GetContractSnapshotResult };
  GetLegSnapshot: { args: GetLegSnapshotArgs; result: GetLegSnapshotResult };
  GetLegsSnapshot: { args: GetLegsSnapshotArgs; result: GetLegsSnapshotResult };
  GetPositionSnapshot: { args: GetPositionSnapshotArgs; result: GetPositionSnapshotResult };
  GetUnderlyingSnapshot: { args: GetUnderlyingSnapshotArgs; result: GetUnderlyingSnapshotResult };
  StreamAccountData: { args: StreamAccountDataArgs; result: AccountDataEntry };
  StreamChainData: { args: StreamChainDataArgs; result: ChainDataEntry };
  StreamComboContractsData: { args: StreamComboContractsDataArgs; result: ComboContractsDataEntry };
  StreamContractData: { args: StreamContractDataArgs; result: ContractDataEntry };
  StreamEvaluations: { args: StreamEvaluationsArgs; result: EvaluationsEntry };
  StreamLegData: { args: StreamLegDataArgs; result: LegDataEntry };
  StreamLegsData: { args: StreamLegsDataArgs; result: LegsDataEntry };
  StreamPositionData: { args: StreamPositionDataArgs; result: PositionDataEntry };
  StreamPositionsData: { args: StreamPositionsDataArgs; result: PositionsDataEntry };
  StreamUnderlyingData: { args: StreamUnderlyingDataArgs; result: UnderlyingDataEntry };
}

export interface EventHub {
  GetEvents: { args: GetEventsArgs; result: GetEventsResult };
  GetEventsSince: { args: GetEventsSinceArgs; result: GetEventsSinceResult };
  GetLatestEventSeqId: { args: GetLatestEventSeqIdArgs; result: GetLatestEventSeqIdResult };
  SubscribeToStrategies: { args: SubscribeToStrategiesArgs; result: SubscribeToStrategiesResult };
  UnsubscribeFromStrategies: { args: UnsubscribeFromStrategiesArgs; result: UnsubscribeFromStrategiesResult };
}

export interface EventModels {
  OnAccessEvent: AccessEvent;
  OnAdjustmentSignal: AdjustmentSignalEvent;
  OnAgentStatusChange: AgentStatusEvent;
  OnAutoUpdateVarsAdjustmentCompleted: AutoUpdateVarsAdjustmentCompletedEvent;
  OnAutoUpdateVarsAdjustmentFailed: AutoUpdateVarsAdjustmentFailedEvent;
  OnAutoUpdateVarsAdjustmentStarted: AutoUpdateVarsAdjustmentStartedEvent;
  OnEntrySignal: EntrySignalEvent;
  OnError: ErrorEvent;
  OnExitSignal: ExitSignalEvent;
  OnHaltChange: HaltChangeEvent;
  OnLegUpdate: LegUpdateEvent;
  OnOrderRefused: OrderRefusedEvent;
  OnOrderUpdate: OrderUpdateEvent;
  OnPositionAdjustmentPreparationCompleted: PositionAdjustmentPreparationCompletedEvent;
  OnPositionAdjustmentPreparationFailed: PositionAdjustmentPreparationFailedEvent;
  OnPositionEntryPreparationCompleted: PositionEntryPreparationCompletedEvent;
  OnPositionEntryPreparationFailed: PositionEntryPreparationFailedEvent;
  OnPositionExitPreparationCompleted: PositionExitPreparationCompletedEvent;
  OnPositionExitPreparationFailed: PositionExitPreparationFailedEvent;
  OnPositionUpdate: PositionUpdateEvent;
}

export const EVENT_NAMES = [
  "OnAccessEvent",
  "OnAdjustmentSignal",
  "OnAgentStatusChange",
  "OnAutoUpdateVarsAdjustmentCompleted",
  "OnAutoUpdateVarsAdjustmentFailed",
  "OnAutoUpdateVarsAdjustmentStarted",
  "OnEntrySignal",
  "OnError",
  "OnExitSignal",
  "OnHaltChange",
  "OnLegUpdate",
  "OnOrderRefused",
  "OnOrderUpdate",
  "OnPositionAdjustmentPreparationCompleted",
  "OnPositionAdjustmentPreparationFailed",
  "OnPositionEntryPreparationCompleted",
  "OnPositionEntryPreparationFailed",
  "OnPositionExitPreparationCompleted",
  "OnPositionExitPreparationFailed",
  "OnPositionUpdate",
] as const satisfies readonly (keyof EventModels)[];
