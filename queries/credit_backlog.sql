-- name: MarkBehind :exec
-- Notes that the purchases of users from a time on have to be settled anew. The caller has the users locked. Who was behind
-- already stays so from the earlier place on.
insert into credit_backlog as b (user_id, since, paid_at, key)
select unnest(@user_id::bigint[]), @since, unnest(@paid_at::timestamptz[]), ''
on conflict (user_id) do update
set round = excluded.round, since = excluded.since, paid_at = least(b.paid_at, excluded.paid_at),
    key = case when excluded.paid_at <= b.paid_at then '' else b.key end;

-- name: ListBehind :many
-- One page of the users who are behind, by number.
select user_id from credit_backlog where user_id > @after_id::bigint order by user_id limit @most::int;

-- name: TryBacklog :one
-- Makes the caller the one who goes through the backlog, until its transaction ends, unless somebody else does.
select pg_try_advisory_xact_lock(7105873) as mine;

-- name: ListBacklog :many
-- For each of the users who are behind, the next so many purchases, in order; or one row without a payment.
select b.user_id, b.round, coalesce(p.id, 0)::bigint as payment_id, coalesce(p.paid_at, b.paid_at)::timestamptz as paid_at,
       coalesce(p.key, b.key)::text as key
from credit_backlog b
left join lateral (
    select p.id, p.paid_at, p.key from payments p
    where p.user_id = b.user_id and p.paid_at is not null and p.merged_into is null and (p.paid_at, p.key) > (b.paid_at, b.key)
    order by p.paid_at, p.key
    limit @each::int
) p on true
where b.user_id = any(@user_ids::bigint[])
order by b.user_id, p.paid_at, p.key;

-- name: AdvanceBacklog :exec
-- Notes how far the purchases of users are settled, unless their sign-up has changed since they were listed. The caller has
-- the users locked.
update credit_backlog b set paid_at = w.paid_at, key = w.key
from (select unnest(@user_id::bigint[]) as user_id, unnest(@round::bigint[]) as round,
             unnest(@paid_at::timestamptz[]) as paid_at, unnest(@key::text[]) as key) w
where b.user_id = w.user_id and b.round = w.round;

-- name: LeaveBacklog :exec
-- Notes that all purchases of users are settled, unless their sign-up has changed since they were listed. The caller has the
-- users locked.
delete from credit_backlog b
using (select unnest(@user_id::bigint[]) as user_id, unnest(@round::bigint[]) as round) w
where b.user_id = w.user_id and b.round = w.round;

-- name: ListPlaces :many
-- How far the clock has come with those of these users who are behind.
select * from credit_backlog where user_id = any(@user_ids::bigint[]);
