"""The wire contract as a table, written by hand from the contract and not from the models.

One line per model: `Name: field type[?] [= default], …`. A `?` marks a nullable field, which reads as null when it is
missing. Names in PascalCase that are not a type of Python are models or enums.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS_TEXT = """
MesoLiveApiError: Code str?, Detail str?, Provider str?, ValidationErrors dict[str, list[str]]?

GetIdempotencyRecordArgs: IdempotencyKey str
ListAgentsArgs:
ListAgentsResult: Agents list[AgentInfo]
ListAccountsArgs: Limit int = 50, ContinuationToken str?
ListAccountsResult: Accounts list[LiveAccount], ContinuationToken str?
GetAccountArgs: BrokerAccountId str
CreateStrategyArgs: StrategyDefinition dict[str, JSON], Name str?, BacktestId str?, MesoSimInstance str?, \
    ActiveOnAccounts list[str]
UpdateStrategyArgs: StrategyId int, StrategyDefinition dict[str, JSON]?, ActiveOnAccounts list[str]?, \
    ExpectedUpdatedAt datetime?
GetStrategyVersionsArgs: StrategyId int
StrategyVersion: Version int, SavedAt datetime, SavedBy str?, Length int
GetStrategyVersionsResult: Versions list[StrategyVersion]
GetStrategyVersionArgs: StrategyId int, Version int
GetStrategyVersionResult: Version int, SavedAt datetime, SavedBy str?, Length int, StrategyDefinition dict[str, JSON]
RenameStrategyArgs: StrategyId int, Name str
DeleteStrategyArgs: StrategyId int, Force bool = False
DeleteStrategyResult: StrategyId int
ListStrategiesArgs: ActiveOnAccounts list[str]?, Limit int = 50, ContinuationToken str?
ListStrategiesResult: Strategies list[LiveStrategy], ContinuationToken str?
GetStrategyArgs: StrategyId int
ListPositionsArgs: LiveStrategyId int?, LiveExecPlanId int?, BrokerAccountId str?, State LivePositionState?, \
    ClosedFrom datetime?, ClosedTo datetime?, IncludeValues bool = False, Limit int = 50, ContinuationToken str?
ListPositionsResult: Positions list[LivePosition], ContinuationToken str?
GetPositionArgs: PositionId int
ListLegsArgs: PositionId int?, BrokerAccountId str?, Status LegStatus?, Limit int = 50, ContinuationToken str?
ListLegsResult: Legs list[LiveLeg], ContinuationToken str?
GetLegArgs: LegId int
GetLegsArgs: LegIds list[int]
GetLegsResult: Legs list[LiveLeg], MissingLegIds list[int]
StartPreparationResult: JobId str
GetPreparePositionEntryStatusArgs: JobId str
GetPreparePositionExitStatusArgs: JobId str
GetPreparePositionAdjustmentStatusArgs: JobId str
CancelPreparePositionEntryArgs: IdempotencyKey str, JobId str
CancelPreparePositionExitArgs: IdempotencyKey str, JobId str
CancelPreparePositionAdjustmentArgs: IdempotencyKey str, JobId str
CancelPreparationResult: JobId str, Status PreparationStatus
ApplyPaperFillsResult: ExecPlanId int, PositionId int, LiveOrderIds list[int], ExecutionIds list[int]
SendOrderResult: LiveOrderId int, State OrderState
CancelOrderArgs: IdempotencyKey str, LiveOrderId int
CancelOrderResult: LiveOrderId int, State OrderState
GetOrderArgs: LiveOrderId int
ListOrdersArgs: ExecPlanId int?, BrokerAccountId str?, State OrderState?, Limit int = 50, ContinuationToken str?
ListOrdersResult: Orders list[Order], ContinuationToken str?
ListExecutionsArgs: ExecPlanId int?, LiveOrderId int?, PositionId int?, BrokerAccountId str?, Limit int = 50, \
    ContinuationToken str?
ListExecutionsResult: Executions list[LiveExecution], ContinuationToken str?
GetExecutionArgs: ExecutionId int
GetExecutionsArgs: ExecutionIds list[int]
GetExecutionsResult: Executions list[LiveExecution], MissingExecutionIds list[int]
SetPositionClosedArgs: IdempotencyKey str, PositionId int
AdjustLegPnLArgs: IdempotencyKey str, LegId int, RealizedPnL Decimal?
LiquidatePositionArgs: IdempotencyKey str, PositionId int
LiquidatePositionResult: PositionId int, ExecPlanId int, Orders list[SendOrderResult], Unsent list[UnsentLegGroup]
UnsentLegGroup: LegGroupId int, Status StatusCode, Message str
AdoptedLeg: Name str, Contract LiveContract, Qty Decimal, EntryPrice Decimal, LegGroupId int = 0, \
    ExpirationName str?, OpenedAt datetime?
AdoptPositionArgs: IdempotencyKey str, StrategyId int, BrokerAccountId str, PositionName str, \
    Legs list[AdoptedLeg], QtyMultiplier Decimal = 1
GetReconciliationArgs: BrokerAccountId str, Refresh bool = False
ReconciledContract: Contract LiveContract, AtBroker Decimal, InBooks Decimal, Difference Decimal
BrokerTradeLeg: Contract LiveContract, Qty Decimal, Price Decimal, Commission Decimal
BrokerTrade: ExecutionId str, ExecutedAt datetime, Legs list[BrokerTradeLeg]
GetReconciliationResult: BrokerAccountId str, ComparedAt datetime?, Contracts list[ReconciledContract], \
    Trades list[BrokerTrade]
ListHaltsArgs:
ListHaltsResult: Halts list[TradingHalt]
TradingHalt: BrokerAccountId str?, Reason str, CreatedAt datetime, Scope HaltScope = All, ByOperator bool = False
GetEvaluationsArgs: StrategyId int?, BrokerAccountId str?
AdjustmentEvaluated: Condition ConditionEvaluation, ScheduleOk bool, Automatic bool
PositionEvaluated: PositionId int, PositionName str, At datetime, Exit ExitSignalsResult, \
    Adjustments list[AdjustmentEvaluated]
StrategyEvaluated: StrategyId int, StrategyName str, BrokerAccountId str, At datetime, Entry EntrySignalsResult?, \
    Positions list[PositionEvaluated]
GetEvaluationsResult: Evaluations list[StrategyEvaluated]
GetOutlookArgs: To datetime?
OutlookSession: Open datetime, Close datetime
OutlookItem: At datetime, What str, StrategyId int, StrategyName str, BrokerAccountId str, PositionId int?
GetOutlookResult: At datetime, Sessions list[OutlookSession], Items list[OutlookItem]
CheckStrategyDefinitionArgs: StrategyDefinition dict[str, JSON]
DefinitionProblem: Path str, Message str, Severity str
CheckStrategyDefinitionResult: Valid bool, Problems list[DefinitionProblem], Notes list[str], \
    Converted dict[str, JSON]?
GetStrategySchemaArgs:
GetStrategySchemaResult: Schema dict[str, JSON]
GetEventsArgs: BeforeEventSeqId int?, Types list[str]?, StrategyId int?, PositionId int?, \
    OrderId int?, Text str?, Limit int = 100
