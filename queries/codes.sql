-- name: EnsureCodes :exec
-- Makes the rows of codes named for the first time, without an owner. The codes must be sorted.
insert into codes (code)
select w.code from (select unnest(@codes::text[]) as code) w
where not exists (select from codes c where c.code = w.code)
order by w.code
on conflict do nothing;

-- name: FindCodes :many
select id, code from codes where code = any(@codes::text[]);

-- name: LockCodes :many
-- Codes by number, and every code that belongs to one of the owners.
select id, code, owner_id, program_id, max_uses, granted from codes
where id = any(@ids::bigint[]) or owner_id = any(@owner_ids::bigint[])
order by id for update;

-- name: ClaimCodes :exec
-- Gives codes that nobody had to their owners.
update codes c
set owner_id = w.owner_id, program_id = w.program_id, max_uses = w.max_uses
from (select unnest(@ids::bigint[]) as id, unnest(@owner_id::bigint[]) as owner_id,
             unnest(@program_id::bigint[]) as program_id, unnest(@max_uses::int[]) as max_uses) w
where c.id = w.id and c.owner_id is null;

-- name: SaveGranted :exec
-- Saves how many places of each code are taken.
update codes c set granted = w.granted
from (select unnest(@ids::bigint[]) as id, unnest(@granted::int[]) as granted) w
where c.id = w.id;

-- name: GetCodes :many
select id, code, owner_id, program_id, max_uses, granted from codes where id = any(@ids::bigint[]);
