from __future__ import annotations

from lambent.execution.states import TRANSITIONS, Cause, State, after


def test_every_state_is_reached_from_booting() -> None:
    reached = {State.BOOTING}
    for _ in State:
        reached |= {following for state in reached for following in TRANSITIONS[state].values()}
    assert reached == set(State)


def test_the_dead_stay_dead() -> None:
    assert not TRANSITIONS[State.DEAD]


def test_an_answer_is_only_allowed_while_invoking() -> None:
    for cause in (Cause.RESULT_FRAME, Cause.ERROR_FRAME):
        assert [state for state in State if after(state, cause)] == [State.INVOKING]
