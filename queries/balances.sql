-- name: AddToBalances :exec
-- Adds to balances. The rows must be summed by account and currency, and sorted, so that transactions wait in one order.
insert into balances (user_id, currency, minor)
select unnest(@user_id::bigint[]), unnest(@currency::text[]), unnest(@minor::bigint[])
on conflict (user_id, currency) do update set minor = balances.minor + excluded.minor;

-- name: ListBalances :many
select currency, minor from balances where user_id = @user_id order by currency;

-- name: ListBalancesOfUsers :many
-- The balances of many users, by the business's own ids.
select u.external_id::text as external_id, b.currency, b.minor
from users u
join balances b on b.user_id = u.id
where u.external_id = any(@external_ids::text[]);
