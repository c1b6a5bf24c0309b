"""A phone at the door: it makes a key, proves that it holds it, enrols and refreshes."""

import base64
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar import Litestar

from api.backend import Backend
from api.codes import draw_code_for
from models.enrolment import CODE_LIFE
from models.ids import uuid7
from models.session import clinic_transaction
from tests.cast import Person

Key = EllipticCurvePrivateKey | Ed25519PrivateKey


def p256() -> Key:
    """Make a key as a keystore does."""
    return generate_private_key(SECP256R1())


def encoded(raw: bytes) -> str:
    """Write bytes as base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public(key: Key) -> str:
    """Write a key's public half as it is sent."""
    return encoded(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def sign(key: Key, message: bytes) -> bytes:
    """Sign as a keystore does: DER for P-256."""
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ECDSA(SHA256()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The application's way in, and what stands behind it."""

    app: Litestar
    backend: Backend

    @asynccontextmanager
    async def client(self, address: str = "192.0.2.7") -> AsyncGenerator[httpx.AsyncClient]:
        """Come from an address."""
        transport = httpx.ASGITransport(
            app=self.app,  # type: ignore[arg-type] # Litestar's scope types are its own
            raise_app_exceptions=False,
            client=(address, 40_000),
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client

    async def code_for(self, person: Person, life: timedelta = CODE_LIFE) -> str:
        """Draw an enrolment code for somebody of the cast."""
        async with clinic_transaction(self.backend.pool, person.clinic_id) as connection:
            is_patient = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM patient WHERE id = $1)", person.id
            )
            issued = await draw_code_for(
                self.backend,
                connection,
                person.clinic_id,
                patient_id=person.id if is_patient else None,
                practitioner_id=None if is_patient else person.id,
                life=life,
            )
        return issued.text


@dataclass(slots=True, kw_only=True)
class Phone:
    """One installation of the app."""

    client: httpx.AsyncClient
    key: Key = field(default_factory=p256)
    installation: UUID = field(default_factory=uuid7)
    platform: str = "android"
    nonce: str = ""
    access: str = ""
    refresh_token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Send the access token."""
        return {"Authorization": f"Bearer {self.access}"}

    @property
    def device(self) -> dict[str, Any]:
        """Describe the installation."""
        return {
            "installation": str(self.installation),
            "platform": self.platform,
            "public_key": public(self.key),
            "app_version": "1.4.2",
            "zone": "Europe/Madrid",
        }

    async def fetch_nonce(self) -> str:
        """Ask for a fresh nonce."""
        answer = await self.client.get("/v1/device-nonce")
        self.nonce = str(answer.json()["nonce"])
        return self.nonce

    def proof(
        self, path: str, credential: str, *, jti: UUID | None = None, key: Key | None = None
    ) -> dict[str, str]:
        """Prove to hold the key, with the nonce of before."""
        jti = jti or uuid7()
        digest = hashlib.sha256(credential.encode()).hexdigest()
        message = "\n".join(("POST", path, digest, self.nonce, str(jti))).encode()
        signature = encoded(sign(key or self.key, message))
        return {"Device-Proof": f"v1;nonce={self.nonce};jti={jti};sig={signature}"}

    async def enrol(self, code: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a code, with a proof unless other headers are given."""
        await self.fetch_nonce()
        proof = self.proof("/v1/enrolments", code) if headers is None else headers
        body = {"code": code, "device": self.device}
        return self.remember(await self.client.post("/v1/enrolments", json=body, headers=proof))

    async def refresh(
        self,
        token: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        keep: bool = True,
    ) -> httpx.Response:
        """Exchange a refresh token: the newest, or an older one."""
        token = token or self.refresh_token
        if not self.nonce:
            await self.fetch_nonce()
        path = "/v1/sessions/refresh"
        proof = self.proof(path, token) if headers is None else headers
        answer = await self.client.post(path, json={"refresh_token": token}, headers=proof)
        return self.remember(answer) if keep else answer

    def remember(self, answer: httpx.Response) -> httpx.Response:
        """Keep the tokens of an answer that has some."""
        if answer.is_success:
            self.access = answer.json().get("access_token", "")
            self.refresh_token = answer.json().get("refresh_token", "")
        elif "Device-Nonce" in answer.headers:
            self.nonce = answer.headers["Device-Nonce"]
        return answer
