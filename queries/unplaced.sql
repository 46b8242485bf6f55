-- What can not be placed yet, by indexes that hold nothing else.

-- name: CountUnplaced :one
-- How many wait, counting no further than a limit: payments; refunds and disputes, together; sign-ups; and among the first
-- attributions, those to a code that nobody has.
select (select count(*) from (
            select from payments where merged_into is null and paid_at is not null and user_id is null order by id limit @most::int) p) as payments,
       w.refunds, w.disputes,
       (select count(*) from (select from sign_ups where waiting order by code_id limit @most::int) s) as sign_ups,
       (select count(*) from (select code_id from attributions order by event_key limit @most::int) a
        join codes c on c.id = a.code_id
        where c.owner_id is null) as attributions
from (select count(*) filter (where disputed = 0) as refunds, count(*) filter (where disputed > 0) as disputes
      from (select disputed from payments where merged_into is null and paid_at is null and (refunded > 0 or disputed > 0)
            order by id limit @most::int) p) w;

-- name: ListPaymentsWithoutUser :many
-- Paid purchases of nobody who is known, by number.
select * from payments
where merged_into is null and paid_at is not null and user_id is null and id > @after_id::bigint
order by id
limit @most::int;

-- name: ListPaymentsWithoutPurchase :many
-- Refunds and disputes of purchases that nobody has told of, by number: a dispute among them makes it one.
select * from payments
where merged_into is null and paid_at is null and (refunded > 0 or disputed > 0) and id > @after_id::bigint
  and ((@refunds::boolean and disputed = 0) or (@disputes::boolean and disputed > 0))
order by id
limit @most::int;

-- name: ListWaitingSignUps :many
-- Sign-ups with a code that nobody has.
select s.code_id, s.user_id, s.registered_at, (select c.code from codes c where c.id = s.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = s.user_id), '')::text as external_id
from sign_ups s
where s.waiting and (s.code_id, s.user_id) > (@after_code::bigint, @after_user::bigint)
order by s.code_id, s.user_id
limit @most::int;

-- name: ListWaitingAttributions :many
-- Attributions by hand to a code that nobody has.
select a.event_key, a.at, c.code, coalesce((select u.external_id from users u where u.id = a.user_id), '')::text as external_id
from attributions a
join codes c on c.id = a.code_id
where c.owner_id is null and a.event_key > @after_key::text
order by a.event_key
limit @most::int;

-- name: CountWaiting :one
-- How many referrals await a person's decision, and how many buyers the clock has still to credit, counting no further than
-- a limit.
select (select count(*) from (select from referrals where reviewing order by id limit @most::int) r) as reviews,
       (select count(*) from (select from credit_backlog order by user_id limit @most::int) b) as backlog;
