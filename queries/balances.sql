-- name: AddToBalances :exec
-- Adds to balances. The rows must be summed by account and currency, and sorted, so that transactions wait in one order.
insert into balances (user_id, currency, minor)
select unnest(@user_id::bigint[]), unnest(@currency::text[]), unnest(@minor::bigint[])
on conflict (user_id, currency) do update set minor = balances.minor + excluded.minor;

-- name: ListBalances :many
select currency, minor from balances where user_id = @user_id order by currency;
