CREATE SCHEMA gate;
CREATE SCHEMA keys;
GRANT USAGE ON SCHEMA gate TO app;
GRANT USAGE, CREATE ON SCHEMA gate TO gate;
GRANT USAGE ON SCHEMA keys TO app, pager, gate, backup;
GRANT USAGE ON SCHEMA gate TO backup;
GRANT USAGE ON SCHEMA public TO app, pager, gate, backup;

-- The one clock of every comparison of instants. Tests replace its body to move time.
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now()';
