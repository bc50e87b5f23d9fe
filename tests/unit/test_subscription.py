"""When a consumer that the broker still counts, and gives nothing, is given up for a new one."""

from services.chassis.broker.rabbitmq.subscription import PROBES_IN_VAIN, Quiet


def test_messages_that_are_ready_again_and_again_and_never_come_make_a_new_consumer() -> None:
    """Not at the first sight of them: what has just come to the queue is on its way."""
    quiet = Quiet()
    assert [quiet.lasts(suspicious=True) for _ in range(PROBES_IN_VAIN)] == [False] * (PROBES_IN_VAIN - 1) + [True]


def test_a_delivery_in_between_begins_the_count_anew() -> None:
    """A queue that is never empty is no silent one."""
    quiet = Quiet()
    for _ in range(3 * PROBES_IN_VAIN):
        quiet.broken = True
        assert not quiet.lasts(suspicious=True)


def test_an_empty_queue_and_messages_in_hand_are_no_silence() -> None:
    """Nothing is owed to who has what there is."""
    quiet = Quiet()
    assert not any(quiet.lasts(suspicious=False) for _ in range(3 * PROBES_IN_VAIN))
    quiet.lasts(suspicious=True)
    quiet.lasts(suspicious=False)
    assert not quiet.lasts(suspicious=True)
