-- +goose Up

-- What the complete rules ask of people. A name is missing from those who were erased: hashes, and what was decided by
-- them, stay, so that no verdict on anybody else changes.
alter table users alter column external_id drop not null;
alter table users
    add column verified_at timestamptz,                  -- when the e-mail address was first verified
    add column disposable  boolean not null default false, -- the address is of a domain of addresses to throw away
    add column ip_key      bytea,                        -- keyed hashes, as email_key
    add column device_key  bytea,
    add column by_hand     boolean not null default false, -- somebody attributed them by hand: see attributions
    add column erased_at   timestamptz;
update users set verified_at = registered_at where email_verified;
alter table users drop column email_verified; -- verified_at says it
create index users_by_ip on users (ip_key, registered_at) where ip_key is not null;
create index users_by_device on users (device_key) where device_key is not null;

-- Whose an id was, up to when. A fact that names the id and is dated later is of somebody new.
create table tombstones (
    user_id   bigint primary key,
    hash      bytea not null, -- keyed, of the business's id
    erased_at timestamptz not null
);
create index tombstones_by_hash on tombstones (hash);

-- Sign-ups and verifications that do not count, for an earlier one of the same person does: kept for the day on which the
-- person turns out to have been erased in between, and the later one to be of somebody new.
create table repeats (
    user_id   bigint not null,
    event_key text collate "C" not null,
    at        timestamptz not null,
    kind      text collate "C" not null check (kind in ('sign_up', 'verified')),
    data      jsonb not null,
    primary key (user_id, event_key, kind)
);

-- Which customers are a user's.
create index customers_by_user on customers (user_id) where user_id is not null;

-- What objects say of disputes, fraud warnings and cards, and in which place a buyer was named.
alter table objects
    add column user_place      smallint not null default 0,
    add column card            bytea, -- a keyed hash of the card's fingerprint
    add column dispute_minor   bigint,
    add column dispute_status  smallint,
    add column dispute_at      timestamptz,
    add column dispute_opened  timestamptz,
    add column warning         smallint, -- 1: it can not be acted on any more; 2: it can; null: the object is no warning
    add column warning_at      timestamptz,
    add column warning_opened  timestamptz;
alter table payments
    add column card       bytea,
    add column disputed   smallint not null default 0, -- 1: the money is withdrawn for now; 2: for good
    add column inquiry_at timestamptz,
    add column warned_at  timestamptz;

-- The purchases of a buyer in a currency, by size: whether any is large enough, however many are not.
create index payments_by_size on payments (user_id, currency, gross) where user_id is not null and paid_at is not null and merged_into is null;

-- Whose the purchases are that are not paid yet: few, and not for long.
create index payments_unpaid on payments (user_id) where user_id is not null and paid_at is null and merged_into is null;

-- What can not be placed: a payment without a user, and a refund or a dispute without a purchase. An index each: a
-- business with many guests must still find the second among the first.
create index payments_without_user on payments (id) where merged_into is null and paid_at is not null and user_id is null;
create index payments_without_purchase on payments (id)
    where merged_into is null and paid_at is null and (refunded > 0 or disputed > 0);

-- The cards with which each user paid, and when first: derived from payments.
create table cards (
    key     bytea not null,
    user_id bigint not null,
    seen_at timestamptz not null,
    primary key (key, user_id)
);
create index cards_by_user on cards (user_id);

-- What people decided about referrals, and whom they attributed by hand. Of several the latest stands.
create table decisions (
    event_key text collate "C" primary key,
    user_id   bigint not null, -- the referee
    code_id   bigint not null,
    verdict   text collate "C" not null check (verdict in ('approved', 'rejected', 'reopened')),
    at        timestamptz not null,
    decided_by text not null,
    why       text not null
);
create index decisions_by_referral on decisions (user_id, code_id);
create table attributions (
    event_key text collate "C" primary key,
    user_id   bigint not null,
    code_id   bigint not null,
    at        timestamptz not null,
    decided_by text not null,
    why       text not null
);
create index attributions_by_user on attributions (user_id);
create index attributions_by_code on attributions (code_id);

-- Codes that the business gave to somebody, beside the one that everybody gets who signs up, and when.
alter table codes add column assigned_at timestamptz;

-- The decision that stands, and whether one is awaited.
alter table referrals
    add column decision   text collate "C" check (decision in ('approved', 'rejected', 'reopened')),
    add column decided_at timestamptz,
    add column reviewing  boolean not null default false,
    add column divided    boolean not null default false; -- the referee turned out to be two people
create index referrals_under_review on referrals (id) where reviewing;

-- The ledger's other half: the net of purchases, credited to their buyers, numbered from 1 for each payment.
create table credits (
    payment_id bigint not null,
    n          int not null check (n > 0),
    kind       text collate "C" not null check (kind in ('credited', 'debited')),
    debit      bigint not null,
    credit     bigint not null check (credit <> debit),
    currency   text collate "C" not null,
    minor      bigint not null check (minor > 0),
    at         timestamptz not null,
    cause      text collate "C" not null,
    primary key (payment_id, n)
);
create trigger credits_append_only before update or delete or truncate on credits
    for each statement execute function refuse_change();
alter table credits enable always trigger credits_append_only;
alter table payments add column credits int not null default 0; -- how many are posted

grant select, insert on decisions, attributions to plusone_worker;
grant update (user_id) on decisions, attributions to plusone_worker; -- of whom they speak: see tombstones
grant select, insert, update on tombstones to plusone_worker;
grant delete on sign_ups to plusone_worker;
grant select, insert, update, delete on cards, repeats to plusone_worker;
grant select, insert on credits to plusone_worker;
grant select on objects, customers, cards, decisions, attributions, credits, sign_ups to plusone_api;
grant select on tombstones, repeats, cards, decisions, attributions, credits to plusone_tools;

-- +goose Down
drop table credits, attributions, decisions, cards, repeats, tombstones;
revoke delete on sign_ups from plusone_worker;
revoke select on objects, customers, sign_ups from plusone_api;
alter table codes drop column assigned_at;
alter table referrals drop column decision, drop column decided_at, drop column reviewing, drop column divided;
drop index payments_unpaid, payments_by_size, payments_without_user, payments_without_purchase, customers_by_user, users_by_ip, users_by_device;
alter table payments drop column card, drop column disputed, drop column inquiry_at, drop column warned_at, drop column credits;
alter table objects drop column user_place, drop column card, drop column dispute_minor, drop column dispute_status,
    drop column dispute_at, drop column dispute_opened, drop column warning, drop column warning_at, drop column warning_opened;
alter table users add column email_verified boolean not null default false;
update users set email_verified = verified_at is not null;
alter table users drop column verified_at, drop column disposable, drop column ip_key, drop column device_key,
    drop column by_hand, drop column erased_at;
update users set external_id = 'erased-' || id where external_id is null; -- what was granted to them stays
alter table users alter column external_id set not null;