GetEventsResult: Events list[MesoLiveEventEnvelope], HasMore bool
QuietHours: From str, To str, TimeZone str = America/New_York, Except list[NotificationKind]?
NotificationRule: RuleId int, Name str, Service str, Kinds list[NotificationKind], StrategyId int?, \
    BrokerAccountId str?, Quiet QuietHours?, Enabled bool, State NotificationState, CreatedAt datetime, \
    LastSentAt datetime?, LastErrorAt datetime?, LastError str?, Sent int, Failed int, Held int
ListNotificationRulesArgs:
ListNotificationRulesResult: Rules list[NotificationRule], Services dict[str, str]
AddNotificationRuleArgs: Name str, Url str, Kinds list[NotificationKind]?, StrategyId int?, BrokerAccountId str?, \
    Quiet QuietHours?
UpdateNotificationRuleArgs: RuleId int, Name str?, Url str?, Kinds list[NotificationKind]?, Quiet QuietHours?, \
    Enabled bool?, NoQuiet bool = False
NotificationRuleArgs: RuleId int
TestNotificationRuleResult: Sent bool, Message str
CheckOrderArgs: ReplacesOrder int?, BrokerAccountId str, ExecPlanId int, QtyMultiplier Decimal?, LegGroupId int, \
    LegGroupOrder LegGroupOrder
OrderRefusal: Status StatusCode, Code str?, Message str, Fields dict[str, list[str]]?
CheckOrderResult: At datetime, Allowed bool, Refusal OrderRefusal?, Warnings list[str], Qty Decimal?, \
    Contracts Decimal?, Bid Decimal?, Mid Decimal?, Ask Decimal?, WorstPrice Decimal?, HighestPrice Decimal?, \
    Premium Decimal?, Notional Decimal?, MaxLossBefore Decimal?, MaxLossAfter Decimal?, UnlimitedLoss bool = False, \
    MarginBefore Decimal?, MarginAfter Decimal?, Limits AccountLimits
GetExecPlanArgs: ExecPlanId int
ListExecPlansArgs: PositionId int?, StrategyId int?, BrokerAccountId str?, Open bool = True, Limit int = 50
ExecPlanGroup: LegGroupId int, LegRatios dict[str, Decimal], Qty Decimal, Filled Decimal, WorkingOrderId int?
ExecPlanInfo: ExecPlanId int, Kind str, State str, StrategyId int, StrategyName str, BrokerAccountId str, \
    PositionId int?, PositionName str, QtyMultiplier Decimal?, CreatedAt datetime, Groups list[ExecPlanGroup]
ListExecPlansResult: Plans list[ExecPlanInfo]
GetExecPlanResult: Plan ExecPlanInfo, JobId str?, Entry PreparePositionEntryResult?, \
    Exit PreparePositionExitResult?, Adjustment PreparePositionAdjustmentResult?
GetSessionArgs:
GetSessionResult: User str, Role str, KeyId str?, SessionId str?, ExpiresAt datetime?, Version str, Market str, \
    Speed Decimal, MarketTime datetime, RealTime datetime, SessionOpen datetime, SessionClose datetime, IsOpen bool, \
    SignalsEverySeconds Decimal, EnforceMaxAdjustments bool, DataProviders list[DataProviderType]
AcknowledgeErrorArgs: ErrorId UUID
ErrorAcknowledgement: ErrorId UUID, EventSeqId int, At datetime, By str
ListErrorAcknowledgementsArgs:
ListErrorAcknowledgementsResult: Acknowledgements list[ErrorAcknowledgement]
ListVariablesArgs: StrategyDefinition dict[str, JSON]?
DefinitionVariable: Name str, Source str, Help str
ListVariablesResult: Variables list[DefinitionVariable], Functions list[str]
ListUnderlyingsArgs: DataProvider DataProviderType?
UnderlyingInfo: Underlying LiveUnderlying, DataProvider DataProviderType, Preferred bool, Bid Decimal?, Ask Decimal?, \
    Last Decimal?, Mark Decimal?, ReceivedAt datetime?, Stale bool
ListUnderlyingsResult: Underlyings list[UnderlyingInfo]
GetExpirationsArgs: Symbol str, DataProvider DataProviderType?
ChainExpiration: Root str, Day str, Expiration datetime, Settlement str, DTE Decimal, Forward Decimal?
GetExpirationsResult: At datetime, Expirations list[ChainExpiration]
{GetChainArgs StreamChainDataArgs}: Symbol str, Root str?, Day str, Center Decimal?, Strikes int = 40, \
    DataProvider DataProviderType?
ChainQuote: Bid Decimal?, Ask Decimal?, Last Decimal?, Mark Decimal?, IV Decimal?, Delta Decimal?, Gamma Decimal?, \
    Theta Decimal?, Vega Decimal?, Quality str
ChainRow: Strike Decimal, Call ChainQuote?, Put ChainQuote?
{GetChainResult ChainDataEntry}: At datetime, Expiration ChainExpiration, Multiplier Decimal, Spot Decimal?, \
    Stale bool, Listed int, Rows list[ChainRow]
GetEquityHistoryArgs: BrokerAccountId str, From datetime?, To datetime?, StepSeconds int?
EquityPoint: At datetime, NetLiquidation Decimal?, Cash Decimal, Margin Decimal?
GetEquityHistoryResult: StepSeconds int, Points list[EquityPoint]
GetPositionHistoryArgs: PositionId int, From datetime?, To datetime?, StepSeconds int?
PositionPoint: At datetime, PnL Decimal?, RealizedPnL Decimal, Price Decimal?, Underlying Decimal?, Delta Decimal?, \
    Gamma Decimal?, Theta Decimal?, Vega Decimal?
GetPositionHistoryResult: StepSeconds int, Points list[PositionPoint]
ListBacktestMarketsArgs:
ListBacktestMarketsResult: Recordings list[str]
StartBacktestArgs: Name str?, StrategyId int?, StrategyDefinition dict[str, JSON]?, Recording str?, From str?, \
    To str?, Seed int = 1, EverySeconds int = 300, Orders bool = False, FillModel str?, LegSlippage Decimal?, \
    Cash Decimal?, Commission Decimal?
BacktestArgs: BacktestId str
BacktestInfo: BacktestId str, Name str, StrategyName str, Market str, From str?, To str?, State BacktestState, \
    Progress int, Day str?, StartedAt datetime, EndedAt datetime?, Message str?, PnL Decimal?, Percent Decimal?, \
    MaxDrawdown Decimal?
ListBacktestsArgs:
ListBacktestsResult: Backtests list[BacktestInfo]
BacktestDrawdown: Amount Decimal, Percent Decimal, PeakAt datetime, TroughAt datetime, RecoveredAt datetime?, \
    Days Decimal
BacktestMonth: Month str, PnL Decimal, Percent Decimal?, Closed int, Won int
BacktestPosition: Id int, Name str, OpenedAt datetime, ClosedAt datetime?, Days Decimal, PnL Decimal?, \
    Commission Decimal, Fills int, Adjustments int, Ended str
