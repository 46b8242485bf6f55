-- The users that plusone's processes log in as, each a member of the one group that has its rights. Run it after
-- `plusone migrate`, on plusone's database, as its owner if they may make roles, or as a superuser (psql 15 or later):
--
--     export PLUSONE_WORKER_PASSWORD=… PLUSONE_API_PASSWORD=… PLUSONE_TOOLS_PASSWORD=…     # openssl rand -hex 32
--     psql "$OWNER_URL" -f logins.sql
--
-- Run again, it sets the passwords anew. What it sends may be written to the server's log: where log_statement is not
-- "none", give SCRAM verifiers (SCRAM-SHA-256$…) in place of the passwords. PostgreSQL takes either.
--
-- DATABASE_URL is then postgres://plusone_worker_login:…@host:5432/plusone for the worker, and the same with
-- plusone_api_login for the API and plusone_tools_login for audit and program apply. Only migrate needs the owner.

\set ON_ERROR_STOP on
\set worker_password ''
\set api_password ''
\set tools_password ''
\getenv worker_password PLUSONE_WORKER_PASSWORD
\getenv api_password PLUSONE_API_PASSWORD
\getenv tools_password PLUSONE_TOOLS_PASSWORD
select '' in (:'worker_password', :'api_password', :'tools_password') as missing \gset
\if :missing
do $$ begin raise exception 'set PLUSONE_WORKER_PASSWORD, PLUSONE_API_PASSWORD and PLUSONE_TOOLS_PASSWORD in the environment'; end $$;
\endif

begin;
select format('create role %I login', wanted)
from unnest(array['plusone_worker_login', 'plusone_api_login', 'plusone_tools_login']) wanted
where not exists (select from pg_catalog.pg_roles where rolname = wanted)
\gexec
alter role plusone_worker_login password :'worker_password';
alter role plusone_api_login password :'api_password';
alter role plusone_tools_login password :'tools_password';
grant plusone_worker to plusone_worker_login;
grant plusone_api to plusone_api_login;
grant plusone_tools to plusone_tools_login;

-- Groups are shared by all databases of the server. Who may come into this one is said by its logins alone, so that those
-- of another plusone (a test system's) stay out.
revoke connect on database :"DBNAME" from public;
grant connect on database :"DBNAME" to plusone_worker_login, plusone_api_login, plusone_tools_login;
commit;
