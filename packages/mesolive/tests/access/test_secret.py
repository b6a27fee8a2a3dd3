from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesolive.access.secret import MIN_LENGTH, SECRET_FILE, ServerSecret, UnusableSecretError, load_secret

GIVEN = "x" * MIN_LENGTH


def test_the_secret_is_made_once_and_read_again(tmp_path: Path) -> None:
    made = load_secret(tmp_path / "data")
    result = load_secret(tmp_path / "data")
    assert made.derive("pages") == result.derive("pages")
    assert [path.name for path in (tmp_path / "data").iterdir()] == [SECRET_FILE]


def test_each_directory_has_a_secret_of_its_own(tmp_path: Path) -> None:
    assert load_secret(tmp_path / "a").derive("pages") != load_secret(tmp_path / "b").derive("pages")


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    load_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


def test_a_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    load_secret(tmp_path)
    (tmp_path / SECRET_FILE).chmod(0o644)
    with pytest.raises(UnusableSecretError, match="chmod 600"):
        load_secret(tmp_path)


def test_servers_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = [pool.submit(load_secret, tmp_path) for _ in range(64)]
    assert len({secret.result().derive("pages") for secret in secrets}) == 1


def test_a_secret_that_was_given_comes_first_and_is_written_nowhere(tmp_path: Path) -> None:
    assert load_secret(tmp_path, GIVEN).derive("pages") == ServerSecret(GIVEN).derive("pages")
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_too_short_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(UnusableSecretError) as caught:
        load_secret(tmp_path, "geheim")
    assert "geheim" not in str(caught.value)
    (tmp_path / SECRET_FILE).touch(0o600)
    with pytest.raises(UnusableSecretError):
        load_secret(tmp_path)


def test_without_a_directory_the_secret_must_be_given() -> None:
    with pytest.raises(UnusableSecretError, match="MESOLIVE_SECRET_KEY"):
        load_secret(None)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableSecretError, match="cannot be used"):
        load_secret(tmp_path / "file")


def test_keys_for_different_purposes_are_different_and_do_not_show_the_secret() -> None:
    secret = ServerSecret(GIVEN)
    assert secret.derive("pages") != secret.derive("api-keys")
    assert len(secret.derive("pages")) == 32
    assert GIVEN not in repr(secret)
