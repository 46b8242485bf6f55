-- name: ClaimEvents :many
-- Marks events as recorded and returns those that were not yet. Of two transactions with one event the second waits
-- for the first. The keys must be sorted, so that transactions wait in one order.
insert into events (key)
select unnest(@keys::text[])
on conflict do nothing
returning key;

-- name: FindEvents :many
-- Which of the keys are recorded.
select key from events where key = any(@keys::text[]);
