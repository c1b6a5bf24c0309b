"""What must always hold of alerts and pages: each a query whose rows are what is wrong."""

from dataclasses import dataclass

from models.session import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One rule; `by_pager` when the pager may see all that it is about."""

    name: str
    says: str
    broken: str
    by_pager: bool = True


INVARIANTS = (
    Invariant(
        name="I1",
        says="What was screened as an emergency has an alert.",
        by_pager=False,
        broken="""
SELECT s.clinic_id, s.id FROM screening s WHERE s.label = 'escalate' AND NOT EXISTS (
    SELECT FROM alert_source o WHERE o.clinic_id = s.clinic_id
      AND ((o.patient_id = s.patient_id AND o.entry_id = s.entry_id AND o.revision = s.revision)
           OR o.quarantine_id = s.quarantine_id))
""",
    ),
    Invariant(
        name="I2",
        says="A live alert is due at some time, or a page of it is on its way.",
        broken="""
SELECT a.clinic_id, a.id FROM alert a
WHERE a.state IN ('open', 'acked') AND a.severity <> 'notice' AND a.next_step_at IS NULL
  AND NOT EXISTS (
    SELECT FROM delivery d WHERE d.clinic_id = a.clinic_id AND d.alert_id = a.id
      AND d.state IN ('pending', 'leased'))
""",
    ),
    Invariant(
        name="I3",
        says="No step and no page has been due for more than 30 s.",
        broken="""
SELECT clinic_id, id FROM alert
WHERE state <> 'resolved' AND next_step_at < app_now() - interval '30 seconds'
UNION ALL
SELECT d.clinic_id, d.id FROM delivery d
JOIN alert a ON a.clinic_id = d.clinic_id AND a.id = d.alert_id AND a.state = 'open'
WHERE d.state IN ('pending', 'leased') AND d.due_at < app_now() - interval '30 seconds'
""",
    ),
    Invariant(
        name="I4",
        says="No emergency ends, or falls silent, without a human.",
        broken="""
SELECT a.clinic_id, a.id FROM alert a
WHERE a.severity_rank >= 9 AND (
    (a.state = 'resolved' AND NOT EXISTS (
        SELECT FROM alert_history h WHERE h.clinic_id = a.clinic_id AND h.alert_id = a.id
          AND h.kind = 'resolved' AND h.actor_id IS NOT NULL))
    OR (a.state = 'acked' AND NOT EXISTS (
        SELECT FROM alert_history h WHERE h.clinic_id = a.clinic_id AND h.alert_id = a.id
          AND h.kind IN ('acked', 'handed_over') AND h.actor_id IS NOT NULL))
    OR (a.policy_snapshot IS NOT NULL AND a.policy_snapshot ->> 'repeat_max' IS NOT NULL))
""",
    ),
    Invariant(
        name="I6",
        says="All attempts of a page are numbered without a gap, and its last one is its own.",
        broken="""
SELECT d.clinic_id, d.id FROM delivery d
LEFT JOIN attempt t ON t.clinic_id = d.clinic_id AND t.delivery_id = d.id
GROUP BY d.clinic_id, d.id, d.attempt
HAVING count(t.n) <> d.attempt OR coalesce(max(t.n), 0) <> d.attempt
""",
    ),
    Invariant(
        name="I6b",
        says="All pages of one alert to one endpoint carry the same tag, and no other endpoint's.",
        broken="""
SELECT clinic_id, alert_id FROM delivery GROUP BY clinic_id, alert_id, endpoint_id
HAVING count(DISTINCT collapse_tag) > 1
UNION ALL
SELECT clinic_id, min(alert_id::text)::uuid FROM delivery GROUP BY clinic_id, collapse_tag
HAVING count(DISTINCT (alert_id, endpoint_id)) > 1
""",
    ),
    Invariant(
        name="I8",
        says="Nobody is rung more than 1 s after an acknowledgement for what came before it.",
        broken="""
SELECT t.clinic_id, t.delivery_id FROM attempt t
JOIN delivery d ON d.clinic_id = t.clinic_id AND d.id = t.delivery_id
JOIN alert a ON a.clinic_id = d.clinic_id AND a.id = d.alert_id
WHERE a.state <> 'open' AND d.created_at <= a.acked_at AND d.kind <> 'new_information'
  AND t.started_at > a.acked_at + interval '1 second'
""",
    ),
    Invariant(
        name="I9",
        says="Every page that was taken by a provider has an attempt that began before.",
        broken="""
SELECT d.clinic_id, d.id FROM delivery d
WHERE d.state = 'accepted' AND NOT EXISTS (
    SELECT FROM attempt t WHERE t.clinic_id = d.clinic_id AND t.delivery_id = d.id
      AND t.n = d.attempt AND t.outcome = 'accepted' AND t.started_at <= d.accepted_at)
""",
    ),
)
"""I5 and I7 are about what providers received: tests judge them against the providers' logs."""


I2, I3 = (next(i for i in INVARIANTS if i.name == name) for name in ("I2", "I3"))
"""What a running pager checks all the time; the others read whole tables."""


async def broken_rows(connection: Connection, invariant: Invariant) -> int:
    """Count what is wrong."""
    return len(await connection.fetch(invariant.broken))
