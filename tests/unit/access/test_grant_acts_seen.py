"""Where the machine must find a grant that the service has judged an act by."""

import pytest

from access.service.grants import NOWHERE, sequence_of
from streams.grants.state import State
from streams.machines.wire import replace


@pytest.mark.parametrize(("seen", "at"), [(None, 5), (5, 5), (4, 4), (6, NOWHERE)])
def test_an_act_is_taken_at_no_state_but_the_one_it_was_judged_by(seen, at):
    state = replace(State("smas", "19164501"), sequence=5)
    assert sequence_of(state, seen) == at
    assert at <= state.sequence, "a state that is yet to come was judged by nobody"
