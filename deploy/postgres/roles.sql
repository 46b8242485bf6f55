-- The groups that `plusone migrate` gives rights to. It makes them itself where its user may create roles. Where it may
-- not, as with some managed servers, have one who may (a superuser, or a user with CREATEROLE) run this once on the
-- server, before `plusone migrate`:
--
--     psql "$ADMIN_URL" -f roles.sql
--
-- It makes what is missing and leaves what is there.

select format('create role %I nologin', wanted)
from unnest(array['plusone_worker', 'plusone_api', 'plusone_tools']) wanted
where not exists (select from pg_catalog.pg_roles where rolname = wanted)
\gexec
