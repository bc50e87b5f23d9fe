"""An issuer that publishes its keys over HTTP and signs with them; and that may be slow, wrong, or away."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ISSUER, AUDIENCE = "https://issuer.example.org", "doorstroom"


@dataclass
class KeyServer:
    """Keys by their ids, published at `url`."""

    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    fetched: int = 0
    slow_seconds: float = 0.0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """What is answered in place of the keys."""
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; on the same port as before."""
        application = web.Application()
        application.router.add_get("/jwks", self._answer)
        application.router.add_get("/elsewhere", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Where the keys are."""
        return f"http://127.0.0.1:{self.port}/jwks"

    def add(self, key_id: str) -> None:
        """Have one more key."""
        self.keys[key_id] = Ed25519PrivateKey.generate()

    def public_keys(self) -> dict[str, Any]:
        """The JWKS document."""
        return {
            "keys": [
                {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id}
                for key_id, key in self.keys.items()
            ]
        }

    def token(self, key_id: str, now: datetime, **changes: object) -> str:
        """A token that is right, but for the changes."""
        moment = int(now.timestamp())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "client-1",
            "azp": "client-1",
            "jti": "1",
            "iat": moment,
            "nbf": moment,
            "exp": moment + 600,
            "org": "org-1",
            "role": "provider",
            "scope": "things:read",
        }
        key = self.keys.get(key_id) or Ed25519PrivateKey.generate()
        return jwt.encode(claims | changes, key, algorithm="EdDSA", headers={"kid": key_id})

    async def _answer(self, _request: web.Request) -> web.Response:
        self.fetched += 1
        await asyncio.sleep(self.slow_seconds)
        body = json.dumps(self.public_keys()).encode() if self.body is None else self.body
        return web.Response(status=self.status, body=body, headers=self.headers)
