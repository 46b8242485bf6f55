-- +goose Up

-- The tokens of the business's services and people. A token itself is in no table: it is random, so its SHA-256 needs no salt.
create table service_tokens (
    hash         bytea primary key check (octet_length(hash) = 32),
    name         text collate "C" not null,
    scope        text collate "C" not null check (scope in ('read', 'write', 'admin')),
    created_at   timestamptz not null default now(),
    created_by   text collate "C" not null default session_user,
    expires_at   timestamptz,
    last_used_at timestamptz, -- to the hour: see TokenUsed
    revoked_at   timestamptz
);
-- A name is one token's at a time, so that whoever revokes by name revokes what they mean.
create unique index service_tokens_by_name on service_tokens (name) where revoked_at is null;

-- Every program has an account that spent credit goes to.
insert into program_accounts (account, program_id, name)
select nextval('program_account_numbers'), p.id, 'redemptions' from programs p
where not exists (select from program_accounts a where a.program_id = p.id and a.name = 'redemptions');

-- The ledger's third book: credit that was spent, and what of it was given back. No foreign keys: one on users would wait for
-- workers that wait for balances.
create table redemptions (
    id       bigint generated always as identity primary key,
    kind     text collate "C" not null check (kind in ('redeemed', 'reversed')),
    key      text collate "C" unique, -- of the request: the same one again is the same redemption
    reverses bigint unique,           -- which one is given back: each once
    user_id  bigint not null,
    debit    bigint not null,
    credit   bigint not null check (credit <> debit),
    currency text collate "C" not null,
    minor    bigint not null check (minor > 0),
    note     text,
    made_by  text not null, -- the name of the token
    at       timestamptz not null,
    check (user_id = greatest(debit, credit)),
    check ((kind = 'redeemed') = (key is not null)),
    check ((kind = 'reversed') = (reverses is not null))
);
create index redemptions_by_user on redemptions (user_id, at, id);
create trigger redemptions_append_only before update or delete or truncate on redemptions
    for each statement execute function refuse_change();
alter table redemptions enable always trigger redemptions_append_only;

-- The API spends credit: it adds to the ledger and changes what a balance amounts to, and nothing else of it.
grant select on service_tokens to plusone_api;
grant update (last_used_at) on service_tokens to plusone_api;
grant select, insert on redemptions to plusone_api;
grant update (minor) on balances to plusone_api;
grant select, insert on service_tokens to plusone_tools;
grant update (revoked_at) on service_tokens to plusone_tools;
grant select on redemptions to plusone_tools;

-- +goose Down
-- What was spent goes back into the balances: without the table nothing says what it was for.
update balances b set minor = b.minor + m.minor
from (
    select user_id, currency, sum(case kind when 'redeemed' then minor else -minor end) as minor
    from redemptions
    group by user_id, currency
) m
where b.user_id = m.user_id and b.currency = m.currency;
drop table redemptions, service_tokens;
revoke update (minor) on balances from plusone_api;
delete from program_accounts where name = 'redemptions';
