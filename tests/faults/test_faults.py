"""Everything is killed in the middle of a run, a part in each; afterwards all is as if nothing had happened.

Rows, versions, chain and export are compared with a sequential model of the inputs (tests/faults/model.py).
Nobody helps: processes come back by the supervisor alone.

CSDL_FAULTS_GAMES=1 kills and freezes all in one run.
"""

import time
from threading import Thread

import pytest

from deploy.local import stack as local
from deploy.local.layout import SERVERS, Stack
from producers.synthetic.write import write_register
from tests import support
from tests.faults import held, inputs, model, road
from tests.faults.chaos import GAMES, Chaos

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

PAUSE_S = 2.0


@pytest.mark.parametrize("seed", range(1, GAMES + 1))
def test_after_any_kill_all_is_as_the_sequential_model_says(seed, tmp_path):
    it = Stack(tmp_path / "stack", support.free_port_base())
    plans = inputs.schools(seed)
    sent = {p.code: inputs.sendings(p, seed) for p in plans}
    expected = {p.code: model.play(p, sent[p.code]) for p in plans}
    it.data_dir.mkdir(parents=True)
    write_register(support.everybody(it).register_file, plans)
    local.up(it)
    try:
        settings = support.everybody(it)
        road.grant_and_open(settings, plans)
        with road.Ministry(it), Chaos(it, seed, PAUSE_S) as chaos:
            pushing = Thread(target=_push_all, args=(settings, plans, sent))
            pushing.start()
            road.confirm_all(settings, road.last_versions(expected), lambda: chaos.over)
            pushing.join()
        assert len(chaos.done) == len(chaos.plan)
        support.each_is_ready(it, (*SERVERS, *it.processes))
        road.all_is_as_expected(settings, expected)
    finally:
        local.down(it, delete=True)


def _push_all(settings, plans, sent):
    """Round by round over the schools; what the broker did not confirm is sent again under the same id."""
    for n in range(4):
        for plan in plans:
            sending = sent[plan.code][n]
            held.insist(lambda plan=plan, sending=sending: held.push(settings, plan, sending))
            if n == 1:  # a sender that lost the answer sends the same push once more
                held.insist(lambda plan=plan, sending=sending: held.push(settings, plan, sending))
            time.sleep(0.4)
