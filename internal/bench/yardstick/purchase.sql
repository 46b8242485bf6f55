-- A referee's first purchase, in a transaction of its own: lock, record, reward both.
-- (pgbench takes a colon before a word for a variable, also in quotes: \x3a is one.)
\set k :first_purchase + :client_id + :clients * :n_purchase
\set n_purchase :n_purchase + 1
\set person :buyers_from + (:k * 1000003) % :buyers
\set name (:person * 48271) % 2147483647
\set id 1000000000 + :person
\set code :people + 1 + (:person - 1) % :referrers
begin;
insert into events (key) values (E'stripe\x3a\x3aevt_y' || :name::text);
insert into customers (id, key, user_id, tied_at) values (:id::bigint, E'test\x3acus_y' || :name::text, :person::bigint, now());
insert into payments (id, key, user_id, named, customer_id, currency, gross, paid_at)
values (:id::bigint, E'test\x3acs_y' || :name::text, :person::bigint, true, :id::bigint, 'usd', 3000, now());
insert into objects (key, payment_id, kind, user_id, user_at, customer_id, currency, gross, paid_at)
values (E'test\x3acs_y' || :name::text, :id::bigint, 1, :person::bigint, now(), :id::bigint, 'usd', 3000, now()), (E'test\x3api_y' || :name::text, :id::bigint, 0, null, null, null, null, null, null);
select * from users where id = :person::bigint for update;
select * from referrals where referee_id = :person::bigint;
update codes set granted = granted + 1 where id = :code::bigint returning granted \gset
update referrals set status = 'rewarded', slot = :granted::int, payment_id = :id::bigint, transitions = 3, transfers = 2, changed_at = now() where id = :person::bigint;
insert into transitions (referral_id, n, from_status, to_status, at, cause)
values (:person::bigint, 2, 'pending', 'qualified', now(), 'evt_y' || :name::text), (:person::bigint, 3, 'qualified', 'rewarded', now(), 'evt_y' || :name::text);
insert into transfers (referral_id, n, kind, leg, debit, credit, currency, minor, at, cause)
values (:person::bigint, 1, 'granted', 'referrer', -1, :code::bigint, 'usd', 1000, now(), 'evt_y' || :name::text), (:person::bigint, 2, 'granted', 'referee', -1, :person::bigint, 'usd', 1000, now(), 'evt_y' || :name::text);
insert into balances (user_id, currency, minor) values (:person::bigint, 'usd', 1000), (:code::bigint, 'usd', 1000)
on conflict (user_id, currency) do update set minor = balances.minor + excluded.minor;
insert into outbox (count, events)
values (4, convert_to('[{"specversion":"1.0","id":"transition-' || :person::text || '-2","source":"/plusone","type":"referral.qualified","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","referrer":"u-' || :code::text || '","referee":"u-' || :name::text || '","code":"ABCDEFGH","from":"pending","status":"qualified","reason": null,"cause":"evt_y' || :name::text || '"}},{"specversion":"1.0","id":"transition-' || :person::text || '-3","source":"/plusone","type":"referral.rewarded","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","referrer":"u-' || :code::text || '","referee":"u-' || :name::text || '","code":"ABCDEFGH","from":"qualified","status":"rewarded","reason": null,"cause":"evt_y' || :name::text || '"}},{"specversion":"1.0","id":"transfer-' || :person::text || '-1","source":"/plusone","type":"reward.granted","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","transfer_id":"' || :person::text || '-1","to":"referrer","user_id":"u-' || :code::text || '","currency":"usd","amount":"10.00","minor": 1000,"cause":"evt_y' || :name::text || '"}},{"specversion":"1.0","id":"transfer-' || :person::text || '-2","source":"/plusone","type":"reward.granted","subject":"' || :person::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :person::text || '","program":"default","transfer_id":"' || :person::text || '-2","to":"referee","user_id":"u-' || :name::text || '","currency":"usd","amount":"10.00","minor": 1000,"cause":"evt_y' || :name::text || '"}}]', 'UTF8'));
commit;
