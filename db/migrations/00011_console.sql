-- +goose Up

-- Who is signed in to the console. The key is the SHA-256 of what the browser's cookie holds, so that whoever reads the table
-- is nobody there.
create table console_sessions (
    key        text collate "C" primary key,
    data       bytea not null,
    expires_at timestamptz not null
);
create index console_sessions_by_expiry on console_sessions (expires_at);

grant select, insert, update, delete on console_sessions to plusone_api;

-- The console says how the whole is: how far the clock has come, what waits to be told, and whose purchases have still to be
-- credited. Of the outbox it sees how much and since when, and not what.
grant select on marks, credit_backlog to plusone_api;
grant select (id, made_at) on outbox to plusone_api;

-- +goose Down
revoke select (id, made_at) on outbox from plusone_api;
revoke select on marks, credit_backlog from plusone_api;
drop table console_sessions;
