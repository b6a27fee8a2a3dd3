"""Idempotency keys: an operation that a client sends twice is executed once.

A client names each such call by a key of its choice. The record of what the key was used for, and what the call itself
changed, are one transaction: a crash leaves both or neither.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, bindparam, insert, select, update

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found, validation
from mesolive.store.clauses import is_among
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import prepare_jobs
from mesolive_sdk import models, wire
from mesolive_sdk.models import IdempotencyOperation, IdempotencyRecordStatus, StatusCode

T = TypeVar("T")

KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}")
KEY_REUSED = "IdempotencyKeyReused"
"""`Error.Code` of a call whose key belongs to another call."""

MAX_RUNNING = 10_000
"""How many calls may be under way at once."""

RESULTS: Mapping[IdempotencyOperation, type[Any]] = MappingProxyType(
    {
        IdempotencyOperation.StartPreparePositionEntry: models.StartPreparationResult,
        IdempotencyOperation.StartPreparePositionExit: models.StartPreparationResult,
        IdempotencyOperation.StartPreparePositionAdjustment: models.StartPreparationResult,
        IdempotencyOperation.CancelPreparePositionEntry: models.CancelPreparationResult,
        IdempotencyOperation.CancelPreparePositionExit: models.CancelPreparationResult,
        IdempotencyOperation.CancelPreparePositionAdjustment: models.CancelPreparationResult,
        IdempotencyOperation.RegroupExecPlan: models.RegroupExecPlanResult,
        IdempotencyOperation.ApplyPaperFills: models.ApplyPaperFillsResult,
        IdempotencyOperation.SendOrder: models.SendOrderResult,
        IdempotencyOperation.CancelOrder: models.CancelOrderResult,
        IdempotencyOperation.SetPositionClosed: models.LivePosition,
        IdempotencyOperation.AdjustLegPnL: models.LiveLeg,
        IdempotencyOperation.LiquidatePosition: models.LiquidatePositionResult,
        IdempotencyOperation.AdoptPosition: models.LivePosition,
        IdempotencyOperation.HaltTrading: models.ListHaltsResult,
        IdempotencyOperation.ResumeTrading: models.ResumeTradingResult,
        IdempotencyOperation.HaltAndFlatten: models.HaltAndFlattenResult,
    }
)
"""What each operation answers."""

_JOB_RESULTS: Mapping[IdempotencyOperation, type[Any]] = MappingProxyType(
    {
        IdempotencyOperation.StartPreparePositionEntry: models.PreparePositionEntryResult,
        IdempotencyOperation.StartPreparePositionExit: models.PreparePositionExitResult,
        IdempotencyOperation.StartPreparePositionAdjustment: models.PreparePositionAdjustmentResult,
    }
)

_RECORD = select(idempotency_records).where(
    idempotency_records.c.user_id == bindparam("user"), idempotency_records.c.key == bindparam("name")
)
_RECORDS = select(idempotency_records).where(
    idempotency_records.c.user_id == bindparam("user"),
    is_among(idempotency_records.c.key, "names"),
)
_KEEP = insert(idempotency_records)
_SETTLE = (
    update(idempotency_records)
    .where(
        idempotency_records.c.user_id == bindparam("user"),
        idempotency_records.c.key == bindparam("name"),
        idempotency_records.c.status == IdempotencyRecordStatus.Processing.name,
    )
    .values(
        status=IdempotencyRecordStatus.Completed.name,
        updated_at=bindparam("at"),
        response_status=bindparam("answer_status"),
        response_message=bindparam("answer_message"),
        response_data=bindparam("answer_data"),
    )
)
_JOB = select(prepare_jobs.c.status, prepare_jobs.c.result, prepare_jobs.c.error).where(
    prepare_jobs.c.user_id == bindparam("user"), prepare_jobs.c.id == bindparam("job")
)


class Call(msgspec.Struct, frozen=True):
    """What a key stands for: one request of one operation."""

    key: str
    operation: IdempotencyOperation
    request_hash: str


class Idempotency:
    """Runs operations once per key and answers repeated calls with the first result.

    Parameters
    ----------
    database
        Where records are.
    clock
        Gives records their times.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._running: dict[tuple[int, str], Call] = {}

    async def run(
        self,
        user: UserContext,
        key: str,
        operation: IdempotencyOperation,
        request: msgspec.Struct,
        action: Callable[[WriteTransaction], Awaitable[T]],
    ) -> models.MesoLiveApiResponse[T]:
        """Run `action` unless this call has run already.

        Parameters
        ----------
        user
            Who calls; keys are their own.
        key
            The client's key.
        operation
            Which method is called.
        request
            Its arguments.
        action
            Does the work in the transaction that it gets and returns the answer's data. What it raises leaves nothing
            behind, the record included.

        Returns
        -------
        MesoLiveApiResponse
            `Success` with the action's result, or `DuplicateRequest` with the result of the first call.

        Raises
        ------
        ServiceError
            `ValidationError` for a malformed key; `Conflict` while the first call is running, and, with the code
            `IdempotencyKeyReused`, when the key belongs to another request or operation; whatever `action` raises.
        """
        # The claim in memory is for calls at the same time, which must not wait for each other; the record for those
        # after it, restarts included. The record is read within the transaction that writes it: a call that ended
        # between a read outside and the action would be done twice.
        with self.claimed(user, key, operation, request) as call:
            async with self._database.write(user.user_id) as tx:
                record = await tx.first(_RECORD, {"user": user.user_id, "name": key})
                if record is not None:
                    return first_answer(record, call)
                now = self._clock.now()
                result = await action(tx)
                await tx.execute(
                    _KEEP,
                    {
                        "user_id": user.user_id,
                        "key": key,
                        "operation": operation.name,
                        "status": IdempotencyRecordStatus.Completed.name,
                        "created_at": now,
                        "updated_at": self._clock.now(),
                        "request_hash": call.request_hash,
                        "exec_plan_id": getattr(result, "ExecPlanId", None) or getattr(request, "ExecPlanId", None),
                        "order_ids": _order_ids(result),
                        "job_id": getattr(result, "JobId", None),
                        "response_status": StatusCode.Success.name,
                        "response_data": wire.encode_json(result).decode(),
                    },
                )
        return models.MesoLiveApiResponse(Status=StatusCode.Success, Data=result)

    @contextmanager
    def claimed(
        self, user: UserContext, key: str, operation: IdempotencyOperation, request: msgspec.Struct
    ) -> Generator[Call]:
        """Hold the key exclusively while the context lasts; raises as `run`.

        For operations whose outcome lies outside of the database: their record is kept as `Processing` with what they
        are about to do (`keep_processing`), and completed in the transaction that books the outcome (`settle`).
        """
        if KEY.fullmatch(key) is None:
            raise validation({"IdempotencyKey": ["expected 1 to 128 characters out of A-Z a-z 0-9 . _ : -"]})
        call = Call(key, operation, request_hash(request))
        mine = (user.user_id, key)
        running = self._running.get(mine)
        if running is not None:
            _must_be_same(running, call)
            raise conflict(
                f"the first call with the key {key} is still running; ask for its record", code="CallStillRunning"
            )
        if len(self._running) >= MAX_RUNNING:
            raise ServiceError(StatusCode.RateLimited, "too many calls are under way")
        # No await since the look at `_running`: of two calls with one key exactly one gets here.
        self._running[mine] = call
        try:
            yield call
        finally:
            del self._running[mine]

    async def get(self, user: UserContext, args: models.GetIdempotencyRecordArgs) -> models.IdempotencyRecord:
        """Return the record of one of the user's keys, with the present state of the job that it started.

        Raises
        ------
        ServiceError
            `NotFound` when the key was not used, or its call was refused before it did anything.
        """
        key = args.IdempotencyKey
        # Read first: a call that ends in between is found in the database.
        call = self._running.get((user.user_id, key))
        async with self._database.read() as tx:
            row = await tx.first(_RECORD, {"user": user.user_id, "name": key})
            if row is not None:
                return await _record(tx, row)
        if call is None:
            raise not_found(f"idempotency key {key!r}")
        now = self._clock.now()
        return models.IdempotencyRecord(
            IdempotencyKey=key,
            Operation=call.operation,
            Status=IdempotencyRecordStatus.Processing,
            CreatedAt=now,
            UpdatedAt=now,
            RequestHash=call.request_hash,
        )


