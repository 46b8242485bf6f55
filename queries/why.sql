-- What one referral rests on, for those who ask why. Every list is bounded: what a person reads does not grow with a past.

-- name: FindReferral :one
-- One referral, as FindReferrals shows it.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.id = @id;

-- name: ListSignUpsOf :many
-- A user's sign-ups with a code, the earliest first.
select s.registered_at, s.event_key, s.code_id, (select c.code from codes c where c.id = s.code_id)::text as code
from sign_ups s
where s.user_id = @user_id
order by s.registered_at, s.event_key
limit @most::int;

-- name: ListAttributionsOf :many
-- Who attributed a user to which code, the latest first.
select a.event_key, a.code_id, a.at, a.decided_by, a.why, (select c.code from codes c where c.id = a.code_id)::text as code,
       coalesce((select p.name from codes c join programs p on p.id = c.program_id where c.id = a.code_id), '')::text as program
from attributions a
where a.user_id = @user_id
order by a.at desc, a.event_key desc
limit @most::int;

-- name: ListDecisionsOn :many
-- What people decided about a referral, the latest first.
select event_key, verdict, at, decided_by, why from decisions
where user_id = @user_id and code_id = @code_id
order by at desc, event_key desc
limit @most::int;

-- name: ListEarliestPurchases :many
-- A user's earliest purchases.
select id from payments
where user_id = @user_id and paid_at is not null and merged_into is null
order by paid_at, key
limit @most::int;

-- name: GetPayments :many
select * from payments where id = any(@ids::bigint[]);
