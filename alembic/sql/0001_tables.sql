CREATE TABLE clinic (
	id UUID NOT NULL, 
	code VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	zone VARCHAR NOT NULL, 
	country VARCHAR NOT NULL, 
	crisis JSONB, 
	supervisor_id UUID, 
	privacy_officer_id UUID, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT clinic_pkey PRIMARY KEY (id)
);

CREATE TABLE gate.bucket (
	name VARCHAR NOT NULL, 
	key BYTEA NOT NULL, 
	tokens FLOAT NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT bucket_pkey PRIMARY KEY (name, key)
);

CREATE TABLE gate.credential (
	kind VARCHAR NOT NULL, 
	lookup BYTEA NOT NULL, 
	clinic_id UUID NOT NULL, 
	subject_id UUID NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT credential_pkey PRIMARY KEY (kind, lookup), 
	CONSTRAINT credential_kind_check CHECK (kind IN ('access', 'refresh', 'cookie', 'enrolment', 'login', 'service'))
);

CREATE INDEX credential_expires_idx ON gate.credential (expires_at);

CREATE INDEX credential_subject_idx ON gate.credential (clinic_id, subject_id);

CREATE TABLE gate.epoch (
	single BOOLEAN NOT NULL, 
	epoch UUID NOT NULL, 
	CONSTRAINT epoch_pkey PRIMARY KEY (single), 
	CONSTRAINT epoch_single_check CHECK (single)
);

CREATE TABLE gate.proof (
	jti UUID NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT proof_pkey PRIMARY KEY (jti)
);

CREATE TABLE worker_heartbeat (
	worker VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	loop_lag_ms FLOAT NOT NULL, 
	oldest_due_seconds FLOAT NOT NULL, 
	listen_ok BOOLEAN NOT NULL, 
	config_fault VARCHAR, 
	version VARCHAR NOT NULL, 
	CONSTRAINT worker_heartbeat_pkey PRIMARY KEY (worker)
);

CREATE TABLE audit_event (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	actor_id UUID, 
	actor_role VARCHAR NOT NULL, 
	session_id UUID, 
	patient_id UUID, 
	action VARCHAR NOT NULL, 
	object_type VARCHAR NOT NULL, 
	object_id UUID, 
	purpose VARCHAR DEFAULT 'care' NOT NULL, 
	outcome VARCHAR DEFAULT 'done' NOT NULL, 
	request_id UUID, 
	fields TEXT[] DEFAULT '{}' NOT NULL, 
	CONSTRAINT audit_event_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT audit_event_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT
);

CREATE INDEX audit_event_at_idx ON audit_event (clinic_id, at, id);

CREATE TABLE keys.clinic_key (
	clinic_id UUID NOT NULL, 
	version INTEGER NOT NULL, 
	wrapped BYTEA NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT clinic_key_pkey PRIMARY KEY (clinic_id, version), 
	CONSTRAINT clinic_key_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT
);

CREATE TABLE patient (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	name_ct BYTEA NOT NULL, 
	mrn_ct BYTEA, 
	birth_date_ct BYTEA, 
	zone VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	conditions TEXT[] NOT NULL, 
	primary_condition VARCHAR NOT NULL, 
	bipolar_history BOOLEAN DEFAULT false NOT NULL, 
	failed_trials INTEGER, 
	intake_phq9_points INTEGER, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	assessed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT patient_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT patient_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT patient_primary_condition_check CHECK (primary_condition = ANY (conditions)), 
	CONSTRAINT patient_conditions_count_check CHECK (cardinality(conditions) BETWEEN 1 AND 8), 
	CONSTRAINT patient_conditions_check CHECK (conditions <@ ARRAY['trd', 'mdd', 'bipolar_depression', 'anxiety', 'ptsd', 'ocd', 'chronic_pain', 'suicidal_ideation']::text[]), 
	CONSTRAINT patient_failed_trials_check CHECK (failed_trials >= 0)
);

CREATE TABLE policy (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	name VARCHAR NOT NULL, 
	severity VARCHAR NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	repeat_every_seconds INTEGER NOT NULL, 
	repeat_max INTEGER, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	retired_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT policy_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT policy_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT policy_severity_check CHECK (severity IN ('emergency', 'urgent', 'routine')), 
	CONSTRAINT policy_emergency_repeats_check CHECK (severity <> 'emergency' OR (repeat_max IS NULL AND repeat_every_seconds <= 300))
);

