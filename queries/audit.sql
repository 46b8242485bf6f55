-- The laws, asked in SQL. Each query returns the number of rows that break one, and an example.

-- name: AuditBalances :one
-- Law 4: a balance is the sum of its transfers: those of rewards, those that credit purchases, and those that spend credit.
with moved as (
    select account, currency, sum(minor) as minor
    from (select credit as account, currency, minor from transfers union all
          select debit, currency, -minor from transfers union all
          select credit, currency, minor from credits union all
          select debit, currency, -minor from credits union all
          select credit, currency, minor from redemptions union all
          select debit, currency, -minor from redemptions) m
    where account > 0
    group by account, currency
)
select count(*) as broken,
       coalesce(min(format('account %s: balance %s %s, transfers %s', coalesce(b.user_id, m.account), coalesce(b.minor, 0),
                           coalesce(b.currency, m.currency), coalesce(m.minor, 0))), '')::text as example
from balances b
full join moved m on m.account = b.user_id and m.currency = b.currency
where coalesce(b.minor, 0) <> coalesce(m.minor, 0);

-- name: AuditZeroSum :one
-- Law 4: all balances of a currency, the programs' own accounts included, sum to zero.
with everything as (
    select currency, minor::numeric as minor from balances
    union all
    select currency, minor from transfers where credit < 0
    union all
    select currency, -minor from transfers where debit < 0
    union all
    select currency, minor from credits where credit < 0
    union all
    select currency, -minor from credits where debit < 0
    union all
    select currency, minor from redemptions where credit < 0
    union all
    select currency, -minor from redemptions where debit < 0
), sums as (select currency, sum(minor) as minor from everything group by currency)
select count(*) as broken, coalesce(min(format('%s is off by %s', currency, minor)), '')::text as example
from sums where minor <> 0;

-- name: AuditAccounts :one
-- Law 4: every transfer of a reward is between the rewards account of its referral's program and one of the referral's two
-- people; every credit between a program's account of purchases and somebody; every redemption between somebody and a
-- program's account of redemptions, and every reversal the opposite of the redemption it reverses. Who turned out to be two
-- people, one of whom was erased, may have had a reward as the other.
with wrong as (
    select format('transfer %s-%s', t.referral_id, t.n) as what
    from transfers t
    left join referrals r on r.id = t.referral_id
    where t.minor <= 0
       or greatest(t.debit, t.credit) is distinct from case split_part(t.leg, ':', 1) when 'referrer' then r.referrer_id when 'referee' then r.referee_id end
              and not (r.divided and exists (
                  select from tombstones b where b.user_id in (r.referrer_id, r.referee_id, greatest(t.debit, t.credit))))
       or (t.kind = 'granted') <> (t.credit > 0)
       or not exists (select from users u where u.id = greatest(t.debit, t.credit))
       or not exists (select from program_accounts a where a.account = least(t.debit, t.credit) and a.program_id = r.program_id and a.name = 'rewards')
    union all
    select format('credit %s-%s', c.payment_id, c.n)
    from credits c
    where c.minor <= 0
       or (c.kind = 'credited') <> (c.credit > 0)
       or not exists (select from users u where u.id = greatest(c.debit, c.credit))
       or not exists (select from program_accounts a where a.account = least(c.debit, c.credit) and a.name = 'purchases')
    union all
    select format('redemption %s', r.id)
    from redemptions r
    left join redemptions o on o.id = r.reverses and o.kind = 'redeemed'
    where r.minor <= 0
       or (r.kind = 'redeemed') <> (r.debit > 0)
       or r.user_id <> greatest(r.debit, r.credit)
       or (r.kind = 'reversed') and (o.credit, o.debit, o.currency, o.minor) is distinct from (r.debit, r.credit, r.currency, r.minor)
       or not exists (select from users u where u.id = r.user_id)
       or not exists (select from program_accounts a where a.account = least(r.debit, r.credit) and a.name = 'redemptions')
)
select count(*) as broken, coalesce(min(what), '')::text as example from wrong;

