"""Results: what was lost, came twice, came late; from made-up deliveries."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from math import isnan, nan
from typing import Any

import orjson
import pytest

from app.sdk.errors import BadParameter
from app.sdk.load.assemble import assemble
from app.sdk.load.message import Effort, Heard, Published
from app.sdk.load.plan import FIRST_CUSTOMER, Plan
from app.sdk.load.result import LoadResult
from app.sdk.load.script import Script
from app.sdk.load.stage import STAGES, quantile

BEGUN_AT = 1_700_000_000.0
IDLE = Effort(0.1, 1.0, array("d", [0.5]))
CUSTOMER = Plan(customers=4, rate=4, seconds=1)
TOPIC = Plan(customers=3, rate=2, seconds=1, audience="topic")

# The number of a notification in the script, the customer's, and how many ms after the notification was due it came.
Came = tuple[int, int, float]


def published(plan: Plan, ahead_seconds: float = 0.0, **changes: Any) -> Published:
    """Requests that were written 1 ms after they were due, accepted 2 ms after that, committed in 3, carried in 4."""
    due = Script(plan, "abc").due
    count = len(due)
    written_at = [BEGUN_AT + each + 0.001 for each in due]
    made = Published(
        written_at=array("d", written_at),
        answered_at=array("d", [each + 0.0105 for each in written_at]),
        commit_ms=array("d", [3.0]) * count,
        carry_ms=array("d", [4.0]) * count,
        attempts=array("I", [1]) * count,
        uids=[f"uid-{number}" for number in range(count)],
        accepted_at=array("d", [each + 0.002 + ahead_seconds for each in written_at]),
        refused={},
        unanswered=0,
        waited=0,
        effort=IDLE,
    )
    return replace(made, **changes)


def heard(plan: Plan, came: Sequence[Came], **changes: Any) -> Heard:
    due = Script(plan, "abc").due
    uids = list(dict.fromkeys(f"uid-{number}" for number, _, _ in came))
    made = Heard(
        uids=uids,
        which=array("I", [uids.index(f"uid-{number}") for number, _, _ in came]),
        who=array("I", [customer for _, customer, _ in came]),
        when=array("d", [BEGUN_AT + due[number] + ms / 1000 if number < len(due) else 0 for number, _, ms in came]),
        out_of_order=0,
        reconnects=0,
        gaps=0,
        refused={},
        effort=IDLE,
    )
    return replace(made, **changes)


def to_everybody(plan: Plan, ms: float = 15.0) -> list[Came]:
    script = Script(plan, "abc")
    if plan.audience == "topic":
        return [(number, customer, ms) for number in range(plan.notifications) for customer in range(plan.customers)]
    return [(number, customer, ms) for number, customer in enumerate(script.receivers)]


def result(plan: Plan, came: Sequence[Came], sent: Published | None = None, **changes: Any) -> LoadResult:
    return assemble(plan, "abc", BEGUN_AT, sent or published(plan), [heard(plan, came, **changes)], False)


@pytest.mark.parametrize("plan", [CUSTOMER, TOPIC])
def test_what_came_to_everybody_once_is_complete(plan: Plan) -> None:
    found = result(plan, to_everybody(plan))
    assert found.is_complete
    assert found.expected == len(found.deliveries) == plan.deliveries
    assert [each.received for each in found.notifications] == [each.receivers for each in found.notifications]


@pytest.mark.parametrize("plan", [CUSTOMER, TOPIC])
def test_what_did_not_come_is_lost(plan: Plan) -> None:
    found = result(plan, to_everybody(plan)[:-2])
    assert (found.lost, found.duplicates) == (2, 0)
    assert not found.is_complete


@pytest.mark.parametrize("plan", [CUSTOMER, TOPIC])
def test_what_came_twice_does_not_stand_for_what_is_lost(plan: Plan) -> None:
    came = to_everybody(plan)
    found = result(plan, [*came[:-1], came[0]])
    assert (found.lost, found.duplicates) == (1, 1)
    assert found.notifications[0].received == found.notifications[0].receivers
    assert len(found.deliveries) == plan.deliveries


def test_what_comes_to_somebody_else_is_told_apart() -> None:
    (number, customer, ms), *rest = to_everybody(CUSTOMER)
    found = result(CUSTOMER, [(number, (customer + 1) % 4, ms), *rest])
    assert (found.lost, found.misdirected, found.duplicates) == (1, 1, 0)


def test_deliveries_are_counted_over_all_processes() -> None:
    came = to_everybody(TOPIC)
    one, other = heard(TOPIC, came[::2], out_of_order=2, reconnects=1), heard(TOPIC, came[1::2], out_of_order=1, gaps=3)
    found = assemble(TOPIC, "abc", BEGUN_AT, published(TOPIC), [one, other], True)
    assert (found.lost, found.out_of_order, found.reconnects, found.gaps) == (0, 3, 1, 3)
    assert found.interrupted


def test_what_nobody_has_accepted_is_not_waited_for() -> None:
    sent = published(CUSTOMER, uids=["uid-0", "", "uid-2", "uid-3"], unanswered=1, refused={"403 no": 2})
    found = result(CUSTOMER, to_everybody(CUSTOMER), sent)  # its request was lost, but it was taken all the same
    assert [each.uid for each in found.notifications] == ["uid-0", "uid-2", "uid-3"]
    assert (found.lost, found.unanswered, found.refused, len(found.deliveries)) == (0, 1, 2, 3)
    assert found.refusals == {"403 no": 2}
    assert not found.is_complete


def test_refused_connections_are_told_with_refused_requests() -> None:
    found = result(CUSTOMER, [], published(CUSTOMER, refused={"a": 1, "b": 2}), refused={"b": 3})
    assert found.refusals == {"a": 1, "b": 5}
    assert found.refused == 3


def test_stages_add_up_to_the_whole_way() -> None:
    found = result(CUSTOMER, to_everybody(CUSTOMER, 15.0))
    spans = {stage: found.quantile_ms(stage, 0.5) for stage in STAGES}
    expected = {
        "accepted": 3.0,
        "committed": 3.0,
        "carried": 4.0,
        "delivered": 5.0,
        "received": 12.0,
        "answered": 11.5,
        "total": 15.0,
    }
    assert spans == pytest.approx(expected, abs=0.001)


def test_what_is_not_known_is_left_out() -> None:
    sent = published(CUSTOMER, carry_ms=array("d", [nan, 4.0, nan, 4.0]))
    found = result(CUSTOMER, to_everybody(CUSTOMER), sent)
    assert len(found.durations_ms("carried")) == len(found.durations_ms("delivered")) == 2
    assert len(found.durations_ms("received")) == 4


def test_a_quantile_is_what_a_share_of_all_does_not_exceed() -> None:
    hundred = [float(value) for value in range(1, 101)]
    assert [quantile(hundred, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert quantile([7.0], 0.99) == 7
    assert isnan(quantile([], 0.5))
    came = [(number, customer, 10.0 * (number + 1)) for number, customer, _ in to_everybody(CUSTOMER)]
    found = result(CUSTOMER, came)
    assert found.quantile_ms("total", 0.5) == pytest.approx(20)
    assert found.quantile_ms("total", 0.51) == pytest.approx(30)
    assert found.share_within("total", 25) == 0.5


def test_a_stage_or_a_share_that_is_none_is_refused() -> None:
    found = result(CUSTOMER, [])
    with pytest.raises(BadParameter, match="stage='sent' must be one of accepted, "):
        found.quantile_ms("sent", 0.5)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="share=50 must be from 0 to 1"):
        found.quantile_ms("total", 50)


def test_with_nothing_received_there_are_no_quantiles() -> None:
    found = result(CUSTOMER, [])
    assert isnan(found.quantile_ms("total", 0.5))
    assert isnan(found.share_within("total", 5))
    assert found.summary()["latency_ms"]["total"] == {"p50": None, "p95": None, "p99": None, "max": None}


def test_a_clock_that_is_ahead_is_corrected() -> None:
    found = result(CUSTOMER, to_everybody(CUSTOMER), published(CUSTOMER, ahead_seconds=90))
    assert found.clock.is_certain
    assert found.clock.offset_ms == pytest.approx(90_000, abs=found.clock.uncertainty_ms)
    assert found.quantile_ms("accepted", 0.5) == pytest.approx(3.0, abs=found.clock.uncertainty_ms)
    assert found.summary()["clock_is_corrected"]


def test_a_request_that_was_repeated_tells_nothing_of_clocks() -> None:
    sent = published(CUSTOMER, ahead_seconds=90, attempts=array("I", [2]) * 4)
    assert isnan(result(CUSTOMER, to_everybody(CUSTOMER), sent).clock.offset_ms)


def test_deliveries_are_a_sequence() -> None:
    deliveries = result(TOPIC, to_everybody(TOPIC)).deliveries
    assert deliveries[0] == next(iter(deliveries))
    assert deliveries[-1].connection == 2
    assert [each.connection for each in deliveries[1:3]] == [1, 2]


@pytest.mark.parametrize(
    ("effort", "kept_up"),
    [
        (Effort(0.1, 1.0, array("d", [4.9])), True),
        (Effort(0.1, 1.0, array("d", [5.1])), False),
        (Effort(0.1, 1.0, array("d", [0.1] * 99 + [500.0])), True),
        (Effort(0.95, 1.0, array("d", [0.1])), False),
        (Effort(0.0, 0.0, array("d")), True),
    ],
)
def test_a_generator_that_is_too_slow_is_said_to_be(effort: Effort, kept_up: bool) -> None:
    assert result(CUSTOMER, to_everybody(CUSTOMER), effort=effort).kept_up is kept_up
    assert result(CUSTOMER, to_everybody(CUSTOMER), published(CUSTOMER, effort=effort)).kept_up is kept_up


def test_lateness_that_does_not_change_the_picture_is_none() -> None:
    late = Effort(0.1, 1.0, array("d", [8.0]))
    assert result(CUSTOMER, to_everybody(CUSTOMER, 36.0), effort=late).kept_up
    assert not result(CUSTOMER, to_everybody(CUSTOMER, 34.0), effort=late).kept_up


def test_a_summary_can_be_written_as_json() -> None:
    summary = orjson.loads(orjson.dumps(result(TOPIC, to_everybody(TOPIC)).summary()))
    assert summary["received"] == 6
    assert summary["plan"]["customers"] == 3
    assert summary["latency_ms"]["total"] == {"p50": 15.0, "p95": 15.0, "p99": 15.0, "max": 15.0}


def test_a_table_tells_what_there_is_to_tell() -> None:
    sent = published(TOPIC, refused={"403 x: No.": 7}, waited=1)
    effort = Effort(0.97, 1, array("d", [40.0]))
    table = result(TOPIC, to_everybody(TOPIC)[:-1], sent, reconnects=2, effort=effort).table()
    assert "3 customers; 2 notifications a second evenly for 1 s, each to all of them" in table
    assert "accepted 2 of 2, received 5 of 6" in table
    assert "lost 1, duplicates 0, out of order 0, refused 7, reconnects 2" in table
    assert "7 x 403 x: No." in table
    assert "interrupted" not in table
    assert "sent → received           15.0      15.0      15.0      15.0" in table
    assert "The generator could not keep up: 40.0 ms late, and busy for 97% of the time." in table
    assert "1 of 2 requests were due while every one of the 4 senders waited for an answer." in table


def test_a_table_of_a_run_in_which_all_is_well_has_no_notes() -> None:
    table = result(CUSTOMER, to_everybody(CUSTOMER)).table()
    assert "lost 0, duplicates 0, out of order 0, refused 0\n" in table
    assert table.splitlines()[-1].startswith("sent → received")


def test_a_frame_has_a_row_for_each_delivery() -> None:
    pd = pytest.importorskip("pandas")
    found = result(TOPIC, to_everybody(TOPIC, 15.0))
    frame = found.to_frame()
    assert len(frame) == 6
    assert list(frame["uid"]) == ["uid-0"] * 3 + ["uid-1"] * 3
    assert list(frame["customer_id"]) == [FIRST_CUSTOMER, FIRST_CUSTOMER + 1, FIRST_CUSTOMER + 2] * 2
    for moment in ("sent", "accepted", "committed", "carried", "answered", "received"):
        assert str(frame[f"{moment}_at"].dt.tz) == "UTC"
    assert abs(frame["sent_at"][0] - pd.Timestamp(BEGUN_AT, unit="s", tz="UTC")) < pd.Timedelta("1us")
    took = (frame["received_at"] - frame["sent_at"]).dt.total_seconds() * 1000
    assert list(took) == pytest.approx([15.0] * 6, abs=0.01)
    for stage in STAGES:
        assert list(frame[f"{stage}_ms"]) == pytest.approx([found.quantile_ms(stage, 0.5)] * 6, abs=0.01)


def test_a_frame_of_nothing_has_the_same_columns() -> None:
    pytest.importorskip("pandas")
    frame = result(TOPIC, []).to_frame()
    assert len(frame) == 0
    assert list(frame.columns) == list(result(TOPIC, to_everybody(TOPIC)).to_frame().columns)
    assert str(frame["received_at"].dt.tz) == "UTC"
