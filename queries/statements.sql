-- Statements: every line of the ledger's three books that moves an amount to or from one account.

-- name: ListStatement :many
-- One page of an account's lines, the newest first, from before a line. There is no index by account, which every transfer
-- would pay for: rewards are found by the account's referrals, credits by its payments and those that turned out to be one of
-- them. book tells the books apart: 1 transfers, 2 credits, 3 redemptions.
select lines.book::int as book, lines.of_id::bigint as of_id, lines.n::int as n, lines.kind::text as kind, lines.part::text as part,
       lines.reverses::bigint as reverses,
       lines.credit::bigint as credit, lines.currency::text as currency, lines.minor::bigint as minor, lines.at::timestamptz as at,
       coalesce(lines.note, '')::text as note,
       coalesce(case lines.book when 2 then (select p.key from payments p where p.id = lines.of_id) end, '')::text as payment
from (
    (select 1 as book, t.referral_id as of_id, t.n, t.kind, t.leg as part, 0::bigint as reverses, t.credit, t.currency, t.minor, t.at,
            null::text as note
     from referrals r
     join transfers t on t.referral_id = r.id
     where r.referrer_id = @account and greatest(t.debit, t.credit) = @account
       and (t.at, 1, t.referral_id, t.n) < (@before_at::timestamptz, @before_book::int, @before_of::bigint, @before_n::int)
     order by t.at desc, t.referral_id desc, t.n desc
     limit @most::int)
    union all
    (select 1, t.referral_id, t.n, t.kind, t.leg, 0, t.credit, t.currency, t.minor, t.at, null
     from referrals r
     join transfers t on t.referral_id = r.id
     where r.referee_id = @account and r.referrer_id <> @account and greatest(t.debit, t.credit) = @account
       and (t.at, 1, t.referral_id, t.n) < (@before_at::timestamptz, @before_book::int, @before_of::bigint, @before_n::int)
     order by t.at desc, t.referral_id desc, t.n desc
     limit @most::int)
    union all
    (select 2, c.payment_id, c.n, c.kind, '', 0, c.credit, c.currency, c.minor, c.at, null
     from (select p.id from payments p where p.user_id = @account and p.paid_at is not null and p.merged_into is null
           union all
           select m.id from payments p join payments m on m.merged_into = p.id
           where p.user_id = @account and p.paid_at is not null and p.merged_into is null) p
     join credits c on c.payment_id = p.id
     where greatest(c.debit, c.credit) = @account
       and (c.at, 2, c.payment_id, c.n) < (@before_at::timestamptz, @before_book::int, @before_of::bigint, @before_n::int)
     order by c.at desc, c.payment_id desc, c.n desc
     limit @most::int)
    union all
    (select 3, s.id, 1, s.kind, '', coalesce(s.reverses, 0), s.credit, s.currency, s.minor, s.at, s.note
     from redemptions s
     where s.user_id = @account
       and (s.at, 3, s.id, 1) < (@before_at::timestamptz, @before_book::int, @before_of::bigint, @before_n::int)
     order by s.at desc, s.id desc
     limit @most::int)
) lines
order by lines.at desc, lines.book desc, lines.of_id desc, lines.n desc
limit @most::int;

-- name: ExportTransfers :many
-- One page of all transfers of rewards, by number.
select t.referral_id, t.n, t.kind, t.leg, t.credit, t.currency, t.minor, t.at,
       coalesce((select u.external_id from users u where u.id = greatest(t.debit, t.credit)), '')::text as external_id
from transfers t
where (t.referral_id, t.n) > (@after_of::bigint, @after_n::int)
order by t.referral_id, t.n
limit @most::int;

-- name: ExportCredits :many
-- The same of all credits of purchases.
select c.payment_id, c.n, c.kind, c.credit, c.currency, c.minor, c.at,
       coalesce((select u.external_id from users u where u.id = greatest(c.debit, c.credit)), '')::text as external_id,
       coalesce((select p.key from payments p where p.id = c.payment_id), '')::text as payment
from credits c
where (c.payment_id, c.n) > (@after_of::bigint, @after_n::int)
order by c.payment_id, c.n
limit @most::int;

-- name: ExportRedemptions :many
-- The same of all redemptions.
select r.id, r.kind, coalesce(r.reverses, 0)::bigint as reverses, r.credit, r.currency, r.minor, r.at, coalesce(r.note, '')::text as note,
       coalesce((select u.external_id from users u where u.id = r.user_id), '')::text as external_id
from redemptions r
where r.id > @after_of::bigint
order by r.id
limit @most::int;
