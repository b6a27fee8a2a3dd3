"""Models of the wire contract, written by hand from the contract: one line per model, read by `contract`.

`Name: field type[?] [= default], …`. A `?` marks a nullable field, which reads as null when it is missing. Names in
PascalCase that are not a type of Python are models or enums.
"""

from __future__ import annotations

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
ListOrdersArgs: ExecPlanId int?, BrokerAccountId str?, State OrderState?, NewestFirst bool = False, Limit int = 50, \
    ContinuationToken str?
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
GetEvaluationsArgs: StrategyId int?, BrokerAccountId str?, PositionId int?
AdjustmentEvaluated: Condition ConditionEvaluation, ScheduleOk bool, Automatic bool
PositionEvaluated: PositionId int, PositionName str, At datetime, Exit ExitSignalsResult, \
    Adjustments list[AdjustmentEvaluated]
StrategyEvaluated: StrategyId int, StrategyName str, BrokerAccountId str, At datetime, Entry EntrySignalsResult?, \
    Positions list[PositionEvaluated]
GetEvaluationsResult: Evaluations list[StrategyEvaluated]
StreamEvaluationsArgs: StrategyId int?, BrokerAccountId str?, PositionId int?
EvaluationsEntry: Evaluations list[StrategyEvaluated]
GetOutlookArgs: From datetime?, To datetime?
OutlookSession: Open datetime, Close datetime
OutlookLeg: LegId int, Name str, Contract LiveContract, Qty Decimal, Settlement str
OutlookGate: Gate str, Open bool, Until datetime?, Why str?
OutlookItem: At datetime, What str, StrategyId int, StrategyName str, BrokerAccountId str, PositionId int?, \
    PositionName str?, Closed list[str]?, Legs list[OutlookLeg]?
OutlookStrategy: StrategyId int, StrategyName str, BrokerAccountId str, Symbol str, SessionOpen datetime, \
    SessionClose datetime, IsOpen bool, Active bool = True, Gates list[OutlookGate]?, NextEntryAt datetime?, \
    NextExitAt datetime?, NextAdjustmentAt datetime?
GetOutlookResult: At datetime, Sessions list[OutlookSession], Items list[OutlookItem], \
    Strategies list[OutlookStrategy]?, Halts list[TradingHalt]?
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
    Enabled bool?, NoQuiet bool = False, StrategyId int?, BrokerAccountId str?, AllStrategies bool = False, \
    AllAccounts bool = False
NotificationRuleArgs: RuleId int
TestNotificationRuleResult: Sent bool, Message str
CheckOrderArgs: ReplacesOrder int?, BrokerAccountId str, ExecPlanId int, QtyMultiplier Decimal?, LegGroupId int, \
    LegGroupOrder LegGroupOrder
OrderRefusal: Status StatusCode, Code str?, Message str, Fields dict[str, list[str]]?
OrderVerdict: Check str, Passed bool?, Code str?, Message str?, Value Decimal?, Limit Decimal?
CheckOrderResult: At datetime, Allowed bool, Refusal OrderRefusal?, Warnings list[str], Qty Decimal?, \
    Contracts Decimal?, Bid Decimal?, Mid Decimal?, Ask Decimal?, WorstPrice Decimal?, HighestPrice Decimal?, \
    Premium Decimal?, Notional Decimal?, MaxLossBefore Decimal?, MaxLossAfter Decimal?, UnlimitedLoss bool = False, \
    MarginBefore Decimal?, MarginAfter Decimal?, Limits AccountLimits, Verdicts list[OrderVerdict]?
GetExecPlanArgs: ExecPlanId int
ListExecPlansArgs: PositionId int?, StrategyId int?, BrokerAccountId str?, Open bool = True, Limit int = 50
ExecPlanGroup: LegGroupId int, LegRatios dict[str, Decimal], Qty Decimal, Filled Decimal, WorkingOrderId int?
ExecPlanInfo: ExecPlanId int, Kind str, State str, StrategyId int, StrategyName str, BrokerAccountId str, \
    PositionId int?, PositionName str, QtyMultiplier Decimal?, CreatedAt datetime, ExecutedAt datetime?, \
    Groups list[ExecPlanGroup]
ListExecPlansResult: Plans list[ExecPlanInfo]
GetExecPlanResult: Plan ExecPlanInfo, JobId str?, Entry PreparePositionEntryResult?, \
    Exit PreparePositionExitResult?, Adjustment PreparePositionAdjustmentResult?
RegroupExecPlanArgs: IdempotencyKey str, ExecPlanId int, Groups list[list[str]]
RegroupExecPlanResult: Plan ExecPlanInfo, JobId str?, Entry PreparePositionEntryResult?, \
    Exit PreparePositionExitResult?, Adjustment PreparePositionAdjustmentResult?, Warnings list[str]
GetSessionArgs: Symbol str?, BrokerAccountId str?
GetSessionResult: User str, Role str, KeyId str?, SessionId str?, ExpiresAt datetime?, Version str, Market str, \
    Speed Decimal, MarketTime datetime, RealTime datetime, SessionOpen datetime, SessionClose datetime, IsOpen bool, \
    NextSessionOpen datetime?, SignalsEverySeconds Decimal, EnforceMaxAdjustments bool, \
    DataProviders list[DataProviderType], Symbol str?, OrdersOpen datetime?, OrdersClose datetime?, TakesOrders bool?
