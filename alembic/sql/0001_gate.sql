-- What is looked up before the clinic is known, or across clinics: only through these functions.
-- They run as `gate`; `app` may execute them and nothing else of the schema.

-- Enter a clinic with a token's hash: sets the row-security settings for this transaction and
-- says who asks. No row: unknown or expired. verdict 'revoked': known, ended by somebody.
CREATE FUNCTION gate.enter(p_kind text, p_lookup bytea) RETURNS TABLE (
    verdict text, clinic_id uuid, subject_id uuid, session_id uuid, kind text, role text,
    profession text, device_id uuid, scopes text[], step_up_at timestamptz, entered_at timestamptz,
    language text, country text, consented boolean, epoch uuid,
    key_version int, key_wrapped bytea, clinic_key_version int, clinic_key_wrapped bytea
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c gate.credential;
    s session;
    p record;
    instant timestamptz := app_now();
BEGIN
    SELECT * INTO c FROM gate.credential g
        WHERE g.kind = p_kind AND g.lookup = p_lookup AND g.expires_at > instant;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT * INTO s FROM session x WHERE x.clinic_id = c.clinic_id AND x.id = c.subject_id;
    IF NOT FOUND THEN RETURN; END IF;
    IF s.kind = 'patient' THEN
        SELECT 'patient'::text AS role, NULL::text AS profession, x.language::text,
               x.ended_at IS NOT NULL AS gone INTO p
            FROM patient x WHERE x.clinic_id = s.clinic_id AND x.id = s.subject_id;
    ELSE
        SELECT x.role::text, x.profession::text, x.language::text,
               x.disabled_at IS NOT NULL AS gone INTO p
            FROM practitioner x WHERE x.clinic_id = s.clinic_id AND x.id = s.subject_id;
    END IF;
    clinic_id := s.clinic_id; subject_id := s.subject_id; session_id := s.id; kind := s.kind;
    role := p.role; profession := p.profession; device_id := s.device_id; scopes := s.scopes;
    step_up_at := s.step_up_at; entered_at := instant; language := p.language;
    SELECT x.country, CASE
            WHEN s.revoked_at IS NOT NULL OR coalesce(p.gone, true) OR x.closed_at IS NOT NULL
                THEN 'revoked' -- a person whose row is gone has left too
            WHEN s.idle_expires_at <= instant OR s.absolute_expires_at <= instant THEN 'expired'
            ELSE 'live' END
        INTO country, verdict FROM clinic x WHERE x.id = s.clinic_id;
    IF verdict <> 'live' THEN RETURN NEXT; RETURN; END IF;
    PERFORM set_config('app.clinic_id', s.clinic_id::text, true),
            set_config('app.subject_id', s.subject_id::text, true),
            set_config('app.role', p.role, true);
    SELECT k.version, k.wrapped, k.clinic_key_version, w.wrapped
        INTO key_version, key_wrapped, clinic_key_version, clinic_key_wrapped
        FROM keys.subject_key k JOIN keys.clinic_key w
          ON w.clinic_id = k.clinic_id AND w.version = k.clinic_key_version
        WHERE k.clinic_id = s.clinic_id AND k.subject_id = s.subject_id
        ORDER BY k.version DESC LIMIT 1;
    consented := s.kind <> 'patient' OR EXISTS (
        SELECT FROM consent x WHERE x.clinic_id = s.clinic_id AND x.patient_id = s.subject_id
          AND x.purpose = 'care' AND x.withdrawn_at IS NULL);
    SELECT e.epoch INTO epoch FROM gate.epoch e;
    RETURN NEXT;
END
$$;

-- Find whose a lookup is, expired or not: sign-in, enrolment, refresh, the write-only grace.
CREATE FUNCTION gate.find(p_kind text, p_lookup bytea)
RETURNS TABLE (clinic_id uuid, subject_id uuid, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.clinic_id, c.subject_id, c.expires_at FROM gate.credential c
    WHERE c.kind = p_kind AND c.lookup = p_lookup
$$;

-- Store a lookup for the clinic this transaction is in; false when another live one holds it.
CREATE FUNCTION gate.put(p_kind text, p_lookup bytea, p_subject uuid, p_expires timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM gate.credential c
        WHERE c.kind = p_kind AND c.lookup = p_lookup AND c.expires_at <= app_now();
    INSERT INTO gate.credential (kind, lookup, clinic_id, subject_id, expires_at)
        VALUES (p_kind, p_lookup, current_setting('app.clinic_id')::uuid, p_subject, p_expires)
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- Remove a subject's lookups of one kind, or of every kind; only of the clinic this is in.
CREATE FUNCTION gate.drop_subject(p_subject uuid, p_kind text DEFAULT NULL)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM gate.credential c
    WHERE c.clinic_id = current_setting('app.clinic_id')::uuid AND c.subject_id = p_subject
      AND (p_kind IS NULL OR c.kind = p_kind)
$$;

-- Remember a device proof for ten minutes; false when it was used before.
CREATE FUNCTION gate.remember_proof(p_jti uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM gate.proof p WHERE p.used_at < app_now() - interval '10 minutes';
    INSERT INTO gate.proof (jti) VALUES (p_jti) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- Take one token from a bucket: 0 when there was one, else the seconds until there is.
CREATE FUNCTION gate.take(p_name text, p_key bytea, p_per_second float, p_burst float)
RETURNS float LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    instant timestamptz := app_now();
    remaining float;
BEGIN
    INSERT INTO gate.bucket AS b (name, key, tokens, at)
        VALUES (p_name, p_key, p_burst - 1, instant)
        ON CONFLICT (name, key) DO UPDATE SET
            tokens = least(p_burst, b.tokens
                + p_per_second * extract(epoch FROM greatest(instant - b.at, interval '0'))) - 1,
            at = instant
        RETURNING tokens INTO remaining;
    IF remaining >= 0 THEN RETURN 0; END IF;
    UPDATE gate.bucket SET tokens = remaining + 1 WHERE name = p_name AND key = p_key;
    RETURN -remaining / p_per_second;
END
$$;

-- Put tokens back into a bucket; the next take cuts what is more than its burst.
CREATE FUNCTION gate.give_back(p_name text, p_key bytea, p_tokens float) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE gate.bucket b SET tokens = b.tokens + p_tokens WHERE b.name = p_name AND b.key = p_key
$$;

CREATE FUNCTION gate.current_epoch() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT epoch FROM gate.epoch
$$;

-- Across clinics, ids only: where there is work for the jobs.
CREATE FUNCTION gate.clinics() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM clinic WHERE closed_at IS NULL ORDER BY id
$$;

CREATE FUNCTION gate.unassessed(p_older interval, p_limit int)
RETURNS TABLE (clinic_id uuid, patient_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.clinic_id, e.patient_id FROM entry e
    WHERE e.assessed_at IS NULL AND e.received_at < app_now() - p_older
    GROUP BY e.clinic_id, e.patient_id ORDER BY min(e.received_at) LIMIT p_limit
$$;

-- Patients in treatment whose chart no rule has seen since a day was last over everywhere, which it is
-- p_behind after midnight UTC: in the order of their ids, from one on, so that one that cannot be
-- assessed keeps no other from its turn.
CREATE FUNCTION gate.not_assessed_today(p_behind interval, p_clinic uuid, p_patient uuid, p_limit int)
RETURNS TABLE (clinic_id uuid, patient_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.clinic_id, p.id FROM patient p
    JOIN clinic c ON c.id = p.clinic_id AND c.closed_at IS NULL
    WHERE (p.clinic_id, p.id) > (p_clinic, p_patient) AND p.ended_at IS NULL
      AND coalesce(p.assessed_at, '-infinity')
          < date_trunc('day', app_now() - p_behind, 'UTC') + p_behind
    ORDER BY p.clinic_id, p.id LIMIT p_limit
$$;

-- Notes that no job has read for their meaning in time: those that no task names first, or a long
-- backlog would keep the rest from ever becoming one. For the pager, which sees no diary: ids only.
CREATE FUNCTION gate.unread(p_older interval, p_limit int)
RETURNS TABLE (clinic_id uuid, patient_id uuid, entry_id uuid, revision int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.clinic_id, r.patient_id, r.entry_id, r.revision
    FROM entry e JOIN entry_revision r
        ON r.clinic_id = e.clinic_id AND r.patient_id = e.patient_id AND r.entry_id = e.id
    JOIN screening s ON s.clinic_id = r.clinic_id AND s.patient_id = r.patient_id
        AND s.entry_id = r.entry_id AND s.revision = r.revision AND s.stage = 1
    WHERE e.assessed_at IS NULL AND r.stored_at < app_now() - p_older
      AND (r.note_ct IS NOT NULL OR s.label = 'review')
      AND s.screened_at < r.stored_at + interval '1 hour'
      AND NOT EXISTS (SELECT FROM screening two
                      WHERE two.clinic_id = r.clinic_id AND two.patient_id = r.patient_id
                        AND two.entry_id = r.entry_id AND two.revision = r.revision
                        AND two.stage = 2)
    ORDER BY EXISTS (SELECT FROM alert_source o
                     WHERE o.clinic_id = r.clinic_id AND o.patient_id = r.patient_id
                       AND o.entry_id = r.entry_id AND o.revision = r.revision
                       AND o.rule = 'ideation.review'), r.stored_at
    LIMIT p_limit
$$;

-- Texts for review whose patients were asked the screener and have answered nothing since.
CREATE FUNCTION gate.silent(p_older interval, p_newer interval, p_form text, p_rule text, p_limit int)
RETURNS TABLE (clinic_id uuid, patient_id uuid, entry_id uuid, revision int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT s.clinic_id, s.patient_id, s.entry_id, s.revision
    FROM screening s JOIN entry_revision r
        ON r.clinic_id = s.clinic_id AND r.patient_id = s.patient_id
        AND r.entry_id = s.entry_id AND r.revision = s.revision
    WHERE s.label = 'review' AND s.reason <> 'model_missing' AND r.form <> p_form
      AND s.screened_at BETWEEN app_now() - p_newer AND app_now() - p_older
      AND s.screened_at < r.stored_at + interval '1 hour'
      AND NOT EXISTS (SELECT FROM entry_revision a
                      WHERE a.clinic_id = s.clinic_id AND a.patient_id = s.patient_id
                        AND a.form = p_form AND a.stored_at >= s.screened_at)
      AND NOT EXISTS (SELECT FROM screening e
                      WHERE e.clinic_id = s.clinic_id AND e.patient_id = s.patient_id
                        AND e.entry_id = s.entry_id AND e.label = 'escalate')
      AND NOT EXISTS (SELECT FROM alert_source o
                      WHERE o.clinic_id = s.clinic_id AND o.patient_id = s.patient_id
                        AND o.entry_id = s.entry_id AND o.revision = s.revision
                        AND o.rule = p_rule)
    LIMIT p_limit
$$;

-- Notes in which nothing was found, drawn by lot for a human to read: a share of a week's, or so many.
-- What was drawn in the same week counts; a note that was drawn once is never drawn again.
CREATE FUNCTION gate.drawn(p_share float, p_fewest int, p_older interval, p_newer interval, p_rule text)
RETURNS TABLE (clinic_id uuid, patient_id uuid, entry_id uuid, revision int)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH quiet AS (
        SELECT s.clinic_id, s.patient_id, s.entry_id, s.revision
        FROM screening s JOIN entry_revision r
            ON r.clinic_id = s.clinic_id AND r.patient_id = s.patient_id
            AND r.entry_id = s.entry_id AND r.revision = s.revision
        JOIN clinic c ON c.id = s.clinic_id AND c.closed_at IS NULL
        WHERE s.screened_at BETWEEN app_now() - p_newer AND app_now() - p_older
          AND r.note_ct IS NOT NULL
        GROUP BY s.clinic_id, s.patient_id, s.entry_id, s.revision
        HAVING bool_and(s.label = 'none')
    ), old AS (
        SELECT o.clinic_id, o.patient_id, o.entry_id, o.revision,
            a.opened_at > app_now() - (p_newer - p_older) AS this_week
        FROM alert_source o JOIN alert a ON a.clinic_id = o.clinic_id AND a.id = o.alert_id
        WHERE o.rule = p_rule
    )
    SELECT q.* FROM quiet q
    WHERE NOT EXISTS (SELECT FROM old o
                      WHERE o.clinic_id = q.clinic_id AND o.patient_id = q.patient_id
                        AND o.entry_id = q.entry_id AND o.revision = q.revision)
    ORDER BY random()
    LIMIT greatest(0, greatest(p_fewest, ceil(p_share * (SELECT count(*) FROM quiet))::int)
                      - (SELECT count(*) FROM old WHERE this_week))
$$;

-- Clinics with audit events that no link of the chain covers. Only what came within a day of the
-- last link is looked at: no transaction is open that long, and six years of events would be.
CREATE FUNCTION gate.unsealed() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.id FROM clinic c
    LEFT JOIN LATERAL (
        SELECT e.at FROM audit_seal s
        JOIN audit_event e ON e.clinic_id = s.clinic_id AND e.id = s.audit_id
        WHERE s.clinic_id = c.id ORDER BY s.day DESC, s.seq DESC LIMIT 1
    ) last ON true
    WHERE EXISTS (
        SELECT FROM audit_event a WHERE a.clinic_id = c.id
          AND a.at >= coalesce(last.at - interval '1 day', '-infinity')
          AND NOT EXISTS (SELECT FROM audit_seal s
                          WHERE s.clinic_id = a.clinic_id AND s.audit_id = a.id))
$$;

-- Clinics, closed ones too, with quarantined bodies whose time is over.
CREATE FUNCTION gate.expired() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT q.clinic_id FROM quarantine q WHERE q.expires_at <= app_now()
$$;

-- One wrapped clinic key, so that a wrong root key is found before anything is written.
CREATE FUNCTION gate.any_clinic_key() RETURNS TABLE (clinic_id uuid, version int, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k.clinic_id, k.version, k.wrapped FROM keys.clinic_key k LIMIT 1
$$;

-- Forget what has run out: lookups expired for a day, idle buckets.
CREATE FUNCTION gate.prune() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM gate.credential c
        WHERE c.kind IN ('access', 'cookie', 'enrolment')
          AND c.expires_at < app_now() - interval '1 day'
        OR c.kind = 'refresh' AND c.expires_at < app_now() - interval '90 days';
    DELETE FROM gate.bucket b WHERE b.at < app_now() - interval '1 day'
$$;

-- Rights first, the owner last: whoever is not the owner any more can neither grant nor revoke, and
-- PostgreSQL only warns. A function anybody may execute is what CREATE FUNCTION leaves behind.
GRANT USAGE ON SCHEMA gate TO pager;
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
             JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'gate' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO app', f);
        IF f IN ('gate.any_clinic_key()'::regprocedure, 'gate.unread(interval, int)'::regprocedure)
        THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pager', f);
        END IF;
        EXECUTE format('ALTER FUNCTION %s OWNER TO gate', f);
    END LOOP;
END
$$;
