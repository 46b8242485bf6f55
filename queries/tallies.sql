-- name: InsertTallies :exec
insert into tally_queue (deltas) values (@deltas);

-- name: TryLockTallies :one
-- One folds at a time: nobody else changes the tallies, and so nobody waits for a row of them.
select pg_try_advisory_xact_lock(7105875);

-- name: ListTallies :many
-- The oldest rows that wait to be folded.
select id, deltas from tally_queue order by id limit @most::int;

-- name: DeleteTallies :exec
delete from tally_queue where id = any(@ids::bigint[]);

-- name: GetTallyLag :one
-- How many rows wait to be folded, and since when the oldest.
select count(*) as waiting, coalesce(extract(epoch from now() - min(made_at)), 0)::float8 as seconds from tally_queue;

-- name: AddToDaily :exec
insert into daily (program_id, name, day, label, n)
select d.program_id, d.name, date '1970-01-01' + d.day, d.label, sum(d.n)
from (select unnest(@program_id::bigint[]) as program_id, unnest(@name::text[]) as name, unnest(@day::int[]) as day,
             unnest(@label::text[]) as label, unnest(@n::bigint[]) as n) d
group by d.program_id, d.name, d.day, d.label
on conflict (program_id, name, day, label) do update set n = daily.n + excluded.n;

-- name: AddToStandings :exec
insert into standings (user_id, program_id, visits, pending, qualified, rewarded, cancelled)
select s.user_id, s.program_id, sum(s.visits), sum(s.pending), sum(s.qualified), sum(s.rewarded), sum(s.cancelled)
from (select unnest(@user_id::bigint[]) as user_id, unnest(@program_id::bigint[]) as program_id, unnest(@visits::bigint[]) as visits,
             unnest(@pending::bigint[]) as pending, unnest(@qualified::bigint[]) as qualified, unnest(@rewarded::bigint[]) as rewarded,
             unnest(@cancelled::bigint[]) as cancelled) s
group by s.user_id, s.program_id
on conflict (user_id, program_id) do update
set visits = standings.visits + excluded.visits, pending = standings.pending + excluded.pending,
    qualified = standings.qualified + excluded.qualified, rewarded = standings.rewarded + excluded.rewarded,
    cancelled = standings.cancelled + excluded.cancelled;

-- name: AddToEarnings :exec
insert into earnings (user_id, program_id, currency, minor)
select e.user_id, e.program_id, e.currency, sum(e.minor)
from (select unnest(@user_id::bigint[]) as user_id, unnest(@program_id::bigint[]) as program_id,
             unnest(@currency::text[]) as currency, unnest(@minor::bigint[]) as minor) e
group by e.user_id, e.program_id, e.currency
on conflict (user_id, program_id, currency) do update set minor = earnings.minor + excluded.minor;

-- name: ListVisited :many
-- Whose the codes are that were visited.
select id, code, owner_id::bigint as owner_id, program_id::bigint as program_id from codes
where code = any(@codes::text[]) and owner_id is not null;

-- name: GetStanding :many
-- What somebody has brought about in their program: that of their sign-up, or of their code. A row for each currency in which
-- they were granted something, or one without any.
select u.id, coalesce(s.visits, 0)::bigint as visits, coalesce(s.pending, 0)::bigint as pending, coalesce(s.qualified, 0)::bigint as qualified,
       coalesce(s.rewarded, 0)::bigint as rewarded, coalesce(s.cancelled, 0)::bigint as cancelled,
       coalesce(e.currency, '')::text as currency, least(coalesce(e.minor, 0), 9223372036854775807)::bigint as minor
from users u
left join standings s on s.user_id = u.id and s.program_id = coalesce(u.program_id, (
    select c.program_id from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1))
left join earnings e on e.user_id = s.user_id and e.program_id = s.program_id and e.minor <> 0
where u.external_id = @external_id::text
order by e.currency;

