-- Who is signed in to the console.

-- name: GetConsoleSession :one
select data from console_sessions where key = @key and expires_at > now();

-- name: SaveConsoleSession :exec
insert into console_sessions (key, data, expires_at) values (@key, @data, @expires_at)
on conflict (key) do update set data = excluded.data, expires_at = excluded.expires_at;

-- name: DeleteConsoleSession :exec
delete from console_sessions where key = @key;

-- name: DeleteExpiredConsoleSessions :exec
-- Forgets sessions that have ended by themselves, some at a time.
delete from console_sessions s
where s.key = any(array(select e.key from console_sessions e where e.expires_at <= now() order by e.expires_at limit @most::int));
