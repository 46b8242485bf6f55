-- name: LockTermsShared :exec
-- Keeps the terms as they are until the transaction ends: whoever applies new ones waits, and dates them after it.
select pg_advisory_xact_lock_shared(7105871);

-- name: LockTermsExclusive :exec
-- Waits for every transaction that reads the terms, and keeps new ones from starting.
select pg_advisory_xact_lock(7105871);

-- name: ListTermsVersions :many
-- Every version of every program's terms, without the text: a handful of rows, read by every batch.
select p.id as program_id, p.name, t.version, t.effective_from, a.account as rewards_account,
       coalesce(b.account, 0)::bigint as purchases_account, p.tracing
from programs p
join terms t on t.program_id = p.id
join program_accounts a on a.program_id = p.id and a.name = 'rewards'
left join program_accounts b on b.program_id = p.id and b.name = 'purchases'
order by p.id, t.version;

-- name: BeginTracing :exec
-- Has everybody traced who signs up from now on. The caller has the terms locked.
update programs set tracing = true where not tracing;

-- name: GetTermsSource :one
-- The YAML of one version.
select source from terms where program_id = @program_id and version = @version;

-- name: EnsureProgram :exec
insert into programs (name) values (@name) on conflict (name) do nothing;

-- name: GetProgram :one
select id, name from programs where name = @name;

-- name: EnsureProgramAccount :exec
-- Opens one of a program's own accounts, once.
insert into program_accounts (account, program_id, name)
select nextval('program_account_numbers'), @program_id, @name
where not exists (select from program_accounts a where a.program_id = @program_id and a.name = @name);

-- name: InsertTerms :exec
insert into terms (program_id, version, effective_from, source)
values (@program_id, @version, @effective_from, @source);

-- name: GetLatestSignUp :one
-- When the latest sign-up of all is dated: with clocks that differ, it may be ahead.
select greatest('0001-01-01 00:00:00+00', (select max(registered_at) from users), (select max(registered_at) from sign_ups), (select max(at) from attributions))::timestamptz as at;
