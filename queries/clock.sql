-- name: GetNow :one
-- The time by the one clock that all workers share.
select clock_timestamp()::timestamptz as now;

-- name: GetMark :one
select at from marks where name = @name;

-- name: SetMark :exec
insert into marks (name, at) values (@name, @at)
on conflict (name) do update set at = greatest(marks.at, excluded.at);
