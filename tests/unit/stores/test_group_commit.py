"""Many writers share a transaction; none of them waits for a thread of its own."""

import threading

import pytest

from headrace.stores.batches import MAX_BATCH, Batches, Commit, Ticket


class Recorder:
    """Commits in memory and remembers how many came together; the first batch waits until it is let go."""

    def __init__(self):
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.go = threading.Event()
        self.go.set()
        self.began = threading.Event()

    def commit(self, batch: list[Ticket[object]]) -> None:
        self.sizes.append(len(batch))
        self.threads.add(threading.get_ident())
        self.began.set()
        assert self.go.wait(10)
        for ticket in batch:
            try:
                ticket.stage(None)
            except ValueError as error:
                ticket.fail(error)
            ticket.is_done = True


def start(batches: Batches, commit: Commit, works) -> tuple[list[threading.Thread], list[object]]:
    outcomes: list[object] = [None] * len(works)

    def submit(place):
        try:
            outcomes[place] = batches.submit(works[place], commit)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            outcomes[place] = error

    threads = [threading.Thread(target=submit, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    return threads, outcomes


def wait_until_queued(batches: Batches, count: int) -> None:
    for _ in range(2000):
        if len(batches._waiting) == count:
            return
        threading.Event().wait(0.005)
    raise AssertionError("the writers did not queue")


def held_up(works):
    """A first writer that waits in its transaction, and others that queue meanwhile."""
    recorder = Recorder()
    batches = Batches()
    recorder.go.clear()
    first, _ = start(batches, recorder.commit, [lambda _: "first"])
    assert recorder.began.wait(10)
    threads, outcomes = start(batches, recorder.commit, works)
    wait_until_queued(batches, len(works))
    recorder.go.set()
    for thread in first + threads:
        thread.join(10)
    return recorder, outcomes


def test_a_lone_writer_commits_in_its_own_thread():
    recorder = Recorder()
    assert Batches().submit(lambda _: 7, recorder.commit) == 7
    assert recorder.threads == {threading.get_ident()}


def test_writers_that_wait_for_one_share_the_next_transaction():
    recorder, outcomes = held_up([lambda _, number=number: number for number in range(20)])
    assert outcomes == list(range(20))
    assert recorder.sizes == [1, 20]


def test_a_transaction_takes_only_so_many():
    works = [lambda _, number=number: number for number in range(MAX_BATCH + 5)]
    recorder, outcomes = held_up(works)
    assert outcomes == list(range(MAX_BATCH + 5))
    assert recorder.sizes == [1, MAX_BATCH, 5]


def test_one_that_fails_in_a_batch_fails_alone():
    def refuse(_):
        raise ValueError("stale")

    _, outcomes = held_up([lambda _: 1, refuse, lambda _: 3])
    assert outcomes[0] == 1
    assert str(outcomes[1]) == "stale"
    assert outcomes[2] == 3


def test_a_leader_that_is_interrupted_leaves_the_others_to_themselves():
    interrupted = threading.Event()
    recorder = Recorder()
    recorder.go.clear()

    def commit(batch):
        if recorder.began.is_set() and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        recorder.commit(batch)

    batches = Batches()
    first, _ = start(batches, commit, [lambda _: "first"])
    assert recorder.began.wait(10)
    threads, outcomes = start(batches, commit, [lambda _, number=number: number for number in range(5)])
    wait_until_queued(batches, 5)
    recorder.go.set()
    for thread in first + threads:
        thread.join(10)
    stopped = [outcome for outcome in outcomes if isinstance(outcome, KeyboardInterrupt)]
    assert len(stopped) == 1
    assert [outcome for outcome in outcomes if not isinstance(outcome, KeyboardInterrupt)] == [
        number for number in range(5) if outcomes[number] is not stopped[0]
    ]
    assert not batches._waiting


def test_an_interrupted_lone_writer_leaves_nothing_behind():
    def commit(_):
        raise KeyboardInterrupt

    batches = Batches()
    with pytest.raises(KeyboardInterrupt):
        batches.submit(lambda _: 1, commit)
    assert not batches._waiting


def test_writes_that_an_interruption_put_back_keep_their_order():
    """Five writers queue one after the other; the one that leads them is interrupted before anything was done."""
    recorder, batches, seen = Recorder(), Batches(), []
    recorder.go.clear()

    def commit(batch):
        seen.append([ticket.work(None) for ticket in batch])
        if len(seen) == 2:
            raise KeyboardInterrupt
        recorder.commit(batch)

    threads, _ = start(batches, commit, [lambda _: "first"])
    assert recorder.began.wait(10)
    outcomes = []
    for number in range(5):
        more, outcome = start(batches, commit, [lambda _, number=number: number])
        threads, outcomes = threads + more, [*outcomes, outcome]
        wait_until_queued(batches, number + 1)
    recorder.go.set()
    for thread in threads:
        thread.join(10)
    assert seen[:2] == [["first"], [0, 1, 2, 3, 4]]
    [interrupted] = [number for number, [one] in enumerate(outcomes) if isinstance(one, KeyboardInterrupt)]
    done = [number for batch in seen[2:] for number in batch]
    assert done == [number for number in range(5) if number != interrupted]
