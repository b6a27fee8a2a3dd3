CREATE TABLE public.account_limits (
    account_id bigint NOT NULL,
    allow_live boolean NOT NULL,
    max_contracts text NOT NULL,
    max_premium text NOT NULL,
    max_orders_per_minute integer NOT NULL,
    price_band text NOT NULL,
    max_notional text NOT NULL,
    max_loss text NOT NULL,
    allow_unlimited_loss boolean NOT NULL,
    stale_exit_policy character varying(16) NOT NULL,
    queue_orders boolean NOT NULL
);
CREATE TABLE public.account_samples (
    account_id bigint NOT NULL,
    at bigint NOT NULL,
    net_liquidation text,
    cash text NOT NULL,
    margin text
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
    last_updated bigint NOT NULL,
    connection_id bigint,
    data_provider character varying(16),
    accept_delayed boolean NOT NULL,
    disabled_at bigint
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
    revoked_at bigint,
    role character varying(16),
    last_used_at bigint
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
CREATE TABLE public.broker_facts (
    account_id bigint NOT NULL,
    as_of bigint NOT NULL,
    received_at bigint NOT NULL,
    net_liquidation text,
    cash text,
    initial_margin text,
    maintenance_margin text,
    buying_power text,
    excess_liquidity text,
    day_trades_left integer
);
CREATE TABLE public.connection_accounts (
    connection_id bigint NOT NULL,
    broker_account_id character varying(64) NOT NULL,
    live boolean NOT NULL,
    account_type character varying(32) NOT NULL,
    currency character varying(8) NOT NULL,
    can_trade boolean NOT NULL,
    permissions text NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    account_id bigint
);
CREATE TABLE public.connection_log (
    id bigint NOT NULL,
    connection_id bigint NOT NULL,
    at bigint NOT NULL,
    state character varying(16) NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL
);
CREATE SEQUENCE public.connection_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.connection_log_id_seq OWNED BY public.connection_log.id;
CREATE TABLE public.connection_secrets (
    connection_id bigint NOT NULL,
    name character varying(64) NOT NULL,
    sealed text NOT NULL
);
CREATE TABLE public.connections (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name character varying(64) NOT NULL,
    kind character varying(32) NOT NULL,
    settings text NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    removed_at bigint,
    agent character varying(64),
    agent_epoch bigint,
    agent_offer text
);
CREATE SEQUENCE public.connections_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.connections_id_seq OWNED BY public.connections.id;
CREATE TABLE public.error_acknowledgements (
    user_id bigint NOT NULL,
    error_id text NOT NULL,
    event_seq_id bigint NOT NULL,
    acknowledged_at bigint NOT NULL,
    acknowledged_by text NOT NULL
);
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
    lifted_at bigint,
    user_id bigint,
    scope character varying(16)
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
CREATE TABLE public.notification_rules (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name character varying(64) NOT NULL,
    service character varying(32) NOT NULL,
    sealed text NOT NULL,
    kinds text NOT NULL,
    strategy_id bigint,
    broker_account_id text,
    quiet text,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    cursor bigint NOT NULL,
    in_flight integer NOT NULL,
    missed bigint NOT NULL,
    held text NOT NULL,
    sent bigint NOT NULL,
    failed bigint NOT NULL,
    last_sent_at bigint,
    last_error_at bigint,
    last_error text
);
CREATE SEQUENCE public.notification_rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.notification_rules_id_seq OWNED BY public.notification_rules.id;
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
    reason text,
    sender_epoch integer,
    send_by bigint,
    permit_epoch integer,
    permit_at bigint
);
CREATE SEQUENCE public.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;
CREATE TABLE public.portal_codes (
    digest character varying(64) NOT NULL,
    user_id bigint NOT NULL,
    role character varying(16) NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at bigint
);
CREATE TABLE public.portal_sessions (
    session_id character varying(16) NOT NULL,
    digest character varying(64) NOT NULL,
    user_id bigint NOT NULL,
    key_id text,
    role character varying(16) NOT NULL,
    user_agent character varying(200) NOT NULL,
    address character varying(64) NOT NULL,
    created_at bigint NOT NULL,
    proved_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint
);
CREATE TABLE public.position_samples (
    position_id bigint NOT NULL,
    at bigint NOT NULL,
    pnl text,
    realized_pnl text NOT NULL,
    mark double precision,
    underlying double precision,
    delta double precision,
    gamma double precision,
    theta double precision,
    vega double precision
);
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
CREATE TABLE public.strategy_versions (
    strategy_id bigint NOT NULL,
    number integer NOT NULL,
    definition text NOT NULL,
    saved_at bigint NOT NULL,
    saved_by text
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
ALTER TABLE ONLY public.connection_log ALTER COLUMN id SET DEFAULT nextval('public.connection_log_id_seq'::regclass);
ALTER TABLE ONLY public.connections ALTER COLUMN id SET DEFAULT nextval('public.connections_id_seq'::regclass);
ALTER TABLE ONLY public.exec_plans ALTER COLUMN id SET DEFAULT nextval('public.exec_plans_id_seq'::regclass);
ALTER TABLE ONLY public.executions ALTER COLUMN id SET DEFAULT nextval('public.executions_id_seq'::regclass);
ALTER TABLE ONLY public.halts ALTER COLUMN id SET DEFAULT nextval('public.halts_id_seq'::regclass);
ALTER TABLE ONLY public.legs ALTER COLUMN id SET DEFAULT nextval('public.legs_id_seq'::regclass);
ALTER TABLE ONLY public.market_times ALTER COLUMN wall_at SET DEFAULT nextval('public.market_times_wall_at_seq'::regclass);
ALTER TABLE ONLY public.notification_rules ALTER COLUMN id SET DEFAULT nextval('public.notification_rules_id_seq'::regclass);
ALTER TABLE ONLY public.order_facts ALTER COLUMN id SET DEFAULT nextval('public.order_facts_id_seq'::regclass);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
ALTER TABLE ONLY public.positions ALTER COLUMN id SET DEFAULT nextval('public.positions_id_seq'::regclass);
ALTER TABLE ONLY public.settlement_facts ALTER COLUMN id SET DEFAULT nextval('public.settlement_facts_id_seq'::regclass);
ALTER TABLE ONLY public.strategies ALTER COLUMN id SET DEFAULT nextval('public.strategies_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.account_limits VALUES (1, true, '40', '250000', 30, '0.4', '50000000', '2000000', true, 'LimitOnly', false);
INSERT INTO public.account_samples VALUES (1, 1710770400000000, NULL, '137383.65', NULL);
INSERT INTO public.account_samples VALUES (2, 1710770400000000, '51117.354242710386', '58303.05', '70685.7');
INSERT INTO public.accounts VALUES (2, 1, 'ML1000', 'MesoLive', 'Paper', 'USD', true, '50000', '58303.05', 1710169200000000, 1710169200000000, NULL, NULL, false, NULL);
INSERT INTO public.accounts VALUES (1, 1, 'SIM1000', 'Simulated', 'Simulated', 'USD', false, '100000', '132383.65', 1710169200000000, 1710532800000000, NULL, NULL, false, NULL);
INSERT INTO public.active_events VALUES (1, 'adjustment:1:adb071846f1a3842eee8c931f581992a80532405368102196bb9f11e9d1a17ed', 50);
INSERT INTO public.active_events VALUES (1, 'entry:4:ML1000', 54);
INSERT INTO public.active_events VALUES (1, 'exit:4', 55);
INSERT INTO public.active_events VALUES (1, 'entry:1:SIM1000', 67);
INSERT INTO public.active_events VALUES (1, 'entry:2:SIM1000', 68);
INSERT INTO public.active_events VALUES (1, 'entry:3:SIM1000', 69);
INSERT INTO public.active_events VALUES (1, 'entry:4:SIM1000', 70);
INSERT INTO public.adjustment_plans VALUES (2, 'MoveLeg', 'underlying_price > 1 -- adjust', true, false);
INSERT INTO public.alembic_version VALUES ('0013');
INSERT INTO public.api_keys VALUES ('a3a387bd354f91f5', 2, 'laptop', 1795990351000000, 1798582351000000, NULL, 'trade', NULL);
INSERT INTO public.api_keys VALUES ('13f3fc56ed2e5385', 1, 'lost', 1795990351000000, 1827526351000000, 1795990352083808, 'trade', NULL);
INSERT INTO public.api_keys VALUES ('fe23cde81f9e6094', 1, NULL, 1795990350000000, 1827526350000000, NULL, 'trade', 1795990352187126);
INSERT INTO public.audit_entries VALUES (1, 1, 1, 9, 1710770400000000, 'fe23cde81f9e6094', 'CancelOrder', 'cancel', NULL);
INSERT INTO public.audit_entries VALUES (2, 1, NULL, NULL, 1795990364703226, 'fe23cde81f9e6094', 'AddConnector', NULL, '{"connector":"broker","kind":"simulated"}');
INSERT INTO public.connection_secrets VALUES (1, 'password', 'v1:1628aeae6cb36e21:VvhOK_lMPWCJVlDgeWH3vByj-c7mXv7uBvReYItaYTm0Aw==');
INSERT INTO public.connections VALUES (1, 1, 'broker', 'simulated', '{}', false, 1795990364640319, 1795990364640319, NULL, NULL, NULL, NULL);
INSERT INTO public.event_counters VALUES (1, 86, NULL);
INSERT INTO public.events VALUES (1, 1, 'cdb9a012-4cfb-4c87-8f10-cc407f8aa7e7', 1710169200000000, 'OnPositionEntryPreparationCompleted', 1, '{"EventId":"cdb9a012-4cfb-4c87-8f10-cc407f8aa7e7","EventSeqId":1,"EventTime":"2024-03-11T15:00:00Z","JobId":"cfc76ef5-bd26-4daa-8646-2c83c34ffb83","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 2, '5165dad9-45d9-492e-850a-d615f73be55c', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"5165dad9-45d9-492e-850a-d615f73be55c","EventSeqId":2,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 3, '8bb6f956-47af-4b8a-ad3a-e7e5651c823b', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"8bb6f956-47af-4b8a-ad3a-e7e5651c823b","EventSeqId":3,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 4, '2bf98167-3659-41d8-b0f8-fcf658bc3c70', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"2bf98167-3659-41d8-b0f8-fcf658bc3c70","EventSeqId":4,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":-108.62,"AvgFillPrice":-108.62,"Rejection":null}');
INSERT INTO public.events VALUES (1, 5, '1e5247f8-189f-4dd4-aaa8-69ae8e9e642b', 1710169200000000, 'OnPositionUpdate', 1, '{"EventId":"1e5247f8-189f-4dd4-aaa8-69ae8e9e642b","EventSeqId":5,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 6, '3ae2aaeb-668c-4f6f-ab84-07e314a60bbf', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"3ae2aaeb-668c-4f6f-ab84-07e314a60bbf","EventSeqId":6,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 7, 'b0bef30d-8438-4d6b-959d-6ec593e45652', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"b0bef30d-8438-4d6b-959d-6ec593e45652","EventSeqId":7,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 8, '3e44f6dd-0d56-454b-83c0-f66b05f4921d', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"3e44f6dd-0d56-454b-83c0-f66b05f4921d","EventSeqId":8,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 9, '090b9a2e-d0a4-4856-88d7-96c5026878ce', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"090b9a2e-d0a4-4856-88d7-96c5026878ce","EventSeqId":9,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 10, '282b79fd-59e0-444e-bd0e-fa1376a57c60', 1710169200000000, 'OnPositionAdjustmentPreparationCompleted', 1, '{"EventId":"282b79fd-59e0-444e-bd0e-fa1376a57c60","EventSeqId":10,"EventTime":"2024-03-11T15:00:00Z","JobId":"94f072cf-bdbf-4f41-9509-02bc162bdb71","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}}');
INSERT INTO public.events VALUES (1, 11, '1fc62910-bebd-4f35-8696-18a9c3655d02', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"1fc62910-bebd-4f35-8696-18a9c3655d02","EventSeqId":11,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 12, '04d3bcc9-de18-4e5d-93ac-6d96eefa8527', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"04d3bcc9-de18-4e5d-93ac-6d96eefa8527","EventSeqId":12,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 13, 'fe9c1744-3010-428a-a888-e920d76d4328', 1710169200000000, 'OnOrderUpdate', 1, '{"EventId":"fe9c1744-3010-428a-a888-e920d76d4328","EventSeqId":13,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":33.06,"AvgFillPrice":33.06,"Rejection":null}');
INSERT INTO public.events VALUES (1, 14, 'adf4c00d-fa9d-472c-bdf3-9cc1ec5eac8b', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"adf4c00d-fa9d-472c-bdf3-9cc1ec5eac8b","EventSeqId":14,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-4,"RealizedPnL":-12373.20}');
INSERT INTO public.events VALUES (1, 15, 'df897c8c-4ead-4cb8-acb3-a85231c46bfa', 1710169200000000, 'OnLegUpdate', 1, '{"EventId":"df897c8c-4ead-4cb8-acb3-a85231c46bfa","EventSeqId":15,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":3,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 16, 'f754b9a5-b33d-4536-9feb-f51c053a18d7', 1710169200000000, 'OnPositionUpdate', 1, '{"EventId":"f754b9a5-b33d-4536-9feb-f51c053a18d7","EventSeqId":16,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Adjusted","RealizedPnL":-12373.2}');
INSERT INTO public.events VALUES (1, 17, 'd55e3e95-9454-4c87-bdc7-5b1c467c5bce', 1710169200000000, 'OnPositionEntryPreparationCompleted', 2, '{"EventId":"d55e3e95-9454-4c87-bdc7-5b1c467c5bce","EventSeqId":17,"EventTime":"2024-03-11T15:00:00Z","JobId":"47e2bd63-55ad-4786-bb4e-b02baa06b94d","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 18, 'a7d4d91b-4e2c-4f4d-8548-ba5c69cda0e4', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"a7d4d91b-4e2c-4f4d-8548-ba5c69cda0e4","EventSeqId":18,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 19, 'e6e5cd2d-9b65-4075-9b38-098196ae49a3', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"e6e5cd2d-9b65-4075-9b38-098196ae49a3","EventSeqId":19,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 20, '8bbc4035-9008-48f8-9477-85de7174c386', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"8bbc4035-9008-48f8-9477-85de7174c386","EventSeqId":20,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-82.99,"AvgFillPrice":-82.99,"Rejection":null}');
INSERT INTO public.events VALUES (1, 21, 'd15912a4-7245-4c6b-8d32-70b1d1690df9', 1710169200000000, 'OnPositionUpdate', 2, '{"EventId":"d15912a4-7245-4c6b-8d32-70b1d1690df9","EventSeqId":21,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 22, '773e75b7-77ee-42fe-8b18-c4ceeb6199f3', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"773e75b7-77ee-42fe-8b18-c4ceeb6199f3","EventSeqId":22,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 23, '70f51951-92b1-4ce1-bd75-b784617a0860', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"70f51951-92b1-4ce1-bd75-b784617a0860","EventSeqId":23,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 25, 'ff38f011-9535-4765-a3b8-e6c030e36035', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"ff38f011-9535-4765-a3b8-e6c030e36035","EventSeqId":25,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 26, '9f98cbf2-0113-453c-b597-09c396f0c2e1', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"9f98cbf2-0113-453c-b597-09c396f0c2e1","EventSeqId":26,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 24, 'bfadc035-778d-48c9-9e35-145be99fb282', 1710169200000000, 'OnPositionExitPreparationCompleted', 2, '{"EventId":"bfadc035-778d-48c9-9e35-145be99fb282","EventSeqId":24,"EventTime":"2024-03-11T15:00:00Z","JobId":"900c5683-3e7f-4572-84eb-ad088c8f7334","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO public.events VALUES (1, 27, '8fc13cf0-db0b-4ab6-9c9f-6cd9e49e27e7', 1710169200000000, 'OnOrderUpdate', 2, '{"EventId":"8fc13cf0-db0b-4ab6-9c9f-6cd9e49e27e7","EventSeqId":27,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":83.06,"AvgFillPrice":83.06,"Rejection":null}');
INSERT INTO public.events VALUES (1, 28, '1678843e-5170-4768-83fe-27f296ea32a7', 1710169200000000, 'OnLegUpdate', 2, '{"EventId":"1678843e-5170-4768-83fe-27f296ea32a7","EventSeqId":28,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-8.30}');
INSERT INTO public.events VALUES (1, 29, 'fba4bcb7-e9f0-4537-a363-88bf6f9c3a3c', 1710169200000000, 'OnPositionUpdate', 2, '{"EventId":"fba4bcb7-e9f0-4537-a363-88bf6f9c3a3c","EventSeqId":29,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":-8.3}');
INSERT INTO public.events VALUES (1, 31, '88a14c23-698f-43e7-9d14-77f5f2a0c062', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"88a14c23-698f-43e7-9d14-77f5f2a0c062","EventSeqId":31,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 32, 'b1d2ced8-1d0e-4812-8e77-eae2e0ca2e68', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"b1d2ced8-1d0e-4812-8e77-eae2e0ca2e68","EventSeqId":32,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 36, '94110698-60d3-4f93-a3d2-54e98decd547', 1710169200000000, 'OnLegUpdate', 3, '{"EventId":"94110698-60d3-4f93-a3d2-54e98decd547","EventSeqId":36,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 37, 'a707f623-3fb7-4028-878c-cf4e53f68976', 1710169200000000, 'OnPositionEntryPreparationCompleted', 4, '{"EventId":"a707f623-3fb7-4028-878c-cf4e53f68976","EventSeqId":37,"EventTime":"2024-03-11T15:00:00Z","JobId":"bf7ccb09-f9a1-4d7a-ae9d-910175458962","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 41, '80da165d-3606-416f-a1d1-b594dffd9087', 1710169200000000, 'OnPositionEntryPreparationCompleted', 4, '{"EventId":"80da165d-3606-416f-a1d1-b594dffd9087","EventSeqId":41,"EventTime":"2024-03-11T15:00:00Z","JobId":"b0ca70eb-63b3-4edc-a8ea-ac2d5390613e","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 46, '067a9529-57a8-45c4-8764-e0e5346b8aa1', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"067a9529-57a8-45c4-8764-e0e5346b8aa1","EventSeqId":46,"EventTime":"2024-03-11T15:00:00Z","OrderId":8,"BrokerAccountId":"ML1000","ExecPlanId":8,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":73.7,"AvgFillPrice":73.7,"Rejection":null}');
INSERT INTO public.events VALUES (1, 47, 'cd810b76-2af0-418a-b3c4-8113fcd4496d', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"cd810b76-2af0-418a-b3c4-8113fcd4496d","EventSeqId":47,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-1.30}');
INSERT INTO public.events VALUES (1, 30, 'ba2c99bf-f11d-4081-a7c5-57a55e281fb6', 1710169200000000, 'OnPositionEntryPreparationCompleted', 3, '{"EventId":"ba2c99bf-f11d-4081-a7c5-57a55e281fb6","EventSeqId":30,"EventTime":"2024-03-11T15:00:00Z","JobId":"f0b283a9-3b18-4227-a262-8baa0befb80a","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 33, '37a43e79-9135-4a89-843a-1667659b4683', 1710169200000000, 'OnOrderUpdate', 3, '{"EventId":"37a43e79-9135-4a89-843a-1667659b4683","EventSeqId":33,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-71.79,"AvgFillPrice":-71.79,"Rejection":null}');
INSERT INTO public.events VALUES (1, 34, 'fde2b2b1-e1a5-4f23-8096-bb7f2c0bc779', 1710169200000000, 'OnPositionUpdate', 3, '{"EventId":"fde2b2b1-e1a5-4f23-8096-bb7f2c0bc779","EventSeqId":34,"EventTime":"2024-03-11T15:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 35, 'cf60b0ee-3998-4a8c-bdbb-57c7cc335dbc', 1710169200000000, 'OnLegUpdate', 3, '{"EventId":"cf60b0ee-3998-4a8c-bdbb-57c7cc335dbc","EventSeqId":35,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 38, '77680d6a-c895-4a22-80e6-f721a44acf45', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"77680d6a-c895-4a22-80e6-f721a44acf45","EventSeqId":38,"EventTime":"2024-03-11T15:00:00Z","OrderId":6,"BrokerAccountId":"ML1000","ExecPlanId":6,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-83.05,"AvgFillPrice":-83.05,"Rejection":null}');
INSERT INTO public.events VALUES (1, 39, 'b9c6becc-1acf-4822-a7ac-61dd1147d7bb', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"b9c6becc-1acf-4822-a7ac-61dd1147d7bb","EventSeqId":39,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":4,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","LegId":6,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 40, '3a2ac29a-0437-40c9-8e8f-96e6f4f703c1', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"3a2ac29a-0437-40c9-8e8f-96e6f4f703c1","EventSeqId":40,"EventTime":"2024-03-11T15:00:00Z","PositionId":4,"StrategyId":4,"StrategyName":"watched","PositionName":"paper open","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 42, '8db8db0b-c006-49eb-a002-a19efd972e85', 1710169200000000, 'OnOrderUpdate', 4, '{"EventId":"8db8db0b-c006-49eb-a002-a19efd972e85","EventSeqId":42,"EventTime":"2024-03-11T15:00:00Z","OrderId":7,"BrokerAccountId":"ML1000","ExecPlanId":7,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-73.7,"AvgFillPrice":-73.7,"Rejection":null}');
INSERT INTO public.events VALUES (1, 43, '4dcf6610-03bb-44ec-8d41-6b717483fd06', 1710169200000000, 'OnLegUpdate', 4, '{"EventId":"4dcf6610-03bb-44ec-8d41-6b717483fd06","EventSeqId":43,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 44, 'c1dff378-3da5-4b46-a3a9-8791792fc72f', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"c1dff378-3da5-4b46-a3a9-8791792fc72f","EventSeqId":44,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO public.events VALUES (1, 45, '09eaa205-dbf0-409e-bfde-97464ae247f5', 1710169200000000, 'OnPositionExitPreparationCompleted', 4, '{"EventId":"09eaa205-dbf0-409e-bfde-97464ae247f5","EventSeqId":45,"EventTime":"2024-03-11T15:00:00Z","JobId":"624d555b-58bd-481e-a17b-0db9617c9895","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO public.events VALUES (1, 49, '5351fdde-45c4-4669-b233-360fec303466', 1710169200000000, 'OnEntrySignal', 1, '{"EventId":"5351fdde-45c4-4669-b233-360fec303466","EventSeqId":49,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 50, '70018b48-8d6d-44ec-ab19-c92892b5d1fe', 1710169200000000, 'OnAdjustmentSignal', 1, '{"EventId":"70018b48-8d6d-44ec-ab19-c92892b5d1fe","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}');
INSERT INTO public.events VALUES (1, 48, 'd406f509-48bd-49b5-a645-455b37226d27', 1710169200000000, 'OnPositionUpdate', 4, '{"EventId":"d406f509-48bd-49b5-a645-455b37226d27","EventSeqId":48,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Closed","RealizedPnL":-1.3}');
INSERT INTO public.events VALUES (1, 56, '21cfeb22-3b5f-421a-9413-3173d7f18933', 1710770400000000, 'OnLegUpdate', 3, '{"EventId":"21cfeb22-3b5f-421a-9413-3173d7f18933","EventSeqId":56,"EventTime":"2024-03-18T14:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":2178.35}');
INSERT INTO public.events VALUES (1, 57, '84992221-d03b-4519-be66-da7cf5b1fa31', 1710770400000000, 'OnPositionUpdate', 3, '{"EventId":"84992221-d03b-4519-be66-da7cf5b1fa31","EventSeqId":57,"EventTime":"2024-03-18T14:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":2178.35}');
INSERT INTO public.events VALUES (1, 67, 'd5489b9c-5246-4693-95b3-7212445d91d7', 1710770400000000, 'OnEntrySignal', 1, '{"EventId":"d5489b9c-5246-4693-95b3-7212445d91d7","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 68, '9819e9b6-1b16-4625-bf80-e924699650e9', 1710770400000000, 'OnEntrySignal', 2, '{"EventId":"9819e9b6-1b16-4625-bf80-e924699650e9","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 69, 'fd810655-be6c-4499-a212-a28f25fcece5', 1710770400000000, 'OnEntrySignal', 3, '{"EventId":"fd810655-be6c-4499-a212-a28f25fcece5","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 70, 'c158b5df-e8b5-4eb2-b6cd-1d34aaee5749', 1710770400000000, 'OnEntrySignal', 4, '{"EventId":"c158b5df-e8b5-4eb2-b6cd-1d34aaee5749","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 71, 'c10bb8c8-dd1d-4c4f-adfb-4a8d369802fd', 1710770400000000, 'OnError', 3, '{"EventId":"c10bb8c8-dd1d-4c4f-adfb-4a8d369802fd","EventSeqId":71,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 72, '9d590e44-13f9-47fd-8b62-e3b4ca4f26b9', 1710770400000000, 'OnError', 1, '{"EventId":"9d590e44-13f9-47fd-8b62-e3b4ca4f26b9","EventSeqId":72,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 73, '163507c2-ac5c-411d-8a94-de04fc29b438', 1710770400000000, 'OnError', 2, '{"EventId":"163507c2-ac5c-411d-8a94-de04fc29b438","EventSeqId":73,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 74, 'd7336849-ec67-4ef5-86c1-a09a2ac5ace2', 1710770400000000, 'OnError', 3, '{"EventId":"d7336849-ec67-4ef5-86c1-a09a2ac5ace2","EventSeqId":74,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 75, '288dc943-2d33-49e9-b89c-4350d5d1e5fa', 1710770400000000, 'OnError', 4, '{"EventId":"288dc943-2d33-49e9-b89c-4350d5d1e5fa","EventSeqId":75,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 77, 'e73c0409-8805-46c7-801f-90475fd5f708', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"e73c0409-8805-46c7-801f-90475fd5f708","EventSeqId":77,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 79, '6f97d43f-00c6-4e08-911a-8a7a40f9ecc9', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"6f97d43f-00c6-4e08-911a-8a7a40f9ecc9","EventSeqId":79,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingCancel","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 81, '6f0e027d-0e88-460f-9ea7-1e58800f69b8', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"6f0e027d-0e88-460f-9ea7-1e58800f69b8","EventSeqId":81,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 83, '698599ef-9089-4d28-bb08-e6459a7e273a', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"698599ef-9089-4d28-bb08-e6459a7e273a","EventSeqId":83,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 51, 'b34764d1-950b-4cab-8ab6-6accfad92ff3', 1710169200000000, 'OnEntrySignal', 2, '{"EventId":"b34764d1-950b-4cab-8ab6-6accfad92ff3","EventSeqId":51,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 52, 'a9e4ab8a-02c6-4ed3-9f1e-255de462c48f', 1710169200000000, 'OnEntrySignal', 3, '{"EventId":"a9e4ab8a-02c6-4ed3-9f1e-255de462c48f","EventSeqId":52,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 53, 'e5535242-a03c-4383-ad58-81e3518378c2', 1710169200000000, 'OnEntrySignal', 4, '{"EventId":"e5535242-a03c-4383-ad58-81e3518378c2","EventSeqId":53,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 54, 'd65660a6-657b-4830-a8f6-d91f4342ce79', 1710169200000000, 'OnEntrySignal', 4, '{"EventId":"d65660a6-657b-4830-a8f6-d91f4342ce79","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO public.events VALUES (1, 55, '45f6ddde-4fda-4008-85f9-1b1df1842f73', 1710169200000000, 'OnExitSignal', 4, '{"EventId":"45f6ddde-4fda-4008-85f9-1b1df1842f73","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}');
INSERT INTO public.events VALUES (1, 58, '6e255879-b359-479d-b807-6766c4958826', 1710770400000000, 'OnError', 3, '{"EventId":"6e255879-b359-479d-b807-6766c4958826","EventSeqId":58,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 59, '6ace2b0e-c0c4-465f-9898-722615e7d93b', 1710770400000000, 'OnError', 1, '{"EventId":"6ace2b0e-c0c4-465f-9898-722615e7d93b","EventSeqId":59,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 60, 'af1ec0bf-53b9-4a04-a61c-481db48b3fc5', 1710770400000000, 'OnEntrySignal', 1, '{"EventId":"af1ec0bf-53b9-4a04-a61c-481db48b3fc5","EventSeqId":60,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 61, 'ea961b11-ab6c-4314-b6f6-69946e2c9828', 1710770400000000, 'OnError', 2, '{"EventId":"ea961b11-ab6c-4314-b6f6-69946e2c9828","EventSeqId":61,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 62, 'd5d85540-bc98-4eb2-b5f0-a4ea62210193', 1710770400000000, 'OnEntrySignal', 2, '{"EventId":"d5d85540-bc98-4eb2-b5f0-a4ea62210193","EventSeqId":62,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 63, '955281b8-05ee-4809-9ceb-4a3afb4156e7', 1710770400000000, 'OnError', 3, '{"EventId":"955281b8-05ee-4809-9ceb-4a3afb4156e7","EventSeqId":63,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 64, '2a6abfd2-efbf-41e3-bda8-7a5ad5a5db10', 1710770400000000, 'OnEntrySignal', 3, '{"EventId":"2a6abfd2-efbf-41e3-bda8-7a5ad5a5db10","EventSeqId":64,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 65, '6f00c0c5-2882-4b0d-8521-9f8e1c1f71b3', 1710770400000000, 'OnError', 4, '{"EventId":"6f00c0c5-2882-4b0d-8521-9f8e1c1f71b3","EventSeqId":65,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO public.events VALUES (1, 66, '1eb90c96-87d5-460e-b95b-bae946a052e5', 1710770400000000, 'OnEntrySignal', 4, '{"EventId":"1eb90c96-87d5-460e-b95b-bae946a052e5","EventSeqId":66,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO public.events VALUES (1, 76, '006bf24f-efc5-4021-bebd-9a1aeafd1d13', 1710770400000000, 'OnPositionEntryPreparationCompleted', 5, '{"EventId":"006bf24f-efc5-4021-bebd-9a1aeafd1d13","EventSeqId":76,"EventTime":"2024-03-18T14:00:00Z","JobId":"df08af07-10f0-48c7-8c24-23a070c46f9d","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO public.events VALUES (1, 78, '98a8ad50-c09c-4073-8782-d149e985e384', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"98a8ad50-c09c-4073-8782-d149e985e384","EventSeqId":78,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 80, '307f1f67-9cca-448c-856c-0e426120cb2c', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"307f1f67-9cca-448c-856c-0e426120cb2c","EventSeqId":80,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Cancelled","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 82, '687dbfd5-3b50-40bd-ae9e-4d64ec972a0f', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"687dbfd5-3b50-40bd-ae9e-4d64ec972a0f","EventSeqId":82,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 84, '9b99d901-aa52-4bb5-9bd8-392b9095fc68', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"9b99d901-aa52-4bb5-9bd8-392b9095fc68","EventSeqId":84,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 85, 'ae8591c1-23d6-458d-962a-10f73ee3d6d0', 1710770400000000, 'OnOrderUpdate', 5, '{"EventId":"ae8591c1-23d6-458d-962a-10f73ee3d6d0","EventSeqId":85,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Replaced","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO public.events VALUES (1, 86, '7df4ba0b-f0cf-4ef7-b27d-82f6b8596ef4', 1710770400000000, 'OnPositionEntryPreparationCompleted', 5, '{"EventId":"7df4ba0b-f0cf-4ef7-b27d-82f6b8596ef4","EventSeqId":86,"EventTime":"2024-03-18T14:00:00Z","JobId":"bf1e8b41-a4e4-4880-8fb3-420a2a04eb7d","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
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
INSERT INTO public.executions VALUES (1, 1, 1, 1, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E2-d72f4ba0/p', '-4', '52.14', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (2, 1, 1, 1, 1, 1, 2, 'c', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'C', '5200', '100', 'E2-d72f4ba0/c', '-4', '56.48', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (3, 1, 1, 2, 2, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E4-d72f4ba0/p:close', '4', '83.06', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (4, 1, 1, 2, 2, 1, 3, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4700', '100', 'E4-d72f4ba0/p', '-4', '50', '2.6', 1710169200000000);
INSERT INTO public.executions VALUES (5, 1, 1, 3, 3, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E6-d72f4ba0/p', '-1', '82.99', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (6, 1, 1, 4, 4, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'E8-d72f4ba0/p', '1', '83.06', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (7, 1, 1, 5, 5, 3, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'E10-d72f4ba0/p', '-1', '71.79', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (8, 1, 2, 6, 6, 4, 6, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', NULL, '-1', '83.05', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (9, 1, 2, 7, 7, 5, 7, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', NULL, '-1', '73.7', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (10, 1, 2, 8, 8, 5, 7, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', NULL, '1', '73.7', '0.65', 1710169200000000);
INSERT INTO public.executions VALUES (11, 1, 1, 9, NULL, 3, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'S11-d72f4ba0/5/0', '1', '50', '0', 1710532800000000);
INSERT INTO public.halts VALUES (1, 1, 'lunch', 1710169200000000, 1710169200000000, NULL, NULL);
INSERT INTO public.idempotency_records VALUES (1, 'b1a43a7c-d9b7-4f7e-98e0-615a82866dad', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'd7db71ddec17e8a1ef9e98df85d2b8a0dc97dfc52747474b3ed4f3aed7905864', NULL, NULL, NULL, 'cfc76ef5-bd26-4daa-8646-2c83c34ffb83', 'Success', NULL, NULL, '{"JobId":"cfc76ef5-bd26-4daa-8646-2c83c34ffb83"}');
INSERT INTO public.idempotency_records VALUES (1, 'fdfe308d-046b-4419-9c40-e84b2c6a5255', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '7318344f4c7f89f35a506feb5b164f48128fb6290ecf8f7d6fef2023c009b767', 1, '[1]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":1,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'cc73650a-37f7-4f94-891d-3780cd04f2a0', 'StartPreparePositionAdjustment', 'Completed', 1710169200000000, 1710169200000000, '83301fa479270e5a22196fe939edaa0e6b7d95a777dafa289d0ead2e45382f48', NULL, NULL, NULL, '94f072cf-bdbf-4f41-9509-02bc162bdb71', 'Success', NULL, NULL, '{"JobId":"94f072cf-bdbf-4f41-9509-02bc162bdb71"}');
INSERT INTO public.idempotency_records VALUES (1, '851dd924-81c0-433b-9c2d-3f510850d7d6', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, 'cb475fb8f5e06a0a5eccb3168dfab0538ce7654b0fb9b9cbea725bdb4aa20845', 2, '[2]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":2,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'a8f7a4ba-c4d9-41df-a03c-5d53ec9b49cf', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, '4098a7d7b005c1077422384b84db9499f8af6f2b4a7e925cf83d3ea1d1c84c61', NULL, NULL, NULL, '47e2bd63-55ad-4786-bb4e-b02baa06b94d', 'Success', NULL, NULL, '{"JobId":"47e2bd63-55ad-4786-bb4e-b02baa06b94d"}');
INSERT INTO public.idempotency_records VALUES (1, '59ffe299-6017-438d-b1dc-d25889c7a033', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '214bdae80d43cfd48f27053ff28c0ece2ef11b1fa3859b7a70c2b415c488df10', 3, '[3]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":3,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'bdd7a812-dd8a-4f6f-ab50-84262500610d', 'StartPreparePositionExit', 'Completed', 1710169200000000, 1710169200000000, 'd068388854cd64c36730972a99664fccba2fbe7fa86c665297157e8d3c245797', NULL, NULL, NULL, '900c5683-3e7f-4572-84eb-ad088c8f7334', 'Success', NULL, NULL, '{"JobId":"900c5683-3e7f-4572-84eb-ad088c8f7334"}');
INSERT INTO public.idempotency_records VALUES (1, '14f2c1f9-6a51-43ef-bc51-3ca2e12ece42', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, 'd007515695b56733bdd2c8817cff7afeb59a7d465b4992a471d9598dc0f693c8', 4, '[4]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":4,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'a03824e6-186d-4201-87de-b0c3d2d2395c', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'c9076ea21e78c90223a7d772d8f0f2884097b16100b65ba359bb5ea787253ff0', NULL, NULL, NULL, 'f0b283a9-3b18-4227-a262-8baa0befb80a', 'Success', NULL, NULL, '{"JobId":"f0b283a9-3b18-4227-a262-8baa0befb80a"}');
INSERT INTO public.idempotency_records VALUES (1, 'fe8c6250-d601-43ec-a249-2fb9e355d807', 'SendOrder', 'Completed', 1710169200000000, 1710169200000000, '0b1e976d83229fe6cc76532ce2d93f1af1139bd4674745325d1e7a9d926a9919', 5, '[5]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":5,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'cf0d40d7-4806-4330-89aa-cd20252b516a', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, 'eea4d2a6647c22f300d56fe3875b7d053c4d5eec719661c78c44c3350afeaf43', NULL, NULL, NULL, 'bf7ccb09-f9a1-4d7a-ae9d-910175458962', 'Success', NULL, NULL, '{"JobId":"bf7ccb09-f9a1-4d7a-ae9d-910175458962"}');
INSERT INTO public.idempotency_records VALUES (1, 'fill-paper-open', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '0e2161d908b98db32a760f6f367748c40d3cd2eee2761d2a82006cfc8b3ccf48', 6, '[6]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":6,"PositionId":4,"LiveOrderIds":[6],"ExecutionIds":[8]}');
INSERT INTO public.idempotency_records VALUES (1, '03983c13-013b-4524-8cb3-67e712e48bf1', 'StartPreparePositionEntry', 'Completed', 1710169200000000, 1710169200000000, '80d3aa894e25f04ab20d07dd6016c9cd8ffcf01fbdddcddba416d240b6ad8e02', NULL, NULL, NULL, 'b0ca70eb-63b3-4edc-a8ea-ac2d5390613e', 'Success', NULL, NULL, '{"JobId":"b0ca70eb-63b3-4edc-a8ea-ac2d5390613e"}');
INSERT INTO public.idempotency_records VALUES (1, 'fill-paper-closed', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '2b50d8889ec131b9da6d0fc3e71cac5726d1c0f8be55af85cf7abb96ad8e3a53', 7, '[7]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":7,"PositionId":5,"LiveOrderIds":[7],"ExecutionIds":[9]}');
INSERT INTO public.idempotency_records VALUES (1, '27e748c3-d5f4-4ce6-a55b-3b4dd7786f9d', 'StartPreparePositionExit', 'Completed', 1710169200000000, 1710169200000000, '3a4cedc0c9f75cedfde8bd96c5d3b3db1e0033598ba3bcaebb2c1a791bd253ba', NULL, NULL, NULL, '624d555b-58bd-481e-a17b-0db9617c9895', 'Success', NULL, NULL, '{"JobId":"624d555b-58bd-481e-a17b-0db9617c9895"}');
INSERT INTO public.idempotency_records VALUES (1, 'ed4d07e8-c7fc-44c9-9348-eaa53ced1471', 'ApplyPaperFills', 'Completed', 1710169200000000, 1710169200000000, '0ccd69939d30c565ce8783d0ed9f56c557dd134add20ca186f26ebccc5bce15e', 8, '[8]', NULL, NULL, 'Success', NULL, NULL, '{"ExecPlanId":8,"PositionId":5,"LiveOrderIds":[8],"ExecutionIds":[10]}');
INSERT INTO public.idempotency_records VALUES (1, '3d853ddc-671b-43e6-811e-69edd0bd1bd7', 'StartPreparePositionEntry', 'Completed', 1710770400000000, 1710770400000000, 'fea45c038bb237e59249c24247a8b5697dc0fcbe954875d7daa0fd5c7fa3e965', NULL, NULL, NULL, 'df08af07-10f0-48c7-8c24-23a070c46f9d', 'Success', NULL, NULL, '{"JobId":"df08af07-10f0-48c7-8c24-23a070c46f9d"}');
INSERT INTO public.idempotency_records VALUES (1, '134de2b6-be45-46ad-b47d-e0aa8f8ab7fa', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1', 10, '[9]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":9,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'cancel', 'CancelOrder', 'Completed', 1710770400000000, 1710770400000000, '1b41d08489502e4b5f0901bf6d645acd6f7298a1080fae14c77ac64c2111a35f', 10, '[9]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":9,"State":"Cancelled"}');
INSERT INTO public.idempotency_records VALUES (1, 'e2fc6415-4a8b-46f7-9951-9529297d05f4', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1', 10, '[10]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":10,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, 'replace', 'SendOrder', 'Completed', 1710770400000000, 1710770400000000, '9925c16bf18fd3054add88f489843cb63124036cc9e1f595a6b81c6402498469', 10, '[11]', NULL, NULL, 'Success', NULL, NULL, '{"LiveOrderId":11,"State":"Submitted"}');
INSERT INTO public.idempotency_records VALUES (1, '48f248a2-6ee8-435d-8a36-19354a13b5ce', 'StartPreparePositionEntry', 'Completed', 1710770400000000, 1710770400000000, 'b3371c01f06d53c8d3b80cac9e8988eb789b03f8558e024ed55f13352bedc155', NULL, NULL, NULL, 'bf1e8b41-a4e4-4880-8fb3-420a2a04eb7d', 'Success', NULL, NULL, '{"JobId":"bf1e8b41-a4e4-4880-8fb3-420a2a04eb7d"}');
INSERT INTO public.legs VALUES (2, 1, 1, 1, 'c', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'C', '5200', '100', 'Open', '-4', '-4', '-22589.4', '56.4735', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (1, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Closed', '-4', '0', '0', '52.1335', 0, 'e', '-12373.2', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (3, 1, 1, 1, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4700', '100', 'Open', '-4', '-4', '-19997.4', '49.9935', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (4, 1, 1, 2, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Closed', '-1', '0', '0', '82.9835', 0, 'e', '-8.3', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (6, 1, 2, 4, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4800', '100', 'Open', '-1', '-1', '-8304.35', '83.0435', 0, 'e', '0', NULL, 1710169200000000, NULL);
INSERT INTO public.legs VALUES (7, 1, 2, 5, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-04-19', 1713556800000000, 'P', '4775', '100', 'Closed', '-1', '0', '0', '73.6935', 0, 'e', '-1.3', NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.legs VALUES (5, 1, 1, 3, 'p', 'SPX', 'Index', 'USD', 'SPXW', '2024-03-15', 1710532800000000, 'P', '4950', '100', 'Closed', '-1', '0', '0', '71.7835', 0, 'e', '2178.35', NULL, 1710169200000000, 1710532800000000);
INSERT INTO public.market_times VALUES (1795990349930237, 1710169200000000);
INSERT INTO public.notification_rules VALUES (1, 1, 'phone', 'Webhook (JSON)', 'v1:1628aeae6cb36e21:Nsp2l2tia4zhgfvPbbu2YOlhi1eoUyJVACLGXiRGPs1KoNIyIZLbbDeOnuilLw==', '["Halts"]', NULL, NULL, NULL, false, 1795990364854980, 86, 0, 0, '{}', 0, 0, NULL, NULL, NULL);
INSERT INTO public.order_facts VALUES (1, 1, 1, 1, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"352f6716-7d6b-43fe-8142-da47a8af5482","venue_id":"V1-d72f4ba0","at":"2024-03-11T15:00:00Z","session_id":1}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (2, 1, 1, 1, 'Executed', 'E2-d72f4ba0', '{"type":"Execution","account":"SIM1000","reference":"352f6716-7d6b-43fe-8142-da47a8af5482","venue_id":"V1-d72f4ba0","execution_id":"E2-d72f4ba0","qty":"4","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-4","price":"52.14","commission":"2.60"},{"name":"c","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"C","strike":"5200","multiplier":"100"},"qty":"-4","price":"56.48","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (3, 1, 1, 2, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"5f9d70ab-3a7f-498d-a7eb-a1234c759177","venue_id":"V3-d72f4ba0","at":"2024-03-11T15:00:00Z","session_id":2}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (4, 1, 1, 2, 'Executed', 'E4-d72f4ba0', '{"type":"Execution","account":"SIM1000","reference":"5f9d70ab-3a7f-498d-a7eb-a1234c759177","venue_id":"V3-d72f4ba0","execution_id":"E4-d72f4ba0","qty":"4","legs":[{"name":"p:close","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"4","price":"83.06","commission":"2.60"},{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4700","multiplier":"100"},"qty":"-4","price":"50.00","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (5, 1, 1, 3, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"09fbb071-9a02-480f-88c9-3eafb5209da7","venue_id":"V5-d72f4ba0","at":"2024-03-11T15:00:00Z","session_id":3}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (6, 1, 1, 3, 'Executed', 'E6-d72f4ba0', '{"type":"Execution","account":"SIM1000","reference":"09fbb071-9a02-480f-88c9-3eafb5209da7","venue_id":"V5-d72f4ba0","execution_id":"E6-d72f4ba0","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-1","price":"82.99","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (7, 1, 1, 4, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"60b8e304-fa0a-448e-a1a7-434f4aa5824f","venue_id":"V7-d72f4ba0","at":"2024-03-11T15:00:00Z","session_id":4}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (8, 1, 1, 4, 'Executed', 'E8-d72f4ba0', '{"type":"Execution","account":"SIM1000","reference":"60b8e304-fa0a-448e-a1a7-434f4aa5824f","venue_id":"V7-d72f4ba0","execution_id":"E8-d72f4ba0","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"1","price":"83.06","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (9, 1, 1, 5, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"d46d8dec-d419-4cc5-8ea7-893f59c37245","venue_id":"V9-d72f4ba0","at":"2024-03-11T15:00:00Z","session_id":5}', 1710169200000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (10, 1, 1, 5, 'Executed', 'E10-d72f4ba0', '{"type":"Execution","account":"SIM1000","reference":"d46d8dec-d419-4cc5-8ea7-893f59c37245","venue_id":"V9-d72f4ba0","execution_id":"E10-d72f4ba0","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"71.79","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}', 1710169200000000, 'Submitted', 'Filled', NULL);
INSERT INTO public.order_facts VALUES (11, 1, 1, 9, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"1ddd3eb4-e798-4c27-8876-8bc3e72c5090","venue_id":"V12-d72f4ba0","at":"2024-03-18T14:00:00Z","session_id":6}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (12, 1, 1, 9, 'CancelSent', NULL, '{"at":"2024-03-18T14:00:00Z"}', 1710770400000000, 'Submitted', 'PendingCancel', NULL);
INSERT INTO public.order_facts VALUES (13, 1, 1, 9, 'Cancelled', NULL, '{"type":"Ended","account":"SIM1000","reference":"1ddd3eb4-e798-4c27-8876-8bc3e72c5090","venue_id":"V12-d72f4ba0","how":"Cancelled","at":"2024-03-18T14:00:00Z","reason":"cancelled","code":null}', 1710770400000000, 'PendingCancel', 'Cancelled', NULL);
INSERT INTO public.order_facts VALUES (14, 1, 1, 10, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"e257fd97-9ae6-4297-9615-5567cea7685c","venue_id":"V13-d72f4ba0","at":"2024-03-18T14:00:00Z","session_id":7}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (15, 1, 1, 11, 'Acknowledged', NULL, '{"type":"Accepted","account":"SIM1000","reference":"040b2af5-d3d2-453f-8f97-67e438841454","venue_id":"V14-d72f4ba0","at":"2024-03-18T14:00:00Z","session_id":8}', 1710770400000000, 'PendingSubmit', 'Submitted', NULL);
INSERT INTO public.order_facts VALUES (16, 1, 1, 10, 'Replaced', NULL, '{"at":"2024-03-18T14:00:00Z"}', 1710770400000000, 'Submitted', 'Replaced', NULL);
INSERT INTO public.orders VALUES (1, 1, 1, 1, 1, 1, 0, 'Filled', 'B', '4', '4', '-108.62', '-108.62', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-434.48', '352f6716-7d6b-43fe-8142-da47a8af5482', 'V1-d72f4ba0', NULL, false, 'fe23cde81f9e6094', 'fdfe308d-046b-4419-9c40-e84b2c6a5255', NULL, NULL, NULL, NULL, 1, 1795990358648197, 1, 1795990353833872);
INSERT INTO public.orders VALUES (2, 1, 1, 2, 1, 1, 0, 'Filled', 'B', '4', '4', '33.06', '33.06', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '132.24', '5f9d70ab-3a7f-498d-a7eb-a1234c759177', 'V3-d72f4ba0', NULL, false, 'fe23cde81f9e6094', '851dd924-81c0-433b-9c2d-3f510850d7d6', NULL, NULL, NULL, NULL, 1, 1795990360318737, 1, 1795990355382378);
INSERT INTO public.orders VALUES (9, 1, 1, 10, NULL, 5, 0, 'Cancelled', 'S', '-1', '0', NULL, NULL, '-400', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', '1ddd3eb4-e798-4c27-8876-8bc3e72c5090', 'V12-d72f4ba0', NULL, false, 'fe23cde81f9e6094', '134de2b6-be45-46ad-b47d-e0aa8f8ab7fa', NULL, NULL, NULL, NULL, 1, 1795990367528061, 1, 1795990362587292);
INSERT INTO public.orders VALUES (3, 1, 1, 3, 2, 2, 0, 'Filled', 'S', '-1', '-1', '-82.99', '-82.99', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-82.99', '09fbb071-9a02-480f-88c9-3eafb5209da7', 'V5-d72f4ba0', NULL, false, 'fe23cde81f9e6094', '59ffe299-6017-438d-b1dc-d25889c7a033', NULL, NULL, NULL, NULL, 1, 1795990361314016, 1, 1795990356484652);
INSERT INTO public.orders VALUES (4, 1, 1, 4, 2, 2, 0, 'Filled', 'B', '1', '1', '83.06', '83.06', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '83.06', '60b8e304-fa0a-448e-a1a7-434f4aa5824f', 'V7-d72f4ba0', NULL, false, 'fe23cde81f9e6094', '14f2c1f9-6a51-43ef-bc51-3ca2e12ece42', NULL, NULL, NULL, NULL, 1, 1795990362401742, 1, 1795990357439571);
INSERT INTO public.orders VALUES (5, 1, 1, 5, 3, 3, 0, 'Filled', 'S', '-1', '-1', '-71.79', '-71.79', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, '1', '-71.79', 'd46d8dec-d419-4cc5-8ea7-893f59c37245', 'V9-d72f4ba0', NULL, false, 'fe23cde81f9e6094', 'fe8c6250-d601-43ec-a249-2fb9e355d807', NULL, NULL, NULL, NULL, 1, 1795990363172997, 1, 1795990358258439);
INSERT INTO public.orders VALUES (6, 1, 2, 6, 4, 4, 0, 'Filled', 'S', '-1', '-1', '-83.05', '-83.05', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (7, 1, 2, 7, 5, 4, 0, 'Filled', 'S', '-1', '-1', '-73.7', '-73.7', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (8, 1, 2, 8, 5, 4, 0, 'Filled', 'B', '1', '1', '73.7', '73.7', NULL, NULL, 'Market', 'Day', 1710169200000000, 1710169200000000, 1710169200000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (11, 1, 1, 10, NULL, 5, 0, 'Submitted', 'S', '-1', '0', NULL, NULL, '-399', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', '040b2af5-d3d2-453f-8f97-67e438841454', 'V14-d72f4ba0', NULL, false, 'fe23cde81f9e6094', 'replace', NULL, 10, NULL, NULL, 1, 1795990368078652, 1, 1795990363191048);
INSERT INTO public.orders VALUES (10, 1, 1, 10, NULL, 5, 0, 'Replaced', 'S', '-1', '0', NULL, NULL, '-400', NULL, 'Limit', 'Day', 1710770400000000, NULL, 1710770400000000, '1', '0', 'e257fd97-9ae6-4297-9615-5567cea7685c', 'V13-d72f4ba0', NULL, false, 'fe23cde81f9e6094', 'e2fc6415-4a8b-46f7-9951-9529297d05f4', NULL, NULL, 11, NULL, 1, 1795990367879051, 1, 1795990362971022);
INSERT INTO public.position_samples VALUES (1, 1710770400000000, '3933.1061', '-12373.2', -262.804939, 4900, 26.56674, -0.76173453, 1002.15047, -3231.935265);
INSERT INTO public.position_samples VALUES (3, 1710770400000000, NULL, '0', NULL, 4900, NULL, NULL, NULL, NULL);
INSERT INTO public.position_samples VALUES (4, 1710770400000000, '1118.6542', '0', -71.856958, 4900, 35.324971, -0.12757759, 167.843169, -541.294219);
INSERT INTO public.positions VALUES (1, 1, 1, 1, 1, 'a position', 'Open', '1', '{"moves":1,"seen":0,"expiration_e_dte":39}', '-12373.2', 1, 1710169200000000, NULL);
INSERT INTO public.positions VALUES (2, 1, 1, 2, 3, 'left again', 'Closed', '1', '{"expiration_e_dte":39}', '-8.3', 0, 1710169200000000, 1710169200000000);
INSERT INTO public.positions VALUES (4, 1, 2, 4, 6, 'paper open', 'Open', '1', '{"seen":4900,"expiration_e_dte":39}', '0', 0, 1710169200000000, NULL);
INSERT INTO public.positions VALUES (5, 1, 2, 4, 7, 'paper closed', 'Closed', '1', '{"seen":4900,"expiration_e_dte":39}', '-1.3', 0, 1710169200000000, 1710169200000000);
INSERT INTO public.positions VALUES (3, 1, 1, 3, 5, 'expires', 'Closed', '1', '{"expiration_e_dte":4}', '2178.35', 0, 1710169200000000, 1710532800000000);
INSERT INTO public.prepare_jobs VALUES ('cfc76ef5-bd26-4daa-8646-2c83c34ffb83', 1, 'Entry', 'Completed', 1, 1, NULL, '{"IdempotencyKey":"b1a43a7c-d9b7-4f7e-98e0-615a82866dad","PositionName":"a position","StrategyId":1,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 1, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('94f072cf-bdbf-4f41-9509-02bc162bdb71', 1, 'Adjustment', 'Completed', 1, 1, 1, '{"IdempotencyKey":"cc73650a-37f7-4f94-891d-3780cd04f2a0","PositionId":1,"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","LegSelectionConstraint":"FullyUnique","DataProvider":null}', '{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}', 2, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('47e2bd63-55ad-4786-bb4e-b02baa06b94d', 1, 'Entry', 'Completed', 2, 1, NULL, '{"IdempotencyKey":"a8f7a4ba-c4d9-41df-a03c-5d53ec9b49cf","PositionName":"left again","StrategyId":2,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 3, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('900c5683-3e7f-4572-84eb-ad088c8f7334', 1, 'Exit', 'Completed', 2, 1, 2, '{"IdempotencyKey":"bdd7a812-dd8a-4f6f-ab50-84262500610d","PositionId":2,"DataProvider":null}', '{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}', 4, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('f0b283a9-3b18-4227-a262-8baa0befb80a', 1, 'Entry', 'Completed', 3, 1, NULL, '{"IdempotencyKey":"a03824e6-186d-4201-87de-b0c3d2d2395c","PositionName":"expires","StrategyId":3,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 5, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('bf7ccb09-f9a1-4d7a-ae9d-910175458962', 1, 'Entry', 'Completed', 4, 2, NULL, '{"IdempotencyKey":"cf0d40d7-4806-4330-89aa-cd20252b516a","PositionName":"paper open","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 6, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('b0ca70eb-63b3-4edc-a8ea-ac2d5390613e', 1, 'Entry', 'Completed', 4, 2, NULL, '{"IdempotencyKey":"03983c13-013b-4524-8cb3-67e712e48bf1","PositionName":"paper closed","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 7, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('624d555b-58bd-481e-a17b-0db9617c9895', 1, 'Exit', 'Completed', 4, 2, 5, '{"IdempotencyKey":"27e748c3-d5f4-4ce6-a55b-3b4dd7786f9d","PositionId":5,"DataProvider":null}', '{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}', 8, NULL, 1710169200000000, 1710169200000000);
INSERT INTO public.prepare_jobs VALUES ('df08af07-10f0-48c7-8c24-23a070c46f9d', 1, 'Entry', 'Completed', 5, 1, NULL, '{"IdempotencyKey":"3d853ddc-671b-43e6-811e-69edd0bd1bd7","PositionName":"waits","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 10, NULL, 1710770400000000, 1710770400000000);
INSERT INTO public.prepare_jobs VALUES ('bf1e8b41-a4e4-4880-8fb3-420a2a04eb7d', 1, 'Entry', 'Completed', 5, 1, NULL, '{"IdempotencyKey":"48f248a2-6ee8-435d-8a36-19354a13b5ce","PositionName":"never sent","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}', '{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}', 11, NULL, 1710770400000000, 1710770400000000);
INSERT INTO public.server_state VALUES ('places', '{"venue":null,"secret":null}', 1795990350035200);
INSERT INTO public.server_state VALUES ('send_epoch', '1', 1795990350256930);
INSERT INTO public.server_state VALUES ('market_time', '{"source":"simulated","start":null,"reached":"2024-03-18T14:00:00Z"}', 1795990366355127);
INSERT INTO public.settlement_facts VALUES (1, 1, 1, 'S11-d72f4ba0', 'Settled', '{"type":"Settled","account":"SIM1000","fact_id":"S11-d72f4ba0","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"50.0","cash":"-5000.0","at":"2024-03-15T20:00:00Z"}', 1710532800000000, 1710770400000000, '-1', false);
INSERT INTO public.signal_states VALUES (1, 'Adjustment:1:1:1:adb071846f1a3842eee8c931f581992a', 'Adjustment', 1, 1, 1, '{"EventId":"70018b48-8d6d-44ec-ab19-c92892b5d1fe","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:4:2:-:-', 'Entry', 4, 2, NULL, '{"EventId":"d65660a6-657b-4830-a8f6-d91f4342ce79","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Exit:4:2:4:-', 'Exit', 4, 2, 4, '{"EventId":"45f6ddde-4fda-4008-85f9-1b1df1842f73","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}', 1710169200000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:1:1:-:-', 'Entry', 1, 1, NULL, '{"EventId":"d5489b9c-5246-4693-95b3-7212445d91d7","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:2:1:-:-', 'Entry', 2, 1, NULL, '{"EventId":"9819e9b6-1b16-4625-bf80-e924699650e9","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:3:1:-:-', 'Entry', 3, 1, NULL, '{"EventId":"fd810655-be6c-4499-a212-a28f25fcece5","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
INSERT INTO public.signal_states VALUES (1, 'Entry:4:1:-:-', 'Entry', 4, 1, NULL, '{"EventId":"c158b5df-e8b5-4eb2-b6cd-1d34aaee5749","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}', 1710770400000000);
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
INSERT INTO public.strategy_versions VALUES (1, 1, '{"MesoSimVersion":"3.0","StrategyName":"short put","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}},{"Name":"far","DTE":"67","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-4","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"},"LegGroupId":"0"},{"Name":"c","Qty":"-4","OptionType":"Call","ExpirationName":"e","StrikeSelector":{"StrikePrice":"5200"},"LegGroupId":"0"}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"moves":"0","seen":"0"}},"Exit":{},"Adjustment":{"MaxAdjustmentCount":null,"ConditionalAdjustments":{"underlying_price > 1 -- adjust":{"MoveLegAdjustment":{"LegName":"p","VarDefines":{"moves":"moves + 1"},"StrikeSelector":{"StrikePrice":"leg_p_strike - 100"}}}}}}', 1710169200000000, 'fe23cde81f9e6094');
INSERT INTO public.strategy_versions VALUES (2, 1, '{"MesoSimVersion":"3.0","StrategyName":"left","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', 1710169200000000, 'fe23cde81f9e6094');
INSERT INTO public.strategy_versions VALUES (3, 1, '{"MesoSimVersion":"3.0","StrategyName":"soon","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"4","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4950"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', 1710169200000000, 'fe23cde81f9e6094');
INSERT INTO public.strategy_versions VALUES (4, 1, '{"MesoSimVersion":"3.0","StrategyName":"watched","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"seen":"underlying_price"}},"Exit":{"Conditions":["underlying_price > 1"]}}', 1710169200000000, 'fe23cde81f9e6094');
INSERT INTO public.strategy_versions VALUES (5, 1, '{"MesoSimVersion":"3.0","StrategyName":"waiting","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"32","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4700"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', 1710770400000000, 'fe23cde81f9e6094');
INSERT INTO public.strategy_versions VALUES (6, 1, '{"MesoSimVersion":"3.0","StrategyName":"deleted","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}', 1710770400000000, 'fe23cde81f9e6094');
INSERT INTO public.underlying_days VALUES ('Simulated', 'SPX', '2024-03-15', 4890, 4900, NULL, NULL, 1710770400000000);
INSERT INTO public.underlying_days VALUES ('simulated', 'NDX', '2024-03-15', 18000.25, 18010.5, 18010.5, 0.2, 1710770400000000);
INSERT INTO public.users VALUES (1, 'trader', 1795990350000000);
INSERT INTO public.users VALUES (2, 'somebody else', 1795990351000000);
SELECT pg_catalog.setval('public.accounts_id_seq', 2, true);
SELECT pg_catalog.setval('public.audit_entries_id_seq', 2, true);
SELECT pg_catalog.setval('public.connection_log_id_seq', 1, false);
SELECT pg_catalog.setval('public.connections_id_seq', 1, true);
SELECT pg_catalog.setval('public.exec_plans_id_seq', 11, true);
SELECT pg_catalog.setval('public.executions_id_seq', 11, true);
SELECT pg_catalog.setval('public.halts_id_seq', 1, true);
SELECT pg_catalog.setval('public.legs_id_seq', 7, true);
SELECT pg_catalog.setval('public.market_times_wall_at_seq', 1, false);
SELECT pg_catalog.setval('public.notification_rules_id_seq', 1, true);
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
ALTER TABLE ONLY public.account_samples
    ADD CONSTRAINT pk_account_samples PRIMARY KEY (account_id, at);
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
ALTER TABLE ONLY public.broker_facts
    ADD CONSTRAINT pk_broker_facts PRIMARY KEY (account_id);
ALTER TABLE ONLY public.connection_accounts
    ADD CONSTRAINT pk_connection_accounts PRIMARY KEY (connection_id, broker_account_id);
ALTER TABLE ONLY public.connection_log
    ADD CONSTRAINT pk_connection_log PRIMARY KEY (id);
ALTER TABLE ONLY public.connection_secrets
    ADD CONSTRAINT pk_connection_secrets PRIMARY KEY (connection_id, name);
ALTER TABLE ONLY public.connections
    ADD CONSTRAINT pk_connections PRIMARY KEY (id);
ALTER TABLE ONLY public.error_acknowledgements
    ADD CONSTRAINT pk_error_acknowledgements PRIMARY KEY (user_id, error_id);
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
ALTER TABLE ONLY public.notification_rules
    ADD CONSTRAINT pk_notification_rules PRIMARY KEY (id);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT pk_order_facts PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT pk_orders PRIMARY KEY (id);
ALTER TABLE ONLY public.portal_codes
    ADD CONSTRAINT pk_portal_codes PRIMARY KEY (digest);
ALTER TABLE ONLY public.portal_sessions
    ADD CONSTRAINT pk_portal_sessions PRIMARY KEY (session_id);
ALTER TABLE ONLY public.position_samples
    ADD CONSTRAINT pk_position_samples PRIMARY KEY (position_id, at);
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
ALTER TABLE ONLY public.strategy_versions
    ADD CONSTRAINT pk_strategy_versions PRIMARY KEY (strategy_id, number);
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
ALTER TABLE ONLY public.notification_rules
    ADD CONSTRAINT uq_notification_rules_user_id_name UNIQUE (user_id, name);
ALTER TABLE ONLY public.order_facts
    ADD CONSTRAINT uq_order_facts_account_id_execution_id UNIQUE (account_id, execution_id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT uq_orders_reference UNIQUE (reference);
ALTER TABLE ONLY public.portal_sessions
    ADD CONSTRAINT uq_portal_sessions_digest UNIQUE (digest);
ALTER TABLE ONLY public.settlement_facts
    ADD CONSTRAINT uq_settlement_facts_account_id_fact_id UNIQUE (account_id, fact_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_name UNIQUE (name);
CREATE INDEX ix_api_keys_user_id ON public.api_keys USING btree (user_id);
CREATE INDEX ix_audit_entries_order ON public.audit_entries USING btree (order_id, id);
CREATE INDEX ix_audit_entries_user ON public.audit_entries USING btree (user_id, id);
CREATE INDEX ix_connection_log_connection ON public.connection_log USING btree (connection_id, id);
CREATE INDEX ix_connections_user ON public.connections USING btree (user_id, name);
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
CREATE INDEX ix_portal_sessions_user_id ON public.portal_sessions USING btree (user_id);
CREATE INDEX ix_positions_entry_plan ON public.positions USING btree (entry_plan_id);
CREATE INDEX ix_positions_strategy ON public.positions USING btree (strategy_id, state);
CREATE INDEX ix_positions_user_state ON public.positions USING btree (user_id, state, id);
CREATE INDEX ix_prepare_jobs_plan ON public.prepare_jobs USING btree (plan_id);
CREATE INDEX ix_prepare_jobs_status ON public.prepare_jobs USING btree (status);
CREATE INDEX ix_settlement_facts_waits ON public.settlement_facts USING btree (account_id, waits);
CREATE INDEX ix_signal_states_strategy ON public.signal_states USING btree (strategy_id, account_id);
CREATE INDEX ix_strategies_user ON public.strategies USING btree (user_id, id);
ALTER TABLE ONLY public.account_limits
    ADD CONSTRAINT fk_account_limits_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.account_samples
    ADD CONSTRAINT fk_account_samples_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT fk_accounts_connection_id_connections FOREIGN KEY (connection_id) REFERENCES public.connections(id);
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
ALTER TABLE ONLY public.broker_facts
    ADD CONSTRAINT fk_broker_facts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.connection_accounts
    ADD CONSTRAINT fk_connection_accounts_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.connection_accounts
    ADD CONSTRAINT fk_connection_accounts_connection_id_connections FOREIGN KEY (connection_id) REFERENCES public.connections(id);
ALTER TABLE ONLY public.connection_log
    ADD CONSTRAINT fk_connection_log_connection_id_connections FOREIGN KEY (connection_id) REFERENCES public.connections(id);
ALTER TABLE ONLY public.connection_secrets
    ADD CONSTRAINT fk_connection_secrets_connection_id_connections FOREIGN KEY (connection_id) REFERENCES public.connections(id);
ALTER TABLE ONLY public.connections
    ADD CONSTRAINT fk_connections_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.error_acknowledgements
    ADD CONSTRAINT fk_error_acknowledgements_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
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
ALTER TABLE ONLY public.halts
    ADD CONSTRAINT fk_halts_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.idempotency_records
    ADD CONSTRAINT fk_idempotency_records_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_account_id_accounts FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_position_id_positions FOREIGN KEY (position_id) REFERENCES public.positions(id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.notification_rules
    ADD CONSTRAINT fk_notification_rules_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
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
ALTER TABLE ONLY public.portal_codes
    ADD CONSTRAINT fk_portal_codes_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.portal_sessions
    ADD CONSTRAINT fk_portal_sessions_key_id_api_keys FOREIGN KEY (key_id) REFERENCES public.api_keys(key_id);
ALTER TABLE ONLY public.portal_sessions
    ADD CONSTRAINT fk_portal_sessions_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.position_samples
    ADD CONSTRAINT fk_position_samples_position_id_positions FOREIGN KEY (position_id) REFERENCES public.positions(id);
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
ALTER TABLE ONLY public.strategy_versions
    ADD CONSTRAINT fk_strategy_versions_strategy_id_strategies FOREIGN KEY (strategy_id) REFERENCES public.strategies(id);
