-- name: FindObjects :many
-- Which payments known objects belong to.
select key, payment_id from objects where key = any(@keys::text[]);

-- name: InsertObjects :execrows
-- Records objects seen for the first time; those that somebody else has just recorded are left out.
-- The keys must be sorted.
insert into objects (key, payment_id, kind, user_id, user_at, customer_id, currency, gross, paid_at,
                     refunded, refund_minor, refund_status, refund_at, user_place, card, dispute_minor, dispute_status,
                     dispute_at, dispute_opened, warning, warning_at, warning_opened)
select unnest(@key::text[]), unnest(@payment_id::bigint[]), unnest(@kind::smallint[]),
       nullif(unnest(@user_id::bigint[]), 0), nullif(unnest(@user_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       nullif(unnest(@customer_id::bigint[]), 0),
       nullif(unnest(@currency::text[]), ''), nullif(unnest(@gross::bigint[]), 0),
       nullif(unnest(@paid_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@refunded::bigint[]), unnest(@refund_minor::bigint[]), unnest(@refund_status::smallint[]),
       nullif(unnest(@refund_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@user_place::smallint[]), nullif(unnest(@card::bytea[]), ''::bytea),
       nullif(unnest(@dispute_minor::bigint[]), 0), nullif(unnest(@dispute_status::smallint[]), 0),
       nullif(unnest(@dispute_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       nullif(unnest(@dispute_opened::timestamptz[]), '0001-01-01 00:00:00+00'),
       nullif(unnest(@warning::smallint[]), 0),
       nullif(unnest(@warning_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       nullif(unnest(@warning_opened::timestamptz[]), '0001-01-01 00:00:00+00')
on conflict do nothing;

-- name: LockObjects :many
select key, payment_id from objects where key = any(@keys::text[]) order by key for update;

-- name: ListObjects :many
-- All objects of the payments, with the names of users and customers as their sources write them.
select o.key, o.payment_id, o.kind, o.user_id, u.external_id as user_external_id, u.erased_at as user_erased_at, o.user_at,
       o.customer_id, c.key as customer_key, o.currency, o.gross, o.paid_at,
       o.refunded, o.refund_minor, o.refund_status, o.refund_at, o.user_place, o.card, o.dispute_minor, o.dispute_status,
       o.dispute_at, o.dispute_opened, o.warning, o.warning_at, o.warning_opened
from objects o
left join users u on u.id = o.user_id
left join customers c on c.id = o.customer_id
where o.payment_id = any(@payment_ids::bigint[]);

-- name: UpdateObjects :exec
-- Saves what more is known of objects. The caller has them locked.
update objects o
set kind = w.kind, user_id = nullif(w.user_id, 0), user_at = nullif(w.user_at, '0001-01-01 00:00:00+00'),
    customer_id = nullif(w.customer_id, 0),
    currency = nullif(w.currency, ''), gross = nullif(w.gross, 0), paid_at = nullif(w.paid_at, '0001-01-01 00:00:00+00'),
    refunded = w.refunded, refund_minor = w.refund_minor, refund_status = w.refund_status,
    refund_at = nullif(w.refund_at, '0001-01-01 00:00:00+00'),
    user_place = w.user_place, card = nullif(w.card, ''::bytea), dispute_minor = nullif(w.dispute_minor, 0),
    dispute_status = nullif(w.dispute_status, 0), dispute_at = nullif(w.dispute_at, '0001-01-01 00:00:00+00'),
    dispute_opened = nullif(w.dispute_opened, '0001-01-01 00:00:00+00'),
    warning = nullif(w.warning, 0),
    warning_at = nullif(w.warning_at, '0001-01-01 00:00:00+00'),
    warning_opened = nullif(w.warning_opened, '0001-01-01 00:00:00+00')
from (select unnest(@key::text[]) as key, unnest(@kind::smallint[]) as kind,
             unnest(@user_id::bigint[]) as user_id, unnest(@user_at::timestamptz[]) as user_at,
             unnest(@customer_id::bigint[]) as customer_id, unnest(@currency::text[]) as currency,
             unnest(@gross::bigint[]) as gross, unnest(@paid_at::timestamptz[]) as paid_at,
             unnest(@refunded::bigint[]) as refunded, unnest(@refund_minor::bigint[]) as refund_minor,
             unnest(@refund_status::smallint[]) as refund_status, unnest(@refund_at::timestamptz[]) as refund_at,
             unnest(@user_place::smallint[]) as user_place, unnest(@card::bytea[]) as card,
             unnest(@dispute_minor::bigint[]) as dispute_minor, unnest(@dispute_status::smallint[]) as dispute_status,
             unnest(@dispute_at::timestamptz[]) as dispute_at, unnest(@dispute_opened::timestamptz[]) as dispute_opened,
             unnest(@warning::smallint[]) as warning, unnest(@warning_at::timestamptz[]) as warning_at,
             unnest(@warning_opened::timestamptz[]) as warning_opened) w
where o.key = w.key;