CREATE UNIQUE INDEX policy_live_key ON policy (clinic_id, severity) WHERE retired_at IS NULL;

CREATE TABLE practitioner (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	role VARCHAR NOT NULL, 
	profession VARCHAR NOT NULL, 
	language VARCHAR DEFAULT 'en' NOT NULL, 
	name_ct BYTEA NOT NULL, 
	mail_ct BYTEA NOT NULL, 
	password_hash VARCHAR, 
	totp_seed_ct BYTEA, 
	totp_confirmed_at TIMESTAMP WITH TIME ZONE, 
	totp_last_counter INTEGER DEFAULT 0 NOT NULL, 
	reset_requested_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT practitioner_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT practitioner_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT practitioner_role_check CHECK (role IN ('clinician', 'researcher', 'admin')), 
	CONSTRAINT practitioner_profession_check CHECK (profession IN ('physician', 'anaesthesia', 'nurse', 'therapist', 'coordinator'))
);

CREATE TABLE alert (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID, 
	rule VARCHAR NOT NULL, 
	period INTEGER DEFAULT 0 NOT NULL, 
	severity VARCHAR NOT NULL, 
	severity_rank INTEGER NOT NULL, 
	state VARCHAR DEFAULT 'open' NOT NULL, 
	round INTEGER DEFAULT 1 NOT NULL, 
	step INTEGER DEFAULT 0 NOT NULL, 
	next_step_at TIMESTAMP WITH TIME ZONE, 
	resume_step_at TIMESTAMP WITH TIME ZONE, 
	last_round_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	policy_snapshot JSONB, 
	acks_needed INTEGER DEFAULT 1 NOT NULL, 
	assigned_profession VARCHAR, 
	due_at TIMESTAMP WITH TIME ZONE, 
	opened_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	acked_at TIMESTAMP WITH TIME ZONE, 
	acked_by UUID, 
	action_due_at TIMESTAMP WITH TIME ZONE, 
	resolved_at TIMESTAMP WITH TIME ZONE, 
	resolved_by UUID, 
	outcome VARCHAR, 
	note_ct BYTEA, 
	version INTEGER DEFAULT 1 NOT NULL, 
	CONSTRAINT alert_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT alert_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT alert_severity_check CHECK (severity IN ('emergency', 'canary', 'test', 'urgent', 'routine', 'notice')), 
	CONSTRAINT alert_notice_check CHECK (severity <> 'notice' OR (next_step_at IS NULL AND action_due_at IS NULL)), 
	CONSTRAINT alert_state_check CHECK (state IN ('open', 'acked', 'resolved')), 
	CONSTRAINT alert_acked_by_check CHECK (state <> 'acked' OR acked_by IS NOT NULL), 
	CONSTRAINT alert_resolved_by_check CHECK (state <> 'resolved' OR (resolved_by IS NOT NULL AND outcome IS NOT NULL)), 
	CONSTRAINT alert_patient_check CHECK (severity = 'test' OR patient_id IS NOT NULL), 
	CONSTRAINT alert_outcome_check CHECK (outcome IN ('called_spoke', 'called_no_answer', 'safety_plan', 'emergency_services', 'not_at_risk', 'other'))
);

CREATE INDEX alert_due_idx ON alert (severity_rank DESC, next_step_at) WHERE state <> 'resolved';

CREATE UNIQUE INDEX alert_live_emergency_key ON alert (clinic_id, patient_id) WHERE severity = 'emergency' AND state <> 'resolved';

CREATE INDEX alert_live_idx ON alert (clinic_id, severity_rank, opened_at, id) WHERE state <> 'resolved';

CREATE UNIQUE INDEX alert_notice_key ON alert (clinic_id, patient_id, rule, period) WHERE severity = 'notice';

CREATE INDEX alert_opened_idx ON alert (clinic_id, opened_at, id);

CREATE INDEX alert_patient_idx ON alert (clinic_id, patient_id, opened_at, id);

CREATE UNIQUE INDEX alert_rule_period_key ON alert (clinic_id, patient_id, rule, period) WHERE severity IN ('urgent', 'routine');

