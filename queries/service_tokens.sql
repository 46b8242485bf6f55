-- name: InsertServiceToken :execrows
-- Records a token by its hash, unless a token that is not revoked has the name.
insert into service_tokens (hash, name, scope, expires_at)
values (@hash, @name, @scope, nullif(@expires_at::timestamptz, '0001-01-01 00:00:00+00'))
on conflict do nothing;

-- name: FindServiceToken :one
-- What a token opens, asked by each request that brings one, and whether its last use is to be noted.
select name, scope, coalesce(last_used_at < now() - interval '1 hour', true)::boolean as stale
from service_tokens
where hash = @hash and revoked_at is null and (expires_at is null or expires_at > now());

-- name: NoteServiceTokenUsed :exec
-- Notes that a token is used, at most once an hour. It waits for nobody: another request notes it just as well.
update service_tokens set last_used_at = now()
where hash = (select t.hash from service_tokens t where t.hash = @hash and coalesce(t.last_used_at < now() - interval '1 hour', true) for update skip locked);

-- name: ListServiceTokens :many
select name, scope, created_at, created_by, expires_at, last_used_at, revoked_at from service_tokens order by created_at, name;

-- name: RevokeServiceToken :execrows
update service_tokens set revoked_at = now() where name = @name and revoked_at is null;
