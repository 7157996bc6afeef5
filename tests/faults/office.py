"""What officers ask of a dataset, as commands: the test writes them itself, in the access service's place.

The service is one of those that are killed; who may act through it, its own tests say.
"""

from access import confirmation_acts as confirmation
from demo.office import usual_act
from streams.confirmation.commands import Act, Command
from streams.confirmation.state import State


def usual_command(state: State) -> Command | None:
    """What the next in turn does with a dataset that has no incident."""
    asked = usual_act(state)
    if asked is None:
        return None
    act, route = Act(asked.act), state.route
    return confirmation.act(asked.dataset_id, act, asked.unit, account="test", route=route, **asked.body)
