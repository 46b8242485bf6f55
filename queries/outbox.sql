-- name: InsertOutbox :exec
insert into outbox (count, events) values (@count, @events);

-- name: TryLockOutbox :one
-- One relay works at a time, so that events leave in the order in which they were committed for each referral.
select pg_try_advisory_xact_lock(7105872);

-- name: ListOutbox :many
select id, events from outbox order by id limit @most::int;

-- name: DeleteOutbox :exec
delete from outbox where id = any(@ids::bigint[]);

-- name: GetOutboxLag :one
-- How many rows wait, and since when the oldest.
select count(*) as waiting, coalesce(extract(epoch from now() - min(made_at)), 0)::float8 as seconds from outbox;
