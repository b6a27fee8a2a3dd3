from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from mesolive.access.context import UserContext
from mesolive.clock import ManualClock
from mesolive.errors import ServiceError, conflict
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.journal import event_counters
from mesolive.store.tables.trading import accounts, prepare_jobs
from mesolive.trading.idempotency import KEY_REUSED, RESULTS, Idempotency, request_hash
from mesolive_sdk import models
from mesolive_sdk.models import IdempotencyOperation, IdempotencyRecordStatus, PreparationStatus, StatusCode
from mesolive_testkit.store.samples import add_strategy, add_user

pytestmark = pytest.mark.usefixtures("captured_logs")

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
FILLS = IdempotencyOperation.ApplyPaperFills


def request(key: str = "key-1", plan_id: int = 7, price: str = "1.10") -> models.ApplyPaperFillsArgs:
    return models.ApplyPaperFillsArgs(
        IdempotencyKey=key,
        BrokerAccountId="ML1000",
        ExecPlanId=plan_id,
        PaperLegFills={"short put": models.PaperLegFill(Price=Decimal(price))},
    )


RESULT = models.ApplyPaperFillsResult(ExecPlanId=7, PositionId=3, LiveOrderIds=[11, 12], ExecutionIds=[21, 22])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def idempotency(database: Database, clock: ManualClock) -> Idempotency:
    return Idempotency(database, clock)


@pytest.fixture
async def ann(database: Database) -> UserContext:
    return UserContext(await add_user(database, "ann"), "ann", "key of ann")


@pytest.fixture
async def bob(database: Database) -> UserContext:
    return UserContext(await add_user(database, "bob"), "bob", "key of bob")


class Action:
    """Something that must happen once: leaves a trace in the database, so that a rollback shows."""

    def __init__(self, database: Database, user: UserContext) -> None:
        self._database = database
        self._user = user
        self.calls = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def __call__(self, tx: WriteTransaction) -> models.ApplyPaperFillsResult:
        self.calls += 1
        await tx.execute(insert(event_counters).values(user_id=self._user.user_id, latest_seq_id=self.calls))
        self.begun.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return RESULT

    async def happened(self) -> bool:
        async with self._database.read() as tx:
            return bool(await tx.scalar(select(func.count()).select_from(event_counters)))


@pytest.fixture
def action(database: Database, ann: UserContext) -> Action:
    return Action(database, ann)


def get_args(key: str = "key-1") -> models.GetIdempotencyRecordArgs:
    return models.GetIdempotencyRecordArgs(IdempotencyKey=key)