BacktestResults: Start Decimal, End Decimal?, PnL Decimal?, Percent Decimal?, Commissions Decimal, Trades int, \
    StillOpen int, Won int, Lost int, WinRate Decimal?, ProfitFactor Decimal?, AverageWin Decimal?, \
    AverageLoss Decimal?, LargestWin Decimal?, LargestLoss Decimal?, Exposure Decimal?, \
    MaxDrawdown BacktestDrawdown?, Months list[BacktestMonth], Positions list[BacktestPosition]
BacktestPoint: At datetime, Value Decimal?, Drawdown Decimal?, Underlying Decimal?
GetBacktestResultResult: Backtest BacktestInfo, Definition dict[str, JSON], Settings dict[str, str], \
    Warnings list[str], BooksBalance bool, Results BacktestResults, Equity list[BacktestPoint]
GetBacktestTradesArgs: BacktestId str, Position str?, Offset int = 0, Limit int = 100
BacktestTrade: At datetime, Position str, Leg str, Contract str, Qty Decimal, Price Decimal, Commission Decimal, \
    Settled bool
GetBacktestTradesResult: Total int, Trades list[BacktestTrade]
GetBacktestDecisionsArgs: BacktestId str, Position str?, Decision str?, OnlyDone bool = False, Offset int = 0, \
    Limit int = 100
GetBacktestDecisionsResult: Total int, Decisions list[dict[str, JSON]]
CompareBacktestsArgs: First str, Second str
ComparedFigure: Name str, First Decimal?, Second Decimal?, Difference Decimal?
ComparedField: Path str, First str?, Second str?
CompareBacktestsResult: First BacktestInfo, Second BacktestInfo, Figures list[ComparedFigure], \
    Definition list[ComparedField], Settings list[ComparedField]
HaltAndFlattenArgs: IdempotencyKey str, BrokerAccountId str?, Reason str
FlattenedPosition: PositionId int, BrokerAccountId str, ExecPlanId int?, Orders list[SendOrderResult], \
    Unsent list[UnsentLegGroup], Status StatusCode, Message str?, Code str?
HaltAndFlattenResult: CancelledOrderIds list[int], Positions list[FlattenedPosition], Complete bool
HaltTradingArgs: IdempotencyKey str, BrokerAccountId str?, Scope HaltScope = All, Reason str
ResumeTradingArgs: IdempotencyKey str, BrokerAccountId str?
ResumeTradingResult: Lifted int, Halts list[TradingHalt]
CreateAccountArgs: BrokerAccountId str, BrokerType BrokerType, Cash Decimal, Currency str = USD
GetAccountLimitsArgs: BrokerAccountId str
AccountLimits: BrokerAccountId str, AllowLive bool, MaxContracts Decimal, MaxPremium Decimal, MaxNotional Decimal, \
    MaxLoss Decimal, MaxOrdersPerMinute int, PriceBand Decimal, AllowUnlimitedLoss bool, StaleExits str, \
    QueueOrders bool = False
SetAccountLimitsArgs: BrokerAccountId str, AllowLive bool?, MaxContracts Decimal?, MaxPremium Decimal?, \
    MaxNotional Decimal?, MaxLoss Decimal?, MaxOrdersPerMinute int?, PriceBand Decimal?, AllowUnlimitedLoss bool?, \
    StaleExits str?, QueueOrders bool?
ListApiKeysArgs:
ApiKeyInfo: KeyId str, Label str?, Role str, CreatedAt datetime, ExpiresAt datetime?, RevokedAt datetime?, \
    LastUsedAt datetime?
ListApiKeysResult: Keys list[ApiKeyInfo]
CreateApiKeyArgs: Label str?, ExpiresDays int = 90, Role str = trade
CreateApiKeyResult: Key ApiKeyInfo, Token str
RevokeApiKeyArgs: KeyId str
ListSessionsArgs:
BrowserSession: SessionId str, Role str, KeyId str?, UserAgent str, Address str, Current bool, CreatedAt datetime, \
    LastUsedAt datetime, ExpiresAt datetime
ListSessionsResult: Sessions list[BrowserSession]
EndSessionArgs: SessionId str
ListConnectionsArgs:
HubConnection: Hub str, KeyId str?, SessionId str?, Label str?, Role str, Count int
ListConnectionsResult: Connections list[HubConnection]
GetRiskGraphArgs: PositionIds list[int]?, ExecPlanId int?, QtyMultiplier Decimal?, Combo list[ComboLeg]?, \
    Days list[Decimal]?, PriceFrom Decimal?, PriceTo Decimal?, Points int = 121, \
    VolShift Decimal = 0
RiskCurve: Days Decimal, At datetime, PnL list[Decimal?], Delta list[Decimal?], Gamma list[Decimal?], \
    Theta list[Decimal?], Vega list[Decimal?], BreakEvens list[Decimal]
GetRiskGraphResult: Symbol str, Spot Decimal, At datetime, Prices list[Decimal], Curves list[RiskCurve], \
    SigmaMove Decimal?, MissingLegs list[str]
GetOrderHistoryArgs: LiveOrderId int
OrderHistoryEntry: At datetime, What str, Who str, Change str, Detail str
GetOrderHistoryResult: LiveOrderId int, PositionId int?, ReplacesOrderId int?, ReplacedByOrderId int?, \
    UnresolvedSince datetime?, Reason str?, Entries list[OrderHistoryEntry]
ConnectorSetting: Name str, Help str, Required bool, Secret bool, Default str?, Choices list[str]
ConnectorKindInfo: Kind str, Title str, DataProvider DataProviderType?, BrokerType BrokerType?, \
    Settings list[ConnectorSetting]
ListConnectorKindsArgs:
ListConnectorKindsResult: Kinds list[ConnectorKindInfo]
ConnectorAccount: BrokerAccountId str, Live bool, AccountType str, Currency str, CanTrade bool, \
    Permissions list[str], Enabled bool
ConnectorInfo: Name str, Kind str, Enabled bool, State ConnectorStateType, Message str, Remedy str, Since datetime?, \
    DataProvider DataProviderType?, Agent str?, Settings dict[str, str], SecretsSet list[str], \
    Accounts list[ConnectorAccount], CreatedAt datetime
ListConnectorsArgs:
ListConnectorsResult: Connectors list[ConnectorInfo]
AddConnectorArgs: Name str, Kind str, Settings dict[str, str], Secrets dict[str, str]
UpdateConnectorArgs: Name str, Settings dict[str, str], Secrets dict[str, str]
ConnectorArgs: Name str
ConnectorFinding: Topic str, Check ConnectorCheck, Detail str, Remedy str
TestConnectorResult: Passed bool, Findings list[ConnectorFinding], Accounts list[ConnectorAccount], \
    DataQuality dict[str, str], ClockDifferenceSeconds Decimal?
RemoveConnectorResult: Name str
GetConnectorLogArgs: Name str, Limit int = 50
ConnectorLogEntry: At datetime, State ConnectorStateType, Message str, Remedy str
GetConnectorLogResult: Entries list[ConnectorLogEntry]
{EnableBrokerAccountArgs DisableBrokerAccountArgs}: Name str, BrokerAccountId str
SetAccountMarketDataArgs: BrokerAccountId str, DataProvider DataProviderType?, AcceptDelayed bool = False

