-- name: FindUsers :many
-- The internal ids of users.
select id, external_id::text as external_id from users where external_id = any(@external_ids::text[]);

-- name: AllocateUsers :many
-- Numbers for users about to be recorded.
select nextval('users_id_seq')::bigint as id from generate_series(1, @count::int);

-- name: InsertUsers :execrows
-- Records users heard of for the first time, with the sign-up that stands for them, if any. The ids must be sorted, so
-- that transactions wait for one another in one order. One that somebody else has just recorded is left out.
insert into users (id, external_id, registered_at, sign_up_event, sign_up_code, program_id, username, email, email_key,
                   verified_at, disposable, ip_key, device_key, source, traced)
select unnest(@id::bigint[]), unnest(@external_id::text[]), nullif(unnest(@registered_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       nullif(unnest(@sign_up_event::text[]), ''), nullif(unnest(@sign_up_code::bigint[]), 0), nullif(unnest(@program_id::bigint[]), 0),
       nullif(unnest(@username::text[]), ''), nullif(unnest(@email::text[]), ''),
       nullif(unnest(@email_key::bytea[]), ''::bytea), nullif(unnest(@verified_at::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@disposable::boolean[]), nullif(unnest(@ip_key::bytea[]), ''::bytea), nullif(unnest(@device_key::bytea[]), ''::bytea),
       nullif(unnest(@source::text[]), ''),
       @traced::boolean
on conflict do nothing;

-- name: LockUsers :many
select * from users where id = any(@ids::bigint[]) order by id for update;

-- name: GetUsers :many
select * from users where id = any(@ids::bigint[]);

-- name: GetReferrers :many
-- What the referrals of others ask of people.
select id, external_id, email_key, ip_key, device_key, registered_at, erased_at from users where id = any(@ids::bigint[]);

-- name: RegisterUsers :exec
-- Saves the sign-up that stands for each user.
update users u
set registered_at = w.registered_at, sign_up_event = w.sign_up_event, sign_up_code = nullif(w.sign_up_code, 0),
    program_id = w.program_id, username = nullif(w.username, ''), email = nullif(w.email, ''),
    email_key = nullif(w.email_key, ''::bytea), verified_at = nullif(w.verified_at, '0001-01-01 00:00:00+00'), disposable = w.disposable,
    ip_key = nullif(w.ip_key, ''::bytea), device_key = nullif(w.device_key, ''::bytea), source = nullif(w.source, ''), traced = @traced::boolean
from (select unnest(@ids::bigint[]) as id, unnest(@registered_at::timestamptz[]) as registered_at,
             unnest(@sign_up_event::text[]) as sign_up_event, unnest(@sign_up_code::bigint[]) as sign_up_code,
             unnest(@program_id::bigint[]) as program_id, unnest(@username::text[]) as username,
             unnest(@email::text[]) as email, unnest(@email_key::bytea[]) as email_key,
             unnest(@verified_at::timestamptz[]) as verified_at, unnest(@disposable::boolean[]) as disposable,
             unnest(@ip_key::bytea[]) as ip_key, unnest(@device_key::bytea[]) as device_key,
             unnest(@source::text[]) as source) w
where u.id = w.id;

-- name: VerifyUsers :exec
-- Saves when e-mail addresses were first verified, of users whose sign-up stays as it is.
update users u set verified_at = w.verified_at
from (select unnest(@ids::bigint[]) as id, unnest(@verified_at::timestamptz[]) as verified_at) w
where u.id = w.id;

-- name: MarkByHand :exec
-- Notes that somebody attributed these users by hand.
update users set by_hand = true where id = any(@ids::bigint[]);

-- name: GetUserByExternalID :one
-- One user as the API shows them, with their code and the code they signed up with.
select u.id, u.external_id::text as external_id, u.registered_at, u.username, u.program_id,
       coalesce((select c.code from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1), '')::text as own_code,
       coalesce((select c.code from codes c where c.id = u.sign_up_code), '')::text as used_code,
       exists (select from codes c where c.id = u.sign_up_code and c.owner_id is null) as used_code_unknown
from users u
where u.external_id = @external_id::text;

-- name: CountStanding :one
-- How many of a referrer's referrals have a purchase that counts. No more than so many are looked at, the earliest.
select count(*) from (select r.status from referrals r where r.referrer_id = @referrer_id order by r.referrer_id, r.id limit @most::int) r
where r.status in ('qualified', 'rewarded');

-- name: GetUserID :one
select id from users where external_id = @external_id::text;

-- name: ListCodesOfUsers :many
-- The codes that users hand out, of those who have one.
select u.external_id::text as external_id, c.code
from users u
join codes c on c.owner_id = u.id
where u.external_id = any(@external_ids::text[])
order by c.assigned_at desc nulls last, c.id;

-- name: ListUsersAfter :many
-- One page of everybody who has an id, by number: also those who are known from a payment or a code alone.
select u.id, u.external_id::text as external_id, u.username, u.registered_at,
       coalesce((select c.code from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1), '')::text as own_code
from users u
where u.id > @after_id::bigint and u.external_id is not null
order by u.id
limit @most::int;

-- name: TraceUsers :one
-- Lets the next so many users by number be found by their addresses and devices; returns the last of them, or 0. They are
-- locked in the order in which everybody locks them.
with page as materialized (
    select max(p.id) as last from (select u.id from users u where u.id > @after_id::bigint order by u.id limit @most::int) p
), due as materialized (
    select u.id from users u
    where u.id > @after_id::bigint and u.id <= (select p.last from page p) and not u.traced
    order by u.id for update
), done as (
    update users u set traced = true from due d where u.id = d.id
)
select coalesce(p.last, 0)::bigint as last from page p;
