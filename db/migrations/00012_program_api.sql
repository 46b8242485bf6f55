-- +goose Up

-- The API applies terms for whoever has a token of the scope admin: a program, its accounts, a further version. Like the
-- tools it can add versions, and neither change nor remove one. Before terms that look at addresses or devices hold, it has
-- everybody traced: it may turn that mark on a user, and no other column.
grant insert on programs, terms, program_accounts to plusone_api;
grant usage on sequence program_account_numbers to plusone_api;
grant update (traced) on users to plusone_api;
grant update (tracing) on programs to plusone_api;

-- +goose Down
revoke update (tracing) on programs from plusone_api;
revoke update (traced) on users from plusone_api;
revoke usage on sequence program_account_numbers from plusone_api;
revoke insert on programs, terms, program_accounts from plusone_api;
