"""The queue of timers."""

from callvault.sip.timers import TimerQueue


def test_timers_run_in_order_of_time_then_of_arming() -> None:
    queue, ran = TimerQueue(), list[str]()
    for when, name in ((3.0, "c"), (1.0, "a"), (1.0, "b")):
        queue.arm(when, lambda now, name=name: ran.append(f"{name}{now}"))  # type: ignore[misc]
    assert queue.next() == 1.0
    queue.run(2.0)
    assert ran == ["a2.0", "b2.0"]
    queue.run(3.0)
    assert ran[2:] == ["c3.0"]
    assert queue.next() is None


def test_a_cancelled_timer_never_runs() -> None:
    queue, ran = TimerQueue(), list[float]()
    timer = queue.arm(1.0, ran.append)
    timer.cancel()
    timer.cancel()
    assert queue.next() is None
    queue.run(2.0)
    assert ran == []


def test_a_timer_may_arm_another_that_is_due_at_once() -> None:
    queue, ran = TimerQueue(), list[float]()

    def arm_another(now: float) -> None:
        queue.arm(now, ran.append)

    queue.arm(1.0, arm_another)
    queue.run(1.0)
    assert ran == [1.0]


def test_cancelled_timers_do_not_pile_up() -> None:
    queue = TimerQueue()
    for n in range(10_000):
        queue.arm(float(n), lambda _: None).cancel()
    assert len(queue._heap) <= 1025