CREATE TABLE audit_seal (
	clinic_id UUID NOT NULL, 
	day DATE NOT NULL, 
	seq INTEGER NOT NULL, 
	audit_id UUID NOT NULL, 
	prev_hash BYTEA NOT NULL, 
	hash BYTEA NOT NULL, 
	sealed_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT audit_seal_pkey PRIMARY KEY (clinic_id, day, seq), 
	CONSTRAINT audit_seal_clinic_id_audit_id_fkey FOREIGN KEY(clinic_id, audit_id) REFERENCES audit_event (clinic_id, id) ON DELETE RESTRICT
);

CREATE UNIQUE INDEX audit_seal_audit_key ON audit_seal (clinic_id, audit_id);

CREATE TABLE consent (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	purpose VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	given_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	withdrawn_at TIMESTAMP WITH TIME ZONE, 
	evidence_hash BYTEA, 
	CONSTRAINT consent_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT consent_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT consent_purpose_check CHECK (purpose IN ('care', 'research'))
);

CREATE UNIQUE INDEX consent_live_key ON consent (clinic_id, patient_id, purpose) WHERE withdrawn_at IS NULL;

CREATE TABLE course (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	phase VARCHAR DEFAULT 'baseline' NOT NULL, 
	off_label BOOLEAN DEFAULT true NOT NULL, 
	planned_infusions INTEGER, 
	planned_window_days INTEGER, 
	interval_days_target INTEGER, 
	opened_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT course_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT course_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT course_phase_check CHECK (phase IN ('baseline', 'induction', 'maintenance', 'follow_up', 'stopped'))
);

CREATE UNIQUE INDEX course_open_key ON course (clinic_id, patient_id) WHERE closed_at IS NULL;

CREATE TABLE device (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	installation UUID NOT NULL, 
	patient_id UUID, 
	practitioner_id UUID, 
	platform VARCHAR NOT NULL, 
	app_version VARCHAR, 
	zone VARCHAR, 
	permission VARCHAR, 
	public_key BYTEA, 
	push_ct BYTEA, 
	push_hmac BYTEA, 
	pending_push_ct BYTEA, 
	pending_push_hmac BYTEA, 
	pending_seed BYTEA, 
	pending_since TIMESTAMP WITH TIME ZONE, 
	pending_sent_at TIMESTAMP WITH TIME ZONE, 
	registered_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	last_error VARCHAR, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	disabled_reason VARCHAR, 
	CONSTRAINT device_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT device_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT device_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT device_one_owner_check CHECK (num_nonnulls(patient_id, practitioner_id) = 1), 
	CONSTRAINT device_platform_check CHECK (platform IN ('android', 'ios', 'web'))
);

CREATE UNIQUE INDEX device_installation_key ON device (clinic_id, installation, patient_id, practitioner_id) NULLS NOT DISTINCT;

CREATE INDEX device_pending_idx ON device (pending_since) WHERE pending_seed IS NOT NULL AND pending_sent_at IS NULL;

CREATE INDEX device_patient_idx ON device (clinic_id, patient_id);

CREATE INDEX device_practitioner_idx ON device (clinic_id, practitioner_id);

CREATE UNIQUE INDEX device_push_key ON device (clinic_id, push_hmac) WHERE disabled_at IS NULL AND push_hmac IS NOT NULL;

CREATE TABLE enrolment_code (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID, 
	practitioner_id UUID, 
	verifier_hash VARCHAR NOT NULL, 
	misses INTEGER DEFAULT 0 NOT NULL, 
	created_by UUID, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	burned_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT enrolment_code_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT enrolment_code_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT enrolment_code_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT enrolment_code_one_subject_check CHECK (num_nonnulls(patient_id, practitioner_id) = 1)
);

CREATE TABLE entry (
	clinic_id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	id UUID NOT NULL, 
	revision INTEGER DEFAULT 1 NOT NULL, 
	received_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	hidden_at TIMESTAMP WITH TIME ZONE, 
	assessed_at TIMESTAMP WITH TIME ZONE, 
	committed_in xid8 DEFAULT pg_current_xact_id() NOT NULL, 
	CONSTRAINT entry_pkey PRIMARY KEY (clinic_id, patient_id, id), 
	CONSTRAINT entry_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT
);

