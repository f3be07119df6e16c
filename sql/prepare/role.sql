-- Purpose: what the mover's role may do in this database beyond its tables.
-- Result: may_create_schema, may_use_temp, may_set_replica, subscriptions
SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create_schema,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS may_use_temp,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
         OR pg_catalog.has_parameter_privilege('session_replication_role', 'SET') AS may_set_replica,
       (SELECT count(*)::int FROM pg_catalog.pg_stat_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
        WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = s.pid AND a.datid = d.oid)) AS subscriptions