-- name: AuditAppendOnly :one
-- Law 4: the database refuses to change the log and the ledger.
select count(*) as broken, coalesce(min(format('the trigger %s is missing or disabled', w.name)), '')::text as example
from (values ('transitions_append_only', 'transitions'), ('transfers_append_only', 'transfers'),
             ('credits_append_only', 'credits'), ('redemptions_append_only', 'redemptions')) w (name, of_table)
where not exists (
    select from pg_catalog.pg_trigger t
    where t.tgname = w.name and t.tgrelid = to_regclass(w.of_table) and t.tgenabled = 'A');

-- name: AuditCaps :one
-- Law 5: never more places than the maximum; the count is that of the referrals; none is refused while one is free.
with places as (
    select code_id, count(*) filter (where slot > 0) as taken, count(distinct slot) filter (where slot > 0) as ordinals,
           max(slot) as highest, count(*) filter (where slot = -1) as refused
    from referrals group by code_id
)
select count(*) as broken,
       coalesce(min(format('code %s: %s granted, %s taken, at most %s, %s refused', c.code, c.granted, coalesce(p.taken, 0),
                           c.max_uses, coalesce(p.refused, 0))), '')::text as example
from codes c
left join places p on p.code_id = c.id
where c.granted <> coalesce(p.taken, 0)
   or (p.taken > 0 and (p.ordinals <> p.taken or p.highest <> p.taken))
   or (c.max_uses > 0 and c.granted > c.max_uses)
   or (p.refused > 0 and (c.max_uses = 0 or c.granted < c.max_uses));

-- name: AuditOneLive :one
-- Law 6: one live referral for each referee and program.
with live as (
    select program_id, referee_id, count(*) as n from referrals where status <> 'cancelled' group by program_id, referee_id having count(*) > 1
)
select count(*) as broken, coalesce(min(format('user %s has %s', referee_id, n)), '')::text as example from live;

-- name: AuditReferences :one
-- What the hot tables refer to is there: they have no foreign keys.
with lost as (
    select format('referral %s', r.id) as what from referrals r
    where not exists (select from users u where u.id = r.referrer_id)
       or not exists (select from users u where u.id = r.referee_id)
       or not exists (select from codes c where c.id = r.code_id and c.owner_id = r.referrer_id)
       or not exists (select from programs p where p.id = r.program_id)
       or (r.payment_id is not null and not exists (select from payments p where p.id = r.payment_id))
    union all
    select format('payment %s', p.id) from payments p
    where (p.user_id is not null and not exists (select from users u where u.id = p.user_id))
       or (p.customer_id is not null and not exists (select from customers c where c.id = p.customer_id))
       or (p.merged_into is not null and not exists (select from payments q where q.id = p.merged_into and q.merged_into is null))
    union all
    select format('object %s', o.key) from objects o where not exists (select from payments p where p.id = o.payment_id)
    union all
    select format('transition %s-%s', t.referral_id, t.n) from transitions t where not exists (select from referrals r where r.id = t.referral_id)
    union all
    select format('transfer %s-%s', t.referral_id, t.n) from transfers t where not exists (select from referrals r where r.id = t.referral_id)
    union all
    select format('credit %s-%s', c.payment_id, c.n) from credits c where not exists (select from payments p where p.id = c.payment_id)
    union all
    select format('backlog of user %s', b.user_id) from credit_backlog b where not exists (select from users u where u.id = b.user_id)
    union all
    select format('balance %s', b.user_id) from balances b where not exists (select from users u where u.id = b.user_id)
    union all
    select format('sign-up of user %s with code %s', s.user_id, s.code_id) from sign_ups s
    where not exists (select from users u where u.id = s.user_id) or not exists (select from codes c where c.id = s.code_id)
    union all
    select format('decision %s', d.event_key) from decisions d
    where not exists (select from users u where u.id = d.user_id) or not exists (select from codes c where c.id = d.code_id)
    union all
    select format('attribution %s', a.event_key) from attributions a
    where not exists (select from users u where u.id = a.user_id) or not exists (select from codes c where c.id = a.code_id)
    union all
    select format('customer %s', c.key) from customers c
    where c.user_id is not null and not exists (select from users u where u.id = c.user_id)
    union all
    select format('repeat %s', e.event_key) from repeats e where not exists (select from users u where u.id = e.user_id)
)
select count(*) as broken, coalesce(min(what), '')::text as example from lost;

