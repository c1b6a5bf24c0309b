-- Grants, forced row security, append-only guards and the rule that ties a screening to its alert.

-- Append-only tables refuse every change, whoever asks.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'audit_event', 'audit_seal', 'alert_history', 'entry_revision', 'screening',
        'infusion_revision', 'course_phase', 'recalibration'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
        EXECUTE format(
            'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    END LOOP;
END
$$;

-- A screening that says escalate has an alert source in the same commit, or nothing is stored.
CREATE FUNCTION require_alert_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM alert_source s
        WHERE s.clinic_id = NEW.clinic_id
          AND ((s.patient_id = NEW.patient_id AND s.entry_id = NEW.entry_id
                AND s.revision = NEW.revision)
               OR s.quarantine_id = NEW.quarantine_id)
    ) THEN
        RAISE EXCEPTION 'a screening says escalate and no alert was raised'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER escalation_has_alert AFTER INSERT ON screening
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.label = 'escalate')
    EXECUTE FUNCTION require_alert_source();

-- Tenant first: every table of clinic data, forced, the owner included.
DO $$
DECLARE
    t regclass;
    clinic_column text;
BEGIN
    FOR t IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname IN ('public', 'keys')
          AND c.relname NOT IN ('alembic_version', 'worker_heartbeat')
    LOOP
        clinic_column := CASE WHEN t = 'clinic'::regclass THEN 'id' ELSE 'clinic_id' END;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY clinic ON %s TO app, owner'
            ' USING (%2$I = NULLIF(current_setting(''app.clinic_id'', true), '''')::uuid)'
            ' WITH CHECK (%2$I = NULLIF(current_setting(''app.clinic_id'', true), '''')::uuid)',
            t, clinic_column);
        EXECUTE format('CREATE POLICY backup ON %s FOR SELECT TO backup USING (true)', t);
        EXECUTE format('GRANT SELECT ON %s TO backup', t);
    END LOOP;
END
$$;

-- A patient's session sees that patient's rows and no others. No role, or the '' that a transaction
-- before left on its connection, compares as NULL and sees none.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'membership', 'consent', 'device', 'course', 'course_phase', 'infusion',
        'infusion_revision', 'vital', 'appointment', 'entry', 'entry_revision', 'quarantine',
        'screening', 'alert', 'finding', 'alert_source', 'alert_history', 'enrolment_code',
        'audit_event'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY own ON %I AS RESTRICTIVE TO app'
            ' USING (NULLIF(current_setting(''app.role'', true), '''') <> ''patient'''
            '   OR patient_id = NULLIF(current_setting(''app.subject_id'', true), '''')::uuid)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['session', 'keys.subject_key'] LOOP
        EXECUTE format(
            'CREATE POLICY own ON %s AS RESTRICTIVE TO app'
            ' USING (NULLIF(current_setting(''app.role'', true), '''') <> ''patient'''
            '   OR subject_id = NULLIF(current_setting(''app.subject_id'', true), '''')::uuid)', t);
    END LOOP;
    EXECUTE
        'CREATE POLICY own ON patient AS RESTRICTIVE TO app'
        ' USING (NULLIF(current_setting(''app.role'', true), '''') <> ''patient'''
        '   OR id = NULLIF(current_setting(''app.subject_id'', true), '''')::uuid)';
    FOREACH t IN ARRAY ARRAY['practitioner', 'recovery_code', 'endpoint', 'contact_rule',
        'delivery', 'attempt', 'policy', 'policy_step', 'policy_target', 'audit_seal',
        'recalibration'] LOOP
        EXECUTE format(
            'CREATE POLICY staff ON %I AS RESTRICTIVE TO app'
            ' USING (NULLIF(current_setting(''app.role'', true), '''') <> ''patient'')', t);
    END LOOP;
END
$$;

-- app: what the API and the jobs may do.
GRANT SELECT, INSERT, UPDATE ON
    clinic, practitioner, membership, recovery_code, patient, consent, device, endpoint,
    contact_rule, course, infusion, vital, appointment, entry, quarantine, alert, finding,
    delivery, policy, policy_step, policy_target, session, enrolment_code
    TO app;
GRANT SELECT, INSERT ON
    course_phase, infusion_revision, entry_revision, screening, alert_source, alert_history,
    audit_event, audit_seal, recalibration, keys.clinic_key, keys.subject_key
    TO app;
GRANT SELECT ON attempt, worker_heartbeat TO app;
GRANT DELETE ON quarantine, policy_target, contact_rule TO app;

-- pager: whom to tell and what became of it; nothing a patient wrote, no patient's key.
GRANT SELECT ON membership, endpoint, contact_rule, delivery, attempt, policy, policy_step,
    policy_target, alert_history, keys.clinic_key, keys.subject_key TO pager;