IdempotencyRecord: IdempotencyKey str, Operation IdempotencyOperation, Status IdempotencyRecordStatus, \
    CreatedAt datetime, UpdatedAt datetime, RequestHash str?, LiveExecPlanId int?, LiveOrderIds list[int]?, \
    ErrorMessage str?, JobId str?, JobStatus PreparationStatus?, JobResult JSON?, JobErrorMessage str?, \
    ResponseStatus StatusCode?, ResponseMessage str?, ResponseError MesoLiveApiError?, ResponseData str?
AgentInfo: AgentId str, Name str, Status AgentStatus, Connector AgentConnector, DataProvider DataProviderType?, \
    BrokerAccountIds list[str], ConnectedAt datetime?, LastSnapshotAt datetime?, Message str?
LiveAccount: BrokerAccountId str, BrokerType BrokerType, AccountType str, Currency str, IsPaperAccount bool, \
    NetLiquidationValue Decimal?, MaintenanceMarginReq Decimal?, Cash Decimal?, LastUpdated datetime?, \
    CreatedAt datetime, ActivePositions int, BrokerFacts LiveBrokerFacts?, Books AccountFigures?, \
    DisabledAt datetime?, UnrealizedPnL Decimal?, DayPnL Decimal?
LiveBrokerFacts: AsOf datetime, NetLiquidation Decimal?, Cash Decimal?, InitialMargin Decimal?, \
    MaintenanceMargin Decimal?, BuyingPower Decimal?, ExcessLiquidity Decimal?, DayTradesLeft int?
AccountFigures: NetLiquidation Decimal?, MaintenanceMargin Decimal?, Cash Decimal?
LiveStrategy: Id int, Name str, Symbol str, Description str?, BacktestId str?, MesoSimInstance str?, \
    ActiveOnAccounts list[str], ActivePositions int, CreatedAt datetime, UpdatedAt datetime
LiveStrategyDetail: Id int, Name str, Symbol str, Description str?, BacktestId str?, MesoSimInstance str?, \
    ActiveOnAccounts list[str], ActivePositions int, CreatedAt datetime, UpdatedAt datetime, \
    StrategyDefinition dict[str, JSON]
LivePosition: Id int, State LivePositionState, CreatedAt datetime, ClosedAt datetime?, Name str, BrokerAccountId str, \
    LiveStrategyId int, StrategyName str, QtyMultiplier Decimal?, RealizedPnL Decimal?, Symbol str?, \
    AdjustmentCount int?, Expirations list[datetime]?, UnrealizedPnL Decimal?, DayPnL Decimal?, Margin Decimal?
LivePositionDetail: Id int, State LivePositionState, CreatedAt datetime, ClosedAt datetime?, Name str, \
    BrokerAccountId str, LiveStrategyId int, StrategyName str, QtyMultiplier Decimal?, Symbol str?, \
    AdjustmentCount int?, Expirations list[datetime]?, UnrealizedPnL Decimal?, DayPnL Decimal?, \
    Margin Decimal?, Legs list[LiveLeg], \
    Vars dict[str, Decimal], RealizedPnL Decimal, PositionPrice LivePrices, PositionGreeks LiveGreeks, \
    PositionPnL LivePnL, LegPrices dict[int, LivePrices], LegGreeks dict[int, LiveGreeks], \
    LegPnLs dict[int, LivePnL], LegGroups dict[int, list[str]]
LiveLeg: Id int, Name str, LiveContract LiveContract, LegGroupId int, CreatedAt datetime, ClosedAt datetime?, \
    LivePositionId int, AccountId str, Underlying str, Qty Decimal, AvgEntryPrice Decimal, \
    UserSetRealizedPnL Decimal?, TrackedRealizedPnL Decimal?
LiveContract: ContractType MesoContractType, Underlying LiveUnderlying, Root str?, OptionType MesoOptionType?, \
    Expiration datetime?, Strike Decimal?, Multiplier Decimal?
LiveUnderlying: Symbol str, ContractType MesoContractType, Exchange str?, Currency str
LiveExecution: Id int, BrokerExecutionId str?, LiveOrderId int?, ExecPlanId int, BrokerAccountId str, PositionId int, \
    LegId int, LegName str, Contract LiveContract, Qty Decimal, Price Decimal, Commission Decimal, ExecutedAt datetime
PreparePositionEntryArgs: IdempotencyKey str, PositionName str, StrategyId int, BrokerAccountId str, \
    LegSelectionConstraint LiveLegSelectionConstraint, Underlying LiveUnderlying, DataProvider DataProviderType?
PreparePositionExitArgs: IdempotencyKey str, PositionId int, DataProvider DataProviderType?
PreparePositionAdjustmentArgs: IdempotencyKey str, PositionId int, Operation PositionAdjustmentOperation, \
    Condition str, LegSelectionConstraint LiveLegSelectionConstraint, DataProvider DataProviderType?
PreparePositionEntryResult: ExecPlanId int, PositionName str, StrategyId int, StrategyName str, BrokerAccountId str, \
    SelectedLegs dict[str, LiveLeg], LegGroups dict[int, list[str]], LegGroupQtys dict[int, LegGroupQtys], \
    AbortConditions list[ConditionEvaluation], EntryConditions list[ConditionEvaluation], EntryAllowed bool, \
    QtyMultiplier Decimal, Vars dict[str, Decimal], LegGreeks dict[str, LiveGreeks], LegPrices dict[str, LivePrices], \
    LegGroupGreeks dict[int, LiveGreeks], LegGroupPrices dict[int, LivePrices], PositionGreeks LiveGreeks, \
    PositionPrice LivePrices, UnderlyingPrice LivePrices
PreparePositionExitResult: ExecPlanId int, PositionId int, PositionName str, StrategyId int, StrategyName str, \
    BrokerAccountId str, PositionLegs dict[str, LiveLeg], LegGroups dict[int, list[str]], \
    LegGroupQtys dict[int, LegGroupQtys], Vars dict[str, Decimal], LegGreeks dict[str, LiveGreeks], \
    LegPrices dict[str, LivePrices], LegGroupGreeks dict[int, LiveGreeks], LegGroupPrices dict[int, LivePrices], \
    PositionGreeks LiveGreeks, PositionPrice LivePrices, UnderlyingPrice LivePrices
PreparePositionAdjustmentResult: ExecPlanId int, PositionId int, PositionName str, StrategyId int, StrategyName str, \
    BrokerAccountId str, OrderLegs dict[str, LiveLeg], LegGroups dict[int, list[str]], \
    LegGroupQtys dict[int, LegGroupQtys], Vars dict[str, Decimal], LegGreeks dict[str, LiveGreeks], \
    LegPrices dict[str, LivePrices], LegGroupGreeks dict[int, LiveGreeks], LegGroupPrices dict[int, LivePrices], \
    PositionGreeks LiveGreeks, PositionPrice LivePrices, UnderlyingPrice LivePrices, \
    Operation PositionAdjustmentOperation, Condition str, QtyMultiplier Decimal?, \
    AbortConditions list[ConditionEvaluation]?, AdjustmentAllowed bool?
