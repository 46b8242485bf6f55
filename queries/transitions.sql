-- name: InsertTransitions :exec
insert into transitions (referral_id, n, from_status, to_status, reason, at, cause)
select unnest(@referral_id::bigint[]), unnest(@n::int[]), nullif(unnest(@from_status::text[]), ''),
       unnest(@to_status::text[]), nullif(unnest(@reason::text[]), ''), unnest(@at::timestamptz[]), unnest(@cause::text[]);

-- name: ListTransitions :many
select * from transitions where referral_id = any(@referral_ids::bigint[]) order by referral_id, n;
