-- Adds log entries that are new and moves the rollups by them, in one statement.
with inserted as (
insert into log_entries (org_id, connection_id, observed_at, created_at, id, type,
    agent_type, agent_id, channel_type, incident_id, service_id,
    notified_user_id, notification_type)
select $1, $2, * from unnest($3::timestamptz[], $4::timestamptz[], $5::text[],
    $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[])
on conflict (org_id, connection_id, created_at, id) do nothing
returning created_at, type, agent_type, agent_id, channel_type, incident_id,
    notified_user_id
           ), uses as (
select (i.created_at at time zone $14)::date as day, i.agent_id as user_id,
    r.feature, i.channel_type as channel, i.created_at as at
from inserted i join unnest($15::text[], $16::text[]) as r(type, feature)
    using (type)
where i.agent_type = $17 and i.agent_id <> ''
union all
select (created_at at time zone $14)::date, notified_user_id, m.measure, '',
    created_at
from inserted, unnest($18::text[], $19::integer[]) as m(measure, hours)
where type = $20 and notified_user_id <> ''
    and (m.hours >> extract(hour from created_at at time zone $14)::integer) & 1 = 1
           ), moved as (
insert into use_days as d (org_id, connection_id, day, user_id, feature, channel,
    uses, last_at)
select $1, $2, day, user_id, feature, channel, count(*), max(at)
from uses group by day, user_id, feature, channel
order by day, user_id, feature, channel
on conflict (org_id, connection_id, day, user_id, feature, channel) do update set
    uses = d.uses + excluded.uses, last_at = greatest(d.last_at, excluded.last_at)
           ), acknowledged as (
insert into incident_acks as a (org_id, connection_id, incident_id, at, user_id)
select distinct on (incident_id) $1, $2, incident_id, created_at, agent_id
from inserted
where type = $21 and agent_type = $17 and agent_id <> '' and incident_id <> ''
order by incident_id, created_at, agent_id
on conflict (org_id, connection_id, incident_id) do update set
    at = excluded.at, user_id = excluded.user_id
where (excluded.at, excluded.user_id) < (a.at, a.user_id)
           )
           select count(*) as "inserted!" from inserted
