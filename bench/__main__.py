"""`python -m bench [--quick] [--only a,b,c,d,e]`: measures everything in one run and prints the report."""

import argparse
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import uvloop

from bench import machine
from bench.floor import run as floor
from bench.floor import telling as telling_floor
from bench.journey import FULL, QUICK, Load
from bench.measure import BenchError, Figure
from bench.peers import run as peers
from bench.processes import ROOT
from bench.product import run as product
from bench.product import start, telling, waiting
from bench.report import Results, keep
from bench.servers import Servers, running_servers
from bench.targets import PRODUCT

SCENARIOS = frozenset("abcde")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how much of it."""

    scenarios: frozenset[str]
    load: Load
    quick: bool

    @property
    def whole(self) -> bool:
        """Whether the results are fit to be kept, once measured: every scenario, in full."""
        return not self.quick and self.scenarios == SCENARIOS

    def unmeasured(self, figures: Sequence[Figure]) -> list[str]:
        """Return the scenarios that were asked for and have no figure of the product."""
        return sorted(self.scenarios - {figure.scenario for figure in figures if figure.subject == PRODUCT})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bench: its name, the scenarios it belongs to, and what measures it."""

    name: str
    scenarios: frozenset[str]
    measure: Callable[[Servers, Plan], Awaitable[list[Figure]]]


def _telling(plan: Plan) -> telling.Telling:
    return telling.QUICK if plan.quick else telling.FULL


PARTS = (
    Part("floor", frozenset("ab"), lambda servers, plan: floor.measure(servers, plan.load, plan.scenarios)),
    Part("doorstroom", frozenset("ab"), lambda servers, plan: product.measure(servers, plan.load, plan.scenarios)),
    Part(
        "doorstroom, people waiting", frozenset("c"), lambda servers, plan: waiting.measure(servers, quick=plan.quick)
    ),
    Part("doorstroom, start", frozenset("d"), lambda _servers, _plan: start.measure()),
    Part("floor, told", frozenset("e"), lambda servers, plan: telling_floor.measure(servers, _telling(plan))),
    Part("doorstroom, told", frozenset("e"), lambda servers, plan: telling.measure(servers, _telling(plan))),
    Part("FastStream", frozenset("b"), lambda servers, plan: peers.faststream(servers, plan.load.peer_messages)),
    Part("Celery", frozenset("b"), lambda servers, plan: peers.celery(servers, plan.load.peer_messages)),
)


async def run(plan: Plan) -> Results:
    """Measure every part of a plan on the same servers."""
    described = machine.describe()
    figures: list[Figure] = []
    seconds: dict[str, float] = {}
    async with running_servers() as servers:
        described |= await servers.versions()
        if "b" in plan.scenarios:
            described |= {f"{library} (peers)": version for library, version in (await peers.versions()).items()}
        for part in PARTS:
            if part.scenarios & plan.scenarios:
                began = time.perf_counter()
                say(f"{part.name}: measuring")
                figures += await part.measure(servers, plan)
                seconds[part.name] = time.perf_counter() - began
                say(f"{part.name}: done in {seconds[part.name]:.1f} s")
    return Results(described, figures, seconds)


def say(line: str) -> None:
    """Report progress on the standard error, so that the report itself can be piped."""
    sys.stderr.write(f"bench: {line}\n")


def read_plan(arguments: list[str]) -> Plan:
    """Read the command line; exits with status 2 when it is not understood."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the product, floor and peers.")
    parser.add_argument("--quick", action="store_true", help="a smaller load: to see that it runs, not to compare")
    parser.add_argument("--only", default="a,b,c,d,e", metavar="a,b,c,d,e", help="only these scenarios")
    given = parser.parse_args(arguments)
    scenarios = frozenset(given.only.split(","))
    if not scenarios <= SCENARIOS:
        parser.error("--only takes some of a,b,c,d,e, separated by commas")
    return Plan(scenarios, QUICK if given.quick else FULL, given.quick)


def main(arguments: list[str]) -> int:
    """Measure, print the report, and keep it when the run was whole; return the exit status."""
    plan = read_plan(arguments)
    try:
        results = uvloop.run(run(plan))
        sys.stdout.write(results.as_markdown())
        if plan.whole and not plan.unmeasured(results.figures):
            keep(results, ROOT / "bench")
    except BenchError as error:
        say(str(error))
        return 1
    for scenario in plan.unmeasured(results.figures):
        say(f"({scenario}) was not measured in the product; these results are not kept")
    return 1 if plan.unmeasured(results.figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
