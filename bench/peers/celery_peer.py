"""Celery on RabbitMQ: a task that does nothing, and its result.

Quorum queue, persistent, confirmed, acknowledged after the task: tasks are as durable as the product's messages. The
result comes back over RabbitMQ too, on a transient queue as Celery has it.
"""

import sys
import time

from celery import Celery, group

from bench.measure import PER_SECOND, Figure, dump_figures, latencies
from bench.peers.load import PeerLoad

SUBJECT = "Celery"
SECONDS = 60.0
LOAD = PeerLoad.from_environment()

app = Celery("bench", broker=LOAD.broker_url, backend="rpc://")
app.conf.update(
    task_default_queue=f"{LOAD.prefix}.celery",
    task_default_queue_type="quorum",
    task_default_exchange_type="topic",
    task_acks_late=True,
    broker_transport_options={"confirm_publish": True},
    result_expires=60,
    worker_prefetch_multiplier=64,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)


def echo(text: str) -> str:
    """Return what came."""
    return text


task = app.task(name="bench.echo")(echo)


def one() -> float:
    """Return the seconds from a task's publishing to its result."""
    began = time.perf_counter()
    task.delay("x").get(timeout=SECONDS)
    return time.perf_counter() - began


def rate(count: int) -> float:
    """Return tasks with their results per second, when all are published at once."""
    began = time.perf_counter()
    group(task.s("x") for _ in range(count))().get(timeout=SECONDS)
    return count / (time.perf_counter() - began)


def main() -> None:
    """Measure with the worker that runs, and write the figures as one line."""
    rate(LOAD.messages // 10)
    figures = latencies("peers", SUBJECT, "task and result", [one() for _ in range(LOAD.in_sequence)])
    figures.append(Figure("peers", SUBJECT, "tasks and results, rate", rate(LOAD.messages), PER_SECOND, LOAD.messages))
    sys.stdout.write(dump_figures(figures) + "\n")


if __name__ == "__main__":
    main()