async def refusal(call: Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value


async def status_of(call: Awaitable[models.MesoLiveApiResponse[models.ApplyPaperFillsResult]]) -> StatusCode:
    try:
        return (await call).Status
    except ServiceError as error:
        return error.status


class TestTheFirstCall:
    async def test_runs_and_answers_success(self, idempotency: Idempotency, ann: UserContext, action: Action) -> None:
        answer = await idempotency.run(ann, "key-1", FILLS, request(), action)
        assert (answer.Status, answer.Data) == (StatusCode.Success, RESULT)
        assert await action.happened()

    async def test_leaves_a_record_of_its_outcome(
        self, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        await idempotency.run(ann, "key-1", FILLS, request(), action)
        record = await idempotency.get(ann, get_args())
        assert record.Operation is FILLS
        assert record.Status is IdempotencyRecordStatus.Completed
        assert (record.CreatedAt, record.UpdatedAt) == (NOW, NOW)
        assert record.RequestHash == request_hash(request())
        assert record.LiveExecPlanId == 7
        assert record.LiveOrderIds == [11, 12]
        assert record.ResponseStatus is StatusCode.Success
        assert record.ResponseData == ('{"ExecPlanId":7,"PositionId":3,"LiveOrderIds":[11,12],"ExecutionIds":[21,22]}')

    async def test_that_is_refused_leaves_no_record_and_the_key_stays_free(
        self, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        action.fault = conflict("the plan was executed already")
        error = await refusal(idempotency.run(ann, "key-1", FILLS, request(), action))
        assert error is action.fault
        assert not await action.happened()
        assert (await refusal(idempotency.get(ann, get_args()))).status is StatusCode.NotFound
        action.fault = None
        answer = await idempotency.run(ann, "key-1", FILLS, request(plan_id=8), action)
        assert answer.Status is StatusCode.Success

    async def test_that_is_cancelled_leaves_nothing_and_can_be_made_again(
        self, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        action.gate.clear()
        task = asyncio.create_task(idempotency.run(ann, "key-1", FILLS, request(), action))
        await action.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await action.happened()
        action.gate.set()
        assert (await idempotency.run(ann, "key-1", FILLS, request(), action)).Status is StatusCode.Success


class TestTheSameCallAgain:
    async def test_does_nothing_and_answers_what_the_first_one_answered(
        self, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        await idempotency.run(ann, "key-1", FILLS, request(), action)
        again = await idempotency.run(ann, "key-1", FILLS, request(), action)
        assert (again.Status, again.Data) == (StatusCode.DuplicateRequest, RESULT)
        assert action.calls == 1

    async def test_is_known_after_a_restart(
        self, database: Database, idempotency: Idempotency, ann: UserContext, action: Action, clock: ManualClock
    ) -> None:
        await idempotency.run(ann, "key-1", FILLS, request(), action)
        again = await Idempotency(database, clock).run(ann, "key-1", FILLS, request(), action)
        assert (again.Status, again.Data) == (StatusCode.DuplicateRequest, RESULT)
        assert action.calls == 1

    async def test_while_the_first_is_running_is_a_conflict_and_the_record_says_so(
        self, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        action.gate.clear()
        first = asyncio.create_task(idempotency.run(ann, "key-1", FILLS, request(), action))
        await action.begun.wait()
        error = await refusal(idempotency.run(ann, "key-1", FILLS, request(), action))
        assert error.status is StatusCode.Conflict
        assert error.error is None or error.error.Code != KEY_REUSED
        record = await idempotency.get(ann, get_args())
        assert (record.Status, record.Operation) == (IdempotencyRecordStatus.Processing, FILLS)
        action.gate.set()
        assert (await first).Status is StatusCode.Success
        assert (await idempotency.get(ann, get_args())).Status is IdempotencyRecordStatus.Completed

    async def test_whose_outcome_is_not_known_yet_is_a_conflict_and_is_not_run(
        self, database: Database, idempotency: Idempotency, ann: UserContext, action: Action
    ) -> None:
        await idempotency.run(ann, "key-1", FILLS, request(), action)
        async with database.write() as tx:
            await tx.execute(update(idempotency_records).values(status=IdempotencyRecordStatus.Processing.name))
        error = await refusal(idempotency.run(ann, "key-1", FILLS, request(), action))
        assert error.status is StatusCode.Conflict
        assert action.calls == 1


class TestAnotherCallUnderTheKey:
    @pytest.mark.parametrize("finished", [True, False], ids=["after the first", "while the first is running"])
    @pytest.mark.parametrize(
        ("operation", "other"),
        [
            (FILLS, request(plan_id=8)),
            (FILLS, request(price="1.11")),
            (IdempotencyOperation.CancelOrder, request()),
            (
                IdempotencyOperation.CancelPreparePositionExit,
                models.CancelPreparePositionExitArgs(IdempotencyKey="key-1", JobId="a job"),
            ),
        ],
        ids=["another plan", "another price", "another operation", "another operation and request"],
    )
    async def test_is_a_conflict_that_names_the_reuse(
        self,
        idempotency: Idempotency,
        ann: UserContext,
        action: Action,
        operation: IdempotencyOperation,
        other: models.ApplyPaperFillsArgs,
        finished: bool,
    ) -> None:
        if not finished:
            action.gate.clear()
        first = asyncio.create_task(idempotency.run(ann, "key-1", FILLS, request(), action))
        await (first if finished else action.begun.wait())
        error = await refusal(idempotency.run(ann, "key-1", operation, other, action))
        assert error.status is StatusCode.Conflict
        assert error.error is not None
        assert error.error.Code == KEY_REUSED
        action.gate.set()
        await first
        assert action.calls == 1

    async def test_of_another_user_is_a_call_of_its_own(
        self, database: Database, idempotency: Idempotency, ann: UserContext, bob: UserContext, action: Action
    ) -> None:
        his = Action(database, bob)
        await idempotency.run(ann, "key-1", FILLS, request(), action)
        assert (await refusal(idempotency.get(bob, get_args()))).status is StatusCode.NotFound
        answer = await idempotency.run(bob, "key-1", FILLS, request(plan_id=9), his)
        assert answer.Status is StatusCode.Success
        assert (action.calls, his.calls) == (1, 1)


class TestManyCallsAtOnce:
    @pytest.mark.parametrize("processes", [1, 3])
    async def test_with_one_key_run_exactly_one(
        self, database: Database, ann: UserContext, action: Action, clock: ManualClock, processes: int
    ) -> None:
        servers = [Idempotency(database, clock) for _ in range(processes)]
        statuses = await asyncio.gather(
            *(
                status_of(servers[number % processes].run(ann, "key-1", FILLS, request(), action))
                for number in range(12)
            )
        )
        assert action.calls == 1
        assert statuses.count(StatusCode.Success) == 1
        assert set(statuses) <= {StatusCode.Success, StatusCode.Conflict, StatusCode.DuplicateRequest}

    async def test_with_different_keys_all_run(
        self, database: Database, idempotency: Idempotency, ann: UserContext
    ) -> None:
        done: list[str] = []

        def act(key: str) -> Callable[[WriteTransaction], Awaitable[models.ApplyPaperFillsResult]]:
            async def run(_tx: WriteTransaction) -> models.ApplyPaperFillsResult:
                done.append(key)
                return RESULT

            return run

        keys = [f"key-{number}" for number in range(12)]
        await asyncio.gather(*(idempotency.run(ann, key, FILLS, request(key), act(key)) for key in keys))
        assert sorted(done) == sorted(keys)


class TestKeys:
    @pytest.mark.parametrize("key", ["a", "A-Z_a.z:0-9", "x" * 128])
    async def test_of_the_agreed_letters_are_taken(
        self, idempotency: Idempotency, ann: UserContext, action: Action, key: str
    ) -> None:
        assert (await idempotency.run(ann, key, FILLS, request(key), action)).Status is StatusCode.Success

    @pytest.mark.parametrize("key", ["", "x" * 129, "a b", "ä", "a\n", "a/b", "\x00"])
    async def test_of_other_letters_are_refused_by_name(
        self, idempotency: Idempotency, ann: UserContext, action: Action, key: str
    ) -> None:
        error = await refusal(idempotency.run(ann, key, FILLS, request(key), action))
        assert error.status is StatusCode.ValidationError
        assert error.error is not None
        assert list(error.error.ValidationErrors or ()) == ["IdempotencyKey"]
        assert action.calls == 0

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(first=st.integers(1, 3), second=st.integers(1, 3), prices=st.tuples(*[st.sampled_from(["1", "2"])] * 2))
    def test_are_compared_by_the_request_without_themselves(
        self, first: int, second: int, prices: tuple[str, str]
    ) -> None:
        same = request_hash(request("a", first, prices[0])) == request_hash(request("b", second, prices[1]))
        assert same == (first == second and prices[0] == prices[1])


class TestTheRecordOfAJob:
    @pytest.mark.parametrize(
        ("status", "error"), [(PreparationStatus.Running, None), (PreparationStatus.Failed, "no such expiration")]
    )
    async def test_returns_the_state_of_the_job(
        self,
        database: Database,
        idempotency: Idempotency,
        ann: UserContext,
        status: PreparationStatus,
        error: str | None,
    ) -> None:
        strategy_id = await add_strategy(database, ann.user_id)
        start = models.PreparePositionExitArgs(IdempotencyKey="key-1", PositionId=3)

        async def begin(tx: WriteTransaction) -> models.StartPreparationResult:
            account = {
                "user_id": ann.user_id,
                "broker_account_id": "ML1000",
                "broker_type": "MesoLive",
                "account_type": "Paper",
                "currency": "USD",
                "is_paper": True,
                "initial_cash": Decimal(1),
                "cash": Decimal(1),
                "created_at": NOW,
                "last_updated": NOW,
            }
            account_id = await tx.scalar(insert(accounts).values(account).returning(accounts.c.id))
            job = {
                "id": "job-1",
                "user_id": ann.user_id,
                "kind": "Exit",
                "status": status.name,
                "strategy_id": strategy_id,
                "account_id": account_id,
                "request": "{}",
                "error": error,
                "created_at": NOW,
                "updated_at": NOW,
            }
            await tx.execute(insert(prepare_jobs).values(job))
            return models.StartPreparationResult(JobId="job-1")

        await idempotency.run(ann, "key-1", IdempotencyOperation.StartPreparePositionExit, start, begin)
        record = await idempotency.get(ann, get_args())
        assert (record.JobId, record.JobStatus, record.JobErrorMessage) == ("job-1", status, error)
        assert record.JobResult is None
        assert record.Status is IdempotencyRecordStatus.Completed  # starting the job is; the job has its own status


def test_every_operation_says_what_it_answers() -> None:
    assert set(RESULTS) == set(IdempotencyOperation) - {IdempotencyOperation.Unknown}