CREATE INDEX entry_committed_idx ON entry (clinic_id, patient_id, committed_in, id);

CREATE INDEX entry_received_idx ON entry (clinic_id, patient_id, received_at);

CREATE INDEX entry_unassessed_idx ON entry (received_at) WHERE assessed_at IS NULL;

CREATE TABLE finding (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	rule VARCHAR NOT NULL, 
	period INTEGER NOT NULL, 
	severity VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	numbers JSONB NOT NULL, 
	local_date DATE NOT NULL, 
	rules_version VARCHAR NOT NULL, 
	found_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT finding_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT finding_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT
);

CREATE UNIQUE INDEX finding_rule_key ON finding (clinic_id, patient_id, rule, period);

CREATE TABLE recalibration (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	tier VARCHAR NOT NULL, 
	basis VARCHAR NOT NULL, 
	nominal FLOAT NOT NULL, 
	old_threshold FLOAT NOT NULL, 
	new_threshold FLOAT NOT NULL, 
	blocks INTEGER NOT NULL, 
	rank INTEGER NOT NULL, 
	alarms INTEGER NOT NULL, 
	rate FLOAT, 
	rate_low FLOAT, 
	rate_high FLOAT, 
	held BOOLEAN NOT NULL, 
	made_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT recalibration_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT recalibration_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT recalibration_tier_check CHECK (tier IN ('watch', 'likely', 'strong')), 
	CONSTRAINT recalibration_alarms_check CHECK (alarms BETWEEN 0 AND blocks)
);

CREATE INDEX recalibration_newest_idx ON recalibration (clinic_id, basis, tier, made_at);

CREATE TABLE keys.subject_key (
	clinic_id UUID NOT NULL, 
	subject_id UUID NOT NULL, 
	version INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	clinic_key_version INTEGER NOT NULL, 
	wrapped BYTEA NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT subject_key_pkey PRIMARY KEY (clinic_id, subject_id, version), 
	CONSTRAINT subject_key_clinic_id_clinic_key_version_fkey FOREIGN KEY(clinic_id, clinic_key_version) REFERENCES keys.clinic_key (clinic_id, version) ON DELETE RESTRICT, 
	CONSTRAINT subject_key_kind_check CHECK (kind IN ('patient', 'practitioner', 'clinic'))
);

CREATE TABLE membership (
	clinic_id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	practitioner_id UUID NOT NULL, 
	duty VARCHAR NOT NULL, 
	since TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	until TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT membership_pkey PRIMARY KEY (clinic_id, patient_id, practitioner_id), 
	CONSTRAINT membership_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT membership_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT membership_duty_check CHECK (duty IN ('responsible', 'covering', 'member'))
);

CREATE INDEX membership_practitioner_idx ON membership (clinic_id, practitioner_id);

