-- name: AllocateCodes :many
-- Numbers for codes about to be recorded.
select nextval('codes_id_seq')::bigint as id from generate_series(1, @count::int);

-- name: InsertCodes :execrows
-- Records codes heard of for the first time, with their owners, if any. The codes must be sorted. One that somebody else
-- has just recorded is left out.
insert into codes (id, code, owner_id, program_id, max_uses, assigned_at)
select unnest(@id::bigint[]), unnest(@code::text[]), nullif(unnest(@owner_id::bigint[]), 0), nullif(unnest(@program_id::bigint[]), 0),
       unnest(@max_uses::int[]), nullif(unnest(@assigned_at::timestamptz[]), '0001-01-01 00:00:00+00')
on conflict do nothing;

-- name: ListOwners :many
-- Which of these users have a code of their sign-up, and in which program.
select owner_id::bigint as owner_id, coalesce(program_id, 0)::bigint as program_id from codes
where owner_id = any(@user_ids::bigint[]) and assigned_at is null;

-- name: FindCodes :many
select id, code from codes where code = any(@codes::text[]);

-- name: LockCodes :many
-- Codes by number, and every code that belongs to one of the owners. The set is made an array first, for the index's sake.
select id, code, owner_id, program_id, max_uses, granted, assigned_at from codes
where id = any(array(
    select unnest(@ids::bigint[])
    union
    select o.id from codes o where o.owner_id = any(@owner_ids::bigint[])
))
order by id for update;

-- name: ClaimCodes :exec
-- Gives codes that nobody had to their owners.
update codes c
set owner_id = w.owner_id, program_id = w.program_id, max_uses = w.max_uses,
    assigned_at = nullif(w.assigned_at, '0001-01-01 00:00:00+00')
from (select unnest(@ids::bigint[]) as id, unnest(@owner_id::bigint[]) as owner_id,
             unnest(@program_id::bigint[]) as program_id, unnest(@max_uses::int[]) as max_uses,
             unnest(@assigned_at::timestamptz[]) as assigned_at) w
where c.id = w.id and c.owner_id is null;

-- name: SaveGranted :exec
-- Saves how many places of each code are taken, and how many there are.
update codes c set granted = w.granted, max_uses = w.max_uses
from (select unnest(@ids::bigint[]) as id, unnest(@granted::int[]) as granted, unnest(@max_uses::int[]) as max_uses) w
where c.id = w.id;

-- name: GetCodes :many
select id, code, owner_id, program_id, max_uses, granted from codes where id = any(@ids::bigint[]);

-- name: GetCodeOwner :one
-- Who has a code, whose referrals hold all of those of the code.
select owner_id::bigint as owner_id from codes where code = @code and owner_id is not null;
