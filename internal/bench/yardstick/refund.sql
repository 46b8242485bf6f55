-- The whole of a rewarded purchase goes back, in a transaction of its own: lock, record, take both rewards back.
-- (pgbench takes a colon before a word for a variable, also in quotes: \x3a is one.)
\set k :first_refund + :client_id + :clients * :n_refund
\set n_refund :n_refund + 1
\set person :returners_from + (:k * 1000003) % :returners
\set payment :person - :pending
\set name (:payment * 48271) % 2147483647
\set code :people + 1 + (:person - 1) % :referrers
begin;
insert into events (key) values (E'stripe\x3a\x3aevt_yr' || :name::text);
insert into objects (key, payment_id, kind, refunded) values (E'test\x3ach_' || :name::text, :payment::bigint, 3, 3000);
select * from objects where payment_id = :payment::bigint;
select * from users where id = :person::bigint for update;
select * from referrals where referee_id = :person::bigint;
select * from transfers where referral_id = :person::bigint;
update payments set refunded = 3000, key = E'test\x3ach_' || :name::text where id = :payment::bigint;
update referrals set status = 'cancelled', reason = 'refunded', transitions = 4, transfers = 4, changed_at = now() where id = :person::bigint;
insert into transitions (referral_id, n, from_status, to_status, reason, at, cause)
values (:person::bigint, 4, 'rewarded', 'cancelled', 'refunded', now(), 'evt_yr' || :name::text);
insert into transfers (referral_id, n, kind, leg, debit, credit, currency, minor, at, cause)
values (:person::bigint, 3, 'revoked', 'referrer', :code::bigint, -1, 'usd', 1000, now(), 'evt_yr' || :name::text), (:person::bigint, 4, 'revoked', 'referee', :person::bigint, -1, 'usd', 1000, now(), 'evt_yr' || :name::text);
insert into balances (user_id, currency, minor) values (:person::bigint, 'usd', -1000), (:code::bigint, 'usd', -1000)
on conflict (user_id, currency) do update set minor = balances.minor + excluded.minor;
insert into outbox (count, events)
values (3, convert_to('[{"specversion":"1.0","id":"transition-' || :person::text || '-4","source":"/plusone","type":"referral.cancelled","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","referrer":"u-' || :code::text || '","referee":"u-' || :name::text || '","code":"ABCDEFGH","from":"rewarded","status":"cancelled","reason":"refunded","cause":"evt_yr' || :name::text || '"}},{"specversion":"1.0","id":"transfer-' || :person::text || '-3","source":"/plusone","type":"reward.revoked","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","transfer_id":"' || :person::text || '-3","to":"referrer","user_id":"u-' || :code::text || '","currency":"usd","amount":"10.00","minor": 1000,"cause":"evt_yr' || :name::text || '"}},{"specversion":"1.0","id":"transfer-' || :person::text || '-4","source":"/plusone","type":"reward.revoked","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","transfer_id":"' || :person::text || '-4","to":"referee","user_id":"u-' || :name::text || '","currency":"usd","amount":"10.00","minor": 1000,"cause":"evt_yr' || :name::text || '"}}]', 'UTF8'));
commit;
