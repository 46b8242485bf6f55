-- name: GetRedeemer :one
-- Somebody whose credit is to be spent, and the account that it goes to: their program's, or the default one's for somebody
-- who has credit and has not signed up.
select u.id, (u.registered_at is not null or exists (select from balances b where b.user_id = u.id))::boolean as known,
       coalesce((select a.account from program_accounts a
                 where a.name = 'redemptions'
                   and a.program_id = coalesce(u.program_id, (select p.id from programs p where p.name = 'default'))), 0)::bigint as account
from users u
where u.external_id = @external_id::text;

-- name: LockBalance :one
-- What somebody has, kept as it is until the transaction ends.
select minor from balances where user_id = @user_id and currency = @currency for update;

-- name: ChangeBalance :exec
-- Adds to a balance that the caller has locked.
update balances set minor = minor + @minor where user_id = @user_id and currency = @currency;

-- name: InsertRedemption :one
-- Records that credit was spent, or given back. No row comes back when it was recorded before: by the same key, or for the same
-- redemption.
insert into redemptions (kind, key, reverses, user_id, debit, credit, currency, minor, note, made_by, at)
values (@kind, sqlc.narg('key'), sqlc.narg('reverses'), @user_id, @debit, @credit, @currency, @minor, sqlc.narg('note'), @made_by, @at)
on conflict do nothing
returning id;

-- name: GetRedemptionByKey :one
-- A redemption by the key of its request, with whose it is and what gave it back.
select sqlc.embed(r), coalesce((select u.external_id from users u where u.id = r.user_id), '')::text as external_id, v.at as reversed_at
from redemptions r
left join redemptions v on v.reverses = r.id
where r.key = @key::text;

-- name: GetRedemption :one
-- The same by its number.
select sqlc.embed(r), coalesce((select u.external_id from users u where u.id = r.user_id), '')::text as external_id, v.at as reversed_at
from redemptions r
left join redemptions v on v.reverses = r.id
where r.id = @id and r.kind = 'redeemed';
