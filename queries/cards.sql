-- name: SeeCards :many
-- Records that users paid with cards, and returns whose card is new, or was seen earlier than was known. The caller has the
-- users locked.
insert into cards (key, user_id, seen_at)
select unnest(@key::bytea[]), unnest(@user_id::bigint[]), unnest(@seen_at::timestamptz[])
on conflict (key, user_id) do update set seen_at = excluded.seen_at where excluded.seen_at < cards.seen_at
returning user_id, key;

-- name: LookForCards :many
-- Dates cards anew by the payments that are left, of users one of whose payments turned out to be another's, or later.
update cards c set seen_at = w.seen_at
from (
    select q.key, q.user_id, min(p.paid_at) as seen_at
    from (select unnest(@key::bytea[]) as key, unnest(@user_id::bigint[]) as user_id) q
    left join payments p on p.user_id = q.user_id and p.card = q.key and p.merged_into is null and p.paid_at is not null
    group by q.key, q.user_id
) w
where c.key = w.key and c.user_id = w.user_id and c.seen_at is distinct from w.seen_at and w.seen_at is not null
returning c.user_id, c.key;

-- name: ForgetCards :many
-- Takes cards away from users who, as it turned out, never paid with them.
delete from cards c
using (select unnest(@key::bytea[]) as key, unnest(@user_id::bigint[]) as user_id) q
where c.key = q.key and c.user_id = q.user_id
  and not exists (
      select from payments p
      where p.user_id = q.user_id and p.card = q.key and p.merged_into is null and p.paid_at is not null)
returning c.user_id, c.key;

-- name: ListRefereesByTraits :many
-- The referees of these referrers who share something with them, going by what the questions name.
select distinct q.user_id::bigint as user_id, r.referee_id
from (select unnest(@user_id::bigint[]) as user_id, unnest(@ip::bytea[]) as ip, unnest(@device::bytea[]) as device,
             unnest(@card::bytea[]) as card) q
join referrals r on r.referrer_id = q.user_id
join users o on o.id = r.referee_id
where o.ip_key = q.ip or o.device_key = q.device or exists (select from cards c where c.key = q.card and c.user_id = o.id);

-- name: ListSiblings :many
-- Who came with the same code as somebody, and shares a device, an e-mail address or a card with them, or did until now: of
-- each the two who did so first. For the others nothing changes, who share it with these already.
select distinct q.user_id::bigint as user_id, o.id as sibling_id
from (select unnest(@user_id::bigint[]) as user_id, unnest(@code_id::bigint[]) as code_id, unnest(@email::bytea[]) as email,
             unnest(@device::bytea[]) as device, unnest(@card::bytea[]) as card, unnest(@cards::boolean[]) as cards) q
cross join lateral (
    (select u.id from users u
    where u.email_key = q.email and u.id <> q.user_id
      and (exists (select from sign_ups x where x.user_id = u.id and x.code_id = q.code_id)
           or exists (select from attributions a where a.user_id = u.id and a.code_id = q.code_id))
    order by u.registered_at, u.id limit 2)
    union all
    (select u.id from users u
    where u.device_key = q.device and u.traced and u.id <> q.user_id
      and (exists (select from sign_ups x where x.user_id = u.id and x.code_id = q.code_id)
           or exists (select from attributions a where a.user_id = u.id and a.code_id = q.code_id))
    order by u.registered_at, u.id limit 2)
    union all
    select l.user_id
    from (select q.card as key where q.card is not null
          union all select e.key from cards e where q.cards and e.user_id = q.user_id) k
    cross join lateral (
        select o.user_id from cards o
        where o.key = k.key and o.user_id <> q.user_id
          and (exists (select from sign_ups x where x.user_id = o.user_id and x.code_id = q.code_id)
               or exists (select from attributions a where a.user_id = o.user_id and a.code_id = q.code_id))
        order by o.seen_at, o.user_id limit 2
    ) l
) o;

-- name: ListNeighbours :many
-- Who signed up from an address at or after a moment, and before another.
select o.id from (
    select unnest(@ip::bytea[]) as ip, unnest(@since::timestamptz[]) as since, unnest(@until::timestamptz[]) as until
) q
join users o on o.ip_key = q.ip and o.traced and o.registered_at >= q.since and o.registered_at < q.until;

-- name: LockAddresses :exec
-- Keeps others from judging by how many sign up from the same addresses, until the transaction ends.
select pg_advisory_xact_lock(k.key) from (select unnest(@keys::bigint[]) as key order by 1) k;