-- name: AuditErased :one
-- Whoever was erased has no id, no name and no address left, and a tombstone of the moment; nobody else has one.
with wrong as (
    select format('user %s was erased and is still known', u.id) as what from users u
    where u.erased_at is not null and (u.external_id is not null or u.username is not null or u.email is not null)
    union all
    select format('user %s has no id and was not erased', u.id) from users u where u.erased_at is null and u.external_id is null
    union all
    select format('user %s and their tombstone differ', coalesce(u.id, b.user_id)) from
        (select id, erased_at from users where erased_at is not null) u
        full join tombstones b on b.user_id = u.id
    where u.erased_at is distinct from b.erased_at
    union all
    select format('repeat %s is of somebody erased and still says who', e.event_key) from repeats e
    join tombstones b on b.user_id = e.user_id
    where e.data ?| array['username', 'email']
)
select count(*) as broken, coalesce(min(what), '')::text as example from wrong;

-- name: AuditCards :one
-- The cards of each user are those of their payments, each since the first.
with paid as (
    select p.card as key, p.user_id, min(p.paid_at) as seen_at from payments p
    where p.card is not null and p.user_id is not null and p.paid_at is not null and p.merged_into is null
    group by p.card, p.user_id
)
select count(*) as broken, coalesce(min(format('a card of user %s', coalesce(c.user_id, p.user_id))), '')::text as example
from cards c
full join paid p on p.key = c.key and p.user_id = c.user_id
where c.seen_at is distinct from p.seen_at;

-- name: AuditSignUps :one
-- Law 1: every sign-up with a code that somebody has made a referral, and every attribution by hand; the earliest sign-up of
-- a user stands, and the latest decision about a referral.
with wrong as (
    select format('sign-up of user %s with code %s', s.user_id, s.code_id) as what
    from sign_ups s
    join codes c on c.id = s.code_id
    join users u on u.id = s.user_id
    where (c.owner_id is not null) <> exists (
              select from referrals r where r.referee_id = s.user_id and r.code_id = s.code_id and (r.registered_at = s.registered_at
                  or exists (select from attributions a where a.user_id = s.user_id and a.code_id = s.code_id)))
       or s.waiting <> (c.owner_id is null)
       or u.registered_at is null or (s.registered_at, s.event_key) < (u.registered_at, u.sign_up_event)
    union all
    select format('referral %s has no sign-up', r.id) from referrals r
    where not exists (select from sign_ups s where s.user_id = r.referee_id and s.code_id = r.code_id)
      and not exists (select from attributions a where a.user_id = r.referee_id and a.code_id = r.code_id)
    union all
    select format('attribution %s has no referral', a.event_key) from attributions a
    join codes c on c.id = a.code_id
    where c.owner_id is not null and not exists (select from referrals r where r.referee_id = a.user_id and r.code_id = a.code_id)
    union all
    select format('user %s is not marked as attributed by hand', a.user_id) from attributions a
    join users u on u.id = a.user_id
    where not u.by_hand
    union all
    select format('decision %s is not the one that stands for its referral', d.event_key) from (
        select distinct on (d.user_id, d.code_id) d.* from decisions d order by d.user_id, d.code_id, d.at desc, d.event_key desc
    ) d
    join referrals r on r.referee_id = d.user_id and r.code_id = d.code_id
    where (r.decision, r.decided_at) is distinct from (d.verdict, d.at)
    union all
    select format('user %s has no sign-up with the code that stands', u.id) from users u
    where u.sign_up_code is not null and not exists (select from sign_ups s where s.user_id = u.id and s.code_id = u.sign_up_code)
)
select count(*) as broken, coalesce(min(what), '')::text as example from wrong;

