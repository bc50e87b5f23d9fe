"""What happens once for each data folder: the sample is loaded, and the demo is played."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.api.shelters import Unit
from schemas.vocabulary import UnitState
from services.chassis.identity import Role
from services.cli.cast import Cast
from services.cli.demo import Demo
from services.cli.sample import COORDINATORS, MUNICIPALITIES, PROVIDERS, Sample
from services.municipalities.domain.half_year import half_year_of

STATE_FILE = "first-start.json"
TOKENS_FOLDER = "tokens"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Loads the sample and plays the demo unless that was done in this folder before."""

    data: Path
    cast: Cast
    now: datetime
    write: Callable[[str], None]

    async def happen(self) -> None:
        """Do what was not done yet. Raises TimeoutError when the demo does not come to its end."""
        if not self._done("sample"):
            self.write("First start: loading a small sample through the public APIs …")
            began = self._began()
            await Sample(self.cast, began, half_year_of(began)).load(lambda line: self.write(f"  ✓ {line}"))
            self._note("sample")
        if self._done("demo"):
            self.write("Continuing from what is stored; the demo was played before.")
            return
        # Noted first: what a demo that was interrupted has done is stored, and would get in the way of another one.
        self._note("demo")
        self.write("\nOne cascade, live: a home frees a bed, and the next person's coordinator knows.\n")
        await Demo(self.cast, half_year_of(self.now), self.write).play()

    async def show_commands(self) -> None:
        """Print three commands to copy; write a token that works for six hours for everyone in the sample."""
        self._hand_out_tokens()
        endpoints = self.cast.endpoints
        recipient, offer = await self._open_offer()
        provider, unit = await self._unposted_unit()
        self.write("\nTry it yourself (each token works for six hours):\n")
        watcher = self._token(recipient, Role.COORDINATOR)
        self.write("# watch a coordinator's live stream")
        self.write(f'curl -N -H "{watcher}" {endpoints.notifications}/notifications/v1/events\n')
        if unit is not None:
            self.write("# post a free bed; whoever is next is offered it")
            body = json.dumps({"unitId": str(unit.unit_id)})
            owner = self._token(provider, Role.PROVIDER)
            self.write(self._post(owner, f"{endpoints.shelters}/shelters/v1/vacancies", body) + "\n")
        if offer is not None:
            self.write("# accept the offer that is open")
            url = f"{endpoints.registry}/registry/v1/offers/{offer}/_accept"
            self.write(self._post(watcher, url) + "\n")

    async def _open_offer(self) -> tuple[str, object]:
        for name in COORDINATORS:
            for offer in (await self.cast.coordinator(name).list_offers("made")).offers:
                if offer.kind == "shelter":
                    return name, offer.offer_id
        return COORDINATORS[0], None

    async def _unposted_unit(self) -> tuple[str, Unit | None]:
        for name in PROVIDERS:
            units = (await self.cast.provider(name).list_units(UnitState.OUT_OF_SERVICE)).units
            if units:
                return name, units[0]
        return PROVIDERS[0], None

    def _hand_out_tokens(self) -> None:
        for name in PROVIDERS:
            self._token(name, Role.PROVIDER)
        for name in COORDINATORS:
            self._token(name, Role.COORDINATOR)
        for code, *_ in MUNICIPALITIES:
            self._token(code, Role.MUNICIPALITY)

    def _token(self, organisation: str, role: Role) -> str:
        """The header, with the token read from a file: so it stays out of the terminal's history."""
        folder = self.data / TOKENS_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / organisation
        file.touch(mode=0o600)
        file.write_text(self.cast.token(organisation, role))
        return f"Authorization: Bearer $(cat {file.resolve()})"

    @staticmethod
    def _post(authorization: str, url: str, body: str | None = None) -> str:
        content = f" -H 'Content-Type: application/json' -d '{body}'" if body else ""
        return f'curl -X POST -H "{authorization}" -H "Idempotency-Key: $(date +%s%N)"{content} {url}'

    def _began(self) -> datetime:
        """When the sample was first begun: loading it again after a crash repeats the same requests to the letter."""
        began = self._state().get("began", self.now.isoformat())
        self._note("began", began)
        return datetime.fromisoformat(began)

    def _done(self, what: str) -> bool:
        return what in self._state()

    def _note(self, what: str, moment: str | None = None) -> None:
        file = self.data / STATE_FILE
        whole = file.with_suffix(".new")
        whole.write_text(json.dumps(self._state() | {what: moment or self.now.isoformat()}))
        whole.replace(file)

    def _state(self) -> dict[str, str]:
        file = self.data / STATE_FILE
        state: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return state