CREATE TABLE policy_step (
	clinic_id UUID NOT NULL, 
	policy_id UUID NOT NULL, 
	n INTEGER NOT NULL, 
	after_seconds INTEGER NOT NULL, 
	acks_needed INTEGER DEFAULT 1 NOT NULL, 
	CONSTRAINT policy_step_pkey PRIMARY KEY (clinic_id, policy_id, n), 
	CONSTRAINT policy_step_clinic_id_policy_id_fkey FOREIGN KEY(clinic_id, policy_id) REFERENCES policy (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT policy_step_after_check CHECK (n >= 0 AND after_seconds >= 0), 
	CONSTRAINT policy_step_acks_needed_check CHECK (acks_needed IN (1, 2))
);

CREATE TABLE quarantine (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	slug VARCHAR NOT NULL, 
	body_hmac BYTEA NOT NULL, 
	body_ct BYTEA NOT NULL, 
	label VARCHAR NOT NULL, 
	device_id UUID, 
	received_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT quarantine_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT quarantine_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT
);

CREATE UNIQUE INDEX quarantine_body_key ON quarantine (clinic_id, patient_id, body_hmac);

CREATE INDEX quarantine_received_idx ON quarantine (clinic_id, patient_id, received_at);

CREATE TABLE recovery_code (
	clinic_id UUID NOT NULL, 
	practitioner_id UUID NOT NULL, 
	code_hash BYTEA NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT recovery_code_pkey PRIMARY KEY (clinic_id, practitioner_id, code_hash), 
	CONSTRAINT recovery_code_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT
);

CREATE TABLE alert_history (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	alert_id UUID NOT NULL, 
	patient_id UUID, 
	at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	actor_id UUID, 
	kind VARCHAR NOT NULL, 
	detail JSONB DEFAULT '{}' NOT NULL, 
	committed_in xid8 DEFAULT pg_current_xact_id() NOT NULL, 
	CONSTRAINT alert_history_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT alert_history_clinic_id_alert_id_fkey FOREIGN KEY(clinic_id, alert_id) REFERENCES alert (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT alert_history_kind_check CHECK (kind IN ('created', 'step', 'sent', 'accepted', 'receipt', 'opened', 'acked', 'unacked', 'handed_over', 'action', 'resolved', 'fallback', 'unreachable', 'failed', 'reopened', 'attached'))
);

CREATE INDEX alert_history_alert_idx ON alert_history (clinic_id, alert_id, at);

CREATE INDEX alert_history_committed_idx ON alert_history (clinic_id, committed_in, id);

CREATE TABLE course_phase (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	course_id UUID NOT NULL, 
	phase VARCHAR NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	actor_id UUID, 
	reason VARCHAR NOT NULL, 
	CONSTRAINT course_phase_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT course_phase_clinic_id_course_id_fkey FOREIGN KEY(clinic_id, course_id) REFERENCES course (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT course_phase_phase_check CHECK (phase IN ('baseline', 'induction', 'maintenance', 'follow_up', 'stopped'))
);

CREATE TABLE endpoint (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	practitioner_id UUID, 
	channel VARCHAR NOT NULL, 
	device_id UUID, 
	address_ct BYTEA, 
	address_hmac BYTEA, 
	verified_at TIMESTAMP WITH TIME ZONE, 
	last_ok_at TIMESTAMP WITH TIME ZONE, 
	last_proved_at TIMESTAMP WITH TIME ZONE, 
	refreshed_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	disabled_reason VARCHAR, 
	CONSTRAINT endpoint_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT endpoint_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT endpoint_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT endpoint_clinic_id_device_id_fkey FOREIGN KEY(clinic_id, device_id) REFERENCES device (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT endpoint_channel_check CHECK (channel IN ('push', 'sms', 'mail', 'webhook')), 
	CONSTRAINT endpoint_address_check CHECK ((channel = 'push') = (device_id IS NOT NULL) AND (channel = 'push' OR address_ct IS NOT NULL))
);

CREATE UNIQUE INDEX endpoint_address_key ON endpoint (clinic_id, channel, address_hmac) WHERE disabled_at IS NULL AND address_hmac IS NOT NULL;

CREATE INDEX endpoint_device_idx ON endpoint (clinic_id, device_id);

CREATE INDEX endpoint_practitioner_idx ON endpoint (clinic_id, practitioner_id);

CREATE TABLE infusion (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	course_id UUID NOT NULL, 
	revision INTEGER DEFAULT 1 NOT NULL, 
	local_date DATE NOT NULL, 
	visit_started_at TIMESTAMP WITH TIME ZONE, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	discharge_ready_at TIMESTAMP WITH TIME ZONE, 
	visit_ended_at TIMESTAMP WITH TIME ZONE, 
	route VARCHAR DEFAULT 'iv' NOT NULL, 
	dose_mg_per_kg FLOAT, 
	dose_mg FLOAT, 
	rate_mg_per_hour FLOAT, 
	outcome VARCHAR, 
	outcome_reason VARCHAR, 
	antiemetic VARCHAR, 
	recorded_by UUID NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT infusion_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT infusion_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT infusion_clinic_id_course_id_fkey FOREIGN KEY(clinic_id, course_id) REFERENCES course (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT infusion_order_check CHECK (visit_started_at <= started_at AND started_at <= ended_at AND ended_at <= discharge_ready_at AND discharge_ready_at <= visit_ended_at AND visit_started_at <= visit_ended_at AND started_at <= visit_ended_at AND started_at <= discharge_ready_at AND ended_at <= visit_ended_at), 
	CONSTRAINT infusion_outcome_check CHECK (outcome IN ('completed', 'slowed', 'stopped_early') AND (outcome IS NULL OR outcome = 'completed' OR outcome_reason IS NOT NULL)), 
	CONSTRAINT infusion_dose_check CHECK (dose_mg_per_kg > 0 AND dose_mg > 0 AND rate_mg_per_hour > 0)
);

CREATE INDEX infusion_patient_idx ON infusion (clinic_id, patient_id, started_at);

CREATE TABLE policy_target (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	policy_id UUID NOT NULL, 
	n INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	practitioner_id UUID, 
	CONSTRAINT policy_target_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT policy_target_clinic_id_policy_id_n_fkey FOREIGN KEY(clinic_id, policy_id, n) REFERENCES policy_step (clinic_id, policy_id, n) ON DELETE RESTRICT, 
	CONSTRAINT policy_target_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT policy_target_kind_check CHECK (kind IN ('practitioner', 'responsible', 'covering', 'care_team', 'everyone', 'clinic_line', 'supervisor')), 
	CONSTRAINT policy_target_one_reference_check CHECK (num_nonnulls(practitioner_id) = (kind = 'practitioner')::int)
);

CREATE TABLE session (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject_id UUID NOT NULL, 
	device_id UUID, 
	public_key BYTEA, 
	scopes TEXT[] NOT NULL, 
	generation INTEGER DEFAULT 1 NOT NULL, 
	refreshed_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	step_up_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	idle_expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	absolute_expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	revoked_reason VARCHAR, 
	CONSTRAINT session_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT session_clinic_id_fkey FOREIGN KEY(clinic_id) REFERENCES clinic (id) ON DELETE RESTRICT, 
	CONSTRAINT session_clinic_id_device_id_fkey FOREIGN KEY(clinic_id, device_id) REFERENCES device (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT session_kind_check CHECK (kind IN ('patient', 'staff', 'console'))
);

CREATE INDEX session_subject_idx ON session (clinic_id, subject_id);

CREATE TABLE appointment (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	kind VARCHAR DEFAULT 'infusion' NOT NULL, 
	planned_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	escort_name_ct BYTEA, 
	escort_confirmed_at TIMESTAMP WITH TIME ZONE, 
	escort_confirmed_by UUID, 
	infusion_id UUID, 
	cancelled_at TIMESTAMP WITH TIME ZONE, 
	created_by UUID NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT appointment_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT appointment_clinic_id_patient_id_fkey FOREIGN KEY(clinic_id, patient_id) REFERENCES patient (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT appointment_clinic_id_infusion_id_fkey FOREIGN KEY(clinic_id, infusion_id) REFERENCES infusion (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT appointment_kind_check CHECK (kind IN ('infusion', 'follow_up', 'assessment'))
);

CREATE INDEX appointment_patient_idx ON appointment (clinic_id, patient_id, planned_at);

CREATE INDEX appointment_unescorted_idx ON appointment (clinic_id, planned_at) WHERE escort_confirmed_at IS NULL AND cancelled_at IS NULL AND infusion_id IS NULL;

CREATE TABLE contact_rule (
	clinic_id UUID NOT NULL, 
	practitioner_id UUID NOT NULL, 
	severity VARCHAR NOT NULL, 
	endpoint_id UUID NOT NULL, 
	delay_seconds INTEGER NOT NULL, 
	CONSTRAINT contact_rule_pkey PRIMARY KEY (clinic_id, practitioner_id, severity, endpoint_id), 
	CONSTRAINT contact_rule_clinic_id_practitioner_id_fkey FOREIGN KEY(clinic_id, practitioner_id) REFERENCES practitioner (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT contact_rule_clinic_id_endpoint_id_fkey FOREIGN KEY(clinic_id, endpoint_id) REFERENCES endpoint (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT contact_rule_severity_check CHECK (severity IN ('emergency', 'urgent', 'routine')), 
	CONSTRAINT contact_rule_delay_seconds_check CHECK (delay_seconds >= 0)
);

CREATE TABLE delivery (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	alert_id UUID NOT NULL, 
	round INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	practitioner_id UUID, 
	endpoint_id UUID NOT NULL, 
	channel VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	severity_rank INTEGER NOT NULL, 
	state VARCHAR DEFAULT 'pending' NOT NULL, 
	due_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	attempt INTEGER DEFAULT 0 NOT NULL, 
	faults INTEGER DEFAULT 0 NOT NULL, 
	minimal BOOLEAN DEFAULT false NOT NULL, 
	lease_owner VARCHAR, 
	accepted_at TIMESTAMP WITH TIME ZONE, 
	displayed_at TIMESTAMP WITH TIME ZONE, 
	opened_at TIMESTAMP WITH TIME ZONE, 
	collapse_tag VARCHAR NOT NULL, 
	handle VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT delivery_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT delivery_clinic_id_alert_id_fkey FOREIGN KEY(clinic_id, alert_id) REFERENCES alert (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT delivery_clinic_id_endpoint_id_fkey FOREIGN KEY(clinic_id, endpoint_id) REFERENCES endpoint (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'leased', 'accepted', 'failed', 'cancelled', 'superseded'))
);

CREATE INDEX delivery_due_idx ON delivery (severity_rank DESC, due_at) WHERE state IN ('pending', 'leased');

CREATE UNIQUE INDEX delivery_handle_key ON delivery (clinic_id, handle);

CREATE INDEX delivery_practitioner_idx ON delivery (clinic_id, practitioner_id);

CREATE UNIQUE INDEX delivery_step_key ON delivery (clinic_id, alert_id, round, step, endpoint_id);

CREATE TABLE entry_revision (
	clinic_id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	entry_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	occurred_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	utc_offset_minutes INTEGER NOT NULL, 
	zone VARCHAR NOT NULL, 
	local_date DATE NOT NULL, 
	form VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	answers JSONB NOT NULL, 
	side_effects JSONB NOT NULL, 
	infusion_id UUID, 
	note_ct BYTEA, 
	content_hmac BYTEA NOT NULL, 
	speaks_of_suicide BOOLEAN NOT NULL, 
	warnings TEXT[] NOT NULL, 
	device_id UUID, 
	stored_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT entry_revision_pkey PRIMARY KEY (clinic_id, patient_id, entry_id, revision), 
	CONSTRAINT entry_revision_clinic_id_patient_id_entry_id_fkey FOREIGN KEY(clinic_id, patient_id, entry_id) REFERENCES entry (clinic_id, patient_id, id) ON DELETE RESTRICT, 
	CONSTRAINT entry_revision_clinic_id_infusion_id_fkey FOREIGN KEY(clinic_id, infusion_id) REFERENCES infusion (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT entry_revision_revision_check CHECK (revision >= 1)
);

CREATE TABLE infusion_revision (
	clinic_id UUID NOT NULL, 
	infusion_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	patient_id UUID NOT NULL, 
	record JSONB NOT NULL, 
	recorded_by UUID NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT infusion_revision_pkey PRIMARY KEY (clinic_id, infusion_id, revision), 
	CONSTRAINT infusion_revision_clinic_id_infusion_id_fkey FOREIGN KEY(clinic_id, infusion_id) REFERENCES infusion (clinic_id, id) ON DELETE RESTRICT
);

CREATE TABLE vital (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	infusion_id UUID NOT NULL, 
	kind VARCHAR NOT NULL, 
	value FLOAT NOT NULL, 
	unit VARCHAR NOT NULL, 
	moment VARCHAR NOT NULL, 
	measured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	measured_by UUID NOT NULL, 
	CONSTRAINT vital_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT vital_clinic_id_infusion_id_fkey FOREIGN KEY(clinic_id, infusion_id) REFERENCES infusion (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT vital_kind_check CHECK (kind IN ('systolic', 'diastolic', 'heart_rate', 'spo2')), 
	CONSTRAINT vital_moment_check CHECK (moment IN ('before', 'during', 'end', 'discharge')), 
	CONSTRAINT vital_value_check CHECK (value > 0 AND value < 400)
);

CREATE INDEX vital_infusion_idx ON vital (clinic_id, infusion_id, measured_at);

CREATE TABLE alert_source (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	alert_id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	entry_id UUID, 
	revision INTEGER, 
	quarantine_id UUID, 
	finding_id UUID, 
	rule VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	added_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT alert_source_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT alert_source_clinic_id_alert_id_fkey FOREIGN KEY(clinic_id, alert_id) REFERENCES alert (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT alert_source_clinic_id_patient_id_entry_id_revision_fkey FOREIGN KEY(clinic_id, patient_id, entry_id, revision) REFERENCES entry_revision (clinic_id, patient_id, entry_id, revision) ON DELETE RESTRICT, 
	CONSTRAINT alert_source_clinic_id_quarantine_id_fkey FOREIGN KEY(clinic_id, quarantine_id) REFERENCES quarantine (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT alert_source_clinic_id_finding_id_fkey FOREIGN KEY(clinic_id, finding_id) REFERENCES finding (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT alert_source_one_source_check CHECK (num_nonnulls(entry_id, quarantine_id, finding_id) = 1), 
	CONSTRAINT alert_source_revision_check CHECK ((entry_id IS NULL) = (revision IS NULL))
);

CREATE INDEX alert_source_alert_idx ON alert_source (clinic_id, alert_id);

CREATE UNIQUE INDEX alert_source_entry_key ON alert_source (clinic_id, patient_id, entry_id, revision, rule) WHERE entry_id IS NOT NULL;

CREATE UNIQUE INDEX alert_source_finding_key ON alert_source (clinic_id, finding_id) WHERE finding_id IS NOT NULL;

CREATE UNIQUE INDEX alert_source_quarantine_key ON alert_source (clinic_id, quarantine_id, rule) WHERE quarantine_id IS NOT NULL;

CREATE TABLE attempt (
	clinic_id UUID NOT NULL, 
	delivery_id UUID NOT NULL, 
	n INTEGER NOT NULL, 
	worker VARCHAR NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	outcome VARCHAR, 
	provider_code VARCHAR, 
	provider_id VARCHAR, 
	CONSTRAINT attempt_pkey PRIMARY KEY (clinic_id, delivery_id, n), 
	CONSTRAINT attempt_clinic_id_delivery_id_fkey FOREIGN KEY(clinic_id, delivery_id) REFERENCES delivery (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT attempt_outcome_check CHECK (outcome IN ('accepted', 'throttled', 'transient', 'unknown', 'invalid_endpoint', 'permanent', 'config', 'lost', 'fenced', 'released'))
);

CREATE TABLE screening (
	clinic_id UUID NOT NULL, 
	id UUID NOT NULL, 
	patient_id UUID NOT NULL, 
	entry_id UUID, 
	revision INTEGER, 
	quarantine_id UUID, 
	stage INTEGER NOT NULL, 
	label VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	spans JSONB NOT NULL, 
	rule_ids TEXT[] NOT NULL, 
	normaliser_version VARCHAR NOT NULL, 
	lexicon_version VARCHAR NOT NULL, 
	model_version VARCHAR, 
	text_hmac BYTEA, 
	steps INTEGER NOT NULL, 
	screened_at TIMESTAMP WITH TIME ZONE DEFAULT app_now() NOT NULL, 
	CONSTRAINT screening_pkey PRIMARY KEY (clinic_id, id), 
	CONSTRAINT screening_clinic_id_patient_id_entry_id_revision_fkey FOREIGN KEY(clinic_id, patient_id, entry_id, revision) REFERENCES entry_revision (clinic_id, patient_id, entry_id, revision) ON DELETE RESTRICT, 
	CONSTRAINT screening_clinic_id_quarantine_id_fkey FOREIGN KEY(clinic_id, quarantine_id) REFERENCES quarantine (clinic_id, id) ON DELETE RESTRICT, 
	CONSTRAINT screening_label_check CHECK (label IN ('none', 'review', 'escalate')), 
	CONSTRAINT screening_one_subject_check CHECK (num_nonnulls(entry_id, quarantine_id) = 1), 
	CONSTRAINT screening_revision_check CHECK ((entry_id IS NULL) = (revision IS NULL))
);

CREATE INDEX screening_entry_idx ON screening (clinic_id, patient_id, entry_id, revision);

CREATE INDEX screening_quarantine_idx ON screening (clinic_id, quarantine_id);

CREATE INDEX screening_review_idx ON screening (screened_at, clinic_id, patient_id) WHERE label = 'review';

CREATE INDEX screening_time_idx ON screening USING brin (screened_at);

CREATE UNIQUE INDEX screening_stage_two_key ON screening (clinic_id, patient_id, entry_id, revision) WHERE stage = 2;
