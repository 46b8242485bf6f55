-- name: AllocateCustomers :many
-- Numbers for customers about to be recorded.
select nextval('customers_id_seq')::bigint as id from generate_series(1, @count::int);

-- name: InsertCustomers :execrows
-- Records Stripe customers heard of for the first time, and whom they are tied to, if anybody. The keys must be sorted.
-- One that somebody else has just recorded is left out.
insert into customers (id, key, user_id, tied_at)
select unnest(@id::bigint[]), unnest(@key::text[]), nullif(unnest(@user_id::bigint[]), 0),
       nullif(unnest(@tied_at::timestamptz[]), '0001-01-01 00:00:00+00')
on conflict do nothing;

-- name: FindCustomers :many
select id, key from customers where key = any(@keys::text[]);

-- name: LockCustomers :many
-- Locks customers, and does nothing else: what a join beside FOR UPDATE returns after waiting is the locked row as it is
-- now, but the joined one as it was before. They are read by a statement of its own.
select id from customers where id = any(@ids::bigint[]) order by id for update;

-- name: SaveTies :exec
update customers c set user_id = w.user_id, tied_at = w.tied_at
from (select unnest(@ids::bigint[]) as id, unnest(@user_id::bigint[]) as user_id,
             unnest(@tied_at::timestamptz[]) as tied_at) w
where c.id = w.id;

-- name: GetCustomers :many
-- Customers and the users they are tied to.
select c.id, c.key, c.user_id, c.tied_at, u.external_id
from customers c
left join users u on u.id = c.user_id
where c.id = any(@ids::bigint[]);
