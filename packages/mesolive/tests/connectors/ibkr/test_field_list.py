"""The list of faults that users of IB have met, with the tests of each: every row, and what was next in line."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent

ROWS: Mapping[int, tuple[str, Sequence[str]]] = {
    1: (
        "10349, the time in force of a preset, is taken for a cancel, and the client sends again",
        ["test_field_faults.py::test_1_a_preset_time_in_force_is_no_cancel_and_nothing_is_sent_again"],
    ),
    2: (
        "a cancel loses against the fill, and the books say cancelled",
        ["test_field_faults.py::test_2_a_cancel_that_loses_against_the_fill_is_denied_and_the_fill_is_reported"],
    ),
    3: (
        "executions before any acceptance are dropped",
        ["test_field_faults.py::test_3_executions_before_any_acceptance_are_reported_after_it"],
    ),
    4: (
        "a restart gives order ids out again",
        ["test_field_faults.py::test_4_an_order_lost_in_a_dying_socket_is_unknown_and_its_id_mixes_no_references"],
    ),
    5: (
        "a modification in an outage makes two live orders of one",
        ["test_field_faults.py::test_5_nothing_is_sent_in_an_outage_and_a_duplicate_of_one_is_cancelled"],
    ),
    6: (
        "fills of an outage are dropped",
        [
            "test_field_faults.py::test_6_an_unreported_fill_of_an_outage_is_found_once",
            "test_outages.py::test_an_exit_that_fills_in_an_outage_over_midnight_is_not_a_settlement",
            "test_data_faults.py::test_nothing_is_asked_for_while_the_link_is_lost_and_quotes_are_stale",
        ],
    ),
    7: (
        "a farm that flaps leaves feeds dead, or tears the connection of orders, which then meets 326",
        [
            "test_data_faults.py::test_a_broken_farm_makes_the_quotes_old_at_once_and_says_so",
            "test_data_faults.py::test_lines_that_stay_silent_after_a_farm_is_mended_are_asked_for_again",
            "test_field_faults_of_positions.py::test_7_a_farm_that_flaps_leaves_the_session_of_orders_alone",
            "test_states.py::test_a_client_id_in_use_is_tried_again_with_the_same_id",
        ],
    ),
    8: (
        "a refused modification is read as a cancel",
        ["test_field_faults.py::test_8_a_refused_modification_leaves_the_old_order_at_work"],
    ),
    9: (
        "the expiration is off by a day, or classes of the AM and the PM are mixed",
        [
            "test_data_faults.py::test_the_chain_is_the_same_whatever_zone_tws_is_logged_in_with",
            "test_data_faults.py::test_spx_and_spxw_of_the_third_friday_are_two_contracts",
            "test_field_faults_of_positions.py::test_9_an_order_names_its_contracts_by_their_ids_alone",
        ],
    ),
    10: (
        "positions of expired options linger or vanish without a message, and their details are refused",
        [
            "test_field_faults_of_positions.py::test_10_rows_of_zero_are_no_positions_and_the_settlement_is_reported_once",
            "test_field_faults_of_positions.py::test_10_a_position_that_lingers_is_settled_when_it_goes",
            "test_field_faults_of_positions.py::test_10_an_order_for_an_expired_contract_is_rejected_and_breaks_nothing",
            "test_field_faults_of_positions.py::test_10_a_late_fill_is_no_exercise",
            "test_data_faults.py::test_a_contract_that_ib_no_longer_knows_breaks_nothing",
        ],
    ),
}
"""By the number of the row."""

NEXT_IN_LINE: Mapping[str, Sequence[str]] = {
    "a cached ticker of half an hour ago makes a limit": [
        "test_data_faults.py::test_a_line_that_is_opened_again_brings_nothing_of_what_was_quoted_before",
        "test_preparation.py::test_a_prepared_entry_is_not_sent_once_its_quotes_are_the_models",
    ],
    "contract details of a combo are never answered": [
        "test_field_faults_of_positions.py::test_a_combo_is_traded_without_any_details_of_it"
    ],
    "price steps of SPX above 3.00, and of combos": [
        "test_field_faults.py::test_a_single_option_off_ibs_step_is_refused_and_a_combo_at_five_cents_is_not"
    ],
    "placements are swallowed without any answer": [
        "test_field_faults.py::test_an_unanswered_placement_is_unknown_and_then_never_arrived"
    ],
    "duplicate combos from concurrent legs": [
        "test_field_faults.py::test_two_combos_at_once_are_two_orders_and_each_fill_has_its_own_legs"
    ],
    "orders wait behind a burst of data requests": [
        "test_session.py::test_orders_go_before_hundreds_of_requests_for_data_that_wait"
    ],
    "202 while the status still says PendingCancel": [
        "test_field_faults.py::test_a_confirmation_by_202_alone_ends_the_order"
    ],
    "a combo has no data while its legs quote": [
        "test_data_faults.py::test_no_line_is_opened_for_a_combo",
        "test_field_faults_of_positions.py::test_a_combo_is_traded_without_any_details_of_it",
    ],
    "the week's login is missed, and nobody notices for days": [
        "test_states.py::test_the_end_of_the_weeks_login_asks_for_the_phone",
        "test_surfaces.py::test_the_end_of_the_weeks_login_is_sent_to_the_trader_with_what_to_do",
    ],
    "dialogs of advisors or precautions hold orders": [
        "test_field_faults.py::test_an_order_that_a_dialog_held_too_long_is_cancelled_when_it_comes",
        "test_states.py::test_the_settings_choose_among_the_accounts_of_a_login",
    ],
}


def names_in(file: Path) -> set[str]:
    """Return the names of a module's tests, those of its classes too."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test_")}


@pytest.mark.parametrize(
    ("fault", "tests"),
    [
        *((f"{number} {words}", tests) for number, (words, tests) in ROWS.items()),
        *NEXT_IN_LINE.items(),
    ],
)
def test_each_fault_from_the_field_has_the_tests_that_are_named_here(fault: str, tests: Sequence[str]) -> None:
    assert tests, fault
    for name in tests:
        module, _, test = name.partition("::")
        assert test in names_in(HERE / module), name


def test_every_test_that_bears_the_number_of_a_row_is_named_here() -> None:
    numbered = {
        f"{file.name}::{name}"
        for file in HERE.glob("test_*.py")
        for name in names_in(file)
        if name.split("_")[1].isdecimal()
    }
    named = {name for _, tests in ROWS.values() for name in tests}
    assert numbered <= named
    assert list(ROWS) == list(range(1, 11))
