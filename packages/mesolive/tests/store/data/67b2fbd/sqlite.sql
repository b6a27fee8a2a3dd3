BEGIN TRANSACTION;
CREATE TABLE account_limits (
	account_id INTEGER NOT NULL, 
	allow_live BOOLEAN NOT NULL, 
	max_contracts TEXT NOT NULL, 
	max_premium TEXT NOT NULL, 
	max_orders_per_minute INTEGER NOT NULL, 
	price_band TEXT NOT NULL, 
	max_notional TEXT NOT NULL, 
	max_loss TEXT NOT NULL, 
	allow_unlimited_loss BOOLEAN NOT NULL, 
	stale_exit_policy VARCHAR(16) NOT NULL, 
	queue_orders BOOLEAN NOT NULL, 
	CONSTRAINT pk_account_limits PRIMARY KEY (account_id), 
	CONSTRAINT fk_account_limits_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "account_limits" VALUES(1,1,'40','250000',30,'0.4','50000000','2000000',1,'LimitOnly',0);
CREATE TABLE account_samples (
	account_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	net_liquidation TEXT, 
	cash TEXT NOT NULL, 
	margin TEXT, 
	CONSTRAINT pk_account_samples PRIMARY KEY (account_id, at), 
	CONSTRAINT fk_account_samples_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "account_samples" VALUES(1,1710770400000000,NULL,'137383.65',NULL);
INSERT INTO "account_samples" VALUES(2,1710770400000000,'51117.354242710386','58303.05','70685.7');
CREATE TABLE accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	broker_account_id VARCHAR(64) NOT NULL, 
	broker_type VARCHAR(16) NOT NULL, 
	account_type VARCHAR(32) NOT NULL, 
	currency VARCHAR(8) NOT NULL, 
	is_paper BOOLEAN NOT NULL, 
	initial_cash TEXT NOT NULL, 
	cash TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	last_updated BIGINT NOT NULL, 
	connection_id INTEGER, 
	data_provider VARCHAR(16), 
	accept_delayed BOOLEAN NOT NULL, 
	disabled_at BIGINT, 
	CONSTRAINT uq_accounts_user_id_broker_account_id UNIQUE (user_id, broker_account_id), 
	CONSTRAINT fk_accounts_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_accounts_connection_id_connections FOREIGN KEY(connection_id) REFERENCES connections (id)
);
INSERT INTO "accounts" VALUES(1,1,'SIM1000','Simulated','Simulated','USD',0,'100000','132383.65',1710169200000000,1710532800000000,NULL,NULL,0,NULL);
INSERT INTO "accounts" VALUES(2,1,'ML1000','MesoLive','Paper','USD',1,'50000','58303.05',1710169200000000,1710169200000000,NULL,NULL,0,NULL);
CREATE TABLE active_events (
	user_id INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	event_seq_id BIGINT NOT NULL, 
	CONSTRAINT pk_active_events PRIMARY KEY (user_id, subject), 
	CONSTRAINT fk_active_events_user_id_event_seq_id_events FOREIGN KEY(user_id, event_seq_id) REFERENCES events (user_id, event_seq_id), 
	CONSTRAINT fk_active_events_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "active_events" VALUES(1,'adjustment:1:adb071846f1a3842eee8c931f581992a80532405368102196bb9f11e9d1a17ed',50);
INSERT INTO "active_events" VALUES(1,'entry:4:ML1000',54);
INSERT INTO "active_events" VALUES(1,'exit:4',55);
INSERT INTO "active_events" VALUES(1,'entry:1:SIM1000',67);
INSERT INTO "active_events" VALUES(1,'entry:2:SIM1000',68);
INSERT INTO "active_events" VALUES(1,'entry:3:SIM1000',69);
INSERT INTO "active_events" VALUES(1,'entry:4:SIM1000',70);
CREATE TABLE adjustment_plans (
	plan_id INTEGER NOT NULL, 
	operation VARCHAR(16) NOT NULL, 
	condition TEXT NOT NULL, 
	counts BOOLEAN NOT NULL, 
	updates BOOLEAN NOT NULL, 
	CONSTRAINT pk_adjustment_plans PRIMARY KEY (plan_id), 
	CONSTRAINT fk_adjustment_plans_plan_id_exec_plans FOREIGN KEY(plan_id) REFERENCES exec_plans (id)
);
INSERT INTO "adjustment_plans" VALUES(2,'MoveLeg','underlying_price > 1 -- adjust',1,0);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0013');
CREATE TABLE api_keys (
	key_id TEXT NOT NULL, 
	user_id INTEGER NOT NULL, 
	label TEXT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, 
	role VARCHAR(16), 
	last_used_at BIGINT, 
	CONSTRAINT pk_api_keys PRIMARY KEY (key_id), 
	CONSTRAINT fk_api_keys_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "api_keys" VALUES('f72bda32e2028495',1,NULL,1795990329000000,1827526329000000,NULL,'trade',1795990331271788);
INSERT INTO "api_keys" VALUES('ca21a02cf5cdbfff',2,'laptop',1795990330000000,1798582330000000,NULL,'trade',NULL);
INSERT INTO "api_keys" VALUES('5485d05a6f1e523c',1,'lost',1795990330000000,1827526330000000,1795990330081170,'trade',NULL);
CREATE TABLE audit_entries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER, 
	order_id BIGINT, 
	at BIGINT NOT NULL, 
	actor VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	idempotency_key VARCHAR(128), 
	detail TEXT, 
	CONSTRAINT fk_audit_entries_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_audit_entries_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "audit_entries" VALUES(1,1,1,9,1710770400000000,'f72bda32e2028495','CancelOrder','cancel',NULL);
INSERT INTO "audit_entries" VALUES(2,1,NULL,NULL,1795990338269360,'f72bda32e2028495','AddConnector',NULL,'{"connector":"broker","kind":"simulated"}');
CREATE TABLE broker_facts (
	account_id INTEGER NOT NULL, 
	as_of BIGINT NOT NULL, 
	received_at BIGINT NOT NULL, 
	net_liquidation TEXT, 
	cash TEXT, 
	initial_margin TEXT, 
	maintenance_margin TEXT, 
	buying_power TEXT, 
	excess_liquidity TEXT, 
	day_trades_left INTEGER, 
	CONSTRAINT pk_broker_facts PRIMARY KEY (account_id), 
	CONSTRAINT fk_broker_facts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE TABLE connection_accounts (
	connection_id INTEGER NOT NULL, 
	broker_account_id VARCHAR(64) NOT NULL, 
	live BOOLEAN NOT NULL, 
	account_type VARCHAR(32) NOT NULL, 
	currency VARCHAR(8) NOT NULL, 
	can_trade BOOLEAN NOT NULL, 
	permissions TEXT NOT NULL, 
	first_seen_at BIGINT NOT NULL, 
	last_seen_at BIGINT NOT NULL, 
	account_id INTEGER, 
	CONSTRAINT pk_connection_accounts PRIMARY KEY (connection_id, broker_account_id), 
	CONSTRAINT fk_connection_accounts_connection_id_connections FOREIGN KEY(connection_id) REFERENCES connections (id), 
	CONSTRAINT fk_connection_accounts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE TABLE connection_log (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	connection_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	CONSTRAINT fk_connection_log_connection_id_connections FOREIGN KEY(connection_id) REFERENCES connections (id)
);
CREATE TABLE connection_secrets (
	connection_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	sealed TEXT NOT NULL, 
	CONSTRAINT pk_connection_secrets PRIMARY KEY (connection_id, name), 
	CONSTRAINT fk_connection_secrets_connection_id_connections FOREIGN KEY(connection_id) REFERENCES connections (id)
);
INSERT INTO "connection_secrets" VALUES(1,'password','v1:1628aeae6cb36e21:NXdq5ZYJCIQwprLry4sV9bG4Jpd4l7Kypv9jV6qN_f8S2g==');
CREATE TABLE connections (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	settings TEXT NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	removed_at BIGINT, 
	agent VARCHAR(64), 
	agent_epoch BIGINT, 
	agent_offer TEXT, 
	CONSTRAINT fk_connections_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "connections" VALUES(1,1,'broker','simulated','{}',0,1795990338157187,1795990338157187,NULL,NULL,NULL,NULL);
CREATE TABLE error_acknowledgements (
	user_id INTEGER NOT NULL, 
	error_id TEXT NOT NULL, 
	event_seq_id BIGINT NOT NULL, 
	acknowledged_at BIGINT NOT NULL, 
	acknowledged_by TEXT NOT NULL, 
	CONSTRAINT pk_error_acknowledgements PRIMARY KEY (user_id, error_id), 
	CONSTRAINT fk_error_acknowledgements_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE event_counters (
	user_id INTEGER NOT NULL, 
	latest_seq_id BIGINT NOT NULL, 
	pruned_seq_id BIGINT, 
	CONSTRAINT pk_event_counters PRIMARY KEY (user_id), 
	CONSTRAINT fk_event_counters_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "event_counters" VALUES(1,86,NULL);
CREATE TABLE events (
	user_id INTEGER NOT NULL, 
	event_seq_id BIGINT NOT NULL, 
	event_id TEXT NOT NULL, 
	event_time BIGINT NOT NULL, 
	event_type TEXT NOT NULL, 
	strategy_id BIGINT, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (user_id, event_seq_id), 
	CONSTRAINT fk_events_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_events_event_id UNIQUE (event_id)
);
INSERT INTO "events" VALUES(1,1,'56f16f06-046d-4a35-8e8a-ca6e7a7d75b8',1710169200000000,'OnPositionEntryPreparationCompleted',1,'{"EventId":"56f16f06-046d-4a35-8e8a-ca6e7a7d75b8","EventSeqId":1,"EventTime":"2024-03-11T15:00:00Z","JobId":"041b5e43-e528-4525-abb9-4d376bef1c22","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,2,'c5c0281c-749d-4ad6-931d-b0812e46edeb',1710169200000000,'OnOrderUpdate',1,'{"EventId":"c5c0281c-749d-4ad6-931d-b0812e46edeb","EventSeqId":2,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,3,'b9cdebaa-50c3-40db-a05a-dec55c560c98',1710169200000000,'OnOrderUpdate',1,'{"EventId":"b9cdebaa-50c3-40db-a05a-dec55c560c98","EventSeqId":3,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,4,'5233e706-43cd-45e5-adbb-1c46c3b9988e',1710169200000000,'OnOrderUpdate',1,'{"EventId":"5233e706-43cd-45e5-adbb-1c46c3b9988e","EventSeqId":4,"EventTime":"2024-03-11T15:00:00Z","OrderId":1,"BrokerAccountId":"SIM1000","ExecPlanId":1,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":-108.62,"AvgFillPrice":-108.62,"Rejection":null}');
INSERT INTO "events" VALUES(1,5,'068042d7-159c-4ac4-ba8e-04cce8ce00cc',1710169200000000,'OnPositionUpdate',1,'{"EventId":"068042d7-159c-4ac4-ba8e-04cce8ce00cc","EventSeqId":5,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO "events" VALUES(1,6,'46cd1be1-ba7d-4293-81d2-d525e8a562e8',1710169200000000,'OnLegUpdate',1,'{"EventId":"46cd1be1-ba7d-4293-81d2-d525e8a562e8","EventSeqId":6,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,7,'2acc764f-5b67-4dc8-8c90-e94530d7a3b8',1710169200000000,'OnLegUpdate',1,'{"EventId":"2acc764f-5b67-4dc8-8c90-e94530d7a3b8","EventSeqId":7,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Opening","Qty":-4,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,8,'2484c9e5-6c89-4196-a176-77427e9c0b11',1710169200000000,'OnLegUpdate',1,'{"EventId":"2484c9e5-6c89-4196-a176-77427e9c0b11","EventSeqId":8,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,9,'d4db76e9-deb5-4251-b654-0c438ff03fb8',1710169200000000,'OnLegUpdate',1,'{"EventId":"d4db76e9-deb5-4251-b654-0c438ff03fb8","EventSeqId":9,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":2,"LegName":"c","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,10,'5a78d80c-5843-4344-a78a-34cfdf6f5996',1710169200000000,'OnPositionAdjustmentPreparationCompleted',1,'{"EventId":"5a78d80c-5843-4344-a78a-34cfdf6f5996","EventSeqId":10,"EventTime":"2024-03-11T15:00:00Z","JobId":"a44c7f89-e104-41e4-96d9-1aae31ff6033","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}}');
INSERT INTO "events" VALUES(1,11,'63e162e0-51fd-4163-bdae-73f6714f8625',1710169200000000,'OnOrderUpdate',1,'{"EventId":"63e162e0-51fd-4163-bdae-73f6714f8625","EventSeqId":11,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"PendingSubmit","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,12,'a36503a8-184d-46cd-856e-3d9df5627ab8',1710169200000000,'OnOrderUpdate',1,'{"EventId":"a36503a8-184d-46cd-856e-3d9df5627ab8","EventSeqId":12,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Submitted","FilledQty":0,"RemainingQty":4,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,13,'3bd5f858-aac3-4ce1-a80c-69001a83ffde',1710169200000000,'OnOrderUpdate',1,'{"EventId":"3bd5f858-aac3-4ce1-a80c-69001a83ffde","EventSeqId":13,"EventTime":"2024-03-11T15:00:00Z","OrderId":2,"BrokerAccountId":"SIM1000","ExecPlanId":2,"LegGroupId":0,"StrategyId":1,"StrategyName":"short put","State":"Filled","FilledQty":4,"RemainingQty":0,"FillPrice":33.06,"AvgFillPrice":33.06,"Rejection":null}');
INSERT INTO "events" VALUES(1,14,'aa78b665-2017-4097-9ad4-7e2016c0c00e',1710169200000000,'OnLegUpdate',1,'{"EventId":"aa78b665-2017-4097-9ad4-7e2016c0c00e","EventSeqId":14,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":1,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-4,"RealizedPnL":-12373.20}');
INSERT INTO "events" VALUES(1,15,'3758bb6c-0d7f-43e8-82e7-acad1a288267',1710169200000000,'OnLegUpdate',1,'{"EventId":"3758bb6c-0d7f-43e8-82e7-acad1a288267","EventSeqId":15,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","LegId":3,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"Status":"Open","Qty":-4,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,16,'209fbe5a-6a89-4a3e-8428-ce2986d99224',1710169200000000,'OnPositionUpdate',1,'{"EventId":"209fbe5a-6a89-4a3e-8428-ce2986d99224","EventSeqId":16,"EventTime":"2024-03-11T15:00:00Z","PositionId":1,"StrategyId":1,"StrategyName":"short put","PositionName":"a position","BrokerAccountId":"SIM1000","Status":"Adjusted","RealizedPnL":-12373.2}');
INSERT INTO "events" VALUES(1,17,'f62e601f-382f-4126-bf9c-f9079c3638ba',1710169200000000,'OnPositionEntryPreparationCompleted',2,'{"EventId":"f62e601f-382f-4126-bf9c-f9079c3638ba","EventSeqId":17,"EventTime":"2024-03-11T15:00:00Z","JobId":"6aea7626-1697-44ca-913e-fe8a5bb40e0b","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,18,'6392e03e-4c05-4af4-bff3-b86424ac3b9a',1710169200000000,'OnOrderUpdate',2,'{"EventId":"6392e03e-4c05-4af4-bff3-b86424ac3b9a","EventSeqId":18,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,19,'cebb82a5-6dbf-4868-97e1-537c574af6f4',1710169200000000,'OnOrderUpdate',2,'{"EventId":"cebb82a5-6dbf-4868-97e1-537c574af6f4","EventSeqId":19,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,20,'65b76cd6-c243-465a-a49d-3ebbaa14335a',1710169200000000,'OnOrderUpdate',2,'{"EventId":"65b76cd6-c243-465a-a49d-3ebbaa14335a","EventSeqId":20,"EventTime":"2024-03-11T15:00:00Z","OrderId":3,"BrokerAccountId":"SIM1000","ExecPlanId":3,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-82.99,"AvgFillPrice":-82.99,"Rejection":null}');
INSERT INTO "events" VALUES(1,21,'29b8840e-bb00-4bc7-9500-761306150105',1710169200000000,'OnPositionUpdate',2,'{"EventId":"29b8840e-bb00-4bc7-9500-761306150105","EventSeqId":21,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO "events" VALUES(1,22,'cf5171d4-ace6-4830-bb2a-088ae5f782db',1710169200000000,'OnLegUpdate',2,'{"EventId":"cf5171d4-ace6-4830-bb2a-088ae5f782db","EventSeqId":22,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,23,'26baf326-3c00-46ad-a3e6-f96720c0157d',1710169200000000,'OnLegUpdate',2,'{"EventId":"26baf326-3c00-46ad-a3e6-f96720c0157d","EventSeqId":23,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,24,'2595a653-f48d-4462-88d5-80254dadcbc9',1710169200000000,'OnPositionExitPreparationCompleted',2,'{"EventId":"2595a653-f48d-4462-88d5-80254dadcbc9","EventSeqId":24,"EventTime":"2024-03-11T15:00:00Z","JobId":"ca943cd4-e0e4-4126-94e0-5f9de80daf95","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO "events" VALUES(1,25,'f80b8b7e-0079-49da-8e4c-2312a0083729',1710169200000000,'OnOrderUpdate',2,'{"EventId":"f80b8b7e-0079-49da-8e4c-2312a0083729","EventSeqId":25,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"PendingSubmit","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,26,'d1092751-058d-4611-8370-b3ca710fde69',1710169200000000,'OnOrderUpdate',2,'{"EventId":"d1092751-058d-4611-8370-b3ca710fde69","EventSeqId":26,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Submitted","FilledQty":0,"RemainingQty":1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,27,'8493f7f6-1c5c-473a-a147-1d4cac33488d',1710169200000000,'OnOrderUpdate',2,'{"EventId":"8493f7f6-1c5c-473a-a147-1d4cac33488d","EventSeqId":27,"EventTime":"2024-03-11T15:00:00Z","OrderId":4,"BrokerAccountId":"SIM1000","ExecPlanId":4,"LegGroupId":0,"StrategyId":2,"StrategyName":"left","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":83.06,"AvgFillPrice":83.06,"Rejection":null}');
INSERT INTO "events" VALUES(1,28,'9c5f1c3c-75e4-419a-8b44-0a452e073420',1710169200000000,'OnLegUpdate',2,'{"EventId":"9c5f1c3c-75e4-419a-8b44-0a452e073420","EventSeqId":28,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":2,"PositionName":"left again","StrategyId":2,"StrategyName":"left","LegId":4,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-8.30}');
INSERT INTO "events" VALUES(1,29,'c2948c9f-6293-40a5-8121-1391becdc89e',1710169200000000,'OnPositionUpdate',2,'{"EventId":"c2948c9f-6293-40a5-8121-1391becdc89e","EventSeqId":29,"EventTime":"2024-03-11T15:00:00Z","PositionId":2,"StrategyId":2,"StrategyName":"left","PositionName":"left again","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":-8.3}');
INSERT INTO "events" VALUES(1,30,'c6682a46-b52d-4a39-b28a-0ddece306ae8',1710169200000000,'OnPositionEntryPreparationCompleted',3,'{"EventId":"c6682a46-b52d-4a39-b28a-0ddece306ae8","EventSeqId":30,"EventTime":"2024-03-11T15:00:00Z","JobId":"73523f10-efe0-435d-a8ef-a3c70bf0e008","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,31,'15b0f726-8977-43e1-97ca-14b427d430be',1710169200000000,'OnOrderUpdate',3,'{"EventId":"15b0f726-8977-43e1-97ca-14b427d430be","EventSeqId":31,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,32,'72158428-3a9c-4c07-949c-22669388e9c1',1710169200000000,'OnOrderUpdate',3,'{"EventId":"72158428-3a9c-4c07-949c-22669388e9c1","EventSeqId":32,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,33,'30cdbcc6-da5c-43a4-8f31-1bbaae63ecce',1710169200000000,'OnOrderUpdate',3,'{"EventId":"30cdbcc6-da5c-43a4-8f31-1bbaae63ecce","EventSeqId":33,"EventTime":"2024-03-11T15:00:00Z","OrderId":5,"BrokerAccountId":"SIM1000","ExecPlanId":5,"LegGroupId":0,"StrategyId":3,"StrategyName":"soon","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-71.79,"AvgFillPrice":-71.79,"Rejection":null}');
INSERT INTO "events" VALUES(1,34,'58748276-0d6a-4746-8ca0-b51c09a79e77',1710169200000000,'OnPositionUpdate',3,'{"EventId":"58748276-0d6a-4746-8ca0-b51c09a79e77","EventSeqId":34,"EventTime":"2024-03-11T15:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Created","RealizedPnL":0}');
INSERT INTO "events" VALUES(1,35,'c54cecab-34d0-4188-9c75-8799ffd2eaf8',1710169200000000,'OnLegUpdate',3,'{"EventId":"c54cecab-34d0-4188-9c75-8799ffd2eaf8","EventSeqId":35,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Opening","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,36,'3ffb6599-7639-4300-8d33-7ae1aafc8a42',1710169200000000,'OnLegUpdate',3,'{"EventId":"3ffb6599-7639-4300-8d33-7ae1aafc8a42","EventSeqId":36,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,37,'a4413422-952f-4e46-9e1e-81490257798b',1710169200000000,'OnPositionEntryPreparationCompleted',4,'{"EventId":"a4413422-952f-4e46-9e1e-81490257798b","EventSeqId":37,"EventTime":"2024-03-11T15:00:00Z","JobId":"7c4154cd-68b9-4cd0-98ee-58dee178203d","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,38,'d3fcda3d-a0ad-433f-9357-6a2905e2dd52',1710169200000000,'OnOrderUpdate',4,'{"EventId":"d3fcda3d-a0ad-433f-9357-6a2905e2dd52","EventSeqId":38,"EventTime":"2024-03-11T15:00:00Z","OrderId":6,"BrokerAccountId":"ML1000","ExecPlanId":6,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-83.05,"AvgFillPrice":-83.05,"Rejection":null}');
INSERT INTO "events" VALUES(1,39,'415d53cd-018f-4dbf-b68c-41140e426d16',1710169200000000,'OnLegUpdate',4,'{"EventId":"415d53cd-018f-4dbf-b68c-41140e426d16","EventSeqId":39,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":4,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","LegId":6,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,40,'03d88629-10c3-474c-a278-27fc7d742f6b',1710169200000000,'OnPositionUpdate',4,'{"EventId":"03d88629-10c3-474c-a278-27fc7d742f6b","EventSeqId":40,"EventTime":"2024-03-11T15:00:00Z","PositionId":4,"StrategyId":4,"StrategyName":"watched","PositionName":"paper open","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO "events" VALUES(1,41,'57f20aa8-c605-4991-a9d4-e845429a7d6b',1710169200000000,'OnPositionEntryPreparationCompleted',4,'{"EventId":"57f20aa8-c605-4991-a9d4-e845429a7d6b","EventSeqId":41,"EventTime":"2024-03-11T15:00:00Z","JobId":"9aadd363-887d-45b2-86de-adfcd1e087ff","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,42,'91f4ff02-b88c-4468-9a2f-640042d349de',1710169200000000,'OnOrderUpdate',4,'{"EventId":"91f4ff02-b88c-4468-9a2f-640042d349de","EventSeqId":42,"EventTime":"2024-03-11T15:00:00Z","OrderId":7,"BrokerAccountId":"ML1000","ExecPlanId":7,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":-1,"RemainingQty":0,"FillPrice":-73.7,"AvgFillPrice":-73.7,"Rejection":null}');
INSERT INTO "events" VALUES(1,43,'af020486-98c8-41e7-b979-b24b080f6486',1710169200000000,'OnLegUpdate',4,'{"EventId":"af020486-98c8-41e7-b979-b24b080f6486","EventSeqId":43,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Open","Qty":-1,"RealizedPnL":0}');
INSERT INTO "events" VALUES(1,44,'293b2bc5-f2b1-4faa-a77f-e437ab2f8545',1710169200000000,'OnPositionUpdate',4,'{"EventId":"293b2bc5-f2b1-4faa-a77f-e437ab2f8545","EventSeqId":44,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Created","RealizedPnL":0}');
INSERT INTO "events" VALUES(1,45,'2c767d00-4aed-4944-887e-e5c14356f515',1710169200000000,'OnPositionExitPreparationCompleted',4,'{"EventId":"2c767d00-4aed-4944-887e-e5c14356f515","EventSeqId":45,"EventTime":"2024-03-11T15:00:00Z","JobId":"0b2d5163-5ea1-4a84-b2f7-a4c27cab43d0","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","Result":{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}}');
INSERT INTO "events" VALUES(1,46,'2aeaafcf-2e8d-4f4a-8381-814be8934436',1710169200000000,'OnOrderUpdate',4,'{"EventId":"2aeaafcf-2e8d-4f4a-8381-814be8934436","EventSeqId":46,"EventTime":"2024-03-11T15:00:00Z","OrderId":8,"BrokerAccountId":"ML1000","ExecPlanId":8,"LegGroupId":0,"StrategyId":4,"StrategyName":"watched","State":"Filled","FilledQty":1,"RemainingQty":0,"FillPrice":73.7,"AvgFillPrice":73.7,"Rejection":null}');
INSERT INTO "events" VALUES(1,47,'55fbfaf0-8bab-49c1-9eb2-38f6c004b9dd',1710169200000000,'OnLegUpdate',4,'{"EventId":"55fbfaf0-8bab-49c1-9eb2-38f6c004b9dd","EventSeqId":47,"EventTime":"2024-03-11T15:00:00Z","BrokerAccountId":"ML1000","PositionId":5,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","LegId":7,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":-1.30}');
INSERT INTO "events" VALUES(1,48,'bbc00f81-990e-4550-86a6-befca8155bf9',1710169200000000,'OnPositionUpdate',4,'{"EventId":"bbc00f81-990e-4550-86a6-befca8155bf9","EventSeqId":48,"EventTime":"2024-03-11T15:00:00Z","PositionId":5,"StrategyId":4,"StrategyName":"watched","PositionName":"paper closed","BrokerAccountId":"ML1000","Status":"Closed","RealizedPnL":-1.3}');
INSERT INTO "events" VALUES(1,49,'2b4af3d5-f458-456a-9cc7-4b3c8befbfa7',1710169200000000,'OnEntrySignal',1,'{"EventId":"2b4af3d5-f458-456a-9cc7-4b3c8befbfa7","EventSeqId":49,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,50,'03b390fe-ba31-459e-a5ae-4e3b52a192d2',1710169200000000,'OnAdjustmentSignal',1,'{"EventId":"03b390fe-ba31-459e-a5ae-4e3b52a192d2","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}');
INSERT INTO "events" VALUES(1,51,'1e80ff60-af1c-4933-ab78-784312f14185',1710169200000000,'OnEntrySignal',2,'{"EventId":"1e80ff60-af1c-4933-ab78-784312f14185","EventSeqId":51,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,52,'2b5092fc-d0db-4924-995a-53fbe1fd1e28',1710169200000000,'OnEntrySignal',3,'{"EventId":"2b5092fc-d0db-4924-995a-53fbe1fd1e28","EventSeqId":52,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,53,'63263ece-6223-4187-9ae5-481047c3174f',1710169200000000,'OnEntrySignal',4,'{"EventId":"63263ece-6223-4187-9ae5-481047c3174f","EventSeqId":53,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,54,'a2a714cc-3b73-48c8-b126-5ea14b914130',1710169200000000,'OnEntrySignal',4,'{"EventId":"a2a714cc-3b73-48c8-b126-5ea14b914130","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,55,'8e09ac2e-9a93-4b11-b9c4-4ccec343923f',1710169200000000,'OnExitSignal',4,'{"EventId":"8e09ac2e-9a93-4b11-b9c4-4ccec343923f","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}');
INSERT INTO "events" VALUES(1,56,'94a134d4-15f4-4685-aeac-1cd8e39d8085',1710770400000000,'OnLegUpdate',3,'{"EventId":"94a134d4-15f4-4685-aeac-1cd8e39d8085","EventSeqId":56,"EventTime":"2024-03-18T14:00:00Z","BrokerAccountId":"SIM1000","PositionId":3,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","LegId":5,"LegName":"p","Contract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"Status":"Closed","Qty":-1,"RealizedPnL":2178.35}');
INSERT INTO "events" VALUES(1,57,'b8f61a9d-af18-4dcc-873e-2fec59fd4abb',1710770400000000,'OnPositionUpdate',3,'{"EventId":"b8f61a9d-af18-4dcc-873e-2fec59fd4abb","EventSeqId":57,"EventTime":"2024-03-18T14:00:00Z","PositionId":3,"StrategyId":3,"StrategyName":"soon","PositionName":"expires","BrokerAccountId":"SIM1000","Status":"Closed","RealizedPnL":2178.35}');
INSERT INTO "events" VALUES(1,58,'cb869b76-7961-448b-98b7-1a8d6d3c90cc',1710770400000000,'OnError',3,'{"EventId":"cb869b76-7961-448b-98b7-1a8d6d3c90cc","EventSeqId":58,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,59,'2eab1557-3851-4fe2-aaf1-daec72ea800a',1710770400000000,'OnError',1,'{"EventId":"2eab1557-3851-4fe2-aaf1-daec72ea800a","EventSeqId":59,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,60,'aef4da04-86b7-4716-ae11-429007d8c369',1710770400000000,'OnEntrySignal',1,'{"EventId":"aef4da04-86b7-4716-ae11-429007d8c369","EventSeqId":60,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO "events" VALUES(1,61,'913211ec-a514-4442-bbd0-a26bf9bdca52',1710770400000000,'OnError',2,'{"EventId":"913211ec-a514-4442-bbd0-a26bf9bdca52","EventSeqId":61,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,62,'d133bbda-3866-4186-a515-203ee1106672',1710770400000000,'OnEntrySignal',2,'{"EventId":"d133bbda-3866-4186-a515-203ee1106672","EventSeqId":62,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO "events" VALUES(1,63,'dee845b3-2e63-4578-b675-1458c9729301',1710770400000000,'OnError',3,'{"EventId":"dee845b3-2e63-4578-b675-1458c9729301","EventSeqId":63,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,64,'59d9ab71-77f8-451b-9e91-ba41ace0c437',1710770400000000,'OnEntrySignal',3,'{"EventId":"59d9ab71-77f8-451b-9e91-ba41ace0c437","EventSeqId":64,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO "events" VALUES(1,65,'ea765e47-7135-488b-8fed-0dcf6ae52a3d',1710770400000000,'OnError',4,'{"EventId":"ea765e47-7135-488b-8fed-0dcf6ae52a3d","EventSeqId":65,"EventTime":"2024-03-18T14:00:00Z","State":"Active","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,66,'6589c098-5b2e-4d82-8a91-a554936f0b07',1710770400000000,'OnEntrySignal',4,'{"EventId":"6589c098-5b2e-4d82-8a91-a554936f0b07","EventSeqId":66,"EventTime":"2024-03-18T14:00:00Z","State":"Off","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":null}');
INSERT INTO "events" VALUES(1,67,'ed03d5c4-3cd8-46d6-93cf-9578840c4d44',1710770400000000,'OnEntrySignal',1,'{"EventId":"ed03d5c4-3cd8-46d6-93cf-9578840c4d44","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,68,'2dc541f1-5347-42f6-887a-0b36dc3f62e2',1710770400000000,'OnEntrySignal',2,'{"EventId":"2dc541f1-5347-42f6-887a-0b36dc3f62e2","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,69,'a7206649-e283-4d55-b31f-888dfbb5c6ea',1710770400000000,'OnEntrySignal',3,'{"EventId":"a7206649-e283-4d55-b31f-888dfbb5c6ea","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,70,'e36a2f7e-a781-4982-8d23-40a6e986327e',1710770400000000,'OnEntrySignal',4,'{"EventId":"e36a2f7e-a781-4982-8d23-40a6e986327e","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}');
INSERT INTO "events" VALUES(1,71,'830cd288-1150-42d8-b9b1-caabbfebdb93',1710770400000000,'OnError',3,'{"EventId":"830cd288-1150-42d8-b9b1-caabbfebdb93","EventSeqId":71,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"42a23e8f-a7dd-5019-af9f-3c038727dc5f","StrategyId":3,"StrategyName":"soon","PositionId":3,"PositionName":"expires","BrokerAccountId":"SIM1000","Message":"''p'': expired, and the venue has told no settlement of it; look what it holds","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,72,'e21ff1b6-9f1a-4a21-99ca-b9204ef4604a',1710770400000000,'OnError',1,'{"EventId":"e21ff1b6-9f1a-4a21-99ca-b9204ef4604a","EventSeqId":72,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"b2823518-5139-5fe0-a4e9-4bda67e958ea","StrategyId":1,"StrategyName":"short put","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,73,'dba49d13-8265-4576-a2e6-188c48ecbd25',1710770400000000,'OnError',2,'{"EventId":"dba49d13-8265-4576-a2e6-188c48ecbd25","EventSeqId":73,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"f93fb427-7acd-569d-96fa-9a087d2a5b25","StrategyId":2,"StrategyName":"left","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,74,'91a8559b-95bd-482d-ba64-6dc3ea33f5ef',1710770400000000,'OnError',3,'{"EventId":"91a8559b-95bd-482d-ba64-6dc3ea33f5ef","EventSeqId":74,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"0ebae021-e136-511c-a1f4-27ca60c89b6e","StrategyId":3,"StrategyName":"soon","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,75,'6b116f18-1cf1-4fd4-9dca-bc5acad58fda',1710770400000000,'OnError',4,'{"EventId":"6b116f18-1cf1-4fd4-9dca-bc5acad58fda","EventSeqId":75,"EventTime":"2024-03-18T14:00:00Z","State":"Resolved","ErrorId":"5528e051-14a9-54e0-a463-cbc0c9e64cd6","StrategyId":4,"StrategyName":"watched","PositionId":null,"PositionName":null,"BrokerAccountId":"SIM1000","Message":"SPX.SPXW.2024-03-15.4950.Put.100 has no price now: the account''s value is not known","ConditionType":null,"Statement":null}');
INSERT INTO "events" VALUES(1,76,'3c9b0aad-2a0f-4d2a-8809-0e534e784bd5',1710770400000000,'OnPositionEntryPreparationCompleted',5,'{"EventId":"3c9b0aad-2a0f-4d2a-8809-0e534e784bd5","EventSeqId":76,"EventTime":"2024-03-18T14:00:00Z","JobId":"ad69d6db-c186-4021-a4e8-be3343bd6ea6","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
INSERT INTO "events" VALUES(1,77,'9d23eb42-262c-4c8f-8ee4-aeb296ef45f7',1710770400000000,'OnOrderUpdate',5,'{"EventId":"9d23eb42-262c-4c8f-8ee4-aeb296ef45f7","EventSeqId":77,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,78,'1f90797b-120f-4f2b-b918-f31dbabcf6ef',1710770400000000,'OnOrderUpdate',5,'{"EventId":"1f90797b-120f-4f2b-b918-f31dbabcf6ef","EventSeqId":78,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,79,'d48ab5a3-2231-4e2d-b675-b5a54b886524',1710770400000000,'OnOrderUpdate',5,'{"EventId":"d48ab5a3-2231-4e2d-b675-b5a54b886524","EventSeqId":79,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingCancel","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,80,'f1b2ad32-62b7-43d9-ba72-936fc8ca0e4f',1710770400000000,'OnOrderUpdate',5,'{"EventId":"f1b2ad32-62b7-43d9-ba72-936fc8ca0e4f","EventSeqId":80,"EventTime":"2024-03-18T14:00:00Z","OrderId":9,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Cancelled","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,81,'73536eef-5cb1-4c24-ad6c-cd9aefeb3e72',1710770400000000,'OnOrderUpdate',5,'{"EventId":"73536eef-5cb1-4c24-ad6c-cd9aefeb3e72","EventSeqId":81,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,82,'2f2f1eae-4da5-4937-aae8-f9590acb2428',1710770400000000,'OnOrderUpdate',5,'{"EventId":"2f2f1eae-4da5-4937-aae8-f9590acb2428","EventSeqId":82,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,83,'193e5adc-bab9-45ba-b2b2-879cb873e6c4',1710770400000000,'OnOrderUpdate',5,'{"EventId":"193e5adc-bab9-45ba-b2b2-879cb873e6c4","EventSeqId":83,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"PendingSubmit","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,84,'6d7e2ff9-b9d2-4025-8d87-58d7c7c6013a',1710770400000000,'OnOrderUpdate',5,'{"EventId":"6d7e2ff9-b9d2-4025-8d87-58d7c7c6013a","EventSeqId":84,"EventTime":"2024-03-18T14:00:00Z","OrderId":11,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Submitted","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,85,'9e504a71-0780-476d-8aa6-17f567678aa4',1710770400000000,'OnOrderUpdate',5,'{"EventId":"9e504a71-0780-476d-8aa6-17f567678aa4","EventSeqId":85,"EventTime":"2024-03-18T14:00:00Z","OrderId":10,"BrokerAccountId":"SIM1000","ExecPlanId":10,"LegGroupId":0,"StrategyId":5,"StrategyName":"waiting","State":"Replaced","FilledQty":0,"RemainingQty":-1,"FillPrice":null,"AvgFillPrice":null,"Rejection":null}');
INSERT INTO "events" VALUES(1,86,'9b13032d-f72d-46d9-894d-b1a7070dddea',1710770400000000,'OnPositionEntryPreparationCompleted',5,'{"EventId":"9b13032d-f72d-46d9-894d-b1a7070dddea","EventSeqId":86,"EventTime":"2024-03-18T14:00:00Z","JobId":"2b6ef6e0-9593-461f-875d-6cbbf27d475c","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","Result":{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}}');
CREATE TABLE exec_plan_legs (
	plan_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	underlying VARCHAR(32) NOT NULL, 
	underlying_type VARCHAR(16) NOT NULL, 
	currency VARCHAR(8) NOT NULL, 
	root VARCHAR(16) NOT NULL, 
	expiration_day DATE NOT NULL, 
	settles_at BIGINT NOT NULL, 
	contract_right VARCHAR(1) NOT NULL, 
	strike TEXT NOT NULL, 
	multiplier TEXT NOT NULL, 
	qty TEXT NOT NULL, 
	leg_group_id INTEGER NOT NULL, 
	expiration_name VARCHAR(128), 
	leg_id BIGINT, 
	opened_id BIGINT, 
	mark TEXT, 
	CONSTRAINT pk_exec_plan_legs PRIMARY KEY (plan_id, place), 
	CONSTRAINT fk_exec_plan_legs_plan_id_exec_plans FOREIGN KEY(plan_id) REFERENCES exec_plans (id)
);
INSERT INTO "exec_plan_legs" VALUES(1,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','-4',0,'e',NULL,NULL,'52.173309');
INSERT INTO "exec_plan_legs" VALUES(1,1,'c','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'C','5200','100','-4',0,'e',NULL,NULL,'56.513962');
INSERT INTO "exec_plan_legs" VALUES(2,0,'p:close','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','4',0,'e',1,NULL,NULL);
INSERT INTO "exec_plan_legs" VALUES(2,1,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4700','100','-4',0,'e',NULL,3,'50.028121');
INSERT INTO "exec_plan_legs" VALUES(3,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','-1',0,'e',NULL,NULL,'83.024305');
INSERT INTO "exec_plan_legs" VALUES(4,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','1',0,'e',4,NULL,NULL);
INSERT INTO "exec_plan_legs" VALUES(5,0,'p','SPX','Index','USD','SPXW','2024-03-15',1710532800000000,'P','4950','100','-1',0,'e',NULL,NULL,'71.815626');
INSERT INTO "exec_plan_legs" VALUES(6,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','-1',0,'e',NULL,NULL,'83.027947');
INSERT INTO "exec_plan_legs" VALUES(7,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4775','100','-1',0,'e',NULL,NULL,'73.680007');
INSERT INTO "exec_plan_legs" VALUES(8,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4775','100','1',0,'e',7,NULL,NULL);
INSERT INTO "exec_plan_legs" VALUES(9,0,'p','SPX','Index','USD','SPXW','2024-03-15',1710532800000000,'P','4950','100','1',0,'e',5,NULL,'50');
INSERT INTO "exec_plan_legs" VALUES(10,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4675','100','-1',0,'e',NULL,NULL,'34.759165');
INSERT INTO "exec_plan_legs" VALUES(11,0,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4675','100','-1',0,'e',NULL,NULL,'34.759165');
CREATE TABLE exec_plans (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	strategy_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	position_id BIGINT, 
	position_name VARCHAR(250) NOT NULL, 
	data_provider VARCHAR(16), 
	qty_multiplier TEXT, 
	created_at BIGINT NOT NULL, 
	executed_at BIGINT, 
	CONSTRAINT fk_exec_plans_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_exec_plans_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id), 
	CONSTRAINT fk_exec_plans_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "exec_plans" VALUES(1,1,'Entry','Executed',1,1,1,'a position',NULL,'1',1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(2,1,'Adjustment','Executed',1,1,1,'a position',NULL,NULL,1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(3,1,'Entry','Executed',2,1,2,'left again',NULL,'1',1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(4,1,'Exit','Executed',2,1,2,'left again',NULL,NULL,1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(5,1,'Entry','Executed',3,1,3,'expires',NULL,'1',1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(6,1,'Entry','Executed',4,2,4,'paper open',NULL,'1',1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(7,1,'Entry','Executed',4,2,5,'paper closed',NULL,'1',1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(8,1,'Exit','Executed',4,2,5,'paper closed',NULL,NULL,1710169200000000,1710169200000000);
INSERT INTO "exec_plans" VALUES(9,1,'Exit','Executed',3,1,3,'expires',NULL,NULL,1710770400000000,1710770400000000);
INSERT INTO "exec_plans" VALUES(10,1,'Entry','Prepared',5,1,NULL,'waits',NULL,'1',1710770400000000,NULL);
INSERT INTO "exec_plans" VALUES(11,1,'Entry','Prepared',5,1,NULL,'never sent',NULL,'1',1710770400000000,NULL);
CREATE TABLE executions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	order_id INTEGER, 
	position_id INTEGER NOT NULL, 
	leg_id INTEGER NOT NULL, 
	leg_name VARCHAR(128) NOT NULL, 
	underlying VARCHAR(32) NOT NULL, 
	underlying_type VARCHAR(16) NOT NULL, 
	currency VARCHAR(8) NOT NULL, 
	root VARCHAR(16) NOT NULL, 
	expiration_day DATE NOT NULL, 
	settles_at BIGINT NOT NULL, 
	contract_right VARCHAR(1) NOT NULL, 
	strike TEXT NOT NULL, 
	multiplier TEXT NOT NULL, 
	broker_execution_id VARCHAR(128), 
	qty TEXT NOT NULL, 
	price TEXT NOT NULL, 
	commission TEXT NOT NULL, 
	executed_at BIGINT NOT NULL, 
	CONSTRAINT uq_executions_account_id_broker_execution_id UNIQUE (account_id, broker_execution_id), 
	CONSTRAINT fk_executions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_executions_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_executions_plan_id_exec_plans FOREIGN KEY(plan_id) REFERENCES exec_plans (id), 
	CONSTRAINT fk_executions_order_id_orders FOREIGN KEY(order_id) REFERENCES orders (id), 
	CONSTRAINT fk_executions_position_id_positions FOREIGN KEY(position_id) REFERENCES positions (id), 
	CONSTRAINT fk_executions_leg_id_legs FOREIGN KEY(leg_id) REFERENCES legs (id)
);
INSERT INTO "executions" VALUES(1,1,1,1,1,1,1,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','E2-a80a08e9/p','-4','52.14','2.6',1710169200000000);
INSERT INTO "executions" VALUES(2,1,1,1,1,1,2,'c','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'C','5200','100','E2-a80a08e9/c','-4','56.48','2.6',1710169200000000);
INSERT INTO "executions" VALUES(3,1,1,2,2,1,1,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','E4-a80a08e9/p:close','4','83.06','2.6',1710169200000000);
INSERT INTO "executions" VALUES(4,1,1,2,2,1,3,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4700','100','E4-a80a08e9/p','-4','50','2.6',1710169200000000);
INSERT INTO "executions" VALUES(5,1,1,3,3,2,4,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','E6-a80a08e9/p','-1','82.99','0.65',1710169200000000);
INSERT INTO "executions" VALUES(6,1,1,4,4,2,4,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','E8-a80a08e9/p','1','83.06','0.65',1710169200000000);
INSERT INTO "executions" VALUES(7,1,1,5,5,3,5,'p','SPX','Index','USD','SPXW','2024-03-15',1710532800000000,'P','4950','100','E10-a80a08e9/p','-1','71.79','0.65',1710169200000000);
INSERT INTO "executions" VALUES(8,1,2,6,6,4,6,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100',NULL,'-1','83.05','0.65',1710169200000000);
INSERT INTO "executions" VALUES(9,1,2,7,7,5,7,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4775','100',NULL,'-1','73.7','0.65',1710169200000000);
INSERT INTO "executions" VALUES(10,1,2,8,8,5,7,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4775','100',NULL,'1','73.7','0.65',1710169200000000);
INSERT INTO "executions" VALUES(11,1,1,9,NULL,3,5,'p','SPX','Index','USD','SPXW','2024-03-15',1710532800000000,'P','4950','100','S11-a80a08e9/5/0','1','50','0',1710532800000000);
CREATE TABLE halts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account_id INTEGER, 
	reason TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	lifted_at BIGINT, 
	user_id INTEGER, 
	scope VARCHAR(16), 
	CONSTRAINT fk_halts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_halts_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "halts" VALUES(1,1,'lunch',1710169200000000,1710169200000000,NULL,NULL);
CREATE TABLE idempotency_records (
	user_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	request_hash TEXT NOT NULL, 
	exec_plan_id BIGINT, 
	order_ids TEXT, 
	error_message TEXT, 
	job_id TEXT, 
	response_status TEXT, 
	response_message TEXT, 
	response_error TEXT, 
	response_data TEXT, 
	CONSTRAINT pk_idempotency_records PRIMARY KEY (user_id, "key"), 
	CONSTRAINT fk_idempotency_records_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "idempotency_records" VALUES(1,'34639f72-7d97-4572-b2f2-8605b3b25d82','StartPreparePositionEntry','Completed',1710169200000000,1710169200000000,'d7db71ddec17e8a1ef9e98df85d2b8a0dc97dfc52747474b3ed4f3aed7905864',NULL,NULL,NULL,'041b5e43-e528-4525-abb9-4d376bef1c22','Success',NULL,NULL,'{"JobId":"041b5e43-e528-4525-abb9-4d376bef1c22"}');
INSERT INTO "idempotency_records" VALUES(1,'fbc1e605-4612-4e08-8b55-bdab962b783b','SendOrder','Completed',1710169200000000,1710169200000000,'7318344f4c7f89f35a506feb5b164f48128fb6290ecf8f7d6fef2023c009b767',1,'[1]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":1,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'c05e3ba0-d1d1-48a1-98c1-460e4f73d0a7','StartPreparePositionAdjustment','Completed',1710169200000000,1710169200000000,'83301fa479270e5a22196fe939edaa0e6b7d95a777dafa289d0ead2e45382f48',NULL,NULL,NULL,'a44c7f89-e104-41e4-96d9-1aae31ff6033','Success',NULL,NULL,'{"JobId":"a44c7f89-e104-41e4-96d9-1aae31ff6033"}');
INSERT INTO "idempotency_records" VALUES(1,'3d30bb4a-55c0-4be7-bcba-fbec3ac2bc46','SendOrder','Completed',1710169200000000,1710169200000000,'cb475fb8f5e06a0a5eccb3168dfab0538ce7654b0fb9b9cbea725bdb4aa20845',2,'[2]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":2,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'58b2480d-94af-4f86-b89a-070c280aacce','StartPreparePositionEntry','Completed',1710169200000000,1710169200000000,'4098a7d7b005c1077422384b84db9499f8af6f2b4a7e925cf83d3ea1d1c84c61',NULL,NULL,NULL,'6aea7626-1697-44ca-913e-fe8a5bb40e0b','Success',NULL,NULL,'{"JobId":"6aea7626-1697-44ca-913e-fe8a5bb40e0b"}');
INSERT INTO "idempotency_records" VALUES(1,'0f229bde-c244-4d20-8bad-b4848a076c64','SendOrder','Completed',1710169200000000,1710169200000000,'214bdae80d43cfd48f27053ff28c0ece2ef11b1fa3859b7a70c2b415c488df10',3,'[3]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":3,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'866e11ce-0761-457e-8d3d-e86078e0e4c8','StartPreparePositionExit','Completed',1710169200000000,1710169200000000,'d068388854cd64c36730972a99664fccba2fbe7fa86c665297157e8d3c245797',NULL,NULL,NULL,'ca943cd4-e0e4-4126-94e0-5f9de80daf95','Success',NULL,NULL,'{"JobId":"ca943cd4-e0e4-4126-94e0-5f9de80daf95"}');
INSERT INTO "idempotency_records" VALUES(1,'1ae46ab4-d617-407b-8b38-463171f669d2','SendOrder','Completed',1710169200000000,1710169200000000,'d007515695b56733bdd2c8817cff7afeb59a7d465b4992a471d9598dc0f693c8',4,'[4]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":4,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'33aa9f31-84c6-4df0-9df7-e05d1a5a28d7','StartPreparePositionEntry','Completed',1710169200000000,1710169200000000,'c9076ea21e78c90223a7d772d8f0f2884097b16100b65ba359bb5ea787253ff0',NULL,NULL,NULL,'73523f10-efe0-435d-a8ef-a3c70bf0e008','Success',NULL,NULL,'{"JobId":"73523f10-efe0-435d-a8ef-a3c70bf0e008"}');
INSERT INTO "idempotency_records" VALUES(1,'63d0ae56-1a54-4547-8e81-834c74b94ee4','SendOrder','Completed',1710169200000000,1710169200000000,'0b1e976d83229fe6cc76532ce2d93f1af1139bd4674745325d1e7a9d926a9919',5,'[5]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":5,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'de083a1b-f922-492e-8998-b7583a5534af','StartPreparePositionEntry','Completed',1710169200000000,1710169200000000,'eea4d2a6647c22f300d56fe3875b7d053c4d5eec719661c78c44c3350afeaf43',NULL,NULL,NULL,'7c4154cd-68b9-4cd0-98ee-58dee178203d','Success',NULL,NULL,'{"JobId":"7c4154cd-68b9-4cd0-98ee-58dee178203d"}');
INSERT INTO "idempotency_records" VALUES(1,'fill-paper-open','ApplyPaperFills','Completed',1710169200000000,1710169200000000,'0e2161d908b98db32a760f6f367748c40d3cd2eee2761d2a82006cfc8b3ccf48',6,'[6]',NULL,NULL,'Success',NULL,NULL,'{"ExecPlanId":6,"PositionId":4,"LiveOrderIds":[6],"ExecutionIds":[8]}');
INSERT INTO "idempotency_records" VALUES(1,'50a6ba69-4f3b-4a0f-8433-a9215a85cdd0','StartPreparePositionEntry','Completed',1710169200000000,1710169200000000,'80d3aa894e25f04ab20d07dd6016c9cd8ffcf01fbdddcddba416d240b6ad8e02',NULL,NULL,NULL,'9aadd363-887d-45b2-86de-adfcd1e087ff','Success',NULL,NULL,'{"JobId":"9aadd363-887d-45b2-86de-adfcd1e087ff"}');
INSERT INTO "idempotency_records" VALUES(1,'fill-paper-closed','ApplyPaperFills','Completed',1710169200000000,1710169200000000,'2b50d8889ec131b9da6d0fc3e71cac5726d1c0f8be55af85cf7abb96ad8e3a53',7,'[7]',NULL,NULL,'Success',NULL,NULL,'{"ExecPlanId":7,"PositionId":5,"LiveOrderIds":[7],"ExecutionIds":[9]}');
INSERT INTO "idempotency_records" VALUES(1,'5e3e96b8-7910-4ad4-9895-32a66bbf140a','StartPreparePositionExit','Completed',1710169200000000,1710169200000000,'3a4cedc0c9f75cedfde8bd96c5d3b3db1e0033598ba3bcaebb2c1a791bd253ba',NULL,NULL,NULL,'0b2d5163-5ea1-4a84-b2f7-a4c27cab43d0','Success',NULL,NULL,'{"JobId":"0b2d5163-5ea1-4a84-b2f7-a4c27cab43d0"}');
INSERT INTO "idempotency_records" VALUES(1,'a9e6f3b4-e454-442d-8e06-413fc440c45c','ApplyPaperFills','Completed',1710169200000000,1710169200000000,'0ccd69939d30c565ce8783d0ed9f56c557dd134add20ca186f26ebccc5bce15e',8,'[8]',NULL,NULL,'Success',NULL,NULL,'{"ExecPlanId":8,"PositionId":5,"LiveOrderIds":[8],"ExecutionIds":[10]}');
INSERT INTO "idempotency_records" VALUES(1,'77bf94bd-d101-4b3b-a8e8-c33c7a0b17ed','StartPreparePositionEntry','Completed',1710770400000000,1710770400000000,'fea45c038bb237e59249c24247a8b5697dc0fcbe954875d7daa0fd5c7fa3e965',NULL,NULL,NULL,'ad69d6db-c186-4021-a4e8-be3343bd6ea6','Success',NULL,NULL,'{"JobId":"ad69d6db-c186-4021-a4e8-be3343bd6ea6"}');
INSERT INTO "idempotency_records" VALUES(1,'9e00f0e7-7ce2-4b29-8803-7ce3183d650b','SendOrder','Completed',1710770400000000,1710770400000000,'64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1',10,'[9]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":9,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'cancel','CancelOrder','Completed',1710770400000000,1710770400000000,'1b41d08489502e4b5f0901bf6d645acd6f7298a1080fae14c77ac64c2111a35f',10,'[9]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":9,"State":"Cancelled"}');
INSERT INTO "idempotency_records" VALUES(1,'e2da14a2-72f2-492d-8215-68e583ac0013','SendOrder','Completed',1710770400000000,1710770400000000,'64782bec1514f23a6c2013100bd2db3c56ef5a237bbb806c74d57b0976a291e1',10,'[10]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":10,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'replace','SendOrder','Completed',1710770400000000,1710770400000000,'9925c16bf18fd3054add88f489843cb63124036cc9e1f595a6b81c6402498469',10,'[11]',NULL,NULL,'Success',NULL,NULL,'{"LiveOrderId":11,"State":"Submitted"}');
INSERT INTO "idempotency_records" VALUES(1,'92d5e595-64f9-4554-855f-5ce3dc04a7f7','StartPreparePositionEntry','Completed',1710770400000000,1710770400000000,'b3371c01f06d53c8d3b80cac9e8988eb789b03f8558e024ed55f13352bedc155',NULL,NULL,NULL,'2b6ef6e0-9593-461f-875d-6cbbf27d475c','Success',NULL,NULL,'{"JobId":"2b6ef6e0-9593-461f-875d-6cbbf27d475c"}');
CREATE TABLE legs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	position_id INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	underlying VARCHAR(32) NOT NULL, 
	underlying_type VARCHAR(16) NOT NULL, 
	currency VARCHAR(8) NOT NULL, 
	root VARCHAR(16) NOT NULL, 
	expiration_day DATE NOT NULL, 
	settles_at BIGINT NOT NULL, 
	contract_right VARCHAR(1) NOT NULL, 
	strike TEXT NOT NULL, 
	multiplier TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	qty TEXT NOT NULL, 
	held_qty TEXT NOT NULL, 
	cost TEXT NOT NULL, 
	average_entry_price TEXT NOT NULL, 
	leg_group_id INTEGER NOT NULL, 
	expiration_name VARCHAR(128), 
	tracked_realized_pnl TEXT, 
	user_realized_pnl TEXT, 
	created_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	CONSTRAINT fk_legs_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_legs_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_legs_position_id_positions FOREIGN KEY(position_id) REFERENCES positions (id)
);
INSERT INTO "legs" VALUES(1,1,1,1,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','Closed','-4','0','0','52.1335',0,'e','-12373.2',NULL,1710169200000000,1710169200000000);
INSERT INTO "legs" VALUES(2,1,1,1,'c','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'C','5200','100','Open','-4','-4','-22589.4','56.4735',0,'e','0',NULL,1710169200000000,NULL);
INSERT INTO "legs" VALUES(3,1,1,1,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4700','100','Open','-4','-4','-19997.4','49.9935',0,'e','0',NULL,1710169200000000,NULL);
INSERT INTO "legs" VALUES(4,1,1,2,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','Closed','-1','0','0','82.9835',0,'e','-8.3',NULL,1710169200000000,1710169200000000);
INSERT INTO "legs" VALUES(5,1,1,3,'p','SPX','Index','USD','SPXW','2024-03-15',1710532800000000,'P','4950','100','Closed','-1','0','0','71.7835',0,'e','2178.35',NULL,1710169200000000,1710532800000000);
INSERT INTO "legs" VALUES(6,1,2,4,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4800','100','Open','-1','-1','-8304.35','83.0435',0,'e','0',NULL,1710169200000000,NULL);
INSERT INTO "legs" VALUES(7,1,2,5,'p','SPX','Index','USD','SPXW','2024-04-19',1713556800000000,'P','4775','100','Closed','-1','0','0','73.6935',0,'e','-1.3',NULL,1710169200000000,1710169200000000);
CREATE TABLE market_times (
	wall_at BIGINT NOT NULL, 
	market_at BIGINT NOT NULL, 
	CONSTRAINT pk_market_times PRIMARY KEY (wall_at)
);
INSERT INTO "market_times" VALUES(1795990329103436,1710169200000000);
CREATE TABLE notification_rules (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	service VARCHAR(32) NOT NULL, 
	sealed TEXT NOT NULL, 
	kinds TEXT NOT NULL, 
	strategy_id BIGINT, 
	broker_account_id TEXT, 
	quiet TEXT, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	cursor BIGINT NOT NULL, 
	in_flight INTEGER NOT NULL, 
	missed BIGINT NOT NULL, 
	held TEXT NOT NULL, 
	sent BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	last_sent_at BIGINT, 
	last_error_at BIGINT, 
	last_error TEXT, 
	CONSTRAINT uq_notification_rules_user_id_name UNIQUE (user_id, name), 
	CONSTRAINT fk_notification_rules_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "notification_rules" VALUES(1,1,'phone','Webhook (JSON)','v1:1628aeae6cb36e21:i9KzAMr2oWYA__qqlZdoeEkcsb_iPLplv1YMvVh4NzBBSUwFKYpcjL2HlXBEcw==','["Halts"]',NULL,NULL,NULL,0,1795990341063370,86,0,0,'{}',0,0,NULL,NULL,NULL);
CREATE TABLE order_facts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	order_id INTEGER, 
	kind VARCHAR(32) NOT NULL, 
	execution_id VARCHAR(128), 
	body TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	state_before VARCHAR(16), 
	state_after VARCHAR(16), 
	contradiction TEXT, 
	CONSTRAINT uq_order_facts_account_id_execution_id UNIQUE (account_id, execution_id), 
	CONSTRAINT fk_order_facts_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_order_facts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_order_facts_order_id_orders FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "order_facts" VALUES(1,1,1,1,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"e7f38412-25d4-4b1e-b33c-a2e0277ac9e0","venue_id":"V1-a80a08e9","at":"2024-03-11T15:00:00Z","session_id":1}',1710169200000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(2,1,1,1,'Executed','E2-a80a08e9','{"type":"Execution","account":"SIM1000","reference":"e7f38412-25d4-4b1e-b33c-a2e0277ac9e0","venue_id":"V1-a80a08e9","execution_id":"E2-a80a08e9","qty":"4","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-4","price":"52.14","commission":"2.60"},{"name":"c","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"C","strike":"5200","multiplier":"100"},"qty":"-4","price":"56.48","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}',1710169200000000,'Submitted','Filled',NULL);
INSERT INTO "order_facts" VALUES(3,1,1,2,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"4bb8da63-735c-47ed-8383-09248bee9bc4","venue_id":"V3-a80a08e9","at":"2024-03-11T15:00:00Z","session_id":2}',1710169200000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(4,1,1,2,'Executed','E4-a80a08e9','{"type":"Execution","account":"SIM1000","reference":"4bb8da63-735c-47ed-8383-09248bee9bc4","venue_id":"V3-a80a08e9","execution_id":"E4-a80a08e9","qty":"4","legs":[{"name":"p:close","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"4","price":"83.06","commission":"2.60"},{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4700","multiplier":"100"},"qty":"-4","price":"50.00","commission":"2.60"}],"at":"2024-03-11T15:00:00Z","session_id":null}',1710169200000000,'Submitted','Filled',NULL);
INSERT INTO "order_facts" VALUES(5,1,1,3,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"d4796541-960b-4d9f-a3b8-4b109b6de642","venue_id":"V5-a80a08e9","at":"2024-03-11T15:00:00Z","session_id":3}',1710169200000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(6,1,1,3,'Executed','E6-a80a08e9','{"type":"Execution","account":"SIM1000","reference":"d4796541-960b-4d9f-a3b8-4b109b6de642","venue_id":"V5-a80a08e9","execution_id":"E6-a80a08e9","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"-1","price":"82.99","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}',1710169200000000,'Submitted','Filled',NULL);
INSERT INTO "order_facts" VALUES(7,1,1,4,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"23a8a9f4-e7f5-47ff-a406-afc508d7f06d","venue_id":"V7-a80a08e9","at":"2024-03-11T15:00:00Z","session_id":4}',1710169200000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(8,1,1,4,'Executed','E8-a80a08e9','{"type":"Execution","account":"SIM1000","reference":"23a8a9f4-e7f5-47ff-a406-afc508d7f06d","venue_id":"V7-a80a08e9","execution_id":"E8-a80a08e9","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-04-19","right":"P","strike":"4800","multiplier":"100"},"qty":"1","price":"83.06","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}',1710169200000000,'Submitted','Filled',NULL);
INSERT INTO "order_facts" VALUES(9,1,1,5,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"7f3589d3-e187-405c-9dfd-56b6c1b7c8d6","venue_id":"V9-a80a08e9","at":"2024-03-11T15:00:00Z","session_id":5}',1710169200000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(10,1,1,5,'Executed','E10-a80a08e9','{"type":"Execution","account":"SIM1000","reference":"7f3589d3-e187-405c-9dfd-56b6c1b7c8d6","venue_id":"V9-a80a08e9","execution_id":"E10-a80a08e9","qty":"1","legs":[{"name":"p","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"71.79","commission":"0.65"}],"at":"2024-03-11T15:00:00Z","session_id":null}',1710169200000000,'Submitted','Filled',NULL);
INSERT INTO "order_facts" VALUES(11,1,1,9,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"41d17048-2f21-4082-9463-56c6254e913d","venue_id":"V12-a80a08e9","at":"2024-03-18T14:00:00Z","session_id":6}',1710770400000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(12,1,1,9,'CancelSent',NULL,'{"at":"2024-03-18T14:00:00Z"}',1710770400000000,'Submitted','PendingCancel',NULL);
INSERT INTO "order_facts" VALUES(13,1,1,9,'Cancelled',NULL,'{"type":"Ended","account":"SIM1000","reference":"41d17048-2f21-4082-9463-56c6254e913d","venue_id":"V12-a80a08e9","how":"Cancelled","at":"2024-03-18T14:00:00Z","reason":"cancelled","code":null}',1710770400000000,'PendingCancel','Cancelled',NULL);
INSERT INTO "order_facts" VALUES(14,1,1,10,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"58364a9e-9b3e-4b2c-ae0f-d4ffb6d7c73b","venue_id":"V13-a80a08e9","at":"2024-03-18T14:00:00Z","session_id":7}',1710770400000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(15,1,1,11,'Acknowledged',NULL,'{"type":"Accepted","account":"SIM1000","reference":"16c4646c-3493-4528-89e5-f218a694f17f","venue_id":"V14-a80a08e9","at":"2024-03-18T14:00:00Z","session_id":8}',1710770400000000,'PendingSubmit','Submitted',NULL);
INSERT INTO "order_facts" VALUES(16,1,1,10,'Replaced',NULL,'{"at":"2024-03-18T14:00:00Z"}',1710770400000000,'Submitted','Replaced',NULL);
CREATE TABLE orders (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	plan_id INTEGER NOT NULL, 
	position_id BIGINT, 
	strategy_id INTEGER NOT NULL, 
	leg_group_id INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	side VARCHAR(1) NOT NULL, 
	qty TEXT NOT NULL, 
	filled_qty TEXT NOT NULL, 
	average_fill_price TEXT, 
	last_fill_price TEXT, 
	limit_price TEXT, 
	stop_price TEXT, 
	order_type VARCHAR(16) NOT NULL, 
	time_in_force VARCHAR(8) NOT NULL, 
	created_at BIGINT NOT NULL, 
	filled_at BIGINT, 
	last_updated BIGINT NOT NULL, 
	qty_multiplier TEXT, 
	filled_value TEXT, 
	reference VARCHAR(36), 
	venue_order_id VARCHAR(64), 
	unresolved_since BIGINT, 
	cancel_wanted BOOLEAN, 
	sent_by VARCHAR(64), 
	send_key VARCHAR(128), 
	cancel_key VARCHAR(128), 
	replaces_id BIGINT, 
	replaced_by BIGINT, 
	reason TEXT, 
	sender_epoch INTEGER, 
	send_by BIGINT, 
	permit_epoch INTEGER, 
	permit_at BIGINT, 
	CONSTRAINT uq_orders_reference UNIQUE (reference), 
	CONSTRAINT fk_orders_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_orders_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_orders_plan_id_exec_plans FOREIGN KEY(plan_id) REFERENCES exec_plans (id), 
	CONSTRAINT fk_orders_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id)
);
INSERT INTO "orders" VALUES(1,1,1,1,1,1,0,'Filled','B','4','4','-108.62','-108.62',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,'1','-434.48','e7f38412-25d4-4b1e-b33c-a2e0277ac9e0','V1-a80a08e9',NULL,0,'f72bda32e2028495','fbc1e605-4612-4e08-8b55-bdab962b783b',NULL,NULL,NULL,NULL,1,1795990336572904,NULL,NULL);
INSERT INTO "orders" VALUES(2,1,1,2,1,1,0,'Filled','B','4','4','33.06','33.06',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,'1','132.24','4bb8da63-735c-47ed-8383-09248bee9bc4','V3-a80a08e9',NULL,0,'f72bda32e2028495','3d30bb4a-55c0-4be7-bcba-fbec3ac2bc46',NULL,NULL,NULL,NULL,1,1795990337475680,NULL,NULL);
INSERT INTO "orders" VALUES(3,1,1,3,2,2,0,'Filled','S','-1','-1','-82.99','-82.99',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,'1','-82.99','d4796541-960b-4d9f-a3b8-4b109b6de642','V5-a80a08e9',NULL,0,'f72bda32e2028495','0f229bde-c244-4d20-8bad-b4848a076c64',NULL,NULL,NULL,NULL,1,1795990338056432,NULL,NULL);
INSERT INTO "orders" VALUES(4,1,1,4,2,2,0,'Filled','B','1','1','83.06','83.06',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,'1','83.06','23a8a9f4-e7f5-47ff-a406-afc508d7f06d','V7-a80a08e9',NULL,0,'f72bda32e2028495','1ae46ab4-d617-407b-8b38-463171f669d2',NULL,NULL,NULL,NULL,1,1795990338632554,NULL,NULL);
INSERT INTO "orders" VALUES(5,1,1,5,3,3,0,'Filled','S','-1','-1','-71.79','-71.79',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,'1','-71.79','7f3589d3-e187-405c-9dfd-56b6c1b7c8d6','V9-a80a08e9',NULL,0,'f72bda32e2028495','63d0ae56-1a54-4547-8e81-834c74b94ee4',NULL,NULL,NULL,NULL,1,1795990339128857,NULL,NULL);
INSERT INTO "orders" VALUES(6,1,2,6,4,4,0,'Filled','S','-1','-1','-83.05','-83.05',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "orders" VALUES(7,1,2,7,5,4,0,'Filled','S','-1','-1','-73.7','-73.7',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "orders" VALUES(8,1,2,8,5,4,0,'Filled','B','1','1','73.7','73.7',NULL,NULL,'Market','Day',1710169200000000,1710169200000000,1710169200000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "orders" VALUES(9,1,1,10,NULL,5,0,'Cancelled','S','-1','0',NULL,NULL,'-400',NULL,'Limit','Day',1710770400000000,NULL,1710770400000000,'1','0','41d17048-2f21-4082-9463-56c6254e913d','V12-a80a08e9',NULL,0,'f72bda32e2028495','9e00f0e7-7ce2-4b29-8803-7ce3183d650b',NULL,NULL,NULL,NULL,1,1795990342364174,NULL,NULL);
INSERT INTO "orders" VALUES(10,1,1,10,NULL,5,0,'Replaced','S','-1','0',NULL,NULL,'-400',NULL,'Limit','Day',1710770400000000,NULL,1710770400000000,'1','0','58364a9e-9b3e-4b2c-ae0f-d4ffb6d7c73b','V13-a80a08e9',NULL,0,'f72bda32e2028495','e2da14a2-72f2-492d-8215-68e583ac0013',NULL,NULL,11,NULL,1,1795990342642217,NULL,NULL);
INSERT INTO "orders" VALUES(11,1,1,10,NULL,5,0,'Submitted','S','-1','0',NULL,NULL,'-399',NULL,'Limit','Day',1710770400000000,NULL,1710770400000000,'1','0','16c4646c-3493-4528-89e5-f218a694f17f','V14-a80a08e9',NULL,0,'f72bda32e2028495','replace',NULL,10,NULL,NULL,1,1795990342759589,NULL,NULL);
CREATE TABLE portal_codes (
	digest VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	used_at BIGINT, 
	CONSTRAINT pk_portal_codes PRIMARY KEY (digest), 
	CONSTRAINT fk_portal_codes_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE portal_sessions (
	session_id VARCHAR(16) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	key_id TEXT, 
	role VARCHAR(16) NOT NULL, 
	user_agent VARCHAR(200) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, 
	proved_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT pk_portal_sessions PRIMARY KEY (session_id), 
	CONSTRAINT uq_portal_sessions_digest UNIQUE (digest), 
	CONSTRAINT fk_portal_sessions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_portal_sessions_key_id_api_keys FOREIGN KEY(key_id) REFERENCES api_keys (key_id)
);
CREATE TABLE position_samples (
	position_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	pnl TEXT, 
	realized_pnl TEXT NOT NULL, 
	mark DOUBLE, 
	underlying DOUBLE, 
	delta DOUBLE, 
	gamma DOUBLE, 
	theta DOUBLE, 
	vega DOUBLE, 
	CONSTRAINT pk_position_samples PRIMARY KEY (position_id, at), 
	CONSTRAINT fk_position_samples_position_id_positions FOREIGN KEY(position_id) REFERENCES positions (id)
);
INSERT INTO "position_samples" VALUES(1,1710770400000000,'3933.1061','-12373.2',-262.804939,4900.0,26.56674,-0.76173453,1002.15047,-3231.935265);
INSERT INTO "position_samples" VALUES(4,1710770400000000,'1118.6542','0',-71.856958,4900.0,35.324971,-0.12757759,167.843169,-541.294219);
CREATE TABLE positions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	strategy_id INTEGER NOT NULL, 
	entry_plan_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	qty_multiplier TEXT, 
	variables TEXT NOT NULL, 
	realized_pnl TEXT NOT NULL, 
	adjustment_count INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	CONSTRAINT fk_positions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_positions_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_positions_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id), 
	CONSTRAINT fk_positions_entry_plan_id_exec_plans FOREIGN KEY(entry_plan_id) REFERENCES exec_plans (id)
);
INSERT INTO "positions" VALUES(1,1,1,1,1,'a position','Open','1','{"moves":1,"seen":0,"expiration_e_dte":39}','-12373.2',1,1710169200000000,NULL);
INSERT INTO "positions" VALUES(2,1,1,2,3,'left again','Closed','1','{"expiration_e_dte":39}','-8.3',0,1710169200000000,1710169200000000);
INSERT INTO "positions" VALUES(3,1,1,3,5,'expires','Closed','1','{"expiration_e_dte":4}','2178.35',0,1710169200000000,1710532800000000);
INSERT INTO "positions" VALUES(4,1,2,4,6,'paper open','Open','1','{"seen":4900,"expiration_e_dte":39}','0',0,1710169200000000,NULL);
INSERT INTO "positions" VALUES(5,1,2,4,7,'paper closed','Closed','1','{"seen":4900,"expiration_e_dte":39}','-1.3',0,1710169200000000,1710169200000000);
CREATE TABLE prepare_jobs (
	id VARCHAR(36) NOT NULL, 
	user_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	strategy_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	position_id BIGINT, 
	request TEXT NOT NULL, 
	result TEXT, 
	plan_id BIGINT, 
	error TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT pk_prepare_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_prepare_jobs_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_prepare_jobs_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id), 
	CONSTRAINT fk_prepare_jobs_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "prepare_jobs" VALUES('041b5e43-e528-4525-abb9-4d376bef1c22',1,'Entry','Completed',1,1,NULL,'{"IdempotencyKey":"34639f72-7d97-4572-b2f2-8605b3b25d82","PositionName":"a position","StrategyId":1,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":1,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p","c"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p":-1,"c":-1}}},"Vars":{"moves":0,"seen":0,"expiration_e_dte":39,"expiration_far_dte":67},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":102.388512,"Gamma":-0.39286144,"Theta":537.656184,"Vega":-2109.060196,"WVega":-1844.847245,"Rho":57232.552608,"IV":19.9905},"Ask":{"Delta":102.460516,"Gamma":-0.39263309,"Theta":538.363563,"Vega":-2109.833711,"WVega":-1845.523857,"Rho":57275.523015,"IV":20.0095},"Last":null,"Mark":{"Delta":102.424532,"Gamma":-0.39274724,"Theta":538.00992,"Vega":-2109.44723,"WVega":-1845.185792,"Rho":57254.047488,"IV":20.0}},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-114.300372,"Gamma":-0.41504662,"Theta":568.04685,"Vega":-2228.216944,"WVega":-1949.076606,"Rho":-58964.636353,"IV":19.991},"Ask":{"Delta":-114.377395,"Gamma":-0.41480716,"Theta":568.739013,"Vega":-2228.9308,"WVega":-1949.701034,"Rho":-59001.708674,"IV":20.009},"Last":null,"Mark":{"Delta":-114.3389,"Gamma":-0.41492687,"Theta":568.392973,"Vega":-2228.574113,"WVega":-1949.389031,"Rho":-58983.181313,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":52.123309,"Ask":52.223309,"Last":null,"Mark":52.173309},"c":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":56.463962,"Ask":56.563962,"Last":null,"Mark":56.513962}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-108.787271,"Ask":-108.587271,"Last":null,"Mark":-108.687271}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-11.91186,"Gamma":-0.80790806,"Theta":1105.703034,"Vega":-4337.27714,"WVega":-3793.923851,"Rho":-1732.083745,"IV":null},"Ask":{"Delta":-11.916879,"Gamma":-0.80744025,"Theta":1107.102576,"Vega":-4338.764511,"WVega":-3795.224891,"Rho":-1726.185659,"IV":null},"Last":null,"Mark":{"Delta":-11.914368,"Gamma":-0.80767411,"Theta":1106.402893,"Vega":-4338.021343,"WVega":-3794.574823,"Rho":-1729.133825,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-435.149085,"Ask":-434.349085,"Last":null,"Mark":-434.749085},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":5000.0,"Mark":5000.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":52.173309,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"c":{"Id":0,"Name":"c","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Call","Expiration":"2024-04-19T20:00:00Z","Strike":5200,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":56.513962,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',1,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('a44c7f89-e104-41e4-96d9-1aae31ff6033',1,'Adjustment','Completed',1,1,1,'{"IdempotencyKey":"c05e3ba0-d1d1-48a1-98c1-460e4f73d0a7","PositionId":1,"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","LegSelectionConstraint":"FullyUnique","DataProvider":null}','{"ExecPlanId":2,"PositionName":"a position","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","LegGroups":{"0":["p:close","p"]},"LegGroupQtys":{"0":{"Qty":4,"LegRatios":{"p:close":1,"p":-1}}},"Vars":{"moves":1,"seen":0,"expiration_e_dte":39},"LegGreeks":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-145.65066,"Gamma":0.46791496,"Theta":-615.086418,"Vega":2412.651311,"WVega":2110.40592,"Rho":-80229.854914,"IV":19.9917},"Ask":{"Delta":-145.685752,"Gamma":0.46756518,"Theta":-615.646438,"Vega":2412.847056,"WVega":2110.577143,"Rho":-80252.622607,"IV":20.0083},"Last":null,"Mark":{"Delta":-145.668214,"Gamma":0.46774,"Theta":-615.366439,"Vega":2412.749245,"WVega":2110.491585,"Rho":-80241.243034,"IV":20.0}},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":100.723546,"Gamma":-0.39744975,"Theta":522.38125,"Vega":-2049.16972,"WVega":-1792.45956,"Rho":55164.151002,"IV":19.9902},"Ask":{"Delta":100.798636,"Gamma":-0.39721831,"Theta":523.09696,"Vega":-2049.9759,"WVega":-1793.164746,"Rho":55207.972112,"IV":20.0098},"Last":null,"Mark":{"Delta":100.76111,"Gamma":-0.39733401,"Theta":522.739156,"Vega":-2049.573106,"WVega":-1792.812412,"Rho":55186.071723,"IV":20.0}}},"LegPrices":{"p:close":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947},"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":49.978121,"Ask":50.078121,"Last":null,"Mark":50.028121}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":-44.927114,"Gamma":0.07046521,"Theta":-92.705168,"Vega":363.481591,"WVega":317.94636,"Rho":-25065.703912,"IV":null},"Ask":{"Delta":-44.887116,"Gamma":0.07034687,"Theta":-92.549478,"Vega":362.871156,"WVega":317.412397,"Rho":-25044.650495,"IV":null},"Last":null,"Mark":{"Delta":-44.907104,"Gamma":0.07040599,"Theta":-92.627283,"Vega":363.176139,"WVega":317.679174,"Rho":-25055.17131,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":32.899826,"Ask":33.099826,"Last":null,"Mark":32.999826}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":24.332345,"Gamma":-0.73665526,"Theta":968.135475,"Vega":-3797.897507,"WVega":-3322.115113,"Rho":16363.223005,"IV":null},"Ask":{"Delta":24.290458,"Gamma":-0.73635432,"Theta":969.779933,"Vega":-3800.345154,"WVega":-3324.25613,"Rho":16349.769071,"IV":null},"Last":null,"Mark":{"Delta":24.311388,"Gamma":-0.73650484,"Theta":968.957874,"Vega":-3799.122331,"WVega":-3323.186497,"Rho":16356.489221,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-331.807716,"Ask":-331.007716,"Last":null,"Mark":-331.407716},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":1,"OrderLegs":{"p:close":{"Id":1,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":4,"AvgEntryPrice":52.1335,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null},"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4700,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":1,"AccountId":"SIM1000","Underlying":"SPX","Qty":-4,"AvgEntryPrice":50.028121,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"Operation":"MoveLeg","Condition":"underlying_price > 1 -- adjust","QtyMultiplier":null,"AbortConditions":null,"AdjustmentAllowed":true}',2,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('6aea7626-1697-44ca-913e-fe8a5bb40e0b',1,'Entry','Completed',2,1,NULL,'{"IdempotencyKey":"58b2480d-94af-4f86-b89a-070c280aacce","PositionName":"left again","StrategyId":2,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":3,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":19.9917},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":20.0083},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.974305,"Ask":83.074305,"Last":null,"Mark":83.024305}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.411495,"Gamma":-0.11697723,"Theta":153.770254,"Vega":-603.157531,"WVega":-527.596847,"Rho":20056.847979,"IV":null},"Ask":{"Delta":36.420269,"Gamma":-0.11688979,"Theta":153.910261,"Vega":-603.206477,"WVega":-527.639661,"Rho":20062.540413,"IV":null},"Last":null,"Mark":{"Delta":36.415884,"Gamma":-0.1169335,"Theta":153.84026,"Vega":-603.182019,"WVega":-527.618267,"Rho":20059.695265,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.074305,"Ask":-82.974305,"Last":null,"Mark":-83.024305},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.024305,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',3,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('ca943cd4-e0e4-4126-94e0-5f9de80daf95',1,'Exit','Completed',2,1,2,'{"IdempotencyKey":"866e11ce-0761-457e-8d3d-e86078e0e4c8","PositionId":2,"DataProvider":null}','{"ExecPlanId":4,"PositionName":"left again","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":2,"PositionLegs":{"p":{"Id":4,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":2,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":82.9835,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}',4,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('73523f10-efe0-435d-a8ef-a3c70bf0e008',1,'Entry','Completed',3,1,NULL,'{"IdempotencyKey":"33aa9f31-84c6-4df0-9df7-e05d1a5a28d7","PositionName":"expires","StrategyId":3,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":5,"PositionName":"expires","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":4},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":19.9735},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":20.0265},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":71.765626,"Ask":71.865626,"Last":null,"Mark":71.815626}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":67.815864,"Gamma":-0.34110654,"Theta":447.578474,"Vega":-188.605904,"WVega":-503.571155,"Rho":3914.037947,"IV":null},"Ask":{"Delta":67.769927,"Gamma":-0.3404051,"Theta":449.031882,"Vega":-188.717547,"WVega":-503.869237,"Rho":3911.558008,"IV":null},"Last":null,"Mark":{"Delta":67.792866,"Gamma":-0.34075549,"Theta":448.305354,"Vega":-188.661836,"WVega":-503.720492,"Rho":3912.796296,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-71.865626,"Ask":-71.765626,"Last":null,"Mark":-71.815626},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.01,"Mark":4900.01},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-03-15T20:00:00Z","Strike":4950,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":71.815626,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',5,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('7c4154cd-68b9-4cd0-98ee-58dee178203d',1,'Entry','Completed',4,2,NULL,'{"IdempotencyKey":"de083a1b-f922-492e-8998-b7583a5534af","PositionName":"paper open","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":6,"PositionName":"paper open","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":19.9917},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":20.0083},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":82.977947,"Ask":83.077947,"Last":null,"Mark":83.027947}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":36.412665,"Gamma":-0.11697874,"Theta":153.771605,"Vega":-603.162828,"WVega":-527.60148,"Rho":20057.463729,"IV":null},"Ask":{"Delta":36.421438,"Gamma":-0.1168913,"Theta":153.91161,"Vega":-603.211764,"WVega":-527.644286,"Rho":20063.155652,"IV":null},"Last":null,"Mark":{"Delta":36.417054,"Gamma":-0.116935,"Theta":153.84161,"Vega":-603.187311,"WVega":-527.622896,"Rho":20060.310758,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-83.077947,"Ask":-82.977947,"Last":null,"Mark":-83.027947},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4800,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":83.027947,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',6,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('9aadd363-887d-45b2-86de-adfcd1e087ff',1,'Entry','Completed',4,2,NULL,'{"IdempotencyKey":"50a6ba69-4f3b-4a0f-8433-a9215a85cdd0","PositionName":"paper closed","StrategyId":4,"BrokerAccountId":"ML1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":7,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.680007,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',7,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('0b2d5163-5ea1-4a84-b2f7-a4c27cab43d0',1,'Exit','Completed',4,2,5,'{"IdempotencyKey":"5e3e96b8-7910-4ad4-9895-32a66bbf140a","PositionId":5,"DataProvider":null}','{"ExecPlanId":8,"PositionName":"paper closed","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":1}}},"Vars":{"seen":4900,"expiration_e_dte":39},"LegGreeks":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":19.9915},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":20.0085},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":73.630007,"Ask":73.730007,"Last":null,"Mark":73.680007}},"PositionGreeks":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":33.46346,"Gamma":-0.11342444,"Theta":149.095506,"Vega":-584.828622,"WVega":-511.564096,"Rho":18404.708963,"IV":null},"Ask":{"Delta":33.474713,"Gamma":-0.11334247,"Theta":149.242712,"Vega":-584.905791,"WVega":-511.631597,"Rho":18411.706372,"IV":null},"Last":null,"Mark":{"Delta":33.469089,"Gamma":-0.11338344,"Theta":149.169113,"Vega":-584.867231,"WVega":-511.597868,"Rho":18408.209048,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-73.730007,"Ask":-73.630007,"Last":null,"Mark":-73.680007},"UnderlyingPrice":{"SnapshotTime":"2024-03-11T15:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":0,"MarkAgeMs":0,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"PositionId":5,"PositionLegs":{"p":{"Id":7,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4775,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-11T15:00:00Z","ClosedAt":null,"LivePositionId":5,"AccountId":"ML1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":73.6935,"UserSetRealizedPnL":null,"TrackedRealizedPnL":0}}}',8,NULL,1710169200000000,1710169200000000);
INSERT INTO "prepare_jobs" VALUES('ad69d6db-c186-4021-a4e8-be3343bd6ea6',1,'Entry','Completed',5,1,NULL,'{"IdempotencyKey":"77bf94bd-d101-4b3b-a8e8-c33c7a0b17ed","PositionName":"waits","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":10,"PositionName":"waits","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',10,NULL,1710770400000000,1710770400000000);
INSERT INTO "prepare_jobs" VALUES('2b6ef6e0-9593-461f-875d-6cbbf27d475c',1,'Entry','Completed',5,1,NULL,'{"IdempotencyKey":"92d5e595-64f9-4554-855f-5ce3dc04a7f7","PositionName":"never sent","StrategyId":5,"BrokerAccountId":"SIM1000","LegSelectionConstraint":"FullyUnique","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"DataProvider":null}','{"ExecPlanId":11,"PositionName":"never sent","StrategyId":5,"StrategyName":"waiting","BrokerAccountId":"SIM1000","LegGroups":{"0":["p"]},"LegGroupQtys":{"0":{"Qty":1,"LegRatios":{"p":-1}}},"Vars":{"expiration_e_dte":32},"LegGreeks":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":19.988},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":20.012},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":20.0}}},"LegPrices":{"p":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":34.709165,"Ask":34.809165,"Last":null,"Mark":34.759165}},"LegGroupGreeks":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}}},"LegGroupPrices":{"0":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165}},"PositionGreeks":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":{"Delta":20.585966,"Gamma":-0.09783785,"Theta":128.562023,"Vega":-414.862478,"WVega":-400.128904,"Rho":9219.272322,"IV":null},"Ask":{"Delta":20.612089,"Gamma":-0.09779357,"Theta":128.813853,"Vega":-415.17463,"WVega":-400.429971,"Rho":9231.465619,"IV":null},"Last":null,"Mark":{"Delta":20.599036,"Gamma":-0.09781572,"Theta":128.687968,"Vega":-415.018695,"WVega":-400.279574,"Rho":9225.37251,"IV":null}},"PositionPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":0,"AskAgeMs":0,"LastAgeMs":null,"MarkAgeMs":0,"Quality":null,"Bid":-34.809165,"Ask":-34.709165,"Last":null,"Mark":-34.759165},"UnderlyingPrice":{"SnapshotTime":"2024-03-18T14:00:00Z","BidAgeMs":null,"AskAgeMs":null,"LastAgeMs":601200000,"MarkAgeMs":601200000,"Quality":null,"Bid":null,"Ask":null,"Last":4900.0,"Mark":4900.0},"SelectedLegs":{"p":{"Id":0,"Name":"p","LiveContract":{"ContractType":"Options","Underlying":{"Symbol":"SPX","ContractType":"Index","Exchange":null,"Currency":"USD"},"Root":"SPXW","OptionType":"Put","Expiration":"2024-04-19T20:00:00Z","Strike":4675,"Multiplier":100},"LegGroupId":0,"CreatedAt":"2024-03-18T14:00:00Z","ClosedAt":null,"LivePositionId":0,"AccountId":"SIM1000","Underlying":"SPX","Qty":-1,"AvgEntryPrice":34.759165,"UserSetRealizedPnL":null,"TrackedRealizedPnL":null}},"AbortConditions":[],"EntryConditions":[],"EntryAllowed":true,"QtyMultiplier":1}',11,NULL,1710770400000000,1710770400000000);
CREATE TABLE server_state (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	noted_at BIGINT NOT NULL, 
	CONSTRAINT pk_server_state PRIMARY KEY (name)
);
INSERT INTO "server_state" VALUES('places','{"venue":null,"secret":null}',1795990329133385);
INSERT INTO "server_state" VALUES('send_epoch','1',1795990329236353);
INSERT INTO "server_state" VALUES('market_time','{"source":"simulated","start":null,"reached":"2024-03-18T14:00:00Z"}',1795990342039665);
CREATE TABLE settlement_facts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	fact_id VARCHAR(128) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	body TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	received_at BIGINT NOT NULL, 
	booked_qty TEXT NOT NULL, 
	waits BOOLEAN NOT NULL, 
	CONSTRAINT uq_settlement_facts_account_id_fact_id UNIQUE (account_id, fact_id), 
	CONSTRAINT fk_settlement_facts_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_settlement_facts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "settlement_facts" VALUES(1,1,1,'S11-a80a08e9','Settled','{"type":"Settled","account":"SIM1000","fact_id":"S11-a80a08e9","contract":{"underlying":"SPX","root":"SPXW","day":"2024-03-15","right":"P","strike":"4950","multiplier":"100"},"qty":"-1","price":"50.0","cash":"-5000.0","at":"2024-03-15T20:00:00Z"}',1710532800000000,1710770400000000,'-1',0);
CREATE TABLE signal_states (
	user_id INTEGER NOT NULL, 
	subject VARCHAR(128) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	strategy_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	position_id INTEGER, 
	body TEXT, 
	since BIGINT NOT NULL, 
	CONSTRAINT pk_signal_states PRIMARY KEY (user_id, subject), 
	CONSTRAINT fk_signal_states_user_id_users FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_signal_states_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id), 
	CONSTRAINT fk_signal_states_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_signal_states_position_id_positions FOREIGN KEY(position_id) REFERENCES positions (id)
);
INSERT INTO "signal_states" VALUES(1,'Adjustment:1:1:1:adb071846f1a3842eee8c931f581992a','Adjustment',1,1,1,'{"EventId":"03b390fe-ba31-459e-a5ae-4e3b52a192d2","EventSeqId":50,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","PositionId":1,"PositionName":"a position","BrokerAccountId":"SIM1000","AdjustmentTimeOk":true,"Condition":{"Type":"Adjustment","Statement":"underlying_price > 1 -- adjust","Result":true,"Vars":{"underlying_price":4900},"Error":null}}',1710169200000000);
INSERT INTO "signal_states" VALUES(1,'Entry:4:2:-:-','Entry',4,2,NULL,'{"EventId":"a2a714cc-3b73-48c8-b126-5ea14b914130","EventSeqId":54,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"ML1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}',1710169200000000);
INSERT INTO "signal_states" VALUES(1,'Exit:4:2:4:-','Exit',4,2,4,'{"EventId":"8e09ac2e-9a93-4b11-b9c4-4ccec343923f","EventSeqId":55,"EventTime":"2024-03-11T15:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","PositionId":4,"PositionName":"paper open","BrokerAccountId":"ML1000","ExitSignalResult":{"ScheduleOk":true,"MaxDaysInTrade":null,"ProfitTarget":null,"StopLoss":null,"Conditions":[{"Type":"Exit","Statement":"underlying_price > 1","Result":true,"Vars":{"underlying_price":4900},"Error":null}]}}',1710169200000000);
INSERT INTO "signal_states" VALUES(1,'Entry:1:1:-:-','Entry',1,1,NULL,'{"EventId":"ed03d5c4-3cd8-46d6-93cf-9578840c4d44","EventSeqId":67,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":1,"StrategyName":"short put","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}',1710770400000000);
INSERT INTO "signal_states" VALUES(1,'Entry:2:1:-:-','Entry',2,1,NULL,'{"EventId":"2dc541f1-5347-42f6-887a-0b36dc3f62e2","EventSeqId":68,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":2,"StrategyName":"left","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}',1710770400000000);
INSERT INTO "signal_states" VALUES(1,'Entry:3:1:-:-','Entry',3,1,NULL,'{"EventId":"a7206649-e283-4d55-b31f-888dfbb5c6ea","EventSeqId":69,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":3,"StrategyName":"soon","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}',1710770400000000);
INSERT INTO "signal_states" VALUES(1,'Entry:4:1:-:-','Entry',4,1,NULL,'{"EventId":"e36a2f7e-a781-4982-8d23-40a6e986327e","EventSeqId":70,"EventTime":"2024-03-18T14:00:00Z","State":"On","StrategyId":4,"StrategyName":"watched","BrokerAccountId":"SIM1000","EntrySignalResult":{"ScheduleOk":true,"ConcurrencyOk":true,"ReentryOk":true,"Conditions":[],"EntryAllowed":true,"NextEntryAt":null}}',1710770400000000);
CREATE TABLE strategies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	symbol VARCHAR(32) NOT NULL, 
	description TEXT, 
	definition TEXT NOT NULL, 
	backtest_id VARCHAR(250), 
	mesosim_instance VARCHAR(250), 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	CONSTRAINT fk_strategies_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "strategies" VALUES(1,1,'short put','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"short put","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}},{"Name":"far","DTE":"67","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-4","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"},"LegGroupId":"0"},{"Name":"c","Qty":"-4","OptionType":"Call","ExpirationName":"e","StrikeSelector":{"StrikePrice":"5200"},"LegGroupId":"0"}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"moves":"0","seen":"0"}},"Exit":{},"Adjustment":{"MaxAdjustmentCount":null,"ConditionalAdjustments":{"underlying_price > 1 -- adjust":{"MoveLegAdjustment":{"LegName":"p","VarDefines":{"moves":"moves + 1"},"StrikeSelector":{"StrikePrice":"leg_p_strike - 100"}}}}}}',NULL,NULL,1710169200000000,1710169200000000,NULL);
INSERT INTO "strategies" VALUES(2,1,'left','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"left","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',NULL,NULL,1710169200000000,1710169200000000,NULL);
INSERT INTO "strategies" VALUES(3,1,'soon','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"soon","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"4","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4950"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',NULL,NULL,1710169200000000,1710169200000000,NULL);
INSERT INTO "strategies" VALUES(4,1,'watched','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"watched","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"seen":"underlying_price"}},"Exit":{"Conditions":["underlying_price > 1"]}}',NULL,NULL,1710169200000000,1710169200000000,NULL);
INSERT INTO "strategies" VALUES(5,1,'waiting','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"waiting","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"32","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4700"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',NULL,NULL,1710770400000000,1710770400000000,NULL);
INSERT INTO "strategies" VALUES(6,1,'deleted','SPX',NULL,'{"MesoSimVersion":"3.0","StrategyName":"deleted","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',NULL,NULL,1710770400000000,1710770400000000,1710770400000000);
CREATE TABLE strategy_accounts (
	strategy_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	CONSTRAINT pk_strategy_accounts PRIMARY KEY (strategy_id, account_id), 
	CONSTRAINT fk_strategy_accounts_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id), 
	CONSTRAINT fk_strategy_accounts_account_id_accounts FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "strategy_accounts" VALUES(1,1,0);
INSERT INTO "strategy_accounts" VALUES(2,1,0);
INSERT INTO "strategy_accounts" VALUES(3,1,0);
INSERT INTO "strategy_accounts" VALUES(4,2,0);
INSERT INTO "strategy_accounts" VALUES(4,1,1);
INSERT INTO "strategy_accounts" VALUES(5,1,0);
CREATE TABLE strategy_versions (
	strategy_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	definition TEXT NOT NULL, 
	saved_at BIGINT NOT NULL, 
	saved_by TEXT, 
	CONSTRAINT pk_strategy_versions PRIMARY KEY (strategy_id, number), 
	CONSTRAINT fk_strategy_versions_strategy_id_strategies FOREIGN KEY(strategy_id) REFERENCES strategies (id)
);
INSERT INTO "strategy_versions" VALUES(1,1,'{"MesoSimVersion":"3.0","StrategyName":"short put","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}},{"Name":"far","DTE":"67","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-4","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"},"LegGroupId":"0"},{"Name":"c","Qty":"-4","OptionType":"Call","ExpirationName":"e","StrikeSelector":{"StrikePrice":"5200"},"LegGroupId":"0"}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"moves":"0","seen":"0"}},"Exit":{},"Adjustment":{"MaxAdjustmentCount":null,"ConditionalAdjustments":{"underlying_price > 1 -- adjust":{"MoveLegAdjustment":{"LegName":"p","VarDefines":{"moves":"moves + 1"},"StrikeSelector":{"StrikePrice":"leg_p_strike - 100"}}}}}}',1710169200000000,'f72bda32e2028495');
INSERT INTO "strategy_versions" VALUES(2,1,'{"MesoSimVersion":"3.0","StrategyName":"left","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',1710169200000000,'f72bda32e2028495');
INSERT INTO "strategy_versions" VALUES(3,1,'{"MesoSimVersion":"3.0","StrategyName":"soon","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"4","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4950"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',1710169200000000,'f72bda32e2028495');
INSERT INTO "strategy_versions" VALUES(4,1,'{"MesoSimVersion":"3.0","StrategyName":"watched","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100},"VarDefines":{"seen":"underlying_price"}},"Exit":{"Conditions":["underlying_price > 1"]}}',1710169200000000,'f72bda32e2028495');
INSERT INTO "strategy_versions" VALUES(5,1,'{"MesoSimVersion":"3.0","StrategyName":"waiting","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"32","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4700"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',1710770400000000,'f72bda32e2028495');
INSERT INTO "strategy_versions" VALUES(6,1,'{"MesoSimVersion":"3.0","StrategyName":"deleted","Symbol":"SPX","Structure":{"Expirations":[{"Name":"e","DTE":"39","Roots":{"Include":["SPXW"]}}],"Legs":[{"Name":"p","Qty":"-1","OptionType":"Put","ExpirationName":"e","StrikeSelector":{"StrikePrice":"4800"}}]},"Entry":{"Concurrency":{"MaxPositionsInFlight":100}},"Exit":{}}',1710770400000000,'f72bda32e2028495');
CREATE TABLE underlying_days (
	source VARCHAR(64) NOT NULL, 
	symbol VARCHAR(32) NOT NULL, 
	day DATE NOT NULL, 
	open DOUBLE, 
	close DOUBLE, 
	last DOUBLE, 
	iv DOUBLE, 
	noted_at BIGINT NOT NULL, 
	CONSTRAINT pk_underlying_days PRIMARY KEY (source, symbol, day)
);
INSERT INTO "underlying_days" VALUES('Simulated','SPX','2024-03-15',4890.0,4900.0,NULL,NULL,1710770400000000);
INSERT INTO "underlying_days" VALUES('simulated','NDX','2024-03-15',18000.25,18010.5,18010.5,0.2,1710770400000000);
CREATE TABLE users (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_users_name UNIQUE (name)
);
INSERT INTO "users" VALUES(1,'trader',1795990329000000);
INSERT INTO "users" VALUES(2,'somebody else',1795990330000000);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
CREATE INDEX ix_connections_user ON connections (user_id, name);
CREATE INDEX ix_idempotency_records_updated_at ON idempotency_records (updated_at);
CREATE INDEX ix_strategies_user ON strategies (user_id, id);
CREATE INDEX ix_portal_sessions_user_id ON portal_sessions (user_id);
CREATE INDEX ix_connection_log_connection ON connection_log (connection_id, id);
CREATE INDEX ix_settlement_facts_waits ON settlement_facts (account_id, waits);
CREATE INDEX ix_halts_lifted_at ON halts (lifted_at);
CREATE INDEX ix_audit_entries_user ON audit_entries (user_id, id);
CREATE INDEX ix_audit_entries_order ON audit_entries (order_id, id);
CREATE INDEX ix_exec_plans_user_state ON exec_plans (user_id, state, id);
CREATE INDEX ix_exec_plans_position ON exec_plans (position_id);
CREATE INDEX ix_prepare_jobs_status ON prepare_jobs (status);
CREATE INDEX ix_prepare_jobs_plan ON prepare_jobs (plan_id);
CREATE INDEX ix_positions_strategy ON positions (strategy_id, state);
CREATE INDEX ix_positions_entry_plan ON positions (entry_plan_id);
CREATE INDEX ix_positions_user_state ON positions (user_id, state, id);
CREATE INDEX ix_orders_plan ON orders (plan_id);
CREATE INDEX ix_orders_account_state ON orders (account_id, state);
CREATE INDEX ix_orders_user_state ON orders (user_id, state, id);
CREATE INDEX ix_orders_account_created ON orders (account_id, created_at);
CREATE INDEX ix_orders_venue_order_id ON orders (account_id, venue_order_id);
CREATE INDEX ix_signal_states_strategy ON signal_states (strategy_id, account_id);
CREATE INDEX ix_legs_account_contract ON legs (account_id, root, expiration_day);
CREATE INDEX ix_legs_position ON legs (position_id, id);
CREATE INDEX ix_legs_user_status ON legs (user_id, status, id);
CREATE INDEX ix_order_facts_order ON order_facts (order_id, id);
CREATE INDEX ix_executions_plan ON executions (plan_id);
CREATE INDEX ix_executions_position ON executions (position_id, id);
CREATE INDEX ix_executions_user ON executions (user_id, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('accounts',2);
INSERT INTO "sqlite_sequence" VALUES('halts',1);
INSERT INTO "sqlite_sequence" VALUES('strategies',6);
INSERT INTO "sqlite_sequence" VALUES('exec_plans',11);
INSERT INTO "sqlite_sequence" VALUES('orders',11);
INSERT INTO "sqlite_sequence" VALUES('order_facts',16);
INSERT INTO "sqlite_sequence" VALUES('positions',5);
INSERT INTO "sqlite_sequence" VALUES('legs',7);
INSERT INTO "sqlite_sequence" VALUES('executions',11);
INSERT INTO "sqlite_sequence" VALUES('settlement_facts',1);
INSERT INTO "sqlite_sequence" VALUES('audit_entries',2);
INSERT INTO "sqlite_sequence" VALUES('connections',1);
INSERT INTO "sqlite_sequence" VALUES('notification_rules',1);
COMMIT;
