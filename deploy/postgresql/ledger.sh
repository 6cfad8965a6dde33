#!/bin/sh
# The database of attempts and incidents, and its user. PostgreSQL's image runs this once, when
# it makes a new data folder; for an older one, run the two statements by hand.
set -eu
psql --username "$POSTGRES_USER" --set=ON_ERROR_STOP=1 --set=password="$LEDGER_PASSWORD" <<'SQL'
CREATE ROLE contexten LOGIN PASSWORD :'password';
CREATE DATABASE contexten OWNER contexten;
SQL