def request_hash(request: msgspec.Struct) -> str:
    """Return the SHA-256 of a request without its key, in hexadecimal: the same for the same request."""
    fields = {name: value for name, value in msgspec.structs.asdict(request).items() if name != "IdempotencyKey"}
    return hashlib.sha256(msgspec.json.encode(fields, enc_hook=wire.enc_hook, order="sorted")).hexdigest()


def _must_be_same(first: Call, second: Call) -> None:
    key = first.key
    if first.operation is not second.operation:
        raise conflict(f"the key {key} was used for {first.operation.name}", KEY_REUSED)
    if first.request_hash != second.request_hash:
        raise conflict(f"the key {key} was used for another request of {first.operation.name}", KEY_REUSED)


async def find_records(tx: Transaction, user_id: int, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the user's records of those of the keys that were used."""
    return {row.key: row for row in await tx.all(_RECORDS, {"user": user_id, "names": list(keys)})}


async def keys_with_prefix(tx: Transaction, user_id: int, prefix: str) -> list[str]:
    """Return the user's keys that begin with a text: those that followed from the key of one call."""
    rows = await tx.all(
        select(idempotency_records.c.key).where(
            idempotency_records.c.user_id == user_id, idempotency_records.c.key.startswith(prefix, autoescape=True)
        )
    )
    return [row.key for row in rows]


async def keep_processing(
    tx: WriteTransaction, user_id: int, calls: Sequence[tuple[Call, int | None, int | None]], now: datetime
) -> None:
    """Keep the records of calls whose outcome will be known later: each with its plan and, if any, its order."""
    await tx.execute(
        _KEEP,
        [
            {
                "user_id": user_id,
                "key": call.key,
                "operation": call.operation.name,
                "status": IdempotencyRecordStatus.Processing.name,
                "created_at": now,
                "updated_at": now,
                "request_hash": call.request_hash,
                "exec_plan_id": plan_id,
                "order_ids": None if order_id is None else [order_id],
            }
            for call, plan_id, order_id in calls
        ],
    )


class Settlement(msgspec.Struct, frozen=True):
    """The outcome of a call that was kept as `Processing`."""

    key: str
    data: msgspec.Struct
    status: StatusCode = StatusCode.Success
    message: str | None = None


async def settle(tx: WriteTransaction, user_id: int, settlements: Sequence[Settlement], now: datetime) -> None:
    """Complete records within the transaction that makes their outcome true; completed ones stay as they are."""
    await tx.execute(
        _SETTLE,
        [
            {
                "user": user_id,
                "name": settlement.key,
                "at": now,
                "answer_status": settlement.status.name,
                "answer_message": settlement.message,
                "answer_data": wire.encode_json(settlement.data).decode(),
            }
            for settlement in settlements
        ],
    )


def first_answer(record: Row[Any], call: Call) -> models.MesoLiveApiResponse[Any]:
    """Return the answer to a repeated call: the first call's answer, marked as a duplicate.

    Raises
    ------
    ServiceError
        `Conflict` when the key belongs to another request, or the first call has no outcome yet.
    """
    must_be_same(record, call)
    if record.status == IdempotencyRecordStatus.Processing.name:
        raise conflict(
            f"what became of the first call with the key {call.key} is not known yet; ask for its record",
            code="OutcomeUnknown",
        )
    data = record.response_data
    return models.MesoLiveApiResponse(
        Status=StatusCode.DuplicateRequest,
        Message=record.response_message or "this call was made before; nothing was done again",
        Error=_error(record.response_error),
        Data=None if data is None else wire.decode_json(data, RESULTS[call.operation]),
    )


def must_be_same(record: Row[Any], call: Call) -> None:
    """Raise `Conflict` when the key belongs to another request or operation."""
    _must_be_same(Call(call.key, IdempotencyOperation[record.operation], record.request_hash), call)


async def _record(tx: Transaction, row: Row[Any]) -> models.IdempotencyRecord:
    operation = IdempotencyOperation[row.operation]
    record = models.IdempotencyRecord(
        IdempotencyKey=row.key,
        Operation=operation,
        Status=IdempotencyRecordStatus[row.status],
        CreatedAt=row.created_at,
        UpdatedAt=row.updated_at,
        RequestHash=row.request_hash,
        LiveExecPlanId=row.exec_plan_id,
        LiveOrderIds=row.order_ids,
        ErrorMessage=row.error_message,
        JobId=row.job_id,
        ResponseStatus=None if row.response_status is None else StatusCode[row.response_status],
        ResponseMessage=row.response_message,
        ResponseError=_error(row.response_error),
        ResponseData=row.response_data,
    )
    job = None if row.job_id is None else await tx.first(_JOB, {"user": row.user_id, "job": row.job_id})
    if job is not None:
        record.JobStatus = models.PreparationStatus[job.status]
        record.JobErrorMessage = job.error
        model = _JOB_RESULTS.get(operation)
        if job.result is not None and model is not None:
            record.JobResult = wire.decode_json(job.result, model)
            record.LiveExecPlanId = record.JobResult.ExecPlanId
    return record


def _error(text: str | None) -> models.MesoLiveApiError | None:
    return None if text is None else wire.decode_json(text, models.MesoLiveApiError)


def _order_ids(result: object) -> list[int] | None:
    many: list[int] | None = getattr(result, "LiveOrderIds", None)
    order_id: int | None = getattr(result, "LiveOrderId", None)
    return many if order_id is None else [order_id]
