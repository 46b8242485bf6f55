-- name: ListLinked :many
-- Which of these codes are somebody's who was not erased, each with the newest version of its program's terms. As much is looked
-- for whether there is such a code or not.
select c.code, c.program_id::bigint as program_id,
       (select max(t.version) from terms t where t.program_id = c.program_id)::int as version
from codes c
where c.code = any(@codes::text[]) and c.program_id is not null and c.owner_id is not null
  and (select u.erased_at from users u where u.id = c.owner_id) is null;
