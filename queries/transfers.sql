-- name: InsertTransfers :exec
insert into transfers (referral_id, n, kind, leg, debit, credit, currency, minor, at, cause)
select unnest(@referral_id::bigint[]), unnest(@n::int[]), unnest(@kind::text[]), unnest(@leg::text[]),
       unnest(@debit::bigint[]), unnest(@credit::bigint[]), unnest(@currency::text[]), unnest(@minor::bigint[]),
       unnest(@at::timestamptz[]), unnest(@cause::text[]);

-- name: ListTransfers :many
select * from transfers where referral_id = any(@referral_ids::bigint[]) order by referral_id, n;

-- name: SumTransfersOfReferees :many
-- What was posted for the referrals of referees, by currency.
select t.currency, coalesce(sum(t.minor) filter (where t.kind = 'granted'), 0)::bigint as granted,
       coalesce(sum(t.minor) filter (where t.kind = 'revoked'), 0)::bigint as revoked
from users u
join referrals r on r.referee_id = u.id
join transfers t on t.referral_id = r.id
where u.external_id = any(@external_ids::text[])
group by t.currency;
