#!/bin/sh
# Makes both databases and brings their schemas up to the server's version.
# Safe to repeat: what is there already is left alone.
set -eu

for database in temporal:temporal temporal_visibility:visibility; do
    name=${database%%:*}
    schema=/etc/temporal/schema/postgresql/v12/${database##*:}/versioned
    temporal-sql-tool --db "$name" create
    temporal-sql-tool --db "$name" setup-schema -v 0.0
    temporal-sql-tool --db "$name" update-schema -d "$schema"
done
