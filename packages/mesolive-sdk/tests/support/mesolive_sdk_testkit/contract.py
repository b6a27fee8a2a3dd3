"""The wire contract as a table, written by hand from the contract and not from the models: events, enums, methods.

The lines of the models are those of `contract_models`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mesolive_sdk_testkit.contract_models import MODELS_TEXT

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
OnAccessEvent AccessEvent: Change AccessChange, At datetime, Role str, KeyId str?, KeyLabel str?, SessionId str?, \
    Address str?, UserAgent str?, By str?, Attempts int?
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
    HaltAndFlatten RegroupExecPlan
HaltScope: All Entries
BacktestState: Running Completed Failed Cancelled
NotificationState: Ready Quiet Failing Disabled
NotificationKind: Signals Fills Orders Positions Errors Agents Limits Halts Access
AccessChange: SignedIn SignedInAgain SessionEnded SessionExpired SignInRefused KeyCreated KeyRevoked
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
control RegroupExecPlan regroup_exec_plan RegroupExecPlanArgs RegroupExecPlanResult
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
StreamPositionsData stream_positions_data StreamPositionsDataArgs PositionsDataEntry
StreamLegData stream_leg_data StreamLegDataArgs LegDataEntry
StreamLegsData stream_legs_data StreamLegsDataArgs LegsDataEntry
StreamComboContractsData stream_combo_contracts_data StreamComboContractsDataArgs ComboContractsDataEntry
StreamContractData stream_contract_data StreamContractDataArgs ContractDataEntry
StreamUnderlyingData stream_underlying_data StreamUnderlyingDataArgs UnderlyingDataEntry
StreamChainData stream_chain_data StreamChainDataArgs ChainDataEntry
StreamEvaluations stream_evaluations StreamEvaluationsArgs EvaluationsEntry
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
    "OnAccessEvent": "on_access_event",
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
