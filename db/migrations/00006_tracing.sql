-- +goose Up

-- Whether somebody is to be found by the address or the device of their sign-up. Only terms that look at these ask for it,
-- and most do not: then each sign-up is spared two entries in indexes. Everybody is, unless the worker that records them
-- says otherwise: so nothing has to be done about those who are there already, nor about the workers of an earlier
-- release. When terms come that look, those who are not are traced before the terms hold: see store.ApplyProgram.
alter table users add column traced boolean not null default true;

-- Terms that look at addresses or devices are about to be applied: who signs up from now on is traced.
alter table programs add column tracing boolean not null default false;

drop index users_by_ip, users_by_device;
create index users_by_ip on users (ip_key, registered_at) where ip_key is not null and traced;
create index users_by_device on users (device_key) where device_key is not null and traced;

grant update (traced) on users to plusone_tools;
grant update (tracing) on programs to plusone_tools;

-- +goose Down
drop index users_by_ip, users_by_device;
create index users_by_ip on users (ip_key, registered_at) where ip_key is not null;
create index users_by_device on users (device_key) where device_key is not null;
alter table programs drop column tracing;
alter table users drop column traced;
