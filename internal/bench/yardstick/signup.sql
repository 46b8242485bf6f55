-- A sign-up with somebody's code, in a transaction of its own: the rows that plusone writes, and nothing it does not need.
-- (pgbench takes a colon before a word for a variable, also in quotes: \x3a is one.)
\set k :first_signup + :client_id + :clients * :n_signup
\set n_signup :n_signup + 1
\set name (:k * 48271) % 2147483647
\set id 1000000000 + :k
\set code :people + 1 + random(0, :referrers - 1)
begin;
insert into events (key) values (E'ce\x3a6\x3a/bench\x3ay-' || :name::text);
select owner_id, program_id, max_uses, granted from codes where id = :code::bigint for update;
insert into users (id, external_id, registered_at, sign_up_event, sign_up_code, program_id, username, email, email_key, verified_at, ip_key, device_key, traced)
values (:id::bigint, 'y-' || :name::text, now(), E'ce\x3a6\x3a/bench\x3ay-' || :name::text, :code::bigint, 1, 'y-' || :name::text, 'y-' || :name::text || '@example.com', sha256(('y-' || :name::text)::bytea), now(), substr(sha256(('ip-' || (:k % 250)::text)::bytea), 1, 16), substr(sha256(('d-' || :name::text)::bytea), 1, 16), false);
insert into codes (id, code, owner_id, program_id, max_uses) values (:id::bigint, 'Y' || :name::text, :id::bigint, 1, 10);
insert into sign_ups (user_id, code_id, registered_at, event_key, waiting) values (:id::bigint, :code::bigint, now(), E'ce\x3a6\x3a/bench\x3ay-' || :name::text, false);
insert into referrals (id, program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, transitions, changed_at)
values (:id::bigint, 1, :code::bigint, :code::bigint, :id::bigint, now(), now() + interval '90 days', 'pending', 1, now());
insert into transitions (referral_id, n, to_status, at, cause) values (:id::bigint, 1, 'pending', now(), 'y-' || :name::text);
insert into outbox (count, events)
values (1, convert_to('[{"specversion":"1.0","id":"transition-' || :id::text || '-1","source":"/plusone","type":"referral.pending","subject":"' || :id::text || '","datacontenttype":"application/json","data":{"referral_id":"' || :id::text || '","program":"default","referrer":"u-' || :code::text || '","referee":"y-' || :name::text || '","code":"ABCDEFGH","from": null,"status":"pending","reason": null,"cause":"y-' || :name::text || '"}}]', 'UTF8'));
commit;
