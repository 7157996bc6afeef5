"""Instances come and go while pushes come: what is held and answered is as the sequential model says."""

from contextlib import ExitStack, closing, contextmanager
from threading import Thread

from doctor import instances
from producers.synthetic.write import write_register
from runtime import postgres
from schemas.datasets import dataset_id
from tests.faults import held, inputs, model
from tests.faults.inputs import KIND, YEAR
from tests.granted import put_grant
from tests.organisation import put_units
from tests.support import wait_until

SHARED = ("validation", "check")
"""Of these a second one joins the first; loads share partitions, so all of them are started anew."""


def test_a_second_of_each_comes_and_goes_under_pushes(settings, tmp_path, run_process):
    plans = inputs.schools(seed=5, number=6)
    sent = {p.code: inputs.sendings(p, 5) for p in plans}
    expected = {p.code: model.play(p, sent[p.code]) for p in plans}
    one = settings.model_copy(update={"instances": {}, "register_file": tmp_path / "register.csv"})
    two = one.model_copy(update={"instances": {"load": 2, "validation": 2, "check": 2}})
    write_register(one.register_file, plans)
    put_units(one)
    for plan in plans:
        put_grant(one, "smas", plan.code)

    @contextmanager
    def pushing(number):
        """A sending of each school, while the block does something else."""
        faults = []

        def push():
            try:
                for plan in plans:
                    held.push(one, plan, sent[plan.code][number])
            except Exception as fault:
                faults.append(fault)

        thread = Thread(target=push)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        assert faults == []

    with ExitStack() as always, ExitStack() as second:
        with ExitStack() as first:
            for name in ("outbox", *SHARED):
                always.enter_context(run_process(name, one))
            alone = first.enter_context(run_process("load", one))
            with pushing(0):
                pass
            with pushing(1):
                joining = [second.enter_context(run_process(f"{name}-2", two)) for name in SHARED]
                # Before the one that has all partitions was stopped: it may write no more of what is taken.
                second.enter_context(run_process("load-2", two, wait=False))
                alone.stop()
                second.enter_context(run_process("load-1", two))
                assert [each.problem.params["found"] for each in instances.section(one)] == [2]
                assert instances.section(two) == []
        with pushing(2):
            pass
        with pushing(3):
            for process in joining:
                process.popen.kill()
            second.close()
            always.enter_context(run_process("load", one))
        held.no_answer_is_missing(one, expected)
        with closing(postgres.connect(one, "test")) as db, db.cursor() as cur:
            db.autocommit = True
            wait_until(lambda: _checked(cur) == sum(len(e.versions) for e in expected.values()))
            digests = held.rows_and_versions(cur, expected)
            held.refusals(cur, expected)
        assert set(digests) == {dataset_id(p.code, YEAR, KIND) for p in plans}


def _checked(cur):
    cur.execute("SELECT count(*) FROM version WHERE digest IS NOT NULL")
    return cur.fetchone()[0]