-- name: ListLeaders :many
-- The referrers with the most rewarded referrals, after one of them. Those who are equal go by number: they are the first
-- half. What is asked of each is asked by their number: a join might be planned as a walk through the table, and so might
-- all of this where PostgreSQL took most of them for unlisted.
select l.user_id, l.rewarded, coalesce((select u.username from users u where u.id = l.user_id), '')::text as username,
       coalesce((select u.external_id from users u where u.id = l.user_id), '')::text as external_id
from (
    (select s.user_id, s.rewarded from standings s
    where s.program_id = @program_id and s.rewarded > 0 and s.rewarded = @rewarded and s.user_id > @after_id
      and (@unlisted_too::boolean or coalesce((select false from unlisted x where x.user_id = s.user_id), true))
      and coalesce((select u.erased_at is null from users u where u.id = s.user_id), false)
    order by s.user_id limit @most::int)
    union all
    (select s.user_id, s.rewarded from standings s
    where s.program_id = @program_id and s.rewarded > 0 and s.rewarded < @rewarded
      and (@unlisted_too::boolean or coalesce((select false from unlisted x where x.user_id = s.user_id), true))
      and coalesce((select u.erased_at is null from users u where u.id = s.user_id), false)
    order by s.rewarded desc, s.user_id limit @most::int)
) l
order by l.rewarded desc, l.user_id
limit @most::int;

-- name: GetRank :one
-- How many of a referrer's referrals are rewarded, and how many rows are before theirs: looked at, no more than so many of
-- each half, and on the leaderboard.
select coalesce(s.rewarded, 0)::bigint as rewarded, (
    select array[count(*), count(*) filter (where coalesce((select false from unlisted x where x.user_id = before.user_id), true)
                                              and coalesce((select v.erased_at is null from users v where v.id = before.user_id), false))]
    from (
        (select a.user_id from standings a
        where a.program_id = s.program_id and a.rewarded > 0 and a.rewarded > s.rewarded
        order by a.rewarded desc, a.user_id limit @most::int)
        union all
        (select a.user_id from standings a
        where a.program_id = s.program_id and a.rewarded > 0 and a.rewarded = s.rewarded and a.user_id < s.user_id
        order by a.user_id limit @most::int)
    ) before
)::bigint[] as before
from users u
left join standings s on s.user_id = u.id and s.program_id = coalesce(u.program_id, (
    select c.program_id from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1))
where u.external_id = @external_id::text;

-- name: ListDaily :many
-- What happened on each day, by name and label: sums over the channels of visits.
select d.name, (d.day - date '1970-01-01')::int as day, (case d.name when 'visits' then '' else d.label end)::text as label,
       least(sum(d.n), 9223372036854775807)::bigint as n
from daily d
where d.program_id = @program_id and d.name = any(@names::text[])
  and d.day between date '1970-01-01' + @from_day::int and date '1970-01-01' + @to_day::int
group by 1, 2, 3;

-- name: ListSources :many
-- How people came, the most frequent first.
select d.label, sum(d.n)::bigint as n
from daily d
where d.program_id = @program_id and d.name = 'sources'
  and d.day between date '1970-01-01' + @from_day::int and date '1970-01-01' + @to_day::int
group by d.label
having sum(d.n) > 0
order by sum(d.n) desc, d.label
limit @most::int;

-- name: ListMonths :many
-- The sign-ups of each month, and of those the referred ones.
select to_char(d.day, 'YYYY-MM') as month, coalesce(sum(d.n) filter (where d.name = 'sign_ups'), 0)::bigint as sign_ups,
       coalesce(sum(d.n) filter (where d.name = 'referrals'), 0)::bigint as referred
from daily d
where d.program_id = @program_id and d.name = any(array['sign_ups', 'referrals'])
  and d.day between date '1970-01-01' + @from_day::int and date '1970-01-01' + @to_day::int
group by 1;

-- name: CountSignUpsBefore :one
-- How many had signed up before a day.
select coalesce(sum(d.n), 0)::bigint as n from daily d
where d.program_id = @program_id and d.name = 'sign_ups' and d.day < date '1970-01-01' + @day::int;