GetPreparePositionEntryStatusResult: JobId str, Status PreparationStatus, Result PreparePositionEntryResult?, \
    Error str?, CreatedAt datetime, UpdatedAt datetime
GetPreparePositionExitStatusResult: JobId str, Status PreparationStatus, Result PreparePositionExitResult?, \
    Error str?, CreatedAt datetime, UpdatedAt datetime
GetPreparePositionAdjustmentStatusResult: JobId str, Status PreparationStatus, \
    Result PreparePositionAdjustmentResult?, Error str?, CreatedAt datetime, UpdatedAt datetime
LegGroupQtys: Qty Decimal, LegRatios dict[str, Decimal]
ConditionEvaluation: Type ConditionType, Statement str, Result bool?, Vars dict[str, Decimal], Error str?
ApplyPaperFillsArgs: IdempotencyKey str, BrokerAccountId str, ExecPlanId int, QtyMultiplier Decimal?, \
    PaperLegFills dict[str, PaperLegFill]
PaperLegFill: Price Decimal, Commission Decimal = 0, FilledAt datetime?
SendOrderArgs: IdempotencyKey str, ReplacesOrder int?, BrokerAccountId str, ExecPlanId int, QtyMultiplier Decimal?, \
    LegGroupId int, LegGroupOrder LegGroupOrder
LegGroupOrder: OrderType OrderType, TimeInForce TimeInForce, LimitPrice Decimal?, StopPrice Decimal?, \
    LegNames list[str]
Order: OrderId int, CreatedAt datetime, FilledAt datetime?, ExecPlanId int, BrokerAccountId str, LegGroupId int, \
    State OrderState, Side str, Qty Decimal, CumQty Decimal, AvgFillPrice Decimal?, LastFillPrice Decimal?, \
    LimitPrice Decimal?, StopPrice Decimal?, OrderType OrderType, TimeInForce TimeInForce, LastUpdated datetime, \
    LegRatios dict[str, Decimal]?, PositionId int?, StrategyId int?, Reason str?, ReplacesOrderId int?, \
    ReplacedByOrderId int?, UnresolvedSince datetime?, SentBy str?
OrderRejectionInfo: Code str?, Reason str, Source str?
EntrySignalsResult: ScheduleOk bool, ConcurrencyOk bool, ReentryOk bool, Conditions list[ConditionEvaluation], \
    EntryAllowed bool, NextEntryAt datetime?
ExitSignalsResult: ScheduleOk bool, MaxDaysInTrade ConditionEvaluation?, ProfitTarget ConditionEvaluation?, \
    StopLoss ConditionEvaluation?, Conditions list[ConditionEvaluation]

LivePrices: SnapshotTime datetime?, Bid Decimal?, Ask Decimal?, Last Decimal?, Mark Decimal?, BidAgeMs int?, \
    AskAgeMs int?, LastAgeMs int?, MarkAgeMs int?, Quality QuoteQuality?
LivePnL: SnapshotTime datetime?, Realized Decimal?, Bid Decimal?, Ask Decimal?, Last Decimal?, Mark Decimal?, \
    BidAgeMs int?, AskAgeMs int?, LastAgeMs int?, MarkAgeMs int?, Quality QuoteQuality?
GreekValues: Delta Decimal?, Gamma Decimal?, Theta Decimal?, Vega Decimal?, WVega Decimal?, Rho Decimal?, IV Decimal?
LiveGreeks: SnapshotTime datetime?, Bid GreekValues?, Ask GreekValues?, Last GreekValues?, Mark GreekValues?, \
    BidAgeMs int?, AskAgeMs int?, LastAgeMs int?, MarkAgeMs int?, Quality QuoteQuality?
ComboLeg: Contract LiveContract, Ratio Decimal
{StreamPositionDataArgs GetPositionSnapshotArgs}: PositionId int, PriceFields LiveQuoteFields = All, \
    GreekFields LiveQuoteFields = All, PnlFields LiveQuoteFields = All, IncludePosition LiveDataInclude = All, \
    IncludeLegs LiveDataInclude = All, IncludeLegGroups LiveDataInclude = All, Provider DataProviderType?
{PositionDataEntry GetPositionSnapshotResult}: PositionPrices LivePrices?, PositionGreeks LiveGreeks?, \
    PositionPnLs LivePnL?, LegPrices dict[int, LivePrices]?, LegGreeks dict[int, LiveGreeks]?, \
    LegPnLs dict[int, LivePnL]?, LegGroupPrices dict[int, LivePrices]?, LegGroupGreeks dict[int, LiveGreeks]?, \
    LegGroupPnLs dict[int, LivePnL]?
{StreamLegDataArgs GetLegSnapshotArgs}: LegId int, PriceFields LiveQuoteFields = All, \
    GreekFields LiveQuoteFields = All, PnlFields LiveQuoteFields = All, Include LiveDataInclude = All, \
    Provider DataProviderType?
{LegDataEntry GetLegSnapshotResult}: Prices LivePrices?, Greeks LiveGreeks?, PnL LivePnL?
{StreamLegsDataArgs GetLegsSnapshotArgs}: LegIds list[int], PriceFields LiveQuoteFields = All, \
    GreekFields LiveQuoteFields = All, PnlFields LiveQuoteFields = All, Include LiveDataInclude = All, \
    Provider DataProviderType?
{LegsDataEntry GetLegsSnapshotResult}: LegPrices dict[int, LivePrices]?, LegGreeks dict[int, LiveGreeks]?, \
    LegPnLs dict[int, LivePnL]?
{StreamComboContractsDataArgs GetComboContractsSnapshotArgs}: Combo list[ComboLeg], \
    PriceFields LiveQuoteFields = All, GreekFields LiveQuoteFields = All, Include LiveDataInclude = All, \
    Provider DataProviderType
{ComboContractsDataEntry GetComboContractsSnapshotResult}: ComboPrices LivePrices?, ComboGreeks LiveGreeks?, \
    ContractPrices list[LivePrices]?, ContractGreeks list[LiveGreeks]?
{StreamContractDataArgs GetContractSnapshotArgs}: Contract LiveContract, PriceFields LiveQuoteFields = All, \
    GreekFields LiveQuoteFields = All, Include LiveDataInclude = All, Provider DataProviderType
{ContractDataEntry GetContractSnapshotResult}: Prices LivePrices?, Greeks LiveGreeks?
{StreamUnderlyingDataArgs GetUnderlyingSnapshotArgs}: Underlying LiveUnderlying, PriceFields LiveQuoteFields = All, \
    Provider DataProviderType
{UnderlyingDataEntry GetUnderlyingSnapshotResult}: Prices LivePrices?
{StreamAccountDataArgs GetAccountSnapshotArgs}: BrokerAccountId str
{AccountDataEntry GetAccountSnapshotResult}: SnapshotTime datetime, NetLiquidationValue Decimal?, Cash Decimal?, \
    MaintenanceMarginReq Decimal?, UnrealizedPnL Decimal?, DayPnL Decimal?, ActivePositions int, Greeks LiveGreeks

{SubscribeToStrategiesArgs UnsubscribeFromStrategiesArgs}: Strategies list[int]?
{SubscribeToStrategiesResult UnsubscribeFromStrategiesResult}: SuccessfulStrategies list[int], \
    FailedStrategies list[int]
