-- name: InsertTransfers :exec
insert into transfers (referral_id, n, kind, leg, debit, credit, currency, minor, at, cause)
select unnest(@referral_id::bigint[]), unnest(@n::int[]), unnest(@kind::text[]), unnest(@leg::text[]),
       unnest(@debit::bigint[]), unnest(@credit::bigint[]), unnest(@currency::text[]), unnest(@minor::bigint[]),
       unnest(@at::timestamptz[]), unnest(@cause::text[]);

-- name: ListTransfers :many
select * from transfers where referral_id = any(@referral_ids::bigint[]) order by referral_id, n;
