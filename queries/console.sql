-- What the console shows beside what the API does: lists with the newest first, and people by their number. A list walks back
-- through an index for no more rows than it is told, and says where it stopped; what of them is wanted is decided by the caller.

-- name: WalkReferrals :many
-- Referrals of everybody, the newest first.
select r.id, r.program_id, r.code_id, r.status, coalesce(r.reason, '')::text as reason, r.reviewing
from referrals r
where r.id < @before_id::bigint
order by r.id desc
limit @most::int;

-- name: WalkReferralsOfReferrer :many
-- The same of one referrer.
select r.id, r.program_id, r.code_id, r.status, coalesce(r.reason, '')::text as reason, r.reviewing
from referrals r
where r.referrer_id = @referrer_id and r.id < @before_id::bigint
order by r.referrer_id desc, r.id desc
limit @most::int;

-- name: WalkReferralsOfReferee :many
-- The same of one referee, who has few.
select r.id, r.program_id, r.code_id, r.status, coalesce(r.reason, '')::text as reason, r.reviewing
from referrals r
where r.referee_id = @referee_id and r.id < @before_id::bigint
order by r.referee_id, r.id desc
limit @most::int;

-- name: WalkReferralsUnderReview :many
-- The same of all that await a decision.
select r.id, r.program_id, r.code_id, r.status, coalesce(r.reason, '')::text as reason, r.reviewing
from referrals r
where r.reviewing and r.id < @before_id::bigint
order by r.id desc
limit @most::int;

-- name: ListReferralLines :many
-- What a list shows of each of these referrals.
select r.id, r.status, coalesce(r.reason, '')::text as reason, r.reviewing, r.registered_at, r.changed_at, r.referrer_id, r.referee_id,
       r.code_id, (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.id = any(@ids::bigint[])
order by r.id desc;

-- name: GetReferralPeople :one
-- Whose a referral is, by their numbers, and of which code.
select referrer_id, referee_id, code_id from referrals where id = @id;

-- name: GetUserByNumber :one
-- One user as the console shows them.
select u.id, coalesce(u.external_id, '')::text as external_id, u.registered_at, coalesce(u.username, '')::text as username,
       coalesce(u.email, '')::text as email, u.verified_at, u.erased_at, u.disposable, coalesce(u.program_id, 0)::bigint as program_id,
       coalesce((select p.name from programs p where p.id = u.program_id), '')::text as program,
       coalesce((select c.code from codes c where c.id = u.sign_up_code), '')::text as used_code,
       exists (select from codes c where c.id = u.sign_up_code and c.owner_id is null) as used_code_unknown
from users u
where u.id = @id;

-- name: ListUserLines :many
-- The people who were last heard of, the newest first.
select u.id, coalesce(u.external_id, '')::text as external_id, coalesce(u.username, '')::text as username, u.registered_at, u.erased_at,
       coalesce((select c.code from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1), '')::text as own_code
from users u
where u.id < @before_id::bigint
order by u.id desc
limit @most::int;

-- name: ListCodesOfOwner :many
-- The codes that a user hands out, the one in use first.
select id, code, max_uses, granted, assigned_at from codes
where owner_id = @owner_id
order by assigned_at desc nulls last, id
limit @most::int;

-- name: GetCodeByText :one
-- Whose a code is; zero for a code that somebody named and nobody has.
select id, coalesce(owner_id, 0)::bigint as owner_id from codes where code = @code;

-- name: GetCodeByNumber :one
-- A code, and whose it is; zero for a code that nobody has.
select code, coalesce(owner_id, 0)::bigint as owner_id from codes where id = @id;

-- name: DecisionApplied :one
-- Whether what a person decided has been applied.
select exists (select from decisions where event_key = @event_key);

-- name: ListTermsApplied :many
-- Every version of every program's terms, the newest first, without the text.
select p.id as program_id, p.name, t.version, t.effective_from, t.applied_at
from programs p
join terms t on t.program_id = p.id
order by p.id, t.version desc;

-- name: GetOutboxAge :one
-- How much waits to be told to the world, counting no further than a limit, and since when.
select count(*) as waiting, coalesce(min(made_at), '0001-01-01 00:00:00+00')::timestamptz as oldest
from (select made_at from outbox order by id limit @most::int) o;