GetLatestEventSeqIdArgs:
GetLatestEventSeqIdResult: LatestEventSeqId int, SnapshotTime datetime
GetEventsSinceArgs: SinceEventSeqId int, Limit int, ContinuationToken str?
GetEventsSinceResult: Events list[MesoLiveEventEnvelope], ContinuationToken str?
MesoLiveEventEnvelope: EventSeqId int, EventId UUID, EventTime datetime, EventType str, StrategyId int?, Event JSON
"""

EVENTS_TEXT = """
OnEntrySignal EntrySignalEvent: State SignalState, StrategyId int, StrategyName str, BrokerAccountId str, \
    EntrySignalResult EntrySignalsResult?
OnExitSignal ExitSignalEvent: State SignalState, StrategyId int, StrategyName str, PositionId int, PositionName str, \
    BrokerAccountId str?, ExitSignalResult ExitSignalsResult?
OnAdjustmentSignal AdjustmentSignalEvent: State SignalState, StrategyId int, StrategyName str, PositionId int, \
    PositionName str, BrokerAccountId str?, AdjustmentTimeOk bool, Condition ConditionEvaluation
OnOrderUpdate OrderUpdateEvent: OrderId int, BrokerAccountId str?, ExecPlanId int?, LegGroupId int?, StrategyId int, \
    StrategyName str, State OrderState, FilledQty Decimal? = required, RemainingQty Decimal? = required, \
    FillPrice Decimal? = required, AvgFillPrice Decimal? = required, Rejection OrderRejectionInfo?
OnPositionUpdate PositionUpdateEvent: PositionId int, StrategyId int, StrategyName str, PositionName str, \
    BrokerAccountId str, Status PositionStatus, RealizedPnL Decimal = 0
OnLegUpdate LegUpdateEvent: BrokerAccountId str, PositionId int, PositionName str, StrategyId int, StrategyName str, \
    LegId int, LegName str, Contract LiveContract, Status LegStatus, Qty Decimal = 0, RealizedPnL Decimal = 0
OnHaltChange HaltChangeEvent: BrokerAccountId str?, Scope HaltScope, Halted bool, Reason str
OnOrderRefused OrderRefusedEvent: BrokerAccountId str, ExecPlanId int, LegGroupId int, StrategyId int?, \
    StrategyName str?, Code str, Message str
OnAgentStatusChange AgentStatusEvent: Status AgentStatus, Message str, Connector AgentConnector?
OnError ErrorEvent: State ErrorState, ErrorId UUID, StrategyId int?, StrategyName str?, PositionId int?, \
    PositionName str?, BrokerAccountId str?, Message str?, ConditionType ConditionType?, Statement str?
OnPositionEntryPreparationCompleted PositionEntryPreparationCompletedEvent: JobId str, StrategyId int, \
    StrategyName str, BrokerAccountId str?, Result PreparePositionEntryResult
OnPositionExitPreparationCompleted PositionExitPreparationCompletedEvent: JobId str, StrategyId int, \
    StrategyName str, BrokerAccountId str?, Result PreparePositionExitResult
OnPositionAdjustmentPreparationCompleted PositionAdjustmentPreparationCompletedEvent: JobId str, StrategyId int, \
    StrategyName str, BrokerAccountId str?, Result PreparePositionAdjustmentResult
OnPositionEntryPreparationFailed PositionEntryPreparationFailedEvent: JobId str, StrategyId int, StrategyName str, \
    BrokerAccountId str?, Error str
OnPositionExitPreparationFailed PositionExitPreparationFailedEvent: JobId str, StrategyId int, StrategyName str, \
    BrokerAccountId str?, Error str
OnPositionAdjustmentPreparationFailed PositionAdjustmentPreparationFailedEvent: JobId str, StrategyId int, \
    StrategyName str, BrokerAccountId str?, Error str
OnAutoUpdateVarsAdjustmentStarted AutoUpdateVarsAdjustmentStartedEvent: JobId str, StrategyId int, StrategyName str, \
    PositionId int, PositionName str, BrokerAccountId str?, Condition str
OnAutoUpdateVarsAdjustmentCompleted AutoUpdateVarsAdjustmentCompletedEvent: JobId str, StrategyId int, \
    StrategyName str, PositionId int, PositionName str, BrokerAccountId str?, Condition str, \
    UpdatedVars dict[str, Decimal]
OnAutoUpdateVarsAdjustmentFailed AutoUpdateVarsAdjustmentFailedEvent: JobId str, StrategyId int, StrategyName str, \
    PositionId int, PositionName str, BrokerAccountId str?, Condition str, Error str
"""

ENUMS_TEXT = """
StatusCode: Success DuplicateRequest Conflict ValidationError NotFound Unauthorized Forbidden NotSupported \
    RateLimited ProviderUnavailable BrokerError Timeout InternalError
IdempotencyOperation: StartPreparePositionEntry CancelPreparePositionEntry StartPreparePositionExit \
    CancelPreparePositionExit StartPreparePositionAdjustment CancelPreparePositionAdjustment ApplyPaperFills \
    SendOrder CancelOrder SetPositionClosed AdjustLegPnL LiquidatePosition AdoptPosition HaltTrading ResumeTrading \
    HaltAndFlatten
HaltScope: All Entries
BacktestState: Running Completed Failed Cancelled
NotificationState: Ready Quiet Failing Disabled
NotificationKind: Signals Fills Orders Positions Errors Agents Limits Halts
IdempotencyRecordStatus: Processing Completed Failed
ConnectorStateType: Disabled Connecting Connected Restricted Disconnected ActionRequired
ConnectorCheck: Ok Warning Failed
QuoteQuality: Live Delayed Frozen Modelled
PreparationStatus: Pending Running Completed Failed Cancelled
AgentStatus: Connected Disconnected Error
AgentConnector: Ibkr TastyTrade Simulated Recorded
BrokerType: Ibkr TastyTrade Simulated Recorded MesoLive
DataProviderType: Ibkr TastyTrade Simulated Recorded
LivePositionState: Opening Open Closing Closed
LegStatus: Opening Open Closing Closed
PositionStatus: Created Closed Adjusted RealizedPnLChanged
LiveLegSelectionConstraint: FullyUnique UniqueInPosition None
PositionAdjustmentOperation: AddLegs RemoveLegs MoveLeg UpdateVars
MesoContractType: Stock Index Options Futures FuturesOptions
MesoOptionType: Call Put
OrderType: Market Limit Stop StopLimit
TimeInForce: Day Gtc
OrderState: PendingSubmit Submitted PartiallyFilled Filled PendingCancel Cancelled Rejected Expired Replaced
ConditionType: Entry Abort Exit ProfitTarget StopLoss MaxDaysInTrade Adjustment VarDefine QtyMultiplier Expiration \
    StrikeSelector LegQty LegGroup
