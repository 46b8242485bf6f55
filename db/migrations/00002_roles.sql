-- +goose Up

-- What each process may do, and nothing beyond it. The roles are groups without a login: the users that log in are the
-- operator's, and become members of one of them (deploy/postgres/logins.sql). The tables stay those of whoever migrates,
-- who alone may change the schema.

-- Roles belong to the whole server, not to one database: another database of it may have them already, and two
-- migrations may make them at the same moment.
-- +goose StatementBegin
do $$
declare
    wanted text;
begin
    foreach wanted in array array['plusone_worker', 'plusone_api', 'plusone_tools'] loop
        continue when exists (select from pg_catalog.pg_roles where rolname = wanted);
        begin
            execute format('create role %I nologin', wanted);
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise exception 'the user % may not create roles: have one who may run "create role plusone_worker nologin; create role plusone_api nologin; create role plusone_tools nologin" (deploy/postgres/roles.sql) once on this server, then migrate again', current_user
                    using errcode = 'insufficient_privilege';
        end;
    end loop;
    -- Of what PostgreSQL lets everybody do, all that makes something. Temporary tables are tables, too.
    execute format('revoke create on schema %I from public', current_schema());
    execute format('grant usage on schema %I to plusone_worker, plusone_api, plusone_tools', current_schema());
    execute format('revoke temporary on database %I from public', current_database());
end
$$;
-- +goose StatementEnd
revoke all on function refuse_change() from public;

-- The worker records facts, verdicts and what follows from them. Terms it only reads. The log and the ledger it can only
-- add to: the triggers would refuse anything else as well.
grant select on programs, terms, program_accounts to plusone_worker;
grant select, insert on events to plusone_worker;
grant select, insert, update on users, codes, sign_ups, customers, payments, objects, referrals to plusone_worker;
grant select, insert, update on balances, marks to plusone_worker;
grant insert on transitions to plusone_worker;
grant select, insert on transfers to plusone_worker;
grant select, insert, delete on outbox to plusone_worker;
grant usage on sequence payments_id_seq, referrals_id_seq to plusone_worker;

-- The API reads what it shows, and what a verdict rests on.
grant select on programs, terms, program_accounts, users, codes, payments, referrals, transitions, transfers, balances
    to plusone_api;

-- The operator's tools read everything, for the audit, and apply terms: a program, its account, a further version.
grant select on programs, terms, program_accounts, events, users, codes, sign_ups, customers, payments, objects,
    referrals, transitions, transfers, balances, outbox, marks to plusone_tools;
grant insert on programs, terms, program_accounts to plusone_tools;
grant usage on sequence program_account_numbers to plusone_tools;

-- +goose Down
-- The roles stay: other databases of the server may use them, and logins are members of them.
revoke all on programs, terms, program_accounts, events, users, codes, sign_ups, customers, payments, objects,
    referrals, transitions, transfers, balances, outbox, marks from plusone_worker, plusone_api, plusone_tools;
revoke all on sequence payments_id_seq, referrals_id_seq, program_account_numbers
    from plusone_worker, plusone_api, plusone_tools;
grant execute on function refuse_change() to public;
-- +goose StatementBegin
do $$
begin
    execute format('revoke usage on schema %I from plusone_worker, plusone_api, plusone_tools', current_schema());
    execute format('grant temporary on database %I to public', current_database());
end
$$;
-- +goose StatementEnd
