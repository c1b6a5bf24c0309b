-- The roles of Afterglow. Run once by a superuser, before the first migration; safe to run again.
--   app    API and jobs: row security per clinic, no DDL
--   pager  the dispatcher: no grant on any diary table
--   owner  migrations only
--   gate   owns the functions that look up what is needed before the clinic is known; no login
--   backup what a dump reads as; no login
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['app', 'pager', 'owner'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format(
                'CREATE ROLE %I LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS',
                role_name
            );
        END IF;
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['gate', 'backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format(
                'CREATE ROLE %I NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS',
                role_name
            );
        END IF;
    END LOOP;
END
$$;
GRANT gate, backup TO owner;