GRANT SELECT (id, code, zone, supervisor_id, closed_at) ON clinic TO pager;
GRANT SELECT (clinic_id, id, role, profession, language, disabled_at) ON practitioner TO pager;
GRANT SELECT (clinic_id, id, practitioner_id, platform, push_ct, push_hmac, disabled_at,
    last_seen_at, pending_push_ct, pending_seed, pending_since, pending_sent_at) ON device TO pager;
GRANT SELECT (clinic_id, id, patient_id, rule, period, severity, severity_rank, state, round, step,
    next_step_at, resume_step_at, last_round_at, policy_snapshot, acks_needed, opened_at, acked_at,
    acked_by, action_due_at, assigned_profession, due_at, version) ON alert TO pager;
GRANT UPDATE (state, round, step, next_step_at, resume_step_at, last_round_at, policy_snapshot,
    acks_needed, acked_at, acked_by, action_due_at, version) ON alert TO pager;
GRANT INSERT ON alert_history, delivery, attempt TO pager;
-- A note that no job reads becomes a task to read it: the pager is the one that is always there.
GRANT INSERT (clinic_id, id, patient_id, rule, period, severity, severity_rank, next_step_at,
    assigned_profession, due_at) ON alert TO pager;
CREATE POLICY pager_asks ON alert AS RESTRICTIVE FOR INSERT TO pager
    WITH CHECK (severity = 'routine');
GRANT SELECT (clinic_id, id, patient_id, entry_id, revision, rule), INSERT ON alert_source TO pager;
GRANT UPDATE ON delivery, attempt TO pager;
GRANT UPDATE (last_ok_at, last_proved_at, disabled_at, disabled_reason) ON endpoint TO pager;
GRANT UPDATE (last_error, pending_sent_at) ON device TO pager;
GRANT SELECT, INSERT, UPDATE, DELETE ON worker_heartbeat TO pager;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'membership', 'endpoint', 'contact_rule', 'delivery', 'attempt', 'policy', 'policy_step',
        'policy_target', 'alert_history', 'alert_source', 'clinic', 'practitioner', 'alert',
        'keys.clinic_key'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY pager ON %s TO pager USING (true) WITH CHECK (true)', t);
    END LOOP;
END
$$;
CREATE POLICY pager ON device TO pager
    USING (practitioner_id IS NOT NULL) WITH CHECK (practitioner_id IS NOT NULL);
CREATE POLICY pager ON keys.subject_key FOR SELECT TO pager
    USING (kind IN ('practitioner', 'clinic'));

-- gate: what its functions look up.
INSERT INTO gate.epoch (single, epoch) VALUES (true, gen_random_uuid());
GRANT SELECT ON gate.credential, gate.proof, gate.bucket, gate.epoch, worker_heartbeat,
    alembic_version TO backup;
ALTER TABLE gate.credential OWNER TO gate;
ALTER TABLE gate.proof OWNER TO gate;
ALTER TABLE gate.bucket OWNER TO gate;
ALTER TABLE gate.epoch OWNER TO gate;
GRANT SELECT ON session, keys.clinic_key, keys.subject_key, consent TO gate;
GRANT SELECT (id, closed_at, country) ON clinic TO gate;
GRANT SELECT (clinic_id, id, role, profession, language, disabled_at) ON practitioner TO gate;
GRANT SELECT (clinic_id, id, zone, language, ended_at, assessed_at) ON patient TO gate;
GRANT SELECT (clinic_id, id, disabled_at) ON device TO gate;
GRANT SELECT (clinic_id, patient_id, id, received_at, assessed_at) ON entry TO gate;
GRANT SELECT (clinic_id, id, at) ON audit_event TO gate;
GRANT SELECT (clinic_id, day, seq, audit_id) ON audit_seal TO gate;
GRANT SELECT (clinic_id, id, expires_at) ON quarantine TO gate;
GRANT SELECT (clinic_id, patient_id, entry_id, revision, form, stored_at, note_ct)
    ON entry_revision TO gate;
GRANT SELECT (clinic_id, patient_id, entry_id, revision, stage, label, reason, screened_at)
    ON screening TO gate;
GRANT SELECT (clinic_id, alert_id, patient_id, entry_id, revision, rule) ON alert_source TO gate;
GRANT SELECT (clinic_id, id, opened_at) ON alert TO gate;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'session', 'keys.clinic_key', 'keys.subject_key', 'consent', 'clinic', 'practitioner',
        'patient', 'device', 'entry', 'entry_revision', 'screening', 'alert', 'alert_source',
        'audit_event', 'audit_seal', 'quarantine'
    ] LOOP
        EXECUTE format('CREATE POLICY gate ON %s FOR SELECT TO gate USING (true)', t);
    END LOOP;
END
$$;
