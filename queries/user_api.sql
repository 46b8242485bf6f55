-- name: GetReferrer :one
-- Somebody as they are shown themselves: the code they hand out, how often their codes may be used and were, what they have, and
-- whether they are on the leaderboard. Their program is that of their sign-up, or without one, of their code.
select u.id, coalesce(u.username, '')::text as username, coalesce(u.program_id, own.program_id, 0)::bigint as program_id,
       coalesce(own.code, '')::text as code, own.granted::bigint as granted, own.max_uses::bigint as max_uses,
       coalesce((select c.code from codes c where c.id = u.sign_up_code), '')::text as used_code,
       (select coalesce(jsonb_object_agg(b.currency, b.minor), '{}') from balances b where b.user_id = u.id)::jsonb as balances,
       ((select x.user_id from unlisted x where x.user_id = u.id) is null)::boolean as listed
from users u
cross join lateral (
    select (array_agg(c.code order by c.assigned_at desc nulls last, c.id))[1] as code,
           (array_agg(c.program_id order by c.assigned_at desc nulls last, c.id))[1] as program_id,
           coalesce(sum(c.granted), 0) as granted, case when bool_or(c.max_uses = 0) then 0 else coalesce(sum(c.max_uses), 0) end as max_uses
    from codes c
    where c.owner_id = u.id
) own
where u.external_id = @external_id::text;

-- name: ListBrought :many
-- One page of what came of a referrer's referrals for them, the newest first. The order is that of an index of its own, which
-- no other can stand in for; the sums are of one referral each.
select r.id, r.status, coalesce(r.reason, '')::text as reason, r.registered_at, r.reviewing,
       coalesce(u.external_id, '')::text as referee, coalesce(u.username, '')::text as username,
       case when r.transfers > 0 then
           (select coalesce(jsonb_object_agg(s.currency, s.minor), '{}')
            from (select t.currency, sum(case when t.kind = 'granted' then t.minor else -t.minor end) as minor
                  from transfers t
                  where t.referral_id = r.id and split_part(t.leg, ':', 1) = 'referrer'
                  group by t.currency) s)
       else '{}' end::jsonb as bonus
from referrals r
left join lateral (select o.external_id, o.username from users o where o.id = r.referee_id limit 1) u on true -- one by one
where r.referrer_id >= (select u.id from users u where u.external_id = @external_id::text)
  and (r.referrer_id, r.id) < ((select u.id from users u where u.external_id = @external_id::text), @before_id::bigint)
order by r.referrer_id desc, r.id desc
limit @most::int;

-- name: GetOwnCode :one
-- The code that somebody hands out, if any, and which of these events are recorded: at one moment, so that an event which is
-- recorded has had its effect. There is a row for everybody, heard of or not.
select coalesce(u.id, 0)::bigint as id, coalesce(u.username, '')::text as username, u.registered_at,
       coalesce((select c.code from codes c where c.owner_id = u.id order by c.assigned_at desc nulls last, c.id limit 1), '')::text as code,
       coalesce(u.program_id, 0)::bigint as program_id,
       array(select e.key from events e where e.key = any(@keys::text[]))::text[] as recorded
from (select @external_id::text as external_id) asked
left join users u on u.external_id = asked.external_id;

-- name: GetCodeToValidate :one
-- What is to be said of a code, and who has it. The same rows are looked for whether there is such a code or not: its owner's, or
-- in their place the first user's.
select (c.owner_id is not null)::boolean as owned, coalesce(c.max_uses, 0)::int as max_uses, coalesce(c.granted, 0)::int as granted,
       coalesce(u.external_id, '')::text as owner, coalesce(u.username, '')::text as username, coalesce(u.email, '')::text as email,
       (u.erased_at is not null)::boolean as erased
from (select @code::text as code) asked
left join codes c on c.code = asked.code
left join users u on u.id = coalesce(c.owner_id, 1);

-- name: Unlist :one
-- Takes somebody off the leaderboard, and says whether there is such a user.
with u as (select id from users where external_id = @external_id::text),
     w as (insert into unlisted (user_id) select id from u on conflict do nothing)
select count(*) from u;

-- name: Relist :one
-- Puts somebody back on the leaderboard, and says whether there is such a user.
with u as (select id from users where external_id = @external_id::text),
     w as (delete from unlisted x using u where x.user_id = u.id)
select count(*) from u;