-- name: AuditOutbox :one
-- Law 9: what waits to be told is what was logged and posted, each once.
with waiting as (
    select o.id as row_id, e.value ->> 'id' as event_id
    from outbox o cross join lateral jsonb_array_elements(convert_from(o.events, 'UTF8')::jsonb) e
), wrong as (
    select format('outbox row %s: %s', w.row_id, w.event_id) as what from waiting w
    where not exists (select from transitions t where w.event_id = format('transition-%s-%s', t.referral_id, t.n))
      and not exists (select from transfers t where w.event_id = format('transfer-%s-%s', t.referral_id, t.n))
    union all
    select format('event %s waits %s times', event_id, count(*)) from waiting group by event_id having count(*) > 1
    union all
    select format('outbox row %s does not have %s events', o.id, o.count) from outbox o
    where o.count <> jsonb_array_length(convert_from(o.events, 'UTF8')::jsonb)
)
select count(*) as broken, coalesce(min(what), '')::text as example from wrong;

-- name: AuditTallies :one
-- What the tallies and what waits to be folded into them, which is given, add up to is what is counted anew. Visits are
-- counted nowhere else: those of a program's days are those of its referrers.
with queued_days as (
    select unnest(@day_program::bigint[]) as program_id, unnest(@day_name::text[]) as name, unnest(@day::int[]) as day,
           unnest(@day_label::text[]) as label, unnest(@day_n::bigint[]) as n
), queued_standings as (
    select unnest(@standing_user::bigint[]) as user_id, unnest(@standing_program::bigint[]) as program_id,
           unnest(@visits::bigint[]) as visits, unnest(@pending::bigint[]) as pending, unnest(@qualified::bigint[]) as qualified,
           unnest(@rewarded::bigint[]) as rewarded, unnest(@cancelled::bigint[]) as cancelled
), queued_earnings as (
    select unnest(@earning_user::bigint[]) as user_id, unnest(@earning_program::bigint[]) as program_id,
           unnest(@earning_currency::text[]) as currency, unnest(@earning_minor::bigint[]) as minor
), days as (
    select program_id, name, day, label, n from daily where name <> 'visits'
    union all
    select program_id, name, date '1970-01-01' + day, label, n from queued_days where name <> 'visits'
    union all
    select program_id, name, day, label, -n from recounted_daily
), members as (
    select user_id, program_id, pending, qualified, rewarded, cancelled from standings
    union all
    select user_id, program_id, pending, qualified, rewarded, cancelled from queued_standings
    union all
    select user_id, program_id, -pending, -qualified, -rewarded, -cancelled from recounted_standings
), earned as (
    select user_id, program_id, currency, minor from earnings
    union all
    select user_id, program_id, currency, minor from queued_earnings
    union all
    select user_id, program_id, currency, -minor from recounted_earnings
), visited as (
    select program_id, n from daily where name = 'visits'
    union all
    select program_id, n from queued_days where name = 'visits'
    union all
    select program_id, -visits from standings
    union all
    select program_id, -visits from queued_standings
), wrong as (
    select format('%s %s of %s in program %s are off by %s', name, label, day, program_id, sum(n)) as what
    from days group by program_id, name, day, label having sum(n) <> 0
    union all
    select format('the standing of user %s in program %s is off: pending %s, qualified %s, rewarded %s, cancelled %s', user_id, program_id,
                  sum(pending), sum(qualified), sum(rewarded), sum(cancelled))
    from members group by user_id, program_id
    having sum(pending) <> 0 or sum(qualified) <> 0 or sum(rewarded) <> 0 or sum(cancelled) <> 0
    union all
    select format('what user %s earned in program %s is off by %s %s', user_id, program_id, sum(minor), currency)
    from earned group by user_id, program_id, currency having sum(minor) <> 0
    union all
    select format('the visits of program %s by day are off by %s', program_id, sum(n)) from visited group by program_id having sum(n) <> 0
)
select count(*) as broken, coalesce(min(what), '')::text as example from wrong;
