-- name: AllocatePayments :many
-- Numbers for payments about to be recorded.
select nextval('payments_id_seq')::bigint as id from generate_series(1, @count::int);

-- name: LockPayments :many
-- Payments by number, and those they were merged into, in one statement: what payments are merged into has a smaller
-- number, so that locking it afterwards would be out of order. The set is made an array first, for the index's sake.
select p.* from payments p
where p.id = any(array(
    select unnest(@ids::bigint[])
    union
    select m.merged_into from payments m where m.id = any(@ids::bigint[]) and m.merged_into is not null
))
order by p.id for update;

-- name: ListMerged :many
-- The numbers of the payments that were merged into these, and how many transfers are posted for each.
select id, merged_into, credits from payments where merged_into = any(@ids::bigint[]);

-- name: ListPaymentsByTie :many
-- The payments whose user is whoever their customer is tied to.
select id from payments
where customer_id = any(@customer_ids::bigint[]) and not named and merged_into is null;

-- name: InsertPayments :exec
insert into payments (id, key, user_id, named, customer_id, currency, gross, paid_at, refunded, card, disputed, inquiry_at, warned_at)
select unnest(@id::bigint[]), unnest(@key::text[]), nullif(unnest(@user_id::bigint[]), 0), unnest(@named::boolean[]),
       nullif(unnest(@customer_id::bigint[]), 0), nullif(unnest(@currency::text[]), ''),
       nullif(unnest(@gross::bigint[]), 0), nullif(unnest(@paid_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@refunded::bigint[]), nullif(unnest(@card::bytea[]), ''::bytea), unnest(@disputed::smallint[]),
       nullif(unnest(@inquiry_at::timestamptz[]), '0001-01-01 00:00:00+00'), nullif(unnest(@warned_at::timestamptz[]), '0001-01-01 00:00:00+00');

-- name: UpdatePayments :exec
update payments p
set key = w.key, user_id = nullif(w.user_id, 0), named = w.named, customer_id = nullif(w.customer_id, 0),
    currency = nullif(w.currency, ''), gross = nullif(w.gross, 0),
    paid_at = nullif(w.paid_at, '0001-01-01 00:00:00+00'), refunded = w.refunded,
    card = nullif(w.card, ''::bytea), disputed = w.disputed, inquiry_at = nullif(w.inquiry_at, '0001-01-01 00:00:00+00'),
    warned_at = nullif(w.warned_at, '0001-01-01 00:00:00+00')
from (select unnest(@id::bigint[]) as id, unnest(@key::text[]) as key, unnest(@user_id::bigint[]) as user_id,
             unnest(@named::boolean[]) as named, unnest(@customer_id::bigint[]) as customer_id,
             unnest(@currency::text[]) as currency, unnest(@gross::bigint[]) as gross,
             unnest(@paid_at::timestamptz[]) as paid_at, unnest(@refunded::bigint[]) as refunded,
             unnest(@card::bytea[]) as card, unnest(@disputed::smallint[]) as disputed,
             unnest(@inquiry_at::timestamptz[]) as inquiry_at, unnest(@warned_at::timestamptz[]) as warned_at) w
where p.id = w.id;

-- name: MergePayments :exec
-- Payments that turned out to be another one; those merged into them before follow.
update payments p set merged_into = w.into_id
from (select unnest(@id::bigint[]) as id, unnest(@into_id::bigint[]) as into_id) w
where p.id = w.id or p.merged_into = w.id;

-- name: ListPurchases :many
-- For each question (a user, a window, a currency and its minimum) the earliest purchase that answers it, by index.
-- A question without a currency asks for the earliest of any; one with a policy, for the earliest whose money stands: no
-- refund (1), a net of the minimum (2), or any net (3), and no dispute. What is read does not grow with the buyer's past: the
-- answer is among those that are large enough where they are few, and otherwise it comes soon; but where money that stands is
-- asked for, those are walked through whose money does not.
select q.n::int as n, p.id, p.key, p.currency, p.gross, p.refunded, p.paid_at, p.disputed, p.inquiry_at, p.warned_at
from (select unnest(@n::int[]) as n, unnest(@user_id::bigint[]) as user_id, unnest(@currency::text[]) as currency,
             unnest(@minimum::bigint[]) as minimum, unnest(@first::timestamptz[]) as first,
             unnest(@last::timestamptz[]) as last, unnest(@policy::smallint[]) as policy) q
cross join lateral (
    select count(*) as n from (
        select from payments s
        where q.currency <> '' and s.user_id = q.user_id and s.paid_at is not null and s.merged_into is null
          and s.currency = q.currency and s.gross >= q.minimum
        limit 17
    ) s
) large
cross join lateral (
    select p.id, p.key, p.currency::text as currency, p.gross::bigint as gross, p.refunded, p.paid_at::timestamptz as paid_at,
           p.disputed, p.inquiry_at, p.warned_at
    from (
        select t.id, t.key, t.currency, t.gross, t.refunded, t.paid_at, t.disputed, t.inquiry_at, t.warned_at
        from payments t
        where q.currency = '' and t.user_id = q.user_id and t.paid_at is not null and t.merged_into is null
          and t.paid_at between q.first and q.last
        order by t.paid_at, t.key
        limit 1
    ) p
    union all
    (select p.id, p.key, p.currency, p.gross, p.refunded, p.paid_at, p.disputed, p.inquiry_at, p.warned_at
    from (
        select f.id, f.key, f.currency::text as currency, f.gross::bigint as gross, f.refunded, f.paid_at::timestamptz as paid_at,
               f.disputed, f.inquiry_at, f.warned_at
        from payments f
        where large.n between 1 and 16 and f.user_id = q.user_id and f.paid_at is not null and f.merged_into is null
          and f.currency = q.currency and f.gross >= q.minimum
        offset 0
    ) p
    where p.paid_at between q.first and q.last
      and (q.policy = 0 or (p.disputed = 0 and case q.policy
          when 1 then p.refunded = 0 when 2 then p.gross - p.refunded >= q.minimum else p.refunded < p.gross end))
    order by p.paid_at, p.key
    limit 1)
    union all
    (select p.id, p.key, p.currency::text, p.gross::bigint, p.refunded, p.paid_at::timestamptz, p.disputed, p.inquiry_at, p.warned_at
    from payments p
    where large.n > 16 and p.user_id = q.user_id and p.paid_at is not null and p.merged_into is null
      and p.currency = q.currency and p.gross >= q.minimum and p.paid_at between q.first and q.last
      and (q.policy = 0 or (p.disputed = 0 and case q.policy
          when 1 then p.refunded = 0 when 2 then p.gross - p.refunded >= q.minimum else p.refunded < p.gross end))
    order by p.paid_at, p.key
    limit 1)
) p;

-- name: GetPurchases :many
-- Purchases by number.
select id, user_id, key, currency::text as currency, gross::bigint as gross, refunded, paid_at::timestamptz as paid_at,
       disputed, inquiry_at, warned_at
from payments
where id = any(@ids::bigint[]) and paid_at is not null and merged_into is null;

-- name: ListPaymentsAfter :many
-- One page of all payments that were not merged into another, by number.
select * from payments where id > @after_id::bigint and merged_into is null order by id limit @most::int;

-- name: ListPurchasesOf :many
-- Every purchase of these users, however many: for the audit, which takes no short cut.
select id, user_id::bigint as user_id, key, currency::text as currency, gross::bigint as gross, refunded, paid_at::timestamptz as paid_at,
       disputed, inquiry_at, warned_at
from payments
where user_id = any(@user_ids::bigint[]) and paid_at is not null and merged_into is null;
