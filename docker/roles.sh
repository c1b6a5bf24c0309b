#!/bin/sh
# First start of the database: the roles from their own file, passwords from secrets, the owner.
set -eu
secrets=${AFTERGLOW_SECRETS:-/run/afterglow}
roles=${AFTERGLOW_ROLES:-/roles.sql}
psql=${PSQL:-psql}

"$psql" --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -f "$roles"
for role in app pager owner; do
    # On standard input, where neither a log nor the list of processes shows it.
    printf "ALTER ROLE %s PASSWORD '%s';\n" "$role" "$(cat "$secrets/$role")"
done | "$psql" --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"
echo "ALTER DATABASE $POSTGRES_DB OWNER TO owner; GRANT CREATE ON SCHEMA public TO owner;" |
    "$psql" --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB"
