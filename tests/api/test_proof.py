"""A device proves that it holds its key: once, freshly, for one request and one credential."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP384R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.errors import InvalidQuery
from api.proof import is_signed, nonce_at, read_proof, read_public_key, signed_bytes
from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone, encoded, p256, public, sign
from tests.cast import Clock, Person

PATH = "/v1/enrolments"


async def count_misses(superuser: Connection) -> int:
    """Read how often any code was missed."""
    found: int = await superuser.fetchval("SELECT coalesce(sum(misses), 0) FROM enrolment_code")
    return found


async def test_a06_without_a_proof_nobody_enrols(
    door: Door, phone: Phone, ana: Person, superuser: Connection
) -> None:
    answer = await phone.enrol(await door.code_for(ana), headers={})

    assert answer.status_code == 401
    assert problem_in(answer) == "invalid-proof"
    assert answer.headers["device-nonce"] == await phone.fetch_nonce()
    assert await count_misses(superuser) == 0


async def test_a06_the_nonce_of_a_refusal_is_good(door: Door, phone: Phone, ana: Person) -> None:
    code = await door.code_for(ana)
    refused = await phone.enrol(code, headers={})
    phone.nonce = refused.headers["device-nonce"]
    body = {"code": code, "device": phone.device}

    answer = await phone.client.post(PATH, json=body, headers=phone.proof(PATH, code))

    assert answer.status_code == 201


async def test_a06_another_key_proves_nothing(
    door: Door, phone: Phone, ana: Person, superuser: Connection
) -> None:
    code = await door.code_for(ana)
    await phone.fetch_nonce()

    answer = await phone.enrol(code, headers=phone.proof(PATH, code, key=p256()))

    assert problem_in(answer) == "invalid-proof"
    assert await superuser.fetchval("SELECT count(*) FROM device") == 0


async def test_a06_a_proof_is_good_once(door: Door, phone: Phone, ana: Person) -> None:
    await phone.enrol(await door.code_for(ana))
    proof = phone.proof("/v1/sessions/refresh", phone.refresh_token)
    old = phone.refresh_token
    await phone.refresh(old, headers=proof)

    replayed = await phone.refresh(old, headers=proof)

    assert problem_in(replayed) == "invalid-proof"


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(4, 201), (11, 401)],
    ids=["A6-nonce-of-now", "A6-stale-nonce"],
)
async def test_a06_a_nonce_grows_old(
    door: Door, phone: Phone, ana: Person, clock: Clock, *, minutes: int, status: int
) -> None:
    code = await door.code_for(ana)
    await phone.fetch_nonce()
    proof = phone.proof(PATH, code)
    await clock.advance(minutes=minutes)
    body = {"code": code, "device": phone.device}

    answer = await phone.client.post(PATH, json=body, headers=proof)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "spoil"),
    [("/v1/sessions/refresh", ""), (PATH, "x")],
    ids=["A6-other-path", "A6-other-credential"],
)
async def test_a06_a_proof_is_bound_to_its_request(
    door: Door, phone: Phone, ana: Person, path: str, spoil: str
) -> None:
    code = await door.code_for(ana)
    await phone.fetch_nonce()

    answer = await phone.enrol(code, headers=phone.proof(path, code + spoil))

    assert problem_in(answer) == "invalid-proof"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1",
        "v2;nonce={n};jti={j};sig={s}",
        "v1;nonce={n};jti=not-a-uuid-but-as-long-as-one-is-x;sig={s}",
        "v1;nonce={n};jti={j};sig=",
        "v1;nonce={n};jti={j};sig={s}=",
        "v1;nonce={n};jti={j};sig={s}" + "A" * 600,
        "v1;nonce={n}\u00e4;jti={j};sig={s}",
        "v1;jti={j};nonce={n};sig={s}",
    ],
)
def test_a_header_of_another_form_is_no_proof(header: str) -> None:
    filled = header.format(n="n" * 22, j=uuid7(), s="s" * 86)

    assert read_proof(filled) is None


def test_a_header_says_nonce_jti_and_signature() -> None:
    jti = uuid7()

    proof = read_proof(f"v1;nonce={'n' * 22};jti={jti};sig={encoded(b's' * 64)}")

    assert proof is not None
    assert (proof.nonce, proof.jti, proof.signature) == ("n" * 22, jti, b"s" * 64)


def test_what_a_device_signs_is_five_lines() -> None:
    jti = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

    message = signed_bytes("POST", PATH, "abc", "nonce", jti)

    assert message.decode().split("\n") == [
        "POST",
        "/v1/enrolments",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "nonce",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    ]


def test_a_keystore_a_browser_and_an_ed25519_key_all_sign() -> None:
    store, edwards = p256(), Ed25519PrivateKey.generate()
    der = sign(store, b"message")
    r, s = decode_dss_signature(der)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    assert is_signed(read_public_key(public(store)), der, b"message")
    assert is_signed(read_public_key(public(store)), raw, b"message")
    assert is_signed(read_public_key(public(edwards)), sign(edwards, b"message"), b"message")


@pytest.mark.parametrize(
    "signature", [b"", b"0" * 64, b"\x00" * 64, b"0" * 70, b"\x30\x06\x02\x01\x01\x02\x01\x01"]
)
def test_no_other_bytes_are_a_signature(signature: bytes) -> None:
    for key in (p256(), Ed25519PrivateKey.generate()):
        assert not is_signed(read_public_key(public(key)), signature, b"message")


def test_only_p256_and_ed25519_are_device_keys() -> None:
    others: list[EllipticCurvePublicKey | RSAPublicKey] = [
        generate_private_key(SECP384R1()).public_key(),
        generate_rsa(65537, 2048).public_key(),
    ]

    for key in others:
        raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(InvalidQuery):
            read_public_key(encoded(raw))


@pytest.mark.parametrize("text", ["", "AAAA", "\u00e4", "MFkw" * 20, "-----BEGIN PUBLIC KEY-----"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery):
        read_public_key(text)


def test_a_nonce_changes_every_five_minutes_and_looks_back_once(keyring: Keyring) -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    later = noon + timedelta(minutes=5)

    assert nonce_at(keyring, noon) == nonce_at(keyring, noon + timedelta(seconds=299))
    assert nonce_at(keyring, noon) != nonce_at(keyring, later)
    assert nonce_at(keyring, later, back=1) == nonce_at(keyring, noon)
    assert len(nonce_at(keyring, noon)) == 22


async def test_nonces_are_handed_out_sixty_times_a_minute(phone: Phone) -> None:
    answers = [await phone.client.get("/v1/device-nonce") for _ in range(62)]

    assert answers[0].json()["expires_in"] == 300
    assert {a.status_code for a in answers[:60]} == {200}
    assert problem_in(answers[-1]) == "rate-limited"
