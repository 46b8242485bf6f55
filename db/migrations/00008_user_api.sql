-- +goose Up

-- The API looks whether a code that it had published for somebody was recorded: of an event there is no more here than its key.
grant select on events to plusone_api;

-- +goose Down
revoke select on events from plusone_api;