AcknowledgeErrorArgs: ErrorId UUID
ErrorAcknowledgement: ErrorId UUID, EventSeqId int, At datetime, By str
ListErrorAcknowledgementsArgs:
ListErrorAcknowledgementsResult: Acknowledgements list[ErrorAcknowledgement]
ListVariablesArgs: StrategyDefinition dict[str, JSON]?
DefinitionVariable: Name str, Source str, Help str, Type str = Number
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
EquityPoint: At datetime, NetLiquidation Decimal?, Cash Decimal, Margin Decimal?, PnL Decimal?, DayPnL Decimal?, \
    Delta Decimal?, Gamma Decimal?, Theta Decimal?, Vega Decimal?, DeltaDollars Decimal?
GetEquityHistoryResult: StepSeconds int, Points list[EquityPoint]
GetPositionHistoryArgs: PositionId int, From datetime?, To datetime?, StepSeconds int?
PositionPoint: At datetime, PnL Decimal?, RealizedPnL Decimal, Price Decimal?, Underlying Decimal?, Delta Decimal?, \
    Gamma Decimal?, Theta Decimal?, Vega Decimal?, Margin Decimal?
GetPositionHistoryResult: StepSeconds int, Points list[PositionPoint]
ListBacktestMarketsArgs:
ListBacktestMarketsResult: Recordings list[str]
StartBacktestArgs: Name str?, StrategyId int?, StrategyDefinition dict[str, JSON]?, Recording str?, From str?, \
    To str?, Seed int = 1, EverySeconds int = 300, Orders bool = False, FillModel str?, LegSlippage Decimal?, \
    Cash Decimal?, Commission Decimal?
BacktestArgs: BacktestId str
BacktestInfo: BacktestId str, Name str, StrategyName str, Market str, From str?, To str?, State BacktestState, \
    Progress int, Day str?, StartedAt datetime, EndedAt datetime?, Message str?, PnL Decimal?, Percent Decimal?, \
    MaxDrawdown Decimal?, Asked StartBacktestArgs?
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
    Warnings list[str], BooksBalance bool, Results BacktestResults, Equity list[BacktestPoint], Command str?
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
    QueueOrders bool = False, NightSessions bool = False
SetAccountLimitsArgs: BrokerAccountId str, AllowLive bool?, MaxContracts Decimal?, MaxPremium Decimal?, \
    MaxNotional Decimal?, MaxLoss Decimal?, MaxOrdersPerMinute int?, PriceBand Decimal?, AllowUnlimitedLoss bool?, \
    StaleExits str?, QueueOrders bool?, NightSessions bool?
ListApiKeysArgs:
ApiKeyInfo: KeyId str, Label str?, Role str, CreatedAt datetime, ExpiresAt datetime?, RevokedAt datetime?, \
    LastUsedAt datetime?, LastAddress str?, Connections int = 0, Sessions int = 0
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
HubConnection: Hub str, KeyId str?, SessionId str?, Label str?, Role str, Count int, Since datetime?, \
    Address str?
ListConnectionsResult: Connections list[HubConnection]
GetRiskGraphArgs: PositionIds list[int]?, StrategyId int?, BrokerAccountId str?, Symbol str?, \
    ExecPlanId int?, QtyMultiplier Decimal?, Combo list[ComboLeg]?, \
    Days list[Decimal]?, PriceFrom Decimal?, PriceTo Decimal?, Points int = 121, \
    VolShift Decimal = 0, Provider DataProviderType?
RiskCurve: Days Decimal, At datetime, PnL list[Decimal?], Delta list[Decimal?], Gamma list[Decimal?], \
    Theta list[Decimal?], Vega list[Decimal?], BreakEvens list[Decimal]
GetRiskGraphResult: Symbol str, Spot Decimal, At datetime, Prices list[Decimal], Curves list[RiskCurve], \
    SigmaMove Decimal?, MaxProfit Decimal?, MaxLoss Decimal?, UnlimitedProfit bool = False, \
    UnlimitedLoss bool = False, MaxProfitEstimated bool = False, PositionIds list[int], MissingLegs list[str]
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
    DisabledAt datetime?, UnrealizedPnL Decimal?, DayPnL Decimal?, Greeks GreekValues?, DeltaDollars Decimal?
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
OrderLeg: Name str, Ratio Decimal, Contract LiveContract, LegId int?
Order: OrderId int, CreatedAt datetime, FilledAt datetime?, ExecPlanId int, BrokerAccountId str, LegGroupId int, \
    State OrderState, Side str, Qty Decimal, CumQty Decimal, AvgFillPrice Decimal?, LastFillPrice Decimal?, \
    LimitPrice Decimal?, StopPrice Decimal?, OrderType OrderType, TimeInForce TimeInForce, LastUpdated datetime, \
    LegRatios dict[str, Decimal]?, Legs list[OrderLeg]?, PositionId int?, StrategyId int?, Reason str?, \
    ReplacesOrderId int?, ReplacedByOrderId int?, UnresolvedSince datetime?, SentBy str?
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
StreamPositionsDataArgs: PositionIds list[int], PriceFields LiveQuoteFields = All, \
    GreekFields LiveQuoteFields = All, PnlFields LiveQuoteFields = All, IncludePosition LiveDataInclude = All, \
    IncludeLegs LiveDataInclude = All, IncludeLegGroups LiveDataInclude = All, Provider DataProviderType?
PositionsDataEntry: PositionId int, PositionPrices LivePrices?, PositionGreeks LiveGreeks?, \
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
