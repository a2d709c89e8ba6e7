#!/bin/sh
# Makes the two databases with their tables, or brings them to the schema of this version: before the first start, and
# before each upgrade of the servers. temporal-sql-tool must be on PATH, or named by TEMPORAL_SQL_TOOL.
#
# usage: SQL_HOST=... SQL_PORT=5432 SQL_USER=temporal SQL_PASSWORD=... deploy/temporal/schema.sh
#
# The user needs the right to create databases. For TLS set SQL_TLS=true and SQL_TLS_CA_FILE.
set -eu
: "${SQL_HOST:?is not set}" "${SQL_USER:?is not set}" "${SQL_PASSWORD:?is not set}"
export SQL_HOST SQL_USER SQL_PASSWORD SQL_PORT="${SQL_PORT:-5432}" SQL_PLUGIN=postgres12
tool=${TEMPORAL_SQL_TOOL:-temporal-sql-tool}

make() {
  export SQL_DATABASE="$1"
  "$tool" create-database
  "$tool" setup-schema --version 0.0
  "$tool" update-schema --schema-name "postgresql/v12/$2"
}

make temporal temporal
make temporal_visibility visibility
