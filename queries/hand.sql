-- name: InsertDecisions :exec
insert into decisions (event_key, user_id, code_id, verdict, at, decided_by, why)
select unnest(@event_key::text[]), unnest(@user_id::bigint[]), unnest(@code_id::bigint[]), unnest(@verdict::text[]),
       unnest(@at::timestamptz[]), unnest(@decided_by::text[]), unnest(@why::text[])
on conflict do nothing;

-- name: LatestDecisions :many
-- The decision that stands about each of these referrals: the latest, then that of the greater event key.
select distinct on (d.user_id, d.code_id) d.user_id, d.code_id, d.verdict, d.at
from (select unnest(@user_id::bigint[]) as user_id, unnest(@code_id::bigint[]) as code_id) q
join decisions d on d.user_id = q.user_id and d.code_id = q.code_id
order by d.user_id, d.code_id, d.at desc, d.event_key desc;

-- name: InsertAttributions :exec
insert into attributions (event_key, user_id, code_id, at, decided_by, why)
select unnest(@event_key::text[]), unnest(@user_id::bigint[]), unnest(@code_id::bigint[]), unnest(@at::timestamptz[]),
       unnest(@decided_by::text[]), unnest(@why::text[])
on conflict do nothing;

-- name: ListAttributions :many
-- Who was attributed by hand to which code, and the program of the code, if anybody has it.
select a.user_id, a.code_id, a.at, a.event_key, coalesce(c.program_id, 0)::bigint as program_id
from attributions a
join codes c on c.id = a.code_id
where a.user_id = any(@user_ids::bigint[])
order by a.event_key;
