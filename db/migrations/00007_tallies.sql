-- +goose Up

-- How a person came, as the business says it; without it, by whether they named a code.
alter table users add column source text collate "C";

-- What the worker's transactions changed, not yet added to the tallies: one row a transaction, which adds up in any order.
create table tally_queue (
    id      bigint generated always as identity primary key,
    made_at timestamptz not null default now(),
    deltas  bytea not null -- see store.deltaRows
);

-- What a program came to, by day (of UTC), name and label. A referral counts on the day of its sign-up; a transfer and a
-- visit on their own. Sums are numeric: one that grew too large must not keep all others from being added.
create table daily (
    program_id bigint not null,
    name       text collate "C" not null,
    day        date not null,
    label      text collate "C" not null, -- of sources, a source; of referrals, a status; of amounts, a currency; else empty
    n          numeric not null,
    primary key (program_id, name, day, label)
) with (fillfactor = 70);

-- What each referrer has brought about in a program.
create table standings (
    user_id    bigint not null,
    program_id bigint not null,
    visits     bigint not null,
    pending    bigint not null,
    qualified  bigint not null,
    rewarded   bigint not null,
    cancelled  bigint not null,
    primary key (user_id, program_id)
) with (fillfactor = 80);
create index standings_by_rank on standings (program_id, rewarded desc, user_id) where rewarded > 0;

-- What each referrer has been granted as such, less what was taken back.
create table earnings (
    user_id    bigint not null,
    program_id bigint not null,
    currency   text collate "C" not null,
    minor      numeric not null,
    primary key (user_id, program_id, currency)
) with (fillfactor = 80);

-- Who does not want to be on the leaderboard.
create table unlisted (
    user_id bigint primary key,
    since   timestamptz not null default now()
);

-- The same tallies, counted anew from what they are of: to fill them, and for the audit. Visits are counted nowhere else.
create view recounted_daily as
select program_id, name, day, label, sum(n) as n
from (
    select u.program_id, 'sign_ups' as name, (u.registered_at at time zone 'UTC')::date as day, '' as label, count(*)::numeric as n
    from users u
    where u.registered_at is not null and u.program_id is not null
    group by 1, 3
    union all
    select u.program_id, 'sources', (u.registered_at at time zone 'UTC')::date,
           coalesce(u.source, case when u.sign_up_code is null then 'direct' else 'referral' end), count(*)
    from users u
    where u.registered_at is not null and u.program_id is not null
    group by 1, 3, 4
    union all
    select r.program_id, 'referrals', (r.registered_at at time zone 'UTC')::date, r.status, count(*)
    from referrals r
    group by 1, 3, 4
    union all
    select r.program_id, 'first_purchases', (r.registered_at at time zone 'UTC')::date, '', count(*)
    from referrals r
    join payments p on p.id = r.payment_id
    group by 1, 3
    union all
    select r.program_id, 'first_purchase_seconds', (r.registered_at at time zone 'UTC')::date, '',
           sum(greatest(floor(extract(epoch from p.paid_at - r.registered_at)), 0))
    from referrals r
    join payments p on p.id = r.payment_id
    group by 1, 3
    union all
    select r.program_id, t.kind, (t.at at time zone 'UTC')::date, t.currency, sum(t.minor)
    from transfers t
    join referrals r on r.id = t.referral_id
    group by 1, 2, 3, 4
) counted
group by program_id, name, day, label;

create view recounted_standings as
select referrer_id as user_id, program_id,
       count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'qualified') as qualified,
       count(*) filter (where status = 'rewarded') as rewarded, count(*) filter (where status = 'cancelled') as cancelled
from referrals
group by referrer_id, program_id;

create view recounted_earnings as
select greatest(t.debit, t.credit) as user_id, r.program_id, t.currency,
       sum(case when t.kind = 'granted' then t.minor else -t.minor end) as minor
from transfers t
join referrals r on r.id = t.referral_id
where split_part(t.leg, ':', 1) = 'referrer'
group by 1, 2, 3;

insert into daily (program_id, name, day, label, n) select program_id, name, day, label, n from recounted_daily;
insert into standings (user_id, program_id, visits, pending, qualified, rewarded, cancelled)
select user_id, program_id, 0, pending, qualified, rewarded, cancelled from recounted_standings;
insert into earnings (user_id, program_id, currency, minor) select user_id, program_id, currency, minor from recounted_earnings;

-- Written and read once, as the outbox is.
-- +goose StatementBegin
do $$
begin
    alter table tally_queue alter column deltas set compression lz4;
exception when feature_not_supported then
    raise notice 'this PostgreSQL was built without lz4: tally_queue.deltas stays compressed with pglz';
end
$$;
-- +goose StatementEnd

grant select, insert, delete on tally_queue to plusone_worker;
grant select, insert, update on daily, standings, earnings to plusone_worker;
grant select on daily, standings, earnings to plusone_api;
grant select, insert, delete on unlisted to plusone_api;
grant select on tally_queue, daily, standings, earnings, unlisted, recounted_daily, recounted_standings, recounted_earnings to plusone_tools;

-- +goose Down
drop view recounted_daily, recounted_standings, recounted_earnings;
drop table tally_queue, daily, standings, earnings, unlisted;
alter table users drop column source;
