"""Every refusal of the API, as one tree; a slug is the name of its class.

Problem (`problem.py`: the wire form, RFC 9457)
    400  bad-request, malformed-json, invalid-host
    401  unauthenticated, session-expired, session-revoked, invalid-login, invalid-code,
         invalid-proof, invalid-signature, attestation-failed
    403  forbidden, csrf, forbidden-origin, consent-missing, step-up-required,
         care-relationship-required, break-glass-limit
    404  not-found
    405  method-not-allowed
    408  request-timeout
    409  id-conflict, already-acked, already-resolved, too-many-devices, last-channel, last-admin,
         legal-hold, alert-open, session-live
    410  gone, resync-required
    412  version-conflict
    413  too-large, too-many-items
    414  uri-too-long
    415  unsupported-media-type, unsupported-encoding
    422  invalid-query, invalid-entry, invalid-time, invalid-cursor, invalid-token,
         invalid-snooze, unknown-field, unknown-reference, note-too-long,
         outcome-required, reason-required, webhook-not-allowed
    428  precondition-required
    429  rate-limited, too-many-streams
    431  headers-too-large
    500  internal
    503  unavailable

A docstring here is the title a client reads. `retry` tells the app what to do with what it holds:
`never` keeps it under "needs attention", `later` sends it again, `edit` asks the patient.
"""

from api.problem import Problem, Retry


class BadRequest(Problem, status=400):
    """The request is not valid here."""


class MalformedJson(Problem, status=400):
    """The body is not valid JSON."""


class InvalidHost(Problem, status=400):
    """The Host header does not name this service."""


class Unauthenticated(Problem, status=401, retry=Retry.LATER):
    """Valid credentials are needed."""


class SessionExpired(Problem, status=401, retry=Retry.LATER):
    """The session has expired."""


class SessionRevoked(Problem, status=401):
    """The session was ended."""


class InvalidLogin(Problem, status=401, retry=Retry.EDIT):
    """The login was not accepted."""


class InvalidCode(Problem, status=401, retry=Retry.EDIT):
    """The enrolment code was not accepted."""


class InvalidProof(Problem, status=401, retry=Retry.LATER):
    """The device proof was not accepted."""


class InvalidSignature(Problem, status=401):
    """The signature was not accepted."""


class AttestationFailed(Problem, status=401, retry=Retry.LATER):
    """The app could not be attested."""


class Forbidden(Problem, status=403):
    """This is not allowed for the signed-in person."""


class Csrf(Problem, status=403):
    """The request does not come from the console."""


class ForbiddenOrigin(Problem, status=403):
    """The request comes from a foreign origin."""


class ConsentMissing(Problem, status=403):
    """There is no consent on record for this."""


class StepUpRequired(Problem, status=403, retry=Retry.LATER):
    """A fresh proof of identity is needed."""


class CareRelationshipRequired(Problem, status=403):
    """There is no care relationship with this patient."""


class BreakGlassLimit(Problem, status=403, retry=Retry.LATER):
    """Emergency access was used as often as it may be today."""


class NotFound(Problem, status=404):
    """There is nothing here."""


class MethodNotAllowed(Problem, status=405):
    """The method is not defined here."""


class RequestTimeout(Problem, status=408, retry=Retry.LATER):
    """The request did not arrive in time."""


class IdConflict(Problem, status=409):
    """Something else is stored under this id."""


class AlreadyAcked(Problem, status=409):
    """Somebody else has acknowledged this alert."""


class AlreadyResolved(Problem, status=409):
    """This alert is resolved."""


class TooManyDevices(Problem, status=409, retry=Retry.EDIT):
    """There are as many devices as there may be."""


class LastChannel(Problem, status=409):
    """It is the last way to reach a person on call."""


class LastAdmin(Problem, status=409):
    """It is the last administrator."""


class LegalHold(Problem, status=409):
    """A legal hold keeps these records."""


class AlertOpen(Problem, status=409, retry=Retry.LATER):
    """It waits until the open alert is resolved."""


class SessionLive(Problem, status=409, retry=Retry.LATER):
    """The session is live: entries are sent the usual way."""


class Gone(Problem, status=410):
    """It was here and is no more."""


class ResyncRequired(Problem, status=410):
    """The cursor no longer fits: start again without one."""


class VersionConflict(Problem, status=412, retry=Retry.EDIT):
    """There is a newer version."""


class TooLarge(Problem, status=413):
    """The body is too large."""


class TooManyItems(Problem, status=413, retry=Retry.EDIT):
    """There are too many items in one batch."""


class UriTooLong(Problem, status=414):
    """The address is too long."""


class UnsupportedMediaType(Problem, status=415):
    """The body must be application/json."""


class UnsupportedEncoding(Problem, status=415):
    """The body must not be compressed."""


class InvalidQuery(Problem, status=422, retry=Retry.EDIT):
    """A value is not valid."""


class InvalidEntry(Problem, status=422, retry=Retry.EDIT):
    """The entry is not valid."""


class InvalidTime(Problem, status=422, retry=Retry.EDIT):
    """A time, date or zone is not valid."""


class InvalidCursor(Problem, status=422):
    """The cursor is not valid."""


class InvalidToken(Problem, status=422):
    """The push token is not valid."""


class InvalidSnooze(Problem, status=422, retry=Retry.EDIT):
    """This alert cannot be put off so."""


class UnknownField(Problem, status=422):
    """A member is not part of the contract."""


class UnknownReference(Problem, status=422, retry=Retry.EDIT):
    """It refers to something that is not there."""


class NoteTooLong(Problem, status=422, retry=Retry.EDIT):
    """The note is too long."""


class OutcomeRequired(Problem, status=422, retry=Retry.EDIT):
    """An outcome and a note are needed."""


class ReasonRequired(Problem, status=422, retry=Retry.EDIT):
    """A reason is needed."""


class WebhookNotAllowed(Problem, status=422, retry=Retry.EDIT):
    """This webhook address is not allowed."""


class PreconditionRequired(Problem, status=428, retry=Retry.EDIT):
    """If-Match is needed."""


class RateLimited(Problem, status=429, retry=Retry.LATER):
    """There were too many requests."""


class TooManyStreams(Problem, status=429, retry=Retry.LATER):
    """There are too many open streams."""


class HeadersTooLarge(Problem, status=431):
    """The headers are too large."""


class Internal(Problem, status=500, retry=Retry.LATER):
    """Something went wrong here."""


class Unavailable(Problem, status=503, retry=Retry.LATER):
    """The service cannot do this right now."""