SignalState: On Off
ErrorState: Active Resolved
"""

FLAGS = {
    "LiveQuoteFields": {"None": 0, "Bid": 1, "Ask": 2, "Last": 4, "Mark": 8, "All": 15},
    "LiveDataInclude": {"None": 0, "Prices": 1, "Greeks": 2, "PnL": 4, "All": 7},
}

METHODS_TEXT = """
control GetIdempotencyRecord get_idempotency_record GetIdempotencyRecordArgs IdempotencyRecord
control ListAgents list_agents ListAgentsArgs ListAgentsResult
control ListAccounts list_accounts ListAccountsArgs ListAccountsResult
control GetAccount get_account GetAccountArgs LiveAccount
control CreateStrategy create_strategy CreateStrategyArgs LiveStrategy
control UpdateStrategy update_strategy UpdateStrategyArgs LiveStrategy
control RenameStrategy rename_strategy RenameStrategyArgs LiveStrategy
control DeleteStrategy delete_strategy DeleteStrategyArgs DeleteStrategyResult
control ListStrategies list_strategies ListStrategiesArgs ListStrategiesResult
control GetStrategy get_strategy GetStrategyArgs LiveStrategyDetail
control GetStrategyVersions get_strategy_versions GetStrategyVersionsArgs GetStrategyVersionsResult
control GetStrategyVersion get_strategy_version GetStrategyVersionArgs GetStrategyVersionResult
control ListPositions list_positions ListPositionsArgs ListPositionsResult
control GetPosition get_position GetPositionArgs LivePositionDetail
control ListLegs list_legs ListLegsArgs ListLegsResult
control GetLeg get_leg GetLegArgs LiveLeg
control GetLegs get_legs GetLegsArgs GetLegsResult
control StartPreparePositionEntry start_prepare_position_entry PreparePositionEntryArgs StartPreparationResult
control GetPreparePositionEntryStatus get_prepare_position_entry_status GetPreparePositionEntryStatusArgs \
    GetPreparePositionEntryStatusResult
control CancelPreparePositionEntry cancel_prepare_position_entry CancelPreparePositionEntryArgs CancelPreparationResult
control StartPreparePositionExit start_prepare_position_exit PreparePositionExitArgs StartPreparationResult
control GetPreparePositionExitStatus get_prepare_position_exit_status GetPreparePositionExitStatusArgs \
    GetPreparePositionExitStatusResult
control CancelPreparePositionExit cancel_prepare_position_exit CancelPreparePositionExitArgs CancelPreparationResult
control StartPreparePositionAdjustment start_prepare_position_adjustment PreparePositionAdjustmentArgs \
    StartPreparationResult
control GetPreparePositionAdjustmentStatus get_prepare_position_adjustment_status \
    GetPreparePositionAdjustmentStatusArgs GetPreparePositionAdjustmentStatusResult
control CancelPreparePositionAdjustment cancel_prepare_position_adjustment CancelPreparePositionAdjustmentArgs \
    CancelPreparationResult
control ApplyPaperFills apply_paper_fills ApplyPaperFillsArgs ApplyPaperFillsResult
control SendOrder send_order SendOrderArgs SendOrderResult
control CancelOrder cancel_order CancelOrderArgs CancelOrderResult
control GetOrder get_order GetOrderArgs Order
control ListOrders list_orders ListOrdersArgs ListOrdersResult
control ListExecutions list_executions ListExecutionsArgs ListExecutionsResult
control GetExecution get_execution GetExecutionArgs LiveExecution
control GetExecutions get_executions GetExecutionsArgs GetExecutionsResult
control SetPositionClosed set_position_closed SetPositionClosedArgs LivePosition
control AdjustLegPnL adjust_leg_pnl AdjustLegPnLArgs LiveLeg
control LiquidatePosition liquidate_position LiquidatePositionArgs LiquidatePositionResult
control AdoptPosition adopt_position AdoptPositionArgs LivePosition
control GetReconciliation get_reconciliation GetReconciliationArgs GetReconciliationResult
control ListHalts list_halts ListHaltsArgs ListHaltsResult
control ListConnectorKinds list_connector_kinds ListConnectorKindsArgs ListConnectorKindsResult
control ListConnectors list_connectors ListConnectorsArgs ListConnectorsResult
control AddConnector add_connector AddConnectorArgs ConnectorInfo
control UpdateConnector update_connector UpdateConnectorArgs ConnectorInfo
control TestConnector test_connector ConnectorArgs TestConnectorResult
control EnableConnector enable_connector ConnectorArgs ConnectorInfo
control DisableConnector disable_connector ConnectorArgs ConnectorInfo
control RemoveConnector remove_connector ConnectorArgs RemoveConnectorResult
control GetConnectorLog get_connector_log GetConnectorLogArgs GetConnectorLogResult
control EnableBrokerAccount enable_broker_account EnableBrokerAccountArgs LiveAccount
control DisableBrokerAccount disable_broker_account DisableBrokerAccountArgs LiveAccount
control SetAccountMarketData set_account_market_data SetAccountMarketDataArgs LiveAccount
control HaltTrading halt_trading HaltTradingArgs ListHaltsResult
control HaltAndFlatten halt_and_flatten HaltAndFlattenArgs HaltAndFlattenResult
control ResumeTrading resume_trading ResumeTradingArgs ResumeTradingResult
control CreateAccount create_account CreateAccountArgs LiveAccount
control GetAccountLimits get_account_limits GetAccountLimitsArgs AccountLimits
control SetAccountLimits set_account_limits SetAccountLimitsArgs AccountLimits
control ListApiKeys list_api_keys ListApiKeysArgs ListApiKeysResult
control CreateApiKey create_api_key CreateApiKeyArgs CreateApiKeyResult
control RevokeApiKey revoke_api_key RevokeApiKeyArgs ApiKeyInfo
control ListSessions list_sessions ListSessionsArgs ListSessionsResult
control EndSession end_session EndSessionArgs ListSessionsResult
control ListConnections list_connections ListConnectionsArgs ListConnectionsResult
control GetRiskGraph get_risk_graph GetRiskGraphArgs GetRiskGraphResult
control GetOrderHistory get_order_history GetOrderHistoryArgs GetOrderHistoryResult
control GetEvaluations get_evaluations GetEvaluationsArgs GetEvaluationsResult
control GetOutlook get_outlook GetOutlookArgs GetOutlookResult
control CheckStrategyDefinition check_strategy_definition CheckStrategyDefinitionArgs CheckStrategyDefinitionResult
control GetStrategySchema get_strategy_schema GetStrategySchemaArgs GetStrategySchemaResult
control ListNotificationRules list_notification_rules ListNotificationRulesArgs ListNotificationRulesResult
control AddNotificationRule add_notification_rule AddNotificationRuleArgs NotificationRule
control UpdateNotificationRule update_notification_rule UpdateNotificationRuleArgs NotificationRule
control RemoveNotificationRule remove_notification_rule NotificationRuleArgs ListNotificationRulesResult
control TestNotificationRule test_notification_rule NotificationRuleArgs TestNotificationRuleResult
control CheckOrder check_order CheckOrderArgs CheckOrderResult
control GetExecPlan get_exec_plan GetExecPlanArgs GetExecPlanResult
control ListExecPlans list_exec_plans ListExecPlansArgs ListExecPlansResult
control GetSession get_session GetSessionArgs GetSessionResult
control AcknowledgeError acknowledge_error AcknowledgeErrorArgs ErrorAcknowledgement
control ListErrorAcknowledgements list_error_acknowledgements ListErrorAcknowledgementsArgs \
    ListErrorAcknowledgementsResult
