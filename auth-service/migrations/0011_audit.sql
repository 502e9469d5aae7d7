-- The audit log as a chain: each entry holds the hash of itself and the entry before it, numbers have
-- no gaps, and no statement changes or removes an entry. Number and hash are the database's own: a
-- transaction that writes an entry has the chain of its organization until it ends, so the entry is
-- the last thing it writes.

select set_config('quolum.all_organizations', 'on', true);

alter table audit_log rename to audit_log_unchained;
alter index audit_log_by_time rename to audit_log_unchained_by_time;
alter table audit_log_unchained rename constraint audit_log_pkey to audit_log_unchained_pkey;

create table audit_log (
    org_id      uuid not null references organizations (id),
    number      bigint not null check (number > 0),
    at          timestamptz not null,
    actor       text not null,
    actor_name  text not null,
    action      text not null,
    subject     text not null,
    detail      text not null check (jsonb_typeof(detail::jsonb) = 'object'),
    hash        bytea not null check (octet_length(hash) = 32),
    primary key (org_id, number)
);

-- Length in front, so that no two entries have the same bytes.
create function audit_field(value text) returns bytea
    language sql stable
    return int8send(octet_length(convert_to(value, 'UTF8'))::bigint) || convert_to(value, 'UTF8');

create function audit_hash(previous bytea, entry audit_log) returns bytea
    language sql stable
    return sha256(
        previous || uuid_send(entry.org_id) || int8send(entry.number)
        || int8send((extract(epoch from entry.at) * 1000000)::bigint)
        || audit_field(entry.actor) || audit_field(entry.actor_name) || audit_field(entry.action)
        || audit_field(entry.subject) || audit_field(entry.detail));

create function audit_chain() returns trigger language plpgsql as $$
declare
    last record;
begin
    perform pg_advisory_xact_lock(hashtextextended('audit ' || new.org_id::text, 0));
    select number, hash into last from audit_log where org_id = new.org_id order by number desc limit 1;
    new.number := coalesce(last.number, 0) + 1;
    new.hash := audit_hash(coalesce(last.hash, decode(repeat('00', 32), 'hex')), new);
    return new;
end
$$;

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger chain before insert on audit_log for each row execute function audit_chain();
create trigger append_only before update or delete or truncate on audit_log
    for each statement execute function audit_refuse();

insert into audit_log (org_id, at, actor, actor_name, action, subject, detail)
select u.org_id, u.at,
       case when p.id is null then 'service:' || u.actor else 'person:' || u.actor end,
       coalesce(nullif(p.name, ''), p.email, u.actor),
       u.action,
       coalesce('connection:' || u.connection_id::text, ''),
       u.detail::text
from audit_log_unchained u left join people p on p.id::text = u.actor
order by u.org_id, u.at, u.id;

drop table audit_log_unchained;

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy tenant on audit_log using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));
