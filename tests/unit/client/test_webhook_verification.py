"""Deliveries are believed when one of the endpoint's secrets signed them, whole and just now."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from doorstroom_client import WebhookRefused, WebhookVerifier

# The example of the specification.
SPECIFIED = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "1614265330",
    b'{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
SECRET, ID, TIMESTAMP, BODY, SIGNATURE = SPECIFIED
SENT_AT = datetime.fromtimestamp(int(TIMESTAMP), UTC)
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes, yes!").decode()


def headers(**changed: str) -> dict[str, str]:
    given = {"Webhook-Id": ID, "Webhook-Timestamp": TIMESTAMP, "Webhook-Signature": SIGNATURE}
    return given | {f"Webhook-{name.capitalize()}": value for name, value in changed.items()}


def verifier(*secrets: str, after: timedelta = timedelta(0)) -> WebhookVerifier:
    return WebhookVerifier(secrets or (SECRET,), clock=lambda: SENT_AT + after)


def test_the_example_of_the_specification_is_believed() -> None:
    """Signed by others than us."""
    webhook = verifier().verify(headers(), BODY)
    assert (webhook.id, webhook.sent_at, webhook.body) == (ID, SENT_AT, BODY)


@pytest.mark.parametrize("secrets", [(SECRET, OTHER), (OTHER, SECRET)])
def test_during_a_rotation_either_secret_will_do(secrets: tuple[str, ...]) -> None:
    """The receiver knows two, or the sender signs with two."""
    verifier(*secrets).verify(headers(), BODY)
    verifier().verify(headers(signature=f"v1,{base64.b64encode(bytes(32)).decode()} v1a,other {SIGNATURE}"), BODY)


@pytest.mark.parametrize("after", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_five_minutes_either_way_are_tolerated_and_no_more(after: timedelta) -> None:
    """An old delivery may be one that somebody kept to send it again."""
    verifier(after=after).verify(headers(), BODY)
    with pytest.raises(WebhookRefused, match="too long ago"):
        verifier(after=after * 1.01).verify(headers(), BODY)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "msg_other"},
        {"id": ""},
        {"id": "msg.with.stops"},
        {"timestamp": str(int(TIMESTAMP) + 1)},
        {"timestamp": "now"},
        {"timestamp": "9" * 30},
        {"signature": ""},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": SIGNATURE.replace("v1,", "v2,")},
        {"signature": "v1,"},
        {"signature": "v1,\u00e9"},
        {"signature": " ".join([SIGNATURE] * 21)},
    ],
)
def test_what_was_changed_on_the_way_is_refused(changed: dict[str, str]) -> None:
    """Each header is signed, or is the signature."""
    with pytest.raises(WebhookRefused):
        verifier().verify(headers(**changed), BODY)


def test_another_body_or_another_secret_is_refused() -> None:
    """By as little as a space."""
    with pytest.raises(WebhookRefused):
        verifier().verify(headers(), BODY + b" ")
    with pytest.raises(WebhookRefused):
        verifier(OTHER).verify(headers(), BODY)
    with pytest.raises(WebhookRefused):
        verifier().verify({}, BODY)


def test_every_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair, by the comparison that was made for it: how long it takes tells nothing."""
    compared = list[tuple[bytes, bytes]]()
    real = hmac.compare_digest

    def watch(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watch)
    verifier(SECRET, OTHER).verify(headers(signature=f"{SIGNATURE} {SIGNATURE}"), BODY)
    assert len(compared) == 4


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!", "whsec_" + base64.b64encode(bytes(23)).decode()],
)
def test_what_cannot_be_a_secret_is_told_without_repeating_it(secret: str) -> None:
    """A configuration error is found at the start, and does not end in a log."""
    with pytest.raises(ValueError, match="whsec_ and the base64 of 24 to 64 bytes") as error:
        WebhookVerifier([secret])
    assert not secret or secret == "whsec_" or secret not in str(error.value)
    with pytest.raises(ValueError, match="1 to 10"):
        WebhookVerifier([])
