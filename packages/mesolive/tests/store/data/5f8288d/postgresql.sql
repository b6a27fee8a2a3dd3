CREATE TABLE public.account_limits (
    account_id bigint NOT NULL,
    allow_live boolean NOT NULL,
    max_contracts text NOT NULL,
    max_premium text CONSTRAINT account_limits_max_notional_not_null NOT NULL,
    max_orders_per_minute integer NOT NULL,
    price_band text NOT NULL,
    max_notional text CONSTRAINT account_limits_max_notional_not_null1 NOT NULL,
    max_loss text NOT NULL,
    allow_unlimited_loss boolean NOT NULL,
    stale_exit_policy character varying(16) NOT NULL
);
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    broker_account_id character varying(64) NOT NULL,
    broker_type character varying(16) NOT NULL,
    account_type character varying(32) NOT NULL,
    currency character varying(8) NOT NULL,
    is_paper boolean NOT NULL,
    initial_cash text NOT NULL,
    cash text NOT NULL,
    created_at bigint NOT NULL,
    last_updated bigint NOT NULL
);
CREATE SEQUENCE public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
CREATE TABLE public.active_events (
    user_id bigint NOT NULL,
    subject text NOT NULL,
    event_seq_id bigint NOT NULL
);
CREATE TABLE public.adjustment_plans (
    plan_id bigint NOT NULL,
    operation character varying(16) NOT NULL,
    condition text NOT NULL,
    counts boolean NOT NULL,
    updates boolean NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_keys (
    key_id text NOT NULL,
    user_id bigint NOT NULL,
    label text,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);
CREATE TABLE public.audit_entries (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint,
    order_id bigint,
    at bigint NOT NULL,
    actor character varying(64) NOT NULL,
    action character varying(64) NOT NULL,
    idempotency_key character varying(128),
    detail text
);
CREATE SEQUENCE public.audit_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_entries_id_seq OWNED BY public.audit_entries.id;
CREATE TABLE public.event_counters (
    user_id bigint NOT NULL,
    latest_seq_id bigint NOT NULL,
    pruned_seq_id bigint
);
CREATE TABLE public.events (
    user_id bigint NOT NULL,
    event_seq_id bigint NOT NULL,
    event_id text NOT NULL,
    event_time bigint NOT NULL,
    event_type text NOT NULL,
    strategy_id bigint,
    body text NOT NULL
);
CREATE TABLE public.exec_plan_legs (
    plan_id bigint NOT NULL,
    place integer NOT NULL,
    name character varying(128) NOT NULL,
    underlying character varying(32) NOT NULL,
    underlying_type character varying(16) NOT NULL,
    currency character varying(8) NOT NULL,
    root character varying(16) NOT NULL,
    expiration_day date NOT NULL,
    settles_at bigint NOT NULL,
    contract_right character varying(1) NOT NULL,
    strike text NOT NULL,
    multiplier text NOT NULL,
    qty text NOT NULL,
    leg_group_id integer NOT NULL,
    expiration_name character varying(128),
    leg_id bigint,
    opened_id bigint,
    mark text
);
CREATE TABLE public.exec_plans (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    strategy_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position_id bigint,
    position_name character varying(250) NOT NULL,
    data_provider character varying(16),
    qty_multiplier text,
    created_at bigint NOT NULL,
    executed_at bigint
);
CREATE SEQUENCE public.exec_plans_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.exec_plans_id_seq OWNED BY public.exec_plans.id;
CREATE TABLE public.executions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    order_id bigint,
    position_id bigint NOT NULL,
    leg_id bigint NOT NULL,
    leg_name character varying(128) NOT NULL,
    underlying character varying(32) NOT NULL,
    underlying_type character varying(16) NOT NULL,
    currency character varying(8) NOT NULL,
    root character varying(16) NOT NULL,
    expiration_day date NOT NULL,
    settles_at bigint NOT NULL,
    contract_right character varying(1) NOT NULL,
    strike text NOT NULL,
    multiplier text NOT NULL,
    broker_execution_id character varying(128),
    qty text NOT NULL,
    price text NOT NULL,
    commission text NOT NULL,
    executed_at bigint NOT NULL
);
CREATE SEQUENCE public.executions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.executions_id_seq OWNED BY public.executions.id;
CREATE TABLE public.halts (
    id bigint NOT NULL,
    account_id bigint,
    reason text NOT NULL,
    created_at bigint NOT NULL,
    lifted_at bigint
);
CREATE SEQUENCE public.halts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.halts_id_seq OWNED BY public.halts.id;
CREATE TABLE public.idempotency_records (
    user_id bigint NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    status text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    request_hash text NOT NULL,
    exec_plan_id bigint,
    order_ids text,
    error_message text,
    job_id text,
    response_status text,
    response_message text,
    response_error text,
    response_data text
);
CREATE TABLE public.legs (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position_id bigint NOT NULL,
    name character varying(128) NOT NULL,
    underlying character varying(32) NOT NULL,
    underlying_type character varying(16) NOT NULL,
    currency character varying(8) NOT NULL,
    root character varying(16) NOT NULL,
    expiration_day date NOT NULL,
    settles_at bigint NOT NULL,
    contract_right character varying(1) NOT NULL,
    strike text NOT NULL,
    multiplier text NOT NULL,
    status character varying(16) NOT NULL,
    qty text NOT NULL,
    held_qty text NOT NULL,
    cost text NOT NULL,
    average_entry_price text NOT NULL,
    leg_group_id integer NOT NULL,
    expiration_name character varying(128),
    tracked_realized_pnl text,
    user_realized_pnl text,
    created_at bigint NOT NULL,
    closed_at bigint
);
CREATE SEQUENCE public.legs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.legs_id_seq OWNED BY public.legs.id;
CREATE TABLE public.market_times (
    wall_at bigint NOT NULL,
    market_at bigint NOT NULL
);
CREATE SEQUENCE public.market_times_wall_at_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.market_times_wall_at_seq OWNED BY public.market_times.wall_at;
CREATE TABLE public.order_facts (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    order_id bigint,
    kind character varying(32) NOT NULL,
    execution_id character varying(128),
    body text NOT NULL,
    received_at bigint NOT NULL,
    state_before character varying(16),
    state_after character varying(16),
    contradiction text
);
CREATE SEQUENCE public.order_facts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.order_facts_id_seq OWNED BY public.order_facts.id;
CREATE TABLE public.orders (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    position_id bigint,
    strategy_id bigint NOT NULL,
    leg_group_id integer NOT NULL,
    state character varying(16) NOT NULL,
    side character varying(1) NOT NULL,
    qty text NOT NULL,
    filled_qty text NOT NULL,
    average_fill_price text,
    last_fill_price text,
    limit_price text,
    stop_price text,
    order_type character varying(16) NOT NULL,
    time_in_force character varying(8) NOT NULL,
    created_at bigint NOT NULL,
    filled_at bigint,
    last_updated bigint NOT NULL,
    qty_multiplier text,
    filled_value text,
    reference character varying(36),
    venue_order_id character varying(64),
    unresolved_since bigint,
    cancel_wanted boolean,
    sent_by character varying(64),
    send_key character varying(128),
    cancel_key character varying(128),
    replaces_id bigint,
    replaced_by bigint,
    reason text
);
CREATE SEQUENCE public.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;
CREATE TABLE public.positions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    strategy_id bigint NOT NULL,
    entry_plan_id bigint NOT NULL,
    name character varying(250) NOT NULL,
    state character varying(16) NOT NULL,
    qty_multiplier text,
    variables text NOT NULL,
    realized_pnl text NOT NULL,
    adjustment_count integer NOT NULL,
    created_at bigint NOT NULL,
    closed_at bigint
);
CREATE SEQUENCE public.positions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.positions_id_seq OWNED BY public.positions.id;
CREATE TABLE public.prepare_jobs (
    id character varying(36) NOT NULL,
    user_id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    status character varying(16) NOT NULL,
    strategy_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position_id bigint,
    request text NOT NULL,
    result text,
    plan_id bigint,
    error text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.server_state (
    name character varying(64) NOT NULL,
    value text NOT NULL,
    noted_at bigint NOT NULL
);
CREATE TABLE public.settlement_facts (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    account_id bigint NOT NULL,
    fact_id character varying(128) NOT NULL,
    kind character varying(16) NOT NULL,
    body text NOT NULL,
    at bigint NOT NULL,
    received_at bigint NOT NULL,
    booked_qty text NOT NULL,
    waits boolean NOT NULL
);
CREATE SEQUENCE public.settlement_facts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.settlement_facts_id_seq OWNED BY public.settlement_facts.id;
CREATE TABLE public.signal_states (
    user_id bigint NOT NULL,
    subject character varying(128) NOT NULL,
    kind character varying(16) NOT NULL,
    strategy_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position_id bigint,
    body text,
    since bigint NOT NULL
);
CREATE TABLE public.strategies (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name character varying(250) NOT NULL,
    symbol character varying(32) NOT NULL,
    description text,
    definition text NOT NULL,
    backtest_id character varying(250),
    mesosim_instance character varying(250),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint
);
CREATE SEQUENCE public.strategies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.strategies_id_seq OWNED BY public.strategies.id;
CREATE TABLE public.strategy_accounts (
    strategy_id bigint NOT NULL,
    account_id bigint NOT NULL,
    place integer NOT NULL
);
CREATE TABLE public.underlying_days (
    source character varying(64) NOT NULL,
    symbol character varying(32) NOT NULL,
    day date NOT NULL,
    open double precision,
    close double precision,
    last double precision,
    iv double precision,
    noted_at bigint NOT NULL
);
CREATE TABLE public.users (
    id bigint NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL
);
CREATE SEQUENCE public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);
ALTER TABLE ONLY public.audit_entries ALTER COLUMN id SET DEFAULT nextval('public.audit_entries_id_seq'::regclass);
ALTER TABLE ONLY public.exec_plans ALTER COLUMN id SET DEFAULT nextval('public.exec_plans_id_seq'::regclass);
ALTER TABLE ONLY public.executions ALTER COLUMN id SET DEFAULT nextval('public.executions_id_seq'::regclass);
ALTER TABLE ONLY public.halts ALTER COLUMN id SET DEFAULT nextval('public.halts_id_seq'::regclass);
ALTER TABLE ONLY public.legs ALTER COLUMN id SET DEFAULT nextval('public.legs_id_seq'::regclass);
ALTER TABLE ONLY public.market_times ALTER COLUMN wall_at SET DEFAULT nextval('public.market_times_wall_at_seq'::regclass);
ALTER TABLE ONLY public.order_facts ALTER COLUMN id SET DEFAULT nextval('public.order_facts_id_seq'::regclass);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
ALTER TABLE ONLY public.positions ALTER COLUMN id SET DEFAULT nextval('public.positions_id_seq'::regclass);
ALTER TABLE ONLY public.settlement_facts ALTER COLUMN id SET DEFAULT nextval('public.settlement_facts_id_seq'::regclass);
ALTER TABLE ONLY public.strategies ALTER COLUMN id SET DEFAULT nextval('public.strategies_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.account_limits VALUES (1, true, '40', '250000', 30, '0.4', '50000000', '2000000', true, 'LimitOnly');
INSERT INTO public.accounts VALUES (2, 1, 'ML1000', 'MesoLive', 'Paper', 'USD', true, '50000', '58303.05', 1710169200000000, 1710169200000000);
INSERT INTO public.accounts VALUES (1, 1, 'SIM1000', 'Simulated', 'Simulated', 'USD', false, '100000', '132383.65', 1710169200000000, 1710532800000000);
INSERT INTO public.active_events VALUES (1, 'adjustment:1:adb071846f1a3842eee8c931f581992a80532405368102196bb9f11e9d1a17ed', 50);
INSERT INTO public.active_events VALUES (1, 'entry:4:ML1000', 54);
INSERT INTO public.active_events VALUES (1, 'exit:4', 55);
INSERT INTO public.active_events VALUES (1, 'entry:1:SIM1000', 67);
INSERT INTO public.active_events VALUES (1, 'entry:2:SIM1000', 68);
INSERT INTO public.active_events VALUES (1, 'entry:3:SIM1000', 69);
INSERT INTO public.active_events VALUES (1, 'entry:4:SIM1000', 70);
INSERT INTO public.adjustment_plans VALUES (2, 'MoveLeg', 'underlying_price > 1 -- adjust', true, false);
INSERT INTO public.alembic_version VALUES ('0003');
INSERT INTO public.api_keys VALUES ('d5565c8bd9a17c5c', 1, NULL, 1795914901000000, 1827450901000000, NULL);
INSERT INTO public.api_keys VALUES ('095035da0b343cc5', 2, 'laptop', 1795914901000000, 1798506901000000, NULL);
INSERT INTO public.api_keys VALUES ('0d699d43f9695545', 1, 'lost', 1795914901000000, 1827450901000000, 1795914901752113);
INSERT INTO public.audit_entries VALUES (1, 1, 1, 9, 1710770400000000, 'd5565c8bd9a17c5c', 'CancelOrder', 'cancel', NULL);
INSERT INTO public.event_counters VALUES (1, 86, NULL);
INSERT INTO public.events VALUES (1, 1, '067ee0d6-ccd6-4163-aa6e-ebdc07cf1614', 1710169200000000, 'OnPositionEntryPreparationCompleted', 1, '{"EventId":"067ee0d6-ccd6-4163-aa6e-ebdc07cf1614","EventSeqId":1,"EventTime":"2024-03-11T15:00:00Z","JobId":"263fd473-d399-476c-8f6c-624c3f17e723","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 2, '95166945-e9b9-46db-a01c-749b06e68bfd', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"95166945-e9b9-46db-a01c-749b06e68bfd","EventSeqId":2,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 3, 'd6bd7ce3-49ee-4ea3-a3f5-96bc308fa53c', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"d6bd7ce3-49ee-4ea3-a3f5-96bc308fa53c","EventSeqId":3,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 4, 'aef6170c-34c7-42fe-a5be-8eef7bd63a6e', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"aef6170c-34c7-42fe-a5be-8eef7bd63a6e","EventSeqId":4,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":-108.62,"AvgFillPrice":-108.62,"Rejection":null}');
INSERT INTO public.events VALUES (1, 5, '52476cbc-bdda-4a4e-82fd-54ccb3b0f0ce', 1710169200000000, 'OnPositionUpdate', 1, '{"EventId":"52476cbc-bdda-4a4e-82fd-54ccb3b0f0ce","EventSeqId":5,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 6, '891551d2-b126-4f39-abe1-4f88ebd65b2f', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"891551d2-b126-4f39-abe1-4f88ebd65b2f","EventSeqId":6,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 7, '39c2350f-2b51-43cc-ab33-bed58ae36743', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"39c2350f-2b51-43cc-ab33-bed58ae36743","EventSeqId":7,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 8, 'f0057c80-c673-4986-967d-4fc791c655a0', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"f0057c80-c673-4986-967d-4fc791c655a0","EventSeqId":8,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 9, '2f1dd9dd-2792-4efa-bc6a-85a3145cca78', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"2f1dd9dd-2792-4efa-bc6a-85a3145cca78","EventSeqId":9,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 10, '90f1403f-7bf1-411f-9c3b-ba33ca1bd8b6', 1710169200000000, 'OnPositionAdjustmentPreparationCompleted', 1, '{"EventId":"90f1403f-7bf1-411f-9c3b-ba33ca1bd8b6","EventSeqId":10,"EventTime":"2024-03-11T15:00:00Z","JobId":"2c556e29-33ec-4f2f-a63a-e4e90f4f019b","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}}');
INSERT INTO public.events VALUES (1, 11, 'cb65f0fd-0adc-457c-a6a3-83e8c3e8e150', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"cb65f0fd-0adc-457c-a6a3-83e8c3e8e150","EventSeqId":11,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 12, 'd99c19e0-e56f-4f39-adf5-59c6cacd2dca', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"d99c19e0-e56f-4f39-adf5-59c6cacd2dca","EventSeqId":12,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 13, '04ec0cc2-5a22-4da5-be2c-63b703ad4f45', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"04ec0cc2-5a22-4da5-be2c-63b703ad4f45","EventSeqId":13,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":33.06,"AvgFillPrice":33.06,"Rejection":null}');
INSERT INTO public.events VALUES (1, 14, '87dd8580-8a57-41c4-b659-329297445e41', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"87dd8580-8a57-41c4-b659-329297445e41","EventSeqId":14,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-4,"RealizedPnL":-12373.20}');
INSERT INTO public.events VALUES (1, 15, 'e38f08e0-da8d-4509-97bf-b7b44013ba5f', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"e38f08e0-da8d-4509-97bf-b7b44013ba5f","EventSeqId":15,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":3,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 16, '3070027c-5dde-44cf-834e-5f05b7f69e40', 1710169200000000, 'OnPositionUpdate', 1, '{"EventId":"3070027c-5dde-44cf-834e-5f05b7f69e40","EventSeqId":16,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Adjusted","RealizedPnL":-12373.2}');
INSERT INTO public.events VALUES (1, 17, '92aaca87-f4d8-4769-b681-ce44b8ae6002', 1710169200000000, 'OnPositionEntryPreparationCompleted', 2, '{"EventId":"92aaca87-f4d8-4769-b681-ce44b8ae6002","EventSeqId":17,"EventTime":"2024-03-11T15:00:00Z","JobId":"cc626b3f-f3f8-4f77-a37f-5666d1853e8d","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 18, '25b9a1ef-17e2-4b47-b3b1-7fe6ac3650f7', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"25b9a1ef-17e2-4b47-b3b1-7fe6ac3650f7","EventSeqId":18,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 19, '8226f110-10dd-4167-8aba-7ab21388733e', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"8226f110-10dd-4167-8aba-7ab21388733e","EventSeqId":19,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 20, 'a3bfd506-4fe4-4de6-9082-98105f337ac7', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"a3bfd506-4fe4-4de6-9082-98105f337ac7","EventSeqId":20,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-82.99,"AvgFillPrice":-82.99,"Rejection":null}');
INSERT INTO public.events VALUES (1, 21, '8a51e98c-6537-46bc-9b59-57b91e512723', 1710169200000000, 'OnPositionUpdate', 2, '{"EventId":"8a51e98c-6537-46bc-9b59-57b91e512723","EventSeqId":21,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 22, 'beb436b4-60a0-47ec-a478-84e108d5a787', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"beb436b4-60a0-47ec-a478-84e108d5a787","EventSeqId":22,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 23, 'dd81e526-d377-459a-b4a3-b4cacc4a3065', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"dd81e526-d377-459a-b4a3-b4cacc4a3065","EventSeqId":23,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 48, '503c9397-fcd6-4b4a-95b1-11a9a71d4aaa', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"503c9397-fcd6-4b4a-95b1-11a9a71d4aaa","EventSeqId":48,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Closed","RealizedPnL":-1.3}');
INSERT INTO public.events VALUES (1, 49, 'bdebf078-6af0-4048-814f-b303a7aceb0a', 1710169200000000, 'OnEntrySignal', 1, '{"EventId":"bdebf078-6af0-4048-814f-b303a7aceb0a","EventSeqId":49,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 24, '05e01ef6-8d5b-402c-b930-d66c6bf7763c', 1710169200000000, 'OnPositionExitPreparationCompleted', 2, '{"EventId":"05e01ef6-8d5b-402c-b930-d66c6bf7763c","EventSeqId":24,"EventTime":"2024-03-11T15:00:00Z","JobId":"a788e0f9-37ce-4659-b711-797317bce38a","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO public.events VALUES (1, 25, 'e9a365d0-6dab-4441-9956-cd32c9f00563', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"e9a365d0-6dab-4441-9956-cd32c9f00563","EventSeqId":25,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 26, 'c88fdae8-06e0-4854-9d25-d968aa4ae344', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"c88fdae8-06e0-4854-9d25-d968aa4ae344","EventSeqId":26,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 27, '177dd217-cdb8-4c42-9733-c6db5f55cce8', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"177dd217-cdb8-4c42-9733-c6db5f55cce8","EventSeqId":27,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":83.06,"AvgFillPrice":83.06,"Rejection":null}');
INSERT INTO public.events VALUES (1, 28, '2b72e76f-ecd5-48fc-8f4d-4b517d1de52c', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"2b72e76f-ecd5-48fc-8f4d-4b517d1de52c","EventSeqId":28,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-8.30}');
INSERT INTO public.events VALUES (1, 29, '853b926f-0811-4410-a0df-3c10030b9206', 1710169200000000, 'OnPositionUpdate', 2, '{"EventId":"853b926f-0811-4410-a0df-3c10030b9206","EventSeqId":29,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":-8.3}');
INSERT INTO public.events VALUES (1, 30, '62c31143-6662-4091-892b-d63a5cbcb623', 1710169200000000, 'OnPositionEntryPreparationCompleted', 3, '{"EventId":"62c31143-6662-4091-892b-d63a5cbcb623","EventSeqId":30,"EventTime":"2024-03-11T15:00:00Z","JobId":"74c4a9e4-ab2b-4ba0-9ae0-828bd9c39a22","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 31, '906ab709-d241-4187-ba1b-97c241cbca59', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"906ab709-d241-4187-ba1b-97c241cbca59","EventSeqId":31,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 32, 'bd673cbb-7112-4b3b-b52e-da49275796ac', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"bd673cbb-7112-4b3b-b52e-da49275796ac","EventSeqId":32,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 33, '27898f45-5a0d-4e11-9507-faefb65afdac', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"27898f45-5a0d-4e11-9507-faefb65afdac","EventSeqId":33,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-71.79,"AvgFillPrice":-71.79,"Rejection":null}');
INSERT INTO public.events VALUES (1, 34, '62aeb1f2-ad95-48f7-a70f-2dd6b186d3ad', 1710169200000000, 'OnPositionUpdate', 3, '{"EventId":"62aeb1f2-ad95-48f7-a70f-2dd6b186d3ad","EventSeqId":34,"EventTime":"2024-03-11T15:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 35, 'a73560b0-9356-41a8-8410-704d11f855b3', 1710169200000000, 'OnLegUpdate', 3, '{"EventId":"a73560b0-9356-41a8-8410-704d11f855b3","EventSeqId":35,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 36, '4ada8cda-710c-4b72-b955-cd24ab1303bd', 1710169200000000, 'OnLegUpdate', 3, '{"EventId":"4ada8cda-710c-4b72-b955-cd24ab1303bd","EventSeqId":36,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 37, '55c72cde-c032-410b-bb25-3ecb580df034', 1710169200000000, 'OnPositionEntryPreparationCompleted', 4, '{"EventId":"55c72cde-c032-410b-bb25-3ecb580df034","EventSeqId":37,"EventTime":"2024-03-11T15:00:00Z","JobId":"a35e20a7-7401-4477-93f4-ee640de95e45","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 38, '166f6e6f-ff0c-4bad-aba6-1a053d4b388e', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"166f6e6f-ff0c-4bad-aba6-1a053d4b388e","EventSeqId":38,"EventTime":"2024-03-11T15:00:00Z","OrderId":6,"BrokerAccountId":"ML1000","ExecPlanId":6,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-83.05,"AvgFillPrice":-83.05,"Rejection":null}');
INSERT INTO public.events VALUES (1, 39, '6c95d0ba-fb17-4a4e-91bf-6ded895dcff8', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"6c95d0ba-fb17-4a4e-91bf-6ded895dcff8","EventSeqId":39,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":4,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","LegId":6,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 40, '2e91ea2d-800f-43fc-a722-cb159d5d88b4', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"2e91ea2d-800f-43fc-a722-cb159d5d88b4","EventSeqId":40,"EventTime":"2024-03-11T15:00:00Z","PositionId":4,"StrategyId":4,"StrategyName":"watched","PositionName":"paper open","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 41, '6d4bf5d9-123a-40f2-a1e8-d7da8403c49b', 1710169200000000, 'OnPositionEntryPreparationCompleted', 4, '{"EventId":"6d4bf5d9-123a-40f2-a1e8-d7da8403c49b","EventSeqId":41,"EventTime":"2024-03-11T15:00:00Z","JobId":"c380af60-0e68-4af0-86ab-f6d531da8159","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 42, '6fb534cb-7afb-4472-8ea2-c37b8b97ae27', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"6fb534cb-7afb-4472-8ea2-c37b8b97ae27","EventSeqId":42,"EventTime":"2024-03-11T15:00:00Z","OrderId":7,"BrokerAccountId":"ML1000","ExecPlanId":7,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-73.7,"AvgFillPrice":-73.7,"Rejection":null}');
INSERT INTO public.events VALUES (1, 43, 'e0247459-3da5-46b2-915d-1ab0e5f8291c', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"e0247459-3da5-46b2-915d-1ab0e5f8291c","EventSeqId":43,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 44, 'eb670260-f073-4cbe-be53-186243da8cb2', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"eb670260-f073-4cbe-be53-186243da8cb2","EventSeqId":44,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 45, 'b5b1dff2-ef6b-4740-86c4-e03b5920f617', 1710169200000000, 'OnPositionExitPreparationCompleted', 4, '{"EventId":"b5b1dff2-ef6b-4740-86c4-e03b5920f617","EventSeqId":45,"EventTime":"2024-03-11T15:00:00Z","JobId":"c180bd34-2f58-43a0-a31e-fb33ac38a33c","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO public.events VALUES (1, 46, 'f017907a-0eab-4adf-9d97-190e0cadf24a', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"f017907a-0eab-4adf-9d97-190e0cadf24a","EventSeqId":46,"EventTime":"2024-03-11T15:00:00Z","OrderId":8,"BrokerAccountId":"ML1000","ExecPlanId":8,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":73.7,"AvgFillPrice":73.7,"Rejection":null}');
INSERT INTO public.events VALUES (1, 47, '1c13807e-e53a-4f99-96fd-0e861db9efe5', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"1c13807e-e53a-4f99-96fd-0e861db9efe5","EventSeqId":47,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-1.30}');
INSERT INTO public.events VALUES (1, 50, 'a319198a-a661-4eb6-875b-ee804d9b7341', 1710169200000000, 'OnAdjustmentSignal', 1, '{"EventId":"a319198a-a661-4eb6-875b-ee804d9b7341","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}');
INSERT INTO public.events VALUES (1, 51, '1b372b35-8db1-48b5-92e7-db838cafe1ef', 1710169200000000, 'OnEntrySignal', 2, '{"EventId":"1b372b35-8db1-48b5-92e7-db838cafe1ef","EventSeqId":51,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 52, '878da2b9-86e1-4a5f-879f-baf391d6d505', 1710169200000000, 'OnEntrySignal', 3, '{"EventId":"878da2b9-86e1-4a5f-879f-baf391d6d505","EventSeqId":52,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 53, 'a20f6415-2b0f-4834-a9a6-a294804b345b', 1710169200000000, 'OnEntrySignal', 4, '{"EventId":"a20f6415-2b0f-4834-a9a6-a294804b345b","EventSeqId":53,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 54, '1d46c9e5-10b1-4601-90e1-9347398911b6', 1710169200000000, 'OnEntrySignal', 4, '{"EventId":"1d46c9e5-10b1-4601-90e1-9347398911b6","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 55, '1968a977-050e-4e25-866e-9fa0eae0a0cf', 1710169200000000, 'OnExitSignal', 4, '{"EventId":"1968a977-050e-4e25-866e-9fa0eae0a0cf","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}');
INSERT INTO public.events VALUES (1, 56, 'e969d0b0-351e-4cd3-97ce-b32491416627', 1710770400000000, 'OnLegUpdate', 3, '{"EventId":"e969d0b0-351e-4cd3-97ce-b32491416627","EventSeqId":56,"EventTime":"2024-03-18T14:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":2178.35}');
INSERT INTO public.events VALUES (1, 57, 'e2eadb1e-fec0-4939-846d-de40f09f0fd3', 1710770400000000, 'OnPositionUpdate', 3, '{"EventId":"e2eadb1e-fec0-4939-846d-de40f09f0fd3","EventSeqId":57,"EventTime":"2024-03-18T14:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":2178.35}');
INSERT INTO public.events VALUES (1, 58, '266597f5-61bf-4255-bffc-719004d3d274', 1710770400000000, 'OnError', 3, '{"EventId":"266597f5-61bf-4255-bffc-719004d3d274","EventSeqId":58,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 59, '961a34f8-6e63-4235-8ff9-00a60ba58fa0', 1710770400000000, 'OnError', 1, '{"EventId":"961a34f8-6e63-4235-8ff9-00a60ba58fa0","EventSeqId":59,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 60, 'f110a7f8-591d-4858-b63c-560fb58bea94', 1710770400000000, 'OnEntrySignal', 1, '{"EventId":"f110a7f8-591d-4858-b63c-560fb58bea94","EventSeqId":60,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 61, 'c5739be9-b9a9-4d69-924a-5efb1cd91961', 1710770400000000, 'OnError', 2, '{"EventId":"c5739be9-b9a9-4d69-924a-5efb1cd91961","EventSeqId":61,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 62, '89e88da9-b331-499e-99db-4e9c94a4844e', 1710770400000000, 'OnEntrySignal', 2, '{"EventId":"89e88da9-b331-499e-99db-4e9c94a4844e","EventSeqId":62,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 63, 'be62bb94-5b28-43d2-b685-8e8ed9544da0', 1710770400000000, 'OnError', 3, '{"EventId":"be62bb94-5b28-43d2-b685-8e8ed9544da0","EventSeqId":63,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 64, 'b7c560ff-f6c3-47f1-b57e-cf524495b802', 1710770400000000, 'OnEntrySignal', 3, '{"EventId":"b7c560ff-f6c3-47f1-b57e-cf524495b802","EventSeqId":64,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 65, '23fa67a6-1cda-461f-84fa-cb429e528a62', 1710770400000000, 'OnError', 4, '{"EventId":"23fa67a6-1cda-461f-84fa-cb429e528a62","EventSeqId":65,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 66, '393c730f-43a9-40a8-b99c-9f48ebc5e78e', 1710770400000000, 'OnEntrySignal', 4, '{"EventId":"393c730f-43a9-40a8-b99c-9f48ebc5e78e","EventSeqId":66,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 67, '8513aac3-edf1-4018-ad72-b6b02d77424b', 1710770400000000, 'OnEntrySignal', 1, '{"EventId":"8513aac3-edf1-4018-ad72-b6b02d77424b","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 68, '4b454ea7-08ec-4be7-9c03-9bad2e9c3e95', 1710770400000000, 'OnEntrySignal', 2, '{"EventId":"4b454ea7-08ec-4be7-9c03-9bad2e9c3e95","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 69, '4af77c8b-c6b9-4d4a-b00a-a7003dd7c15b', 1710770400000000, 'OnEntrySignal', 3, '{"EventId":"4af77c8b-c6b9-4d4a-b00a-a7003dd7c15b","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 70, '42ff1ce4-b4a3-4469-b342-d89d0659f1c8', 1710770400000000, 'OnEntrySignal', 4, '{"EventId":"42ff1ce4-b4a3-4469-b342-d89d0659f1c8","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 71, 'a72a1707-5d2f-4652-bc01-2680a3e58bcf', 1710770400000000, 'OnError', 3, '{"EventId":"a72a1707-5d2f-4652-bc01-2680a3e58bcf","EventSeqId":71,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 72, '4acbe7c1-b06f-4f28-87ea-e964a485c130', 1710770400000000, 'OnError', 1, '{"EventId":"4acbe7c1-b06f-4f28-87ea-e964a485c130","EventSeqId":72,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 73, '1fde41d1-b43a-477f-887f-6d97e322cb5c', 1710770400000000, 'OnError', 2, '{"EventId":"1fde41d1-b43a-477f-887f-6d97e322cb5c","EventSeqId":73,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 74, 'e814db9a-6180-43a9-8a40-4cba8d462fe6', 1710770400000000, 'OnError', 3, '{"EventId":"e814db9a-6180-43a9-8a40-4cba8d462fe6","EventSeqId":74,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 75, '8d54a6d1-7d06-4b12-9af6-569cf75bb104', 1710770400000000, 'OnError', 4, '{"EventId":"8d54a6d1-7d06-4b12-9af6-569cf75bb104","EventSeqId":75,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 76, '73240e2c-d309-4464-933e-ee2c84353506', 1710770400000000, 'OnPositionEntryPreparationCompleted', 5, '{"EventId":"73240e2c-d309-4464-933e-ee2c84353506","EventSeqId":76,"EventTime":"2024-03-18T14:00:00Z","JobId":"dfcc00f8-f9a1-4792-a25f-50863f9a25a7","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 77, '636c43df-977f-48bc-b87d-c0846cc694e8', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"636c43df-977f-48bc-b87d-c0846cc694e8","EventSeqId":77,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 79, '1acd41b3-8b02-4694-82d9-5b3c0b7321d3', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"1acd41b3-8b02-4694-82d9-5b3c0b7321d3","EventSeqId":79,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingCancel","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 80, 'c0b6352c-4374-433e-8d5d-8fe717ad54c7', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"c0b6352c-4374-433e-8d5d-8fe717ad54c7","EventSeqId":80,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Cancelled","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 81, '74788122-a103-4a7b-8d53-20890699a2ca', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"74788122-a103-4a7b-8d53-20890699a2ca","EventSeqId":81,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 82, '487f7193-781d-4911-90d9-6651ecd76f14', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"487f7193-781d-4911-90d9-6651ecd76f14","EventSeqId":82,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 78, '167c3d8a-8268-4837-a4bd-213174e1dd9c', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"167c3d8a-8268-4837-a4bd-213174e1dd9c","EventSeqId":78,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 84, 'c96cc327-034b-4902-9aa0-03faffbf27d8', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"c96cc327-034b-4902-9aa0-03faffbf27d8","EventSeqId":84,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 85, 'ccafc8ae-afd6-47cd-8875-3ee8e155bf15', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"ccafc8ae-afd6-47cd-8875-3ee8e155bf15","EventSeqId":85,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Replaced","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 86, 'b70102f3-5ddc-43e3-893f-7b48546e3871', 1710770400000000, 'OnPositionEntryPreparationCompleted', 5, '{"EventId":"b70102f3-5ddc-43e3-893f-7b48546e3871","EventSeqId":86,"EventTime":"2024-03-18T14:00:00Z","JobId":"7aa57b0f-e229-4c9b-a834-523171a65fd9","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 83, '06076ebd-f456-4e33-a867-a79b726b79a3', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"06076ebd-f456-4e33-a867-a79b726b79a3","EventSeqId":83,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.exec_plan_legs VALUES (1, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', '-4', 0, 'e', NULL, NULL, '52.173309');
INSERT INTO public.exec_plan_legs VALUES (1, 1, 'c', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'C', '5200', '100', '-4', 0, 'e', NULL, NULL, '56.513962');
INSERT INTO public.exec_plan_legs VALUES (2, 0, 'p:close', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', '4', 0, 'e', 1, NULL, NULL);
INSERT INTO public.exec_plan_legs VALUES (2, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4700', '100', '-4', 0, 'e', NULL, 3, '50.028121');
INSERT INTO public.exec_plan_legs VALUES (3, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', '-1', 0, 'e', NULL, NULL, '83.024305');
INSERT INTO public.exec_plan_legs VALUES (4, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', '1', 0, 'e', 4, NULL, NULL);
INSERT INTO public.exec_plan_legs VALUES (5, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', '-1', 0, 'e', NULL, NULL, '71.815626');
INSERT INTO public.exec_plan_legs VALUES (6, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', '-1', 0, 'e', NULL, NULL, '83.027947');
INSERT INTO public.exec_plan_legs VALUES (7, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', '-1', 0, 'e', NULL, NULL, '73.680007');
INSERT INTO public.exec_plan_legs VALUES (8, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', '1', 0, 'e', 7, NULL, NULL);
INSERT INTO public.exec_plan_legs VALUES (9, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', '1', 0, 'e', 5, NULL, '50');
INSERT INTO public.exec_plan_legs VALUES (10, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4675', '100', '-1', 0, 'e', NULL, NULL, '34.759165');
INSERT INTO public.exec_plan_legs VALUES (11, 0, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4675', '100', '-1', 0, 'e', NULL, NULL, '34.759165');
INSERT INTO public.exec_plans VALUES (1, 1, 'Entry', 'Executed', 1, 1, 1, 'a position', NULL, '1', 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (2, 1, 'Adjustment', 'Executed', 1, 1, 1, 'a position', NULL, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (3, 1, 'Entry', 'Executed', 2, 1, 2, 'left again', NULL, '1', 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (4, 1, 'Exit', 'Executed', 2, 1, 2, 'left again', NULL, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (5, 1, 'Entry', 'Executed', 3, 1, 3, 'expires', NULL, '1', 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (6, 1, 'Entry', 'Executed', 4, 2, 4, 'paper open', NULL, '1', 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (7, 1, 'Entry', 'Executed', 4, 2, 5, 'paper closed', NULL, '1', 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (8, 1, 'Exit', 'Executed', 4, 2, 5, 'paper closed', NULL, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.exec_plans VALUES (9, 1, 'Exit', 'Executed', 3, 1, 3, 'expires', NULL, NULL, 1710770400000000, 1710770400000000);
INSERT INTO public.exec_plans VALUES (10, 1, 'Entry', 'Prepared', 5, 1, NULL, 'waits', NULL, '1', 1710770400000000, NULL);
INSERT INTO public.exec_plans VALUES (11, 1, 'Entry', 'Prepared', 5, 1, NULL, 'never sent', NULL, '1', 1710770400000000, NULL);
INSERT INTO public.executions VALUES (1, 1, 1, 1, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E2-d796d542/p', '-4', '52.14', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (2, 1, 1, 1, 1, 1, 2, 'c', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'C', '5200', '100', 'E2-d796d542/c', '-4', '56.48', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (3, 1, 1, 2, 2, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E4-d796d542/p:close', '4', '83.06', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (4, 1, 1, 2, 2, 1, 3, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4700', '100', 'E4-d796d542/p', '-4', '50', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (5, 1, 1, 3, 3, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E6-d796d542/p', '-1', '82.99', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (6, 1, 1, 4, 4, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E8-d796d542/p', '1', '83.06', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (7, 1, 1, 5, 5, 3, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'E10-d796d542/p', '-1', '71.79', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (8, 1, 2, 6, 6, 4, 6, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', NULL, '-1', '83.05', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (9, 1, 2, 7, 7, 5, 7, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', NULL, '-1', '73.7', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (10, 1, 2, 8, 8, 5, 7, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', NULL, '1', '73.7', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (11, 1, 1, 9, NULL, 3, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'S11-d796d542/5/0', '1', '50', '0', 1710532800000000);
INSERT INTO public.halts VALUES (1, 1, 'lunch', 1710169200000000, 1710169200000000);
INSERT INTO public.idempotency_records VALUES (1, 'e68207f5-58eb-4351-9b8b-5f4dc9455c2b', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'd7db71ddec17e8a1ef9e98df85d2b8a0dc97dfc52747474b3ed4f3aed7905864', NULL, NULL, NULL, '263fd473-d399-476c-8f6c-624c3f17e723', 'Success', NULL, NULL, '{"JobId":"263fd473-d399-476c-8f6c-624c3f17e723"}');
INSERT INTO public.idempotency_records VALUES (1, '3878c2e8-a2ff-4ee9-a98b-ce5cbdd9444d', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '7318344f4c7f89f35a506feb5b164f48128fb6290ecf8f7d6fef2023c009b767', 1, '[1]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":1,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '19d7cf5d-430a-4052-b51a-c5aa83b80843', 'StartPreparePositionAdjustment', 'Completed', 1710169200000000, 1710169200000000, '83301fa479270e5a22196fe939edaa0e6b7d95a777dafa289d0ead2e45382f48', NULL, NULL, NULL, '2c556e29-33ec-4f2f-a63a-e4e90f4f019b', 'Success', NULL, NULL, '{"JobId":"2c556e29-33ec-4f2f-a63a-e4e90f4f019b"}');
INSERT INTO public.idempotency_records VALUES (1, '2845a77b-955c-4051-8840-722631636468', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, 'cb475fb8f5e06a0a5eccb3168dfab0538ce7654b0fb9b9cbea725bdb4aa20845', 2, '[2]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":2,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '5d8559e2-6cb0-4622-982a-bc6373f488c3', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, '4098a7d7b005c1077422384b84db9499f8af6f2b4a7e925cf83d3ea1d1c84c61', NULL, NULL, NULL, 'cc626b3f-f3f8-4f77-a37f-5666d1853e8d', 'Success', NULL, NULL, '{"JobId":"cc626b3f-f3f8-4f77-a37f-5666d1853e8d"}');
INSERT INTO public.idempotency_records VALUES (1, '70eaa3c0-dfd4-459d-a8bc-3d943bb7b3ce', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '214bdae80d43cfd48f27053ff28c0ece2ef11b1fa3859b7a70c2b415c488df10', 3, '[3]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":3,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '0b9b6c10-e74e-4f70-b258-e6127c23cde3', 'StartPreparePositionExit', 'Completed', 1710169200000000, 1710169200000000, 'd068388854cd64c36730972a99664fccba2fbe7fa86c665297157e8d3c245797', NULL, NULL, NULL, 'a788e0f9-37ce-4659-b711-797317bce38a', 'Success', NULL, NULL, '{"JobId":"a788e0f9-37ce-4659-b711-797317bce38a"}');
INSERT INTO public.idempotency_records VALUES (1, '809f3e60-2fb9-4ffc-834b-5e87a6786286', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, 'd007515695b56733bdd2c8817cff7afeb59a7d465b4992a471d9598dc0f693c8', 4, '[4]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":4,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '1811f58f-6e67-4eea-be8a-6caa6755c529', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'c9076ea21e78c90223a7d772d8f0f2884097b16100b65ba359bb5ea787253ff0', NULL, NULL, NULL, '74c4a9e4-ab2b-4ba0-9ae0-828bd9c39a22', 'Success', NULL, NULL, '{"JobId":"74c4a9e4-ab2b-4ba0-9ae0-828bd9c39a22"}');
INSERT INTO public.idempotency_records VALUES (1, '88d3e0fd-3069-4e8d-a0af-38a2219dd696', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '0b1e976d83229fe6cc76532ce2d93f1af1139bd4674745325d1e7a9d926a9919', 5, '[5]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":5,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '837be897-85ac-4972-b66e-ca99b7c950e9', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'eea4d2a6647c22f300d56fe3875b7d053c4d5eec719661c78c44c3350afeaf43', NULL, NULL, NULL, 'a35e20a7-7401-4477-93f4-ee640de95e45', 'Success', NULL, NULL, '{"JobId":"a35e20a7-7401-4477-93f4-ee640de95e45"}');
INSERT INTO public.idempotency_records VALUES (1, 'fill-paper-open', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '0e2161d908b98db32a760f6f367748c40d3cd2eee2761d2a82006cfc8b3ccf48', 6, '[6]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":6,"PositionId":4,"LiveOrderIds":[6],"ExecutionIds":[8]}');
INSERT INTO public.idempotency_records VALUES (1, '66df2224-2391-4eb9-8d49-9f10547643e4', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, '80d3aa894e25f04ab20d07dd6016c9cd8ffcf01fbdddcddba416d240b6ad8e02', NULL, NULL, NULL, 'c380af60-0e68-4af0-86ab-f6d531da8159', 'Success', NULL, NULL, '{"JobId":"c380af60-0e68-4af0-86ab-f6d531da8159"}');
INSERT INTO public.idempotency_records VALUES (1, 'fill-paper-closed', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '2b50d8889ec131b9da6d0fc3e71cac5726d1c0f8be55af85cf7abb96ad8e3a53', 7, '[7]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":7,"PositionId":5,"LiveOrderIds":[7],"ExecutionIds":[9]}');
INSERT INTO public.idempotency_records VALUES (1, 'f8991652-aa92-4c1f-bfb1-5a43dbcbf382', 'StartPreparePositionExit', 'Completed', 1710169200000000, 1710169200000000, '3a4cedc0c9f75cedfde8bd96c5d3b3db1e0033598ba3bcaebb2c1a791bd253ba', NULL, NULL, NULL, 'c180bd34-2f58-43a0-a31e-fb33ac38a33c', 'Success', NULL, NULL, '{"JobId":"c180bd34-2f58-43a0-a31e-fb33ac38a33c"}');
INSERT INTO public.idempotency_records VALUES (1, '538f30b4-590e-4afc-ad56-0c11c4c64a01', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '0ccd69939d30c565ce8783d0ed9f56c557dd134add20ca186f26ebccc5bce15e', 8, '[8]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":8,"PositionId":5,"LiveOrderIds":[8],"ExecutionIds":[10]}');
INSERT INTO public.idempotency_records VALUES (1, '413106a6-3fc6-4bd0-a1ec-16f49a15a813', 'StartPreparePositionEntry', 'Completed', 1710770400000000, 1710770400000000, 'fea45c038bb237e59249c24247a8b5697dc0fcbe954875d7daa0fd5c7fa3e965', NULL, NULL, NULL, 'dfcc00f8-f9a1-4792-a25f-50863f9a25a7', 'Success', NULL, NULL, '{"JobId":"dfcc00f8-f9a1-4792-a25f-50863f9a25a7"}');
INSERT INTO public.idempotency_records VALUES (1, '3830c9b3-820d-4a42-9a0d-befb3be92534', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1', 10, '[9]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":9,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'cancel', 'CancelOrder', 'Completed', 1710770400000000, 1710770400000000, '1b41d08489502e4b5f0901bf6d645acd6f7298a1080fae14c77ac64c2111a35f', 10, '[9]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":9,"State":"Cancelled"}');
INSERT INTO public.idempotency_records VALUES (1, 'fcbf09c2-a7af-4c66-9749-766b9470a019', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1', 10, '[10]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":10,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'replace', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '9925c16bf18fd3054add88f489843cb63124036cc9e1f595a6b81c6402498469', 10, '[11]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":11,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '405be830-9611-4d0a-bbb2-a905c3915af4', 'StartPreparePositionEntry', 'Completed', 1710770400000000, 1710770400000000, 'b3371c01f06d53c8d3b80cac9e8988eb789b03f8558e024ed55f13352bedc155', NULL, NULL, NULL, '7aa57b0f-e229-4c9b-a834-523171a65fd9', 'Success', NULL, NULL, '{"JobId":"7aa57b0f-e229-4c9b-a834-523171a65fd9"}');
INSERT INTO public.legs VALUES (2, 1, 1, 1, 'c', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'C', '5200', '100', 'Open', '-4', '-4', '-22589.4', '56.4735', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (1, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Closed', '-4', '0', '0', '52.1335', 0, 'e', '-12373.2', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (3, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4700', '100', 'Open', '-4', '-4', '-19997.4', '49.9935', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (4, 1, 1, 2, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Closed', '-1', '0', '0', '82.9835', 0, 'e', '-8.3', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (6, 1, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Open', '-1', '-1', '-8304.35', '83.0435', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (7, 1, 2, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', 'Closed', '-1', '0', '0', '73.6935', 0, 'e', '-1.3', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (5, 1, 1, 3, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'Closed', '-1', '0', '0', '71.7835', 0, 'e', '2178.35', NULL, 1710169200000000, 1710532800000000);
INSERT INTO public.market_times VALUES (1795914901452621, 1710169200000000);
INSERT INTO public.order_facts VALUES (1, 1, 1, 1, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"15733958-e584-4c1b-bca9-05a2d0092894","venue_id":"V1-d796d542","at":"2024-03-11T15:00:00Z","session_id":1}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (2, 1, 1, 1, 'Executed', 'E2-d796d542', '{"type":"Execution","account":"SIM1000","reference":"15733958-e584-4c1b-bca9-05a2d0092894","venue_id":"V1-d796d542","execution_id":"E2-d796d542","qty":"4","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-4","price":"52.14","commission":"2.60"},{"name":"c","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"C","strike":"5200","multiplier":"100"},"qty":"-4","price":"56.48","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (3, 1, 1, 2, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"7ae0763a-74ee-4e88-965a-0e4bec57e622","venue_id":"V3-d796d542","at":"2024-03-11T15:00:00Z","session_id":2}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (4, 1, 1, 2, 'Executed', 'E4-d796d542', '{"type":"Execution","account":"SIM1000","reference":"7ae0763a-74ee-4e88-965a-0e4bec57e622","venue_id":"V3-d796d542","execution_id":"E4-d796d542","qty":"4","legs":[{"name":"p:close","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"4","price":"83.06","commission":"2.60"},{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4700","multiplier":"100"},"qty":"-4","price":"50.00","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (5, 1, 1, 3, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"2d75cd51-d6c5-46cd-a1c2-feb0cf02b116","venue_id":"V5-d796d542","at":"2024-03-11T15:00:00Z","session_id":3}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (6, 1, 1, 3, 'Executed', 'E6-d796d542', '{"type":"Execution","account":"SIM1000","reference":"2d75cd51-d6c5-46cd-a1c2-feb0cf02b116","venue_id":"V5-d796d542","execution_id":"E6-d796d542","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-1","price":"82.99","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (7, 1, 1, 4, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"9919ff77-b694-4c25-9f3f-f46c07a159e1","venue_id":"V7-d796d542","at":"2024-03-11T15:00:00Z","session_id":4}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (8, 1, 1, 4, 'Executed', 'E8-d796d542', '{"type":"Execution","account":"SIM1000","reference":"9919ff77-b694-4c25-9f3f-f46c07a159e1","venue_id":"V7-d796d542","execution_id":"E8-d796d542","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"1","price":"83.06","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (9, 1, 1, 5, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"0a2632c8-500f-4aea-8379-ca107947d778","venue_id":"V9-d796d542","at":"2024-03-11T15:00:00Z","session_id":5}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (10, 1, 1, 5, 'Executed', 'E10-d796d542', '{"type":"Execution","account":"SIM1000","reference":"0a2632c8-500f-4aea-8379-ca107947d778","venue_id":"V9-d796d542","execution_id":"E10-d796d542","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"71.79","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (11, 1, 1, 9, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"db4e770b-484b-4d11-83d4-0f4cb536b4d4","venue_id":"V12-d796d542","at":"2024-03-18T14:00:00Z","session_id":6}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (12, 1, 1, 9, 'CancelSent', NULL, '{"at":"2024-03-18T14:00:00Z"}', 1710770400000000, 'Submitted', 'PendingCancel', NULL);
INSERT INTO public.order_facts VALUES (13, 1, 1, 9, 'Cancelled', NULL, '{"type":"Ended","account":"SIM1000","reference":"db4e770b-484b-4d11-83d4-0f4cb536b4d4","venue_id":"V12-d796d542","how":"Cancelled","at":"2024-03-18T14:00:00Z","reason":"cancelled","code":null}', 1710770400000000, 'PendingCancel', 'Cancelled', NULL);
INSERT INTO public.order_facts VALUES (14, 1, 1, 10, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"99497e10-c15f-4e45-b58b-17cab83ba5f6","venue_id":"V13-d796d542","at":"2024-03-18T14:00:00Z","session_id":7}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (15, 1, 1, 11, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"df12edb6-85e9-4a50-b7d8-35f5a55ad9f0","venue_id":"V14-d796d542","at":"2024-03-18T14:00:00Z","session_id":8}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (16, 1, 1, 10, 'Replaced', NULL, '{"at":"2024-03-18T14:00:00Z"}', 1710770400000000, 'Submitted', 'Replaced', NULL);
INSERT INTO public.orders VALUES (1, 1, 1, 1, 1, 1, 0, 'Filled', 'B', '4', '4', '-108.62', '-108.62', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-434.48', '15733958-e584-4c1b-bca9-05a2d0092894', 'V1-d796d542', NULL, false, 'd5565c8bd9a17c5c', '3878c2e8-a2ff-4ee9-a98b-ce5cbdd9444d', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (11, 1, 1, 10, NULL, 5, 0, 'Submitted', 'S', '-1', '0', NULL, NULL, '-399', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', 'df12edb6-85e9-4a50-b7d8-35f5a55ad9f0', 'V14-d796d542', NULL, false, 'd5565c8bd9a17c5c', 'replace', NULL, 10, NULL, NULL);
INSERT INTO public.orders VALUES (2, 1, 1, 2, 1, 1, 0, 'Filled', 'B', '4', '4', '33.06', '33.06', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '132.24', '7ae0763a-74ee-4e88-965a-0e4bec57e622', 'V3-d796d542', NULL, false, 'd5565c8bd9a17c5c', '2845a77b-955c-4051-8840-722631636468', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (10, 1, 1, 10, NULL, 5, 0, 'Replaced', 'S', '-1', '0', NULL, NULL, '-400', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', '99497e10-c15f-4e45-b58b-17cab83ba5f6', 'V13-d796d542', NULL, false, 'd5565c8bd9a17c5c', 'fcbf09c2-a7af-4c66-9749-766b9470a019', NULL, NULL, 11, NULL);
INSERT INTO public.orders VALUES (3, 1, 1, 3, 2, 2, 0, 'Filled', 'S', '-1', '-1', '-82.99', '-82.99', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-82.99', '2d75cd51-d6c5-46cd-a1c2-feb0cf02b116', 'V5-d796d542', NULL, false, 'd5565c8bd9a17c5c', '70eaa3c0-dfd4-459d-a8bc-3d943bb7b3ce', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (4, 1, 1, 4, 2, 2, 0, 'Filled', 'B', '1', '1', '83.06', '83.06', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '83.06', '9919ff77-b694-4c25-9f3f-f46c07a159e1', 'V7-d796d542', NULL, false, 'd5565c8bd9a17c5c', '809f3e60-2fb9-4ffc-834b-5e87a6786286', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (5, 1, 1, 5, 3, 3, 0, 'Filled', 'S', '-1', '-1', '-71.79', '-71.79', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-71.79', '0a2632c8-500f-4aea-8379-ca107947d778', 'V9-d796d542', NULL, false, 'd5565c8bd9a17c5c', '88d3e0fd-3069-4e8d-a0af-38a2219dd696', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (6, 1, 2, 6, 4, 4, 0, 'Filled', 'S', '-1', '-1', '-83.05', '-83.05', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (7, 1, 2, 7, 5, 4, 0, 'Filled', 'S', '-1', '-1', '-73.7', '-73.7', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (8, 1, 2, 8, 5, 4, 0, 'Filled', 'B', '1', '1', '73.7', '73.7', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (9, 1, 1, 10, NULL, 5, 0, 'Cancelled', 'S', '-1', '0', NULL, NULL, '-400', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', 'db4e770b-484b-4d11-83d4-0f4cb536b4d4', 'V12-d796d542', NULL, false, 'd5565c8bd9a17c5c', '3830c9b3-820d-4a42-9a0d-befb3be92534', NULL, NULL, NULL, NULL);
INSERT INTO public.positions VALUES (1, 1, 1, 1, 1, 'a position', 'Open', '1', '{"moves":1,"seen":0,"expiration_e_dte":39}', '-12373.2', 1, 1710169200000000, NULL);
INSERT INTO public.positions VALUES (2, 1, 1, 2, 3, 'left again', 'Closed', '1', '{"expiration_e_dte":39}', '-8.3', 0, 1710169200000000, 1710169200000000);
INSERT INTO public.positions VALUES (4, 1, 2, 4, 6, 'paper open', 'Open', '1', '{"seen":4900,"expiration_e_dte":39}', '0', 0, 1710169200000000, NULL);
INSERT INTO public.positions VALUES (5, 1, 2, 4, 7, 'paper closed', 'Closed', '1', '{"seen":4900,"expiration_e_dte":39}', '-1.3', 0, 1710169200000000, 1710169200000000);
INSERT INTO public.positions VALUES (3, 1, 1, 3, 5, 'expires', 'Closed', '1', '{"expiration_e_dte":4}', '2178.35', 0, 1710169200000000, 1710532800000000);
INSERT INTO public.prepare_jobs VALUES ('263fd473-d399-476c-8f6c-624c3f17e723', 1, 'Entry', 'Completed', 1, 1, NULL, '{"IdempotencyKey":"e68207f5-58eb-4351-9b8b-5f4dc9455c2b","PositionName":"a position","StrategyId":1,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 1, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('2c556e29-33ec-4f2f-a63a-e4e90f4f019b', 1, 'Adjustment', 'Completed', 1, 1, 1, '{"IdempotencyKey":"19d7cf5d-430a-4052-b51a-c5aa83b80843","PositionId":1,"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","LegSelectionConstraint":"FullyUnique","DataProvider":null}', '{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}', 2, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('cc626b3f-f3f8-4f77-a37f-5666d1853e8d', 1, 'Entry', 'Completed', 2, 1, NULL, '{"IdempotencyKey":"5d8559e2-6cb0-4622-982a-bc6373f488c3","PositionName":"left again","StrategyId":2,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 3, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('a788e0f9-37ce-4659-b711-797317bce38a', 1, 'Exit', 'Completed', 2, 1, 2, '{"IdempotencyKey":"0b9b6c10-e74e-4f70-b258-e6127c23cde3","PositionId":2,"DataProvider":null}', '{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}', 4, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('74c4a9e4-ab2b-4ba0-9ae0-828bd9c39a22', 1, 'Entry', 'Completed', 3, 1, NULL, '{"IdempotencyKey":"1811f58f-6e67-4eea-be8a-6caa6755c529","PositionName":"expires","StrategyId":3,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 5, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('a35e20a7-7401-4477-93f4-ee640de95e45', 1, 'Entry', 'Completed', 4, 2, NULL, '{"IdempotencyKey":"837be897-85ac-4972-b66e-ca99b7c950e9","PositionName":"paper open","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 6, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('c380af60-0e68-4af0-86ab-f6d531da8159', 1, 'Entry', 'Completed', 4, 2, NULL, '{"IdempotencyKey":"66df2224-2391-4eb9-8d49-9f10547643e4","PositionName":"paper closed","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 7, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('c180bd34-2f58-43a0-a31e-fb33ac38a33c', 1, 'Exit', 'Completed', 4, 2, 5, '{"IdempotencyKey":"f8991652-aa92-4c1f-bfb1-5a43dbcbf382","PositionId":5,"DataProvider":null}', '{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}', 8, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('dfcc00f8-f9a1-4792-a25f-50863f9a25a7', 1, 'Entry', 'Completed', 5, 1, NULL, '{"IdempotencyKey":"413106a6-3fc6-4bd0-a1ec-16f49a15a813","PositionName":"waits","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 10, NULL, 1710770400000000, 1710770400000000);
INSERT INTO public.prepare_jobs VALUES ('7aa57b0f-e229-4c9b-a834-523171a65fd9', 1, 'Entry', 'Completed', 5, 1, NULL, '{"IdempotencyKey":"405be830-9611-4d0a-bbb2-a905c3915af4","PositionName":"never sent","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 11, NULL, 1710770400000000, 1710770400000000);
INSERT INTO public.server_state VALUES ('places', '{"venue":null,"secret":null}', 1795914901497960);
INSERT INTO public.server_state VALUES ('market_time', '{"source":"simulated","start":null,"reached":"2024-03-18T14:00:00Z"}', 1795914906364235);
INSERT INTO public.settlement_facts VALUES (1, 1, 1, 'S11-d796d542', 'Settled', '{"type":"Settled","account":"SIM1000","fact_id":"S11-d796d542","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"50.0","cash":"-5000.0","at":"2024-03-15T20:00:00Z"}', 1710532800000000, 1710770400000000, '-1', false);
INSERT INTO public.signal_states VALUES (1, 'Adjustment:1:1:1:adb071846f1a3842eee8c931f581992a', 'Adjustment', 1, 1, 1, '{"EventId":"a319198a-a661-4eb6-875b-ee804d9b7341","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:4:2:-:-', 'Entry', 4, 2, NULL, '{"EventId":"1d46c9e5-10b1-4601-90e1-9347398911b6","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Exit:4:2:4:-', 'Exit', 4, 2, 4, '{"EventId":"1968a977-050e-4e25-866e-9fa0eae0a0cf","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:1:1:-:-', 'Entry', 1, 1, NULL, '{"EventId":"8513aac3-edf1-4018-ad72-b6b02d77424b","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:2:1:-:-', 'Entry', 2, 1, NULL, '{"EventId":"4b454ea7-08ec-4be7-9c03-9bad2e9c3e95","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:3:1:-:-', 'Entry', 3, 1, NULL, '{"EventId":"4af77c8b-c6b9-4d4a-b00a-a7003dd7c15b","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:4:1:-:-', 'Entry', 4, 1, NULL, '{"EventId":"42ff1ce4-b4a3-4469-b342-d89d0659f1c8","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.strategies VALUES (1, 1, 'short put', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"short put","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}},{"Name":"far","DTE":"67","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-4","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"},"LegGroupId":"0"},{"Name":"c","Qty":"-4","OptionType":"Call","ExpirationName":"e","StrikeSelector":{"StrikePrice":"5200"},"LegGroupId":"0"}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"moves":"0","seen":"0"}},"Exit":{},"Adjustment":{"MaxAdjustmentCount":null,"ConditionalAdjustments":{"underlying_price > 1 -- adjust":{"MoveLegAdjustment":{"LegName":"p","VarDefines":{"moves":"moves + 1"},"StrikeSelector":{"StrikePrice":"leg_p_strike - 100"}}}}}}', NULL, NULL, 1710169200000000, 1710169200000000, NULL);
INSERT INTO public.strategies VALUES (2, 1, 'left', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"left","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', NULL, NULL, 1710169200000000, 1710169200000000, NULL);
INSERT INTO public.strategies VALUES (3, 1, 'soon', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"soon","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"4","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4950"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', NULL, NULL, 1710169200000000, 1710169200000000, NULL);
INSERT INTO public.strategies VALUES (4, 1, 'watched', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"watched","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"seen":"underlying_price"}},"Exit":{"Conditions":["underlying_price > 1"]}}', NULL, NULL, 1710169200000000, 1710169200000000, NULL);
INSERT INTO public.strategies VALUES (5, 1, 'waiting', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"waiting","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"32","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4700"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', NULL, NULL, 1710770400000000, 1710770400000000, NULL);
INSERT INTO public.strategies VALUES (6, 1, 'deleted', 'SPX', NULL, '{"MesoSimVersion":"3.0","StrategyName":"deleted","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', NULL, NULL, 1710770400000000, 1710770400000000, 1710770400000000);
INSERT INTO public.strategy_accounts VALUES (1, 1, 0);
INSERT INTO public.strategy_accounts VALUES (2, 1, 0);
INSERT INTO public.strategy_accounts VALUES (3, 1, 0);
INSERT INTO public.strategy_accounts VALUES (4, 2, 0);
INSERT INTO public.strategy_accounts VALUES (4, 1, 1);
INSERT INTO public.strategy_accounts VALUES (5, 1, 0);
INSERT INTO public.underlying_days VALUES ('Simulated', 'SPX', '2024-03-15', 4890, 4900, NULL, NULL, 1710770400000000);
INSERT INTO public.underlying_days VALUES ('simulated', 'NDX', '2024-03-15', 18000.25, 18010.5, 18010.5, 0.2, 1710770400000000);
INSERT INTO public.users VALUES (1, 'trader', 1795914901000000);
INSERT INTO public.users VALUES (2, 'somebody else', 1795914901000000);
SELECT pg_catalog.setval('public.accounts_id_seq', 2, true);
SELECT pg_catalog.setval('public.audit_entries_id_seq', 1, true);
SELECT pg_catalog.setval('public.exec_plans_id_seq', 11, true);
SELECT pg_catalog.setval('public.executions_id_seq', 11, true);
SELECT pg_catalog.setval('public.halts_id_seq', 1, true);
SELECT pg_catalog.setval('public.legs_id_seq', 7, true);
SELECT pg_catalog.setval('public.market_times_wall_at_seq', 1, false);
SELECT pg_catalog.setval('public.order_facts_id_seq', 16, true);
SELECT pg_catalog.setval('public.orders_id_seq', 11, true);
SELECT pg_catalog.setval('public.positions_id_seq', 5, true);
SELECT pg_catalog.setval('public.settlement_facts_id_seq', 1, true);
SELECT pg_catalog.setval('public.strategies_id_seq', 6, true);
SELECT pg_catalog.setval('public.users_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.account_limits
    ADD CONSTRAINT pk_account_limits PRIMARY KEY (account_id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT pk_accounts PRIMARY KEY (id);
ALTER TABLE ONLY public.active_events
    ADD CONSTRAINT pk_active_events PRIMARY KEY (user_id, subject);
ALTER TABLE ONLY public.adjustment_plans
    ADD CONSTRAINT pk_adjustment_plans PRIMARY KEY (plan_id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (key_id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT pk_audit_entries PRIMARY KEY (id);
ALTER TABLE ONLY public.event_counters
    ADD CONSTRAINT pk_event_counters PRIMARY KEY (user_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (user_id, event_seq_id);
ALTER TABLE ONLY public.exec_plan_legs
    ADD CONSTRAINT pk_exec_plan_legs PRIMARY KEY (plan_id, place);
ALTER TABLE ONLY public.exec_plans
    ADD CONSTRAINT pk_exec_plans PRIMARY KEY (id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT pk_executions PRIMARY KEY (id);
ALTER TABLE ONLY public.halts
    ADD CONSTRAINT pk_halts PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_records
    ADD CONSTRAINT pk_idempotency_records PRIMARY KEY (user_id, key);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT pk_legs PRIMARY KEY (id);
ALTER TABLE ONLY public.market_times
    ADD CONSTRAINT pk_market_times PRIMARY KEY (wall_at);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT pk_order_facts PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT pk_orders PRIMARY KEY (id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT pk_positions PRIMARY KEY (id);
ALTER TABLE ONLY public.prepare_jobs
    ADD CONSTRAINT pk_prepare_jobs PRIMARY KEY (id);
ALTER TABLE ONLY public.server_state
    ADD CONSTRAINT pk_server_state PRIMARY KEY (name);
ALTER TABLE ONLY public.settlement_facts
    ADD CONSTRAINT pk_settlement_facts PRIMARY KEY (id);
ALTER TABLE ONLY public.signal_states
    ADD CONSTRAINT pk_signal_states PRIMARY KEY (user_id, subject);
ALTER TABLE ONLY public.strategies
    ADD CONSTRAINT pk_strategies PRIMARY KEY (id);
ALTER TABLE ONLY public.strategy_accounts
    ADD CONSTRAINT pk_strategy_accounts PRIMARY KEY (strategy_id, account_id);
ALTER TABLE ONLY public.underlying_days
    ADD CONSTRAINT pk_underlying_days PRIMARY KEY (source, symbol, day);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT uq_accounts_user_id_broker_account_id UNIQUE (user_id, broker_account_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT uq_events_event_id UNIQUE (event_id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT uq_executions_account_id_broker_execution_id UNIQUE (account_id, broker_execution_id);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT uq_order_facts_account_id_execution_id UNIQUE (account_id, execution_id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT uq_orders_reference UNIQUE (reference);
ALTER TABLE ONLY public.settlement_facts
    ADD CONSTRAINT uq_settlement_facts_account_id_fact_id UNIQUE (account_id, fact_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_name UNIQUE (name);
CREATE INDEX ix_api_keys_user_id ON public.api_keys USING btree (user_id);
CREATE INDEX ix_audit_entries_order ON public.audit_entries USING btree (order_id, id);
CREATE INDEX ix_audit_entries_user ON public.audit_entries USING btree (user_id, id);
CREATE INDEX ix_exec_plans_position ON public.exec_plans USING btree (position_id);
CREATE INDEX ix_exec_plans_user_state ON public.exec_plans USING btree (user_id, state, id);
CREATE INDEX ix_executions_plan ON public.executions USING btree (plan_id);
CREATE INDEX ix_executions_position ON public.executions USING btree (position_id, id);
CREATE INDEX ix_executions_user ON public.executions USING btree (user_id, id);
CREATE INDEX ix_halts_lifted_at ON public.halts USING btree (lifted_at);
CREATE INDEX ix_idempotency_records_updated_at ON public.idempotency_records USING btree (updated_at);
CREATE INDEX ix_legs_account_contract ON public.legs USING btree (account_id, root, expiration_day);
CREATE INDEX ix_legs_position ON public.legs USING btree (position_id, id);
CREATE INDEX ix_legs_user_status ON public.legs USING btree (user_id, status, id);
CREATE INDEX ix_order_facts_order ON public.order_facts USING btree (order_id, id);
CREATE INDEX ix_orders_account_created ON public.orders USING btree (account_id, created_at);
CREATE INDEX ix_orders_account_state ON public.orders USING btree (account_id, state);
CREATE INDEX ix_orders_plan ON public.orders USING btree (plan_id);
CREATE INDEX ix_orders_user_state ON public.orders USING btree (user_id, state, id);
CREATE INDEX ix_orders_venue_order_id ON public.orders USING btree (account_id, venue_order_id);
CREATE INDEX ix_positions_entry_plan ON public.positions USING btree (entry_plan_id);
CREATE INDEX ix_positions_strategy ON public.positions USING btree (strategy_id, state);
CREATE INDEX ix_positions_user_state ON public.positions USING btree (user_id, state, id);
CREATE INDEX ix_prepare_jobs_status ON public.prepare_jobs USING btree (status);
CREATE INDEX ix_settlement_facts_waits ON public.settlement_facts USING btree (account_id, waits);
CREATE INDEX ix_signal_states_strategy ON public.signal_states USING btree (strategy_id, account_id);
CREATE INDEX ix_strategies_user ON public.strategies USING btree (user_id, id);
ALTER TABLE ONLY public.account_limits
    ADD CONSTRAINT fk_account_limits_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT fk_accounts_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.active_events
    ADD CONSTRAINT fk_active_events_user_id_event_seq_id_events FOREIGN KEY (user_id, event_seq_id) REFERENCES public.events(user_id, event_seq_id);
ALTER TABLE ONLY public.active_events
    ADD CONSTRAINT fk_active_events_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.adjustment_plans
    ADD CONSTRAINT fk_adjustment_plans_plan_id_exec_plans FOREIGN KEY (plan_id) REFERENCES public.exec_plans(id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT fk_api_keys_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT fk_audit_entries_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT fk_audit_entries_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.event_counters
    ADD CONSTRAINT fk_event_counters_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT fk_events_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.exec_plan_legs
    ADD CONSTRAINT fk_exec_plan_legs_plan_id_exec_plans FOREIGN KEY (plan_id) REFERENCES public.exec_plans(id);
ALTER TABLE ONLY public.exec_plans
    ADD CONSTRAINT fk_exec_plans_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.exec_plans
    ADD CONSTRAINT fk_exec_plans_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
ALTER TABLE ONLY public.exec_plans
    ADD CONSTRAINT fk_exec_plans_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_leg_id_legs FOREIGN KEY (leg_id) REFERENCES public.legs(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_order_id_orders FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_plan_id_exec_plans FOREIGN KEY (plan_id) REFERENCES public.exec_plans(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_position_id_positions FOREIGN KEY (position_id) REFERENCES public.positions(id);
ALTER TABLE ONLY public.executions
    ADD CONSTRAINT fk_executions_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.halts
    ADD CONSTRAINT fk_halts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.idempotency_records
    ADD CONSTRAINT fk_idempotency_records_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_position_id_positions FOREIGN KEY (position_id) REFERENCES public.positions(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT fk_order_facts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT fk_order_facts_order_id_orders FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT fk_order_facts_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_plan_id_exec_plans FOREIGN KEY (plan_id) REFERENCES public.exec_plans(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT fk_positions_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT fk_positions_entry_plan_id_exec_plans FOREIGN KEY (entry_plan_id) REFERENCES public.exec_plans(id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT fk_positions_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
ALTER TABLE ONLY public.positions
    ADD CONSTRAINT fk_positions_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.prepare_jobs
    ADD CONSTRAINT fk_prepare_jobs_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.prepare_jobs
    ADD CONSTRAINT fk_prepare_jobs_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
ALTER TABLE ONLY public.prepare_jobs
    ADD CONSTRAINT fk_prepare_jobs_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.settlement_facts
    ADD CONSTRAINT fk_settlement_facts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.settlement_facts
    ADD CONSTRAINT fk_settlement_facts_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.signal_states
    ADD CONSTRAINT fk_signal_states_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.signal_states
    ADD CONSTRAINT fk_signal_states_position_id_positions FOREIGN KEY (position_id) REFERENCES public.positions(id);
ALTER TABLE ONLY public.signal_states
    ADD CONSTRAINT fk_signal_states_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
ALTER TABLE ONLY public.signal_states
    ADD CONSTRAINT fk_signal_states_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.strategies
    ADD CONSTRAINT fk_strategies_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.strategy_accounts
    ADD CONSTRAINT fk_strategy_accounts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.strategy_accounts
    ADD CONSTRAINT fk_strategy_accounts_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
