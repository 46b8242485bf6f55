-- name: InsertCredits :exec
insert into credits (payment_id, n, kind, debit, credit, currency, minor, at, cause)
select unnest(@payment_id::bigint[]), unnest(@n::int[]), unnest(@kind::text[]), unnest(@debit::bigint[]),
       unnest(@credit::bigint[]), unnest(@currency::text[]), unnest(@minor::bigint[]), unnest(@at::timestamptz[]),
       unnest(@cause::text[]);

-- name: CountCredits :exec
-- Saves how many transfers are posted for payments, which the caller has locked.
update payments p set credits = w.credits
from (select unnest(@ids::bigint[]) as id, unnest(@credits::int[]) as credits) w
where p.id = w.id;

-- name: ListCredits :many
select * from credits where payment_id = any(@payment_ids::bigint[]) order by payment_id, n;