control ListVariables list_variables ListVariablesArgs ListVariablesResult
control ListUnderlyings list_underlyings ListUnderlyingsArgs ListUnderlyingsResult
control GetExpirations get_expirations GetExpirationsArgs GetExpirationsResult
control GetChain get_chain GetChainArgs GetChainResult
control GetEquityHistory get_equity_history GetEquityHistoryArgs GetEquityHistoryResult
control GetPositionHistory get_position_history GetPositionHistoryArgs GetPositionHistoryResult
control ListBacktestMarkets list_backtest_markets ListBacktestMarketsArgs ListBacktestMarketsResult
control StartBacktest start_backtest StartBacktestArgs BacktestInfo
control GetBacktest get_backtest BacktestArgs BacktestInfo
control ListBacktests list_backtests ListBacktestsArgs ListBacktestsResult
control CancelBacktest cancel_backtest BacktestArgs BacktestInfo
control DeleteBacktest delete_backtest BacktestArgs ListBacktestsResult
control GetBacktestResult get_backtest_result BacktestArgs GetBacktestResultResult
control GetBacktestTrades get_backtest_trades GetBacktestTradesArgs GetBacktestTradesResult
control GetBacktestDecisions get_backtest_decisions GetBacktestDecisionsArgs GetBacktestDecisionsResult
control CompareBacktests compare_backtests CompareBacktestsArgs CompareBacktestsResult
data GetPositionSnapshot get_position_snapshot GetPositionSnapshotArgs GetPositionSnapshotResult
data GetLegSnapshot get_leg_snapshot GetLegSnapshotArgs GetLegSnapshotResult
data GetLegsSnapshot get_legs_snapshot GetLegsSnapshotArgs GetLegsSnapshotResult
data GetComboContractsSnapshot get_combo_contracts_snapshot GetComboContractsSnapshotArgs \
    GetComboContractsSnapshotResult
data GetContractSnapshot get_contract_snapshot GetContractSnapshotArgs GetContractSnapshotResult
data GetUnderlyingSnapshot get_underlying_snapshot GetUnderlyingSnapshotArgs GetUnderlyingSnapshotResult
data GetAccountSnapshot get_account_snapshot GetAccountSnapshotArgs GetAccountSnapshotResult
event SubscribeToStrategies subscribe_to_strategies SubscribeToStrategiesArgs SubscribeToStrategiesResult
event UnsubscribeFromStrategies unsubscribe_from_strategies UnsubscribeFromStrategiesArgs \
    UnsubscribeFromStrategiesResult
event GetLatestEventSeqId get_latest_event_seq_id GetLatestEventSeqIdArgs GetLatestEventSeqIdResult
event GetEvents get_events GetEventsArgs GetEventsResult
event GetEventsSince get_events_since GetEventsSinceArgs GetEventsSinceResult
"""

STREAMS_TEXT = """
StreamPositionData stream_position_data StreamPositionDataArgs PositionDataEntry
StreamLegData stream_leg_data StreamLegDataArgs LegDataEntry
StreamLegsData stream_legs_data StreamLegsDataArgs LegsDataEntry
StreamComboContractsData stream_combo_contracts_data StreamComboContractsDataArgs ComboContractsDataEntry
StreamContractData stream_contract_data StreamContractDataArgs ContractDataEntry
StreamUnderlyingData stream_underlying_data StreamUnderlyingDataArgs UnderlyingDataEntry
StreamChainData stream_chain_data StreamChainDataArgs ChainDataEntry
StreamAccountData stream_account_data StreamAccountDataArgs AccountDataEntry
"""

HANDLERS = {
    "OnEntrySignal": "on_entry_signal",
    "OnExitSignal": "on_exit_signal",
    "OnAdjustmentSignal": "on_adjustment_signal",
    "OnOrderUpdate": "on_order_update",
    "OnPositionUpdate": "on_position_update",
    "OnLegUpdate": "on_leg_update",
    "OnAgentStatusChange": "on_agent_status_change",
    "OnHaltChange": "on_halt_change",
    "OnOrderRefused": "on_order_refused",
    "OnError": "on_error",
    "OnPositionEntryPreparationCompleted": "on_position_entry_preparation_completed",
    "OnPositionExitPreparationCompleted": "on_position_exit_preparation_completed",
    "OnPositionAdjustmentPreparationCompleted": "on_position_adjustment_preparation_completed",
    "OnPositionEntryPreparationFailed": "on_position_entry_preparation_failed",
    "OnPositionExitPreparationFailed": "on_position_exit_preparation_failed",
    "OnPositionAdjustmentPreparationFailed": "on_position_adjustment_preparation_failed",
    "OnAutoUpdateVarsAdjustmentStarted": "on_auto_update_vars_adjustment_started",
    "OnAutoUpdateVarsAdjustmentCompleted": "on_auto_update_vars_adjustment_completed",
    "OnAutoUpdateVarsAdjustmentFailed": "on_auto_update_vars_adjustment_failed",
}

EVENT_FIELDS = "EventId UUID = unset, EventSeqId int = unset, EventTime datetime"


@dataclass(frozen=True)
class Field:
    """One field of the table.

    Attributes
    ----------
    type
        The type as the table spells it, without the mark of a nullable field.
    default
        Its text; None when the field is required. A nullable field's is `null` unless the table says `required`.
    """

    name: str
    type: str
    nullable: bool
    default: str | None


@dataclass(frozen=True)
class Method:
    """One hub method."""

    hub: str
    name: str
    snake_name: str
    args: str
    result: str


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def _fields(text: str) -> tuple[Field, ...]:
    # Commas inside brackets belong to the type.
    parts, depth, current = list[str](), 0, ""
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    parts.append(current)
    fields: list[Field] = []
    for part in (part.strip() for part in parts if part.strip()):
        declaration, _, default = part.partition(" = ")
        name, _, spelled = declaration.partition(" ")
        nullable = spelled.endswith("?")
        default = default or ("null" if nullable else "required")
        fields.append(Field(name, spelled.removesuffix("?"), nullable, None if default == "required" else default))
    return tuple(fields)


def _models() -> dict[str, tuple[Field, ...]]:
    table: dict[str, tuple[Field, ...]] = {}
    for line in _lines(MODELS_TEXT):
        names, _, fields = line.partition(":")
        for name in names.strip("{}").split():
            table[name] = _fields(fields)
    for line in _lines(EVENTS_TEXT):
        names, _, fields = line.partition(":")
        table[names.split()[1]] = (*_fields(EVENT_FIELDS), *_fields(fields))
    return table


MODELS = _models()
EVENTS = {line.split(":")[0].split()[0]: line.split(":")[0].split()[1] for line in _lines(EVENTS_TEXT)}
ENUMS = {line.split(":")[0]: line.split(":")[1].split() for line in _lines(ENUMS_TEXT)}
METHODS = [Method(*line.split()) for line in _lines(METHODS_TEXT)]
STREAMS = [Method("data", *line.split()) for line in _lines(STREAMS_TEXT)]
