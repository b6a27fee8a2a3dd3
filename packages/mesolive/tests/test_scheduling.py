"""The order in which tests are given to the workers of `make test`."""

from __future__ import annotations

from mesolive_testkit.scheduling import FAST_TESTS_TOGETHER, given_out_at, units_of_work

FAST = [f"packages/a/tests/pricing/test_fast.py::test_{number}" for number in range(20)]
SYSTEM = [f"packages/a/tests/system/test_slow.py::test_{number}" for number in range(3)]
GROUPED = [f"packages/a/tests/hubs/test_shared.py::test_{number}@shared" for number in range(3)]


def test_fast_tests_of_a_module_share_a_unit_and_a_system_test_has_its_own() -> None:
    units = units_of_work([*FAST, *SYSTEM])
    assert [units[test] for test in SYSTEM] == SYSTEM
    assert len({units[test] for test in FAST}) == -(-len(FAST) // FAST_TESTS_TOGETHER)


def test_a_group_is_one_unit_and_an_at_sign_within_parameters_names_none() -> None:
    mail = "packages/a/tests/hubs/test_shared.py::test_mail[me@example.org]"
    units = units_of_work([*GROUPED, mail])
    assert {units[test] for test in GROUPED} == {"shared"}
    assert units[mail] != "example.org]"


def test_groups_come_first_and_system_tests_end_before_the_fast_ones_do() -> None:
    order = given_out_at(list(dict.fromkeys(units_of_work([*FAST, *SYSTEM, *GROUPED]).values())))
    assert order["shared"] == 0.0
    fast = [at for unit, at in order.items() if "/pricing/" in unit]
    slow = [at for unit, at in order.items() if "/system/" in unit]
    assert slow == sorted(slow)
    assert 0.0 < min(slow) < max(fast)
    assert max(slow) < max(fast)
