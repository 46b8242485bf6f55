-- What a preview of other terms reads, and no other statement does.

-- name: CountReferralsOf :one
-- How many referrals a program has, and from which referrer to which.
select count(*) as total, coalesce(min(referrer_id), 0)::bigint as first, coalesce(max(referrer_id), 0)::bigint as last
from referrals where program_id = @program_id;

-- name: ListReferralsByReferrer :many
-- One page of a program's referrals, by referrer, so that all uses of a code stand together.
select * from referrals
where (referrer_id, id) > (@after_referrer::bigint, @after_id::bigint) and referrer_id <= @last::bigint and program_id = @program_id
order by referrer_id, id
limit @most::int;
