-- name: ListSignUps :many
-- The sign-ups of users, one for each code they ever named.
select * from sign_ups where user_id = any(@user_ids::bigint[]);

-- name: ListWaiting :many
-- Who signed up with a code, or was attributed to it by hand, before anybody had it.
select user_id, code_id from sign_ups where code_id = any(@code_ids::bigint[]) and waiting
union
select user_id, code_id from attributions where code_id = any(@code_ids::bigint[]);

-- name: SaveSignUps :exec
-- Records sign-ups, or an earlier one with the same code.
insert into sign_ups (user_id, code_id, registered_at, event_key, waiting)
select unnest(@user_id::bigint[]), unnest(@code_id::bigint[]), unnest(@registered_at::timestamptz[]),
       unnest(@event_key::text[]), unnest(@waiting::boolean[])
on conflict (user_id, code_id) do update
set registered_at = excluded.registered_at, event_key = excluded.event_key, waiting = excluded.waiting;
