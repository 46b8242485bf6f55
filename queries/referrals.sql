-- name: ListReferralsByReferee :many
-- The referrals of referees, who are locked by the caller.
select * from referrals where referee_id = any(@referee_ids::bigint[]) order by id;

-- name: ListReferees :many
-- The referees of these referrers whose e-mail address is one of these.
select r.referee_id, r.referrer_id
from users f
join referrals r on r.referee_id = f.id
where f.email_key = any(@email_keys::bytea[]) and r.referrer_id = any(@referrer_ids::bigint[]);

-- name: AllocateReferrals :many
-- Numbers for referrals about to be recorded.
select nextval('referrals_id_seq')::bigint as id from generate_series(1, @count::int);

-- name: InsertReferrals :exec
insert into referrals (id, program_id, code_id, referrer_id, referee_id, registered_at, window_ends, hold_ends,
                       status, reason, slot, payment_id, transitions, transfers, changed_at, decision, decided_at, reviewing)
select unnest(@id::bigint[]), unnest(@program_id::bigint[]), unnest(@code_id::bigint[]), unnest(@referrer_id::bigint[]),
       unnest(@referee_id::bigint[]), unnest(@registered_at::timestamptz[]), unnest(@window_ends::timestamptz[]),
       nullif(unnest(@hold_ends::timestamptz[]), '0001-01-01 00:00:00+00'), unnest(@status::text[]),
       nullif(unnest(@reason::text[]), ''), unnest(@slot::int[]), nullif(unnest(@payment_id::bigint[]), 0),
       unnest(@transitions::int[]), unnest(@transfers::int[]), unnest(@changed_at::timestamptz[]),
       nullif(unnest(@decision::text[]), ''), nullif(unnest(@decided_at::timestamptz[]), '0001-01-01 00:00:00+00'), unnest(@reviewing::boolean[]);

-- name: UpdateReferrals :exec
-- Saves verdicts. The caller has the referees locked.
update referrals r
set registered_at = w.registered_at, window_ends = w.window_ends,
    hold_ends = nullif(w.hold_ends, '0001-01-01 00:00:00+00'), status = w.status, reason = nullif(w.reason, ''),
    slot = w.slot, payment_id = nullif(w.payment_id, 0), transitions = w.transitions, transfers = w.transfers,
    changed_at = w.changed_at, decision = nullif(w.decision, ''), decided_at = nullif(w.decided_at, '0001-01-01 00:00:00+00'),
    reviewing = w.reviewing
from (select unnest(@id::bigint[]) as id, unnest(@registered_at::timestamptz[]) as registered_at,
             unnest(@window_ends::timestamptz[]) as window_ends, unnest(@hold_ends::timestamptz[]) as hold_ends,
             unnest(@status::text[]) as status, unnest(@reason::text[]) as reason, unnest(@slot::int[]) as slot,
             unnest(@payment_id::bigint[]) as payment_id, unnest(@transitions::int[]) as transitions,
             unnest(@transfers::int[]) as transfers, unnest(@changed_at::timestamptz[]) as changed_at,
             unnest(@decision::text[]) as decision, unnest(@decided_at::timestamptz[]) as decided_at,
             unnest(@reviewing::boolean[]) as reviewing) w
where r.id = w.id;

-- name: ListDueWindows :many
-- Referrals whose window has closed since a mark, and that may still be open. Page on by the last row.
select id, referee_id, window_ends from referrals
where window_ends <= @until::timestamptz and (window_ends, id) > (@after_ends::timestamptz, @after_id::bigint) and status = 'pending'
order by window_ends, id
limit @most::int;

-- name: ListDueHolds :many
-- Referrals whose hold has ended. Page on by the last row.
select id, referee_id, hold_ends::timestamptz as hold_ends from referrals
where hold_ends <= @until::timestamptz and (hold_ends, id) > (@after_ends::timestamptz, @after_id::bigint)
order by hold_ends, id
limit @most::int;

-- name: FindReferrals :many
-- One page of referrals for the API, by number, of everybody. The three lists are statements of their own: one that did
-- for all would sooner or later be planned as a walk through the table. So would a join, for the sake of one page's names.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.id > @after_id::bigint and (@status::text = '' or r.status = @status::text)
order by r.id
limit @most::int;

-- name: FindNewestReferrals :many
-- The same with the newest first.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.id < @before_id::bigint
order by r.id desc
limit @most::int;

-- name: FindReferralsOfReferee :many
-- The same of one referee.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.referee_id = @referee_id
  and r.id > @after_id::bigint and (@status::text = '' or r.status = @status::text)
  and (@referrer::text = '' or r.referrer_id = (select u.id from users u where u.external_id = @referrer::text))
  and (not @reviewing::boolean or r.reviewing)
  and (@program::text = '' or r.program_id = (select p.id from programs p where p.name = @program::text))
  and (@code::text = '' or r.code_id = (select c.id from codes c where c.code = @code::text))
  and r.registered_at > @attributed_after::timestamptz and r.registered_at < @attributed_before::timestamptz
order by r.referee_id, r.id
limit @most::int;

-- name: FindReferralsOfReferrer :many
-- The same of one referrer.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.referrer_id = @referrer_id
  and r.id > @after_id::bigint and (@status::text = '' or r.status = @status::text)
  and (not @reviewing::boolean or r.reviewing)
  and (@program::text = '' or r.program_id = (select p.id from programs p where p.name = @program::text))
  and (@code::text = '' or r.code_id = (select c.id from codes c where c.code = @code::text))
  and r.registered_at > @attributed_after::timestamptz and r.registered_at < @attributed_before::timestamptz
order by r.referrer_id, r.id
limit @most::int;

-- name: NameReferral :one
-- Who and which code a referral is named by in events: its number means nothing elsewhere.
select coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee,
       (select c.code from codes c where c.id = r.code_id)::text as code
from referrals r where r.id = @id;

-- name: FindReferralsUnderReview :many
-- The same of all that await a decision.
select sqlc.embed(r), (select p.name from programs p where p.id = r.program_id)::text as program,
       (select c.code from codes c where c.id = r.code_id)::text as code,
       coalesce((select u.external_id from users u where u.id = r.referrer_id), '')::text as referrer,
       coalesce((select u.external_id from users u where u.id = r.referee_id), '')::text as referee
from referrals r
where r.reviewing and r.id > @after_id::bigint and (@status::text = '' or r.status = @status::text)
  and (@program::text = '' or r.program_id = (select p.id from programs p where p.name = @program::text))
  and (@code::text = '' or r.code_id = (select c.id from codes c where c.code = @code::text))
  and r.registered_at > @attributed_after::timestamptz and r.registered_at < @attributed_before::timestamptz
order by r.id
limit @most::int;

-- name: ListReferralsAfter :many
-- One page of all referrals, by number.
select * from referrals where id > @after_id::bigint order by id limit @most::int;

-- name: ListStandingsOfReferees :many
-- Where the referrals of many referees stand, by the business's own ids.
select referee.external_id::text as referee, coalesce(referrer.external_id, '')::text as referrer, r.status, coalesce(r.reason, '')::text as reason
from users referee
join referrals r on r.referee_id = referee.id
join users referrer on referrer.id = r.referrer_id
where referee.external_id = any(@external_ids::text[]);