-- name: ListSignals :many
-- For each question (a referral) what ties its referee to others, and since when: 1 the device and 2 the e-mail address of
-- another referee of the same code; 3 a card of one, or of the referrer; 4 how many signed up from the same address.
select q.n::int as n, s.kind::int as kind, s.at::timestamptz as at, s.count::int as count
from (select unnest(@n::int[]) as n, unnest(@user_id::bigint[]) as user_id, unnest(@referrer_id::bigint[]) as referrer_id,
             unnest(@code_id::bigint[]) as code_id, unnest(@email::bytea[]) as email, unnest(@device::bytea[]) as device,
             unnest(@cards::boolean[]) as cards, unnest(@ip::bytea[]) as ip, unnest(@at::timestamptz[]) as at,
             unnest(@since::timestamptz[]) as since, unnest(@most::int[]) as most) q
cross join lateral (
    select 1 as kind, min(greatest(o.registered_at, q.at)) as at, 0::bigint as count
    from users o
    where o.device_key = q.device and o.traced and o.id <> q.user_id
      and (exists (select from sign_ups x where x.user_id = o.id and x.code_id = q.code_id)
           or exists (select from attributions a where a.user_id = o.id and a.code_id = q.code_id))
    union all
    select 2, min(greatest(o.registered_at, q.at)), 0
    from users o
    where o.email_key = q.email and o.id <> q.user_id
      and (exists (select from sign_ups x where x.user_id = o.id and x.code_id = q.code_id)
           or exists (select from attributions a where a.user_id = o.id and a.code_id = q.code_id))
    union all
    select 3, min(greatest(e.seen_at, o.seen_at)), 0
    from cards e
    join cards o on o.key = e.key and o.user_id <> e.user_id
    where q.cards and e.user_id = q.user_id
      and (o.user_id = q.referrer_id
           or exists (select from sign_ups x where x.user_id = o.user_id and x.code_id = q.code_id)
           or exists (select from attributions a where a.user_id = o.user_id and a.code_id = q.code_id))
    union all
    select 4, q.at, (select count(*) from (
        select from users o where o.ip_key = q.ip and o.traced and o.registered_at > q.since and o.registered_at <= q.at limit q.most + 1
    ) c)
) s
where s.at is not null and (s.kind <> 4 or s.count > q.most);

-- name: ListSignalsOfAll :many
-- The same for terms that are not in force, of people who need not be traced: it goes through all users, once.
with q as materialized (
    select unnest(@n::int[]) as n, unnest(@user_id::bigint[]) as user_id, unnest(@referrer_id::bigint[]) as referrer_id,
           unnest(@code_id::bigint[]) as code_id, unnest(@email::bytea[]) as email, unnest(@device::bytea[]) as device,
           unnest(@cards::boolean[]) as cards, unnest(@ip::bytea[]) as ip, unnest(@at::timestamptz[]) as at,
           unnest(@since::timestamptz[]) as since, unnest(@most::int[]) as most
), near as materialized (
    select o.id, o.registered_at, o.device_key, o.ip_key from users o
    where o.device_key in (select q.device from q) or o.ip_key in (select q.ip from q)
), s as (
    select q.n, 1 as kind, min(greatest(o.registered_at, q.at)) as at, 0::bigint as count, 0 as most
    from q join near o on o.device_key = q.device and o.id <> q.user_id
    where exists (select from sign_ups x where x.user_id = o.id and x.code_id = q.code_id)
       or exists (select from attributions a where a.user_id = o.id and a.code_id = q.code_id)
    group by q.n
    union all
    select q.n, 2, min(greatest(o.registered_at, q.at)), 0, 0
    from q join users o on o.email_key = q.email and o.id <> q.user_id
    where exists (select from sign_ups x where x.user_id = o.id and x.code_id = q.code_id)
       or exists (select from attributions a where a.user_id = o.id and a.code_id = q.code_id)
    group by q.n
    union all
    select q.n, 3, min(greatest(e.seen_at, o.seen_at)), 0, 0
    from q join cards e on q.cards and e.user_id = q.user_id
    join cards o on o.key = e.key and o.user_id <> e.user_id
    where o.user_id = q.referrer_id
       or exists (select from sign_ups x where x.user_id = o.user_id and x.code_id = q.code_id)
       or exists (select from attributions a where a.user_id = o.user_id and a.code_id = q.code_id)
    group by q.n
    union all
    select q.n, 4, min(q.at), least(count(*), min(q.most) + 1), min(q.most)
    from q join near o on o.ip_key = q.ip and o.registered_at > q.since and o.registered_at <= q.at
    group by q.n
)
select s.n::int as n, s.kind::int as kind, s.at::timestamptz as at, s.count::int as count from s
where s.at is not null and (s.kind <> 4 or s.count > s.most);
