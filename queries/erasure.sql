-- name: AnyTombstones :one
-- Whether anybody was ever erased.
select exists (select from tombstones) as any;

-- name: ListTombstones :many
-- Whose ids these were, up to when.
select user_id, hash, erased_at from tombstones where hash = any(@hashes::bytea[]) order by erased_at;

-- name: InsertTombstone :exec
-- Records up to when an id was somebody's, or that it was so for a shorter time than was known.
insert into tombstones (user_id, hash, erased_at) values (@user_id, @hash, @erased_at)
on conflict (user_id) do update set erased_at = excluded.erased_at;

-- name: InsertErased :one
-- A person of whom nothing is known but that they were erased.
insert into users (external_id, erased_at) values (null, @erased_at::timestamptz) returning id;

-- name: InsertSuccessor :one
-- The person to whom an id belongs that was another's before.
insert into users (external_id) values (@external_id::text) returning id;

-- name: EraseUser :exec
-- Takes everything personal from a person. Hashes stay, by which verdicts on others were reached.
update users set external_id = null, username = null, email = null, erased_at = @erased_at::timestamptz where id = @id;

-- name: SetVerified :exec
update users set verified_at = nullif(@verified_at::timestamptz, '0001-01-01 00:00:00+00') where id = @id;

-- name: ScrubRepeats :exec
update repeats set data = data - 'username' - 'email' where user_id = @user_id;

-- name: InsertRepeats :exec
-- Keeps what says nothing new of a person, for another fact counts: in case they turn out to be two.
insert into repeats (user_id, event_key, at, kind, data)
select unnest(@user_id::bigint[]), unnest(@event_key::text[]), unnest(@at::timestamptz[]), unnest(@kind::text[]), unnest(@data::jsonb[])
on conflict do nothing;

-- name: TakeRepeats :many
-- Takes out what was kept of a person and is dated after a moment, or else up to it.
delete from repeats where user_id = @user_id and (at > @erased_at::timestamptz) = @late::boolean returning *;

-- name: MoveTies :many
-- Gives the ties of customers that are dated after a moment, or else up to it, to another person.
update customers set user_id = @to_id::bigint where user_id = @from_id::bigint and (tied_at > @erased_at::timestamptz) = @late::boolean returning id;

-- name: ListPaymentsOf :many
-- The payments of a person, paid or not, and those that were merged into them. Each half has its index; the first two are
-- made an array for the sake of that of the third.
with own as materialized (
    select p.id from payments p where p.user_id = @user_id::bigint and p.paid_at is not null and p.merged_into is null
    union all
    select p.id from payments p where p.user_id = @user_id::bigint and p.paid_at is null and p.merged_into is null
)
select o.id from own o
union all
select m.id from payments m where m.merged_into = any(array(select o.id from own o));

-- name: MoveClaims :many
-- The same with what objects of a person's payments say of who bought. Returns the payments that may be another's now.
update objects o set user_id = @to_id::bigint
where o.payment_id = any(@payment_ids::bigint[])
  and o.user_id = @from_id::bigint and (o.user_at > @erased_at::timestamptz) = @late::boolean
returning o.payment_id;

-- name: MoveDecisions :exec
update decisions set user_id = @to_id::bigint where user_id = @from_id::bigint and (at > @erased_at::timestamptz) = @late::boolean;

-- name: MoveAttributions :many
update attributions set user_id = @to_id::bigint where user_id = @from_id::bigint and (at > @erased_at::timestamptz) = @late::boolean returning code_id;

-- name: MoveCodes :many
-- The same with codes of the business's own choice.
update codes set owner_id = @to_id::bigint
where owner_id = @from_id::bigint and assigned_at is not null and (assigned_at > @erased_at::timestamptz) = @late::boolean
returning id;

-- name: MoveReferrers :many
-- Lets the referrals of codes be the other person's as well.
update referrals set referrer_id = @to_id::bigint, divided = true
where referrer_id = @from_id::bigint and code_id = any(@code_ids::bigint[])
returning referee_id, program_id, status;

-- name: DropLateSignUps :exec
-- Takes the sign-ups that are dated after a moment from a person: they are recorded anew, as another's.
delete from sign_ups where user_id = @user_id and registered_at > @erased_at;

-- name: ListCodesUsed :many
-- The codes that somebody came with.
select s.code_id from sign_ups s where s.user_id = @user_id
union
select a.code_id from attributions a where a.user_id = @user_id;

-- name: MarkDivided :exec
-- Notes on referrals that what is known of their referee was divided: their log may show what is of the other.
update referrals set divided = true where referee_id = any(@user_ids::bigint[]);

-- name: MoveReferrals :exec
-- Gives the referrals that rest on nothing any more that a person did to the other.
update referrals r set referee_id = @to_id::bigint
where r.referee_id = @from_id::bigint
  and not exists (select from sign_ups s where s.user_id = r.referee_id and s.code_id = r.code_id)
  and not exists (select from attributions a where a.user_id = r.referee_id and a.code_id = r.code_id);

-- name: ListRefereesSince :many
-- Who signed up with somebody's code after a moment.
select referee_id from referrals where referrer_id = @referrer_id and registered_at > @since::timestamptz;

-- name: KnownLater :one
-- Whether anything is known of a person that is dated after a moment.
select (exists (select from repeats where user_id = @user_id::bigint and at > @erased_at::timestamptz)
    or exists (select from sign_ups where user_id = @user_id::bigint and registered_at > @erased_at::timestamptz)
    or exists (select from users where id = @user_id::bigint and (registered_at > @erased_at::timestamptz or verified_at > @erased_at::timestamptz))
    or exists (select from customers where user_id = @user_id::bigint and tied_at > @erased_at::timestamptz)
    or exists (select from codes where owner_id = @user_id::bigint and assigned_at > @erased_at::timestamptz)
    or exists (select from decisions where user_id = @user_id::bigint and at > @erased_at::timestamptz)
    or exists (select from attributions where user_id = @user_id::bigint and at > @erased_at::timestamptz)
    or exists (
        select from objects o
        where o.payment_id = any(@payment_ids::bigint[])
          and o.user_id = @user_id::bigint and o.user_at > @erased_at::timestamptz))::boolean as known;
