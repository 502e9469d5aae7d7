-- Mail waiting for the mail server. A link's secret is never here: it is made when the mail is sent.

create table outbox (
    org_id         uuid not null references organizations (id),
    id             uuid not null,
    -- Names the mail: the same key again sends nothing to the same address.
    key            text not null,
    recipient      text not null,
    kind           text not null check (kind in ('text', 'sign_in_link', 'invitation')),
    -- Of a `text`; emptied once it has been sent.
    subject        text not null default '',
    body           text not null default '',
    -- Of a `sign_in_link`.
    person_id      uuid,
    -- Of an `invitation`.
    invitation_id  uuid,
    created_at     timestamptz not null,
    -- Not tried before this time; moved ahead before each try, so that a crash is a failed try.
    not_before     timestamptz not null,
    -- Nobody wants it after this time.
    give_up_at     timestamptz not null,
    attempts       integer not null default 0,
    sent_at        timestamptz,
    given_up_at    timestamptz,
    failure        text not null default '',
    primary key (org_id, id),
    unique (org_id, key, recipient)
);
create index outbox_waiting on outbox (not_before) where sent_at is null and given_up_at is null;

-- How often something was done since the start of its window. Keys hold no address and no secret.
create table throttles (
    bucket      text primary key,
    started_at  timestamptz not null,
    used        integer not null
);
create index throttles_by_start on throttles (started_at);

alter table outbox enable row level security;
alter table outbox force row level security;
create policy tenant on outbox using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));
