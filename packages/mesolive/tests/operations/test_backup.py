"""A backup is whole whatever the server does meanwhile, and putting an old one back sends no order twice."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import sqlite3
import stat
import tarfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mesolive.cli.root import app
from mesolive.operations.backup import DISTANCE, BackupError, make_backup, restore_backup
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.store.server_lock import DatabaseInUseError
from mesolive.venues.base import VenueLeg
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_sdk.models import LivePositionState
from mesolive_testkit.operator import command
from mesolive_testkit.venues import SIM, at_venue, desk_server
from mesolive_testkit.venues.desk import Desk

runner = CliRunner()


def url(directory: Path) -> str:
    return f"sqlite:///{directory / 'mesolive.sqlite3'}"


def venue(directory: Path) -> Path:
    return directory / "simulated-venue.jsonl"


def run(*arguments: str, directory: Path) -> Result:
    return runner.invoke(app, [*arguments, "--database", url(directory)])


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(directory / "mesolive.sqlite3")) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """Make a database with a user in it, and what a venue remembers."""
    directory = tmp_path / "used"
    assert run("apikey", "create", "--user", "ann", directory=directory).exit_code == 0
    venue(directory).write_text('{"whole":"line"}\n{"unfinished')
    return directory


def test_a_backup_is_one_file_for_its_owner_only_with_everything_that_is_needed(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    made = run("backup", str(file), directory=used)
    assert made.exit_code == 0, made.output
    assert "users 1" in made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["manifest.json", "mesolive.sqlite3", "secret.key", "simulated-venue.jsonl"]
        remembered = tar.extractfile("simulated-venue.jsonl")
        assert remembered is not None
        assert remembered.read() == b'{"whole":"line"}\n', "a line that is being written is not taken for one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_is_there_is_never_written_over(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("something precious")
    made = run("backup", str(file), directory=used)
    assert isinstance(made.exception, BackupError)
    assert file.read_text() == "something precious"


def test_there_is_no_backup_of_nothing(tmp_path: Path) -> None:
    made = command(tmp_path, "backup", "backup.tar.gz")
    assert made.returncode == 1
    (line,) = made.stderr.splitlines()
    assert "there is no database" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("backup", "file"), ("restore", "file")])
def test_postgresql_has_its_own_tools_and_the_command_says_so(arguments: tuple[str, ...]) -> None:
    ended = runner.invoke(app, [*arguments, "--database", "postgresql://somebody:secret@host/name"])
    assert isinstance(ended.exception, BackupError)
    assert "pg_dump" in str(ended.exception)
    assert "secret@" not in str(ended.exception)


def test_what_is_written_during_the_copy_is_in_it_whole_or_not_at_all(used: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(used / "mesolive.sqlite3")) as connection:
        connection.executescript("CREATE TABLE left_side (n INTEGER, filler TEXT); CREATE TABLE right_side (n INTEGER)")
        filler = "x" * 1000
        connection.executemany("INSERT INTO left_side VALUES (0, ?)", [(filler,)] * 30_000)
        connection.execute("INSERT INTO right_side SELECT n FROM left_side")
        connection.commit()
    stop, writes = threading.Event(), [0]

    def write() -> None:
        with closing(sqlite3.connect(used / "mesolive.sqlite3", timeout=30)) as connection:
            while not stop.is_set():
                connection.execute("INSERT INTO left_side VALUES (1, 'y')")
                connection.execute("INSERT INTO right_side VALUES (1)")
                connection.commit()
                writes[0] += 1

    writer = threading.Thread(target=write)
    seen: list[int] = []

    def look(what: str, done: int, _total: int) -> None:
        if what == "copying" and done:
            seen.append(writes[0])

    writer.start()
    try:
        manifest = make_backup(url(used), tmp_path / "backup.tar.gz", venue(used), progress=look)
    finally:
        stop.set()
        writer.join()
    assert manifest.rows["left_side"] == manifest.rows["right_side"]
    assert len(seen) > 2, "it was copied in several parts"
    assert seen[-1] > seen[0], "and written to in between"
    assert writes[0] > manifest.rows["right_side"] - 30_000


async def test_what_was_restored_is_what_was_backed_up_with_numbers_at_a_distance(used: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    make_backup(url(used), file, venue(used))
    await restore_backup(file, url(new), venue(new))
    keys = "SELECT key_id FROM api_keys"
    assert rows(new, keys) == rows(used, keys)
    assert (new / "secret.key").read_bytes() == (used / "secret.key").read_bytes()
    assert venue(new).read_text() == '{"whole":"line"}\n'
    assert {stat.S_IMODE(path.stat().st_mode) for path in new.iterdir()} == {0o600}
    await asyncio.to_thread(run, "apikey", "create", "--user", "bob", directory=new)
    assert rows(new, "SELECT id FROM users WHERE name = 'bob'") == [(DISTANCE + 1,)]
    counters = "SELECT name, latest_seq_id FROM event_counters JOIN users ON users.id = user_id ORDER BY name"
    assert rows(new, counters) == [("ann", DISTANCE), ("bob", 1)], "only bob's key was made after it"


async def test_an_existing_database_is_only_replaced_by_force_and_then_saved(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    make_backup(url(used), file, venue(used))
    await asyncio.to_thread(run, "apikey", "create", "--user", "bob", directory=used)
    venue(used).write_text('{"later":"line"}\n')
    with pytest.raises(BackupError, match="--force"):
        await restore_backup(file, url(used), venue(used))
    done = await restore_backup(file, url(used), venue(used), force=True)
    assert rows(used, "SELECT name FROM users") == [("ann",)]
    assert venue(used).read_text() == '{"later":"line"}\n', "a venue is not set back"
    stored = next(path for path in done.replaced if path.name == "mesolive.sqlite3")
    assert rows(stored.parent, "SELECT name FROM users") == [("ann",), ("bob",)]


def unpacks(content: bytes) -> bool:
    try:
        gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return False
    return True


def damaged(file: Path) -> Iterator[tuple[str, bytes]]:
    whole = file.read_bytes()
    yield "cut off", whole[:-200]
    for place in range(20, len(whole), len(whole) // 7):
        turned = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        if not unpacks(turned):  # a run of zeros can be packed in several ways
            yield f"a bit turned at {place}", turned
    yield "empty", b""
    yield "something else", b"PK\x03\x04 a photograph"
    out = io.BytesIO()
    with tarfile.open(file) as tar, tarfile.open(fileobj=out, mode="w:gz") as changed:
        for entry in tar:
            stream = tar.extractfile(entry)
            assert stream is not None
            body = stream.read()
            if entry.name == "secret.key":
                body = b"0" * len(body)
            changed.addfile(entry, io.BytesIO(body))
    yield "changed by hand", out.getvalue()


async def test_a_damaged_backup_is_refused_and_nothing_is_touched(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    make_backup(url(used), file, venue(used))
    for how, content in damaged(file):
        broken, new = tmp_path / "broken.tar.gz", tmp_path / how
        broken.write_bytes(content)
        with pytest.raises(BackupError):
            await restore_backup(broken, url(new), venue(new))
        assert [path.name for path in new.iterdir()] == ["mesolive.sqlite3.lock"], how


async def test_a_backup_of_a_newer_server_is_refused(used: Path, tmp_path: Path) -> None:
    file, newer = tmp_path / "backup.tar.gz", tmp_path / "newer.tar.gz"
    make_backup(url(used), file, venue(used))
    with tarfile.open(file) as tar, tarfile.open(newer, "w:gz") as changed:
        for entry in tar:
            stream = tar.extractfile(entry)
            assert stream is not None
            body = stream.read()
            if entry.name == "manifest.json":
                body = json.dumps(json.loads(body) | {"tables": "9999", "server": "9.9"}).encode()
                entry.size = len(body)
            changed.addfile(entry, io.BytesIO(body))
    with pytest.raises(BackupError, match=r"newer server \(9\.9\)"):
        await restore_backup(newer, url(tmp_path / "new"), venue(tmp_path / "new"))


async def test_a_server_that_runs_keeps_its_database_from_being_restored(tmp_path: Path) -> None:
    async with desk_server(tmp_path):
        make_backup(url(tmp_path), tmp_path / "backup.tar.gz", venue(tmp_path))
        with pytest.raises(DatabaseInUseError):
            await restore_backup(tmp_path / "backup.tar.gz", url(tmp_path), venue(tmp_path), force=True)


async def test_what_was_sent_after_the_backup_is_not_sent_again_and_is_an_error_until_it_is_settled(
    tmp_path: Path,
) -> None:
    file = tmp_path / "backup.tar.gz"
    async with desk_server(tmp_path) as desk:
        strategy = await desk.strategy()
        first = await desk.enter(strategy.Id)
        booked = dict(await desk.venue.positions(SIM))
        plan = await desk.prepare_entry(strategy.Id, name="sent after the backup")
        make_backup(url(tmp_path), file, venue(tmp_path))
        sent = at_venue(plan, key=new_idempotency_key())
        order = await desk.send(sent)
        await desk.order_in(order.LiveOrderId, models.OrderState.Filled)
        held = dict(await desk.venue.positions(SIM))
        received = max(event.EventSeqId for event in desk.events)
        orders_there = len(desk.venue.ledger.orders)
    await restore_backup(file, url(tmp_path), venue(tmp_path), force=True)
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        await desk.until(lambda: len(errors(desk)) == 1)
        (error,) = errors(desk)
        assert error.State is models.ErrorState.Active
        assert error.BrokerAccountId == SIM
        assert "the venue holds" in (error.Message or "")
        assert error.EventSeqId > received, "who has read further than the backup hears it all the same"
        with pytest.raises(MesoLiveApiException, match="restored from a backup"):
            await desk.send(sent)
        assert len(desk.venue.ledger.orders) == orders_there
        assert await desk.venue.positions(SIM) == held
        assert [position.Id for position in await desk.positions()] == [first.Id]
        for contract, qty in held.items():  # somebody brings the venue to what the books say
            undone = booked.get(contract, Decimal(0)) - qty
            if undone:
                desk.venue.trade_by_hand(SIM, [VenueLeg(name="x", contract=contract, ratio=undone)], Decimal(1))
        await desk.until(lambda: len(errors(desk)) == 2)
        assert errors(desk)[1].State is models.ErrorState.Resolved


async def test_what_was_filled_after_the_backup_is_booked_when_the_order_was_known(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    async with desk_server(tmp_path, terms=SimulatedVenueConfig(queue_seconds=30.0)) as desk:
        plan = await desk.prepare_entry((await desk.strategy()).Id)
        order = await desk.send(at_venue(plan))
        make_backup(url(tmp_path), file, venue(tmp_path))
        await desk.advance(60)
        await desk.order_in(order.LiveOrderId, models.OrderState.Filled)
    await restore_backup(file, url(tmp_path), venue(tmp_path), force=True)
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        assert (await desk.order_in(order.LiveOrderId, models.OrderState.Filled)).CumQty == 1
        opened = await desk.position_in(LivePositionState.Open)
        legs = (await desk.control.list_legs(models.ListLegsArgs(PositionId=opened.Id))).Legs
        assert sorted(leg.Qty for leg in legs) == sorted((await desk.venue.positions(SIM)).values())
        assert errors(desk) == []


async def test_an_order_that_works_and_was_sent_after_the_backup_is_named(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    async with desk_server(tmp_path) as desk:
        plan = await desk.prepare_entry((await desk.strategy()).Id)
        make_backup(url(tmp_path), file, venue(tmp_path))
        await desk.send(at_venue(plan, kind=models.OrderType.Limit, limit=Decimal(-50)))
        (reference,) = desk.venue.ledger.working
        name = desk.venue.ledger.working[reference].venue_id
    await restore_backup(file, url(tmp_path), venue(tmp_path), force=True)
    async with desk_server(tmp_path) as desk:
        await desk.listen()
        await desk.until(lambda: len(errors(desk)) == 1)
        assert f"order {name} works at the venue and is not in the books" in (errors(desk)[0].Message or "")
        desk.venue.cancel_by_hand(reference)
        await desk.until(lambda: len(errors(desk)) == 2)
        assert errors(desk)[1].State is models.ErrorState.Resolved


def errors(desk: Desk) -> list[models.ErrorEvent]:
    return [event for event in desk.events if isinstance(event, models.ErrorEvent)]


async def test_a_backup_finds_the_venues_memory_wherever_the_running_server_keeps_it(tmp_path: Path) -> None:
    directory, elsewhere = tmp_path / "server", tmp_path / "elsewhere"
    directory.mkdir()
    settings = Settings(market="simulated", port=0, database=url(directory), data_dir=elsewhere)
    file = tmp_path / "backup.tar.gz"
    async with serving(settings) as application:
        await application.access.create_key("ann")
        manifest = make_backup(url(directory), file, venue(directory))
    assert [member.name for member in manifest.files] == ["mesolive.sqlite3", "secret.key", "simulated-venue.jsonl"]
    memory = venue(elsewhere)
    stored = memory.read_bytes()
    memory.unlink()
    with pytest.raises(BackupError, match=r"not be whole: the simulated venue's memory .*elsewhere.*--data-dir"):
        make_backup(url(directory), tmp_path / "second.tar.gz", venue(directory))
    new, third = tmp_path / "new", tmp_path / "third"
    done = await restore_backup(file, url(new), venue(new))
    assert (done.venue, memory.read_bytes()) == (memory, stored)
    done = await restore_backup(file, url(third), venue(third), named=True)
    assert done.venue == venue(third)
    assert venue(third).read_bytes() == stored
    (directory / "secret.key").unlink()
    with pytest.raises(BackupError, match=r"secret of the API keys .* is not there"):
        make_backup(url(directory), tmp_path / "fourth.tar.gz", venue(directory))


def test_a_folder_that_is_named_and_has_no_memory_in_it_is_an_error(used: Path, tmp_path: Path) -> None:
    made = run("backup", str(tmp_path / "backup.tar.gz"), "--data-dir", str(tmp_path / "empty"), directory=used)
    assert isinstance(made.exception, BackupError)
    assert "--data-dir" in str(made.exception)
    assert not (tmp_path / "backup.tar.gz").exists()
