with stale as (
    select l.created_at, l.id, r.observed_at, r.type, r.agent_type, r.agent_id,
        r.channel_type, r.incident_id, r.service_id, r.notified_user_id,
        r.notification_type,
        (l.type, l.agent_type, l.agent_id, l.channel_type, l.incident_id,
            l.notified_user_id)
        is distinct from
        (r.type, r.agent_type, r.agent_id, r.channel_type, r.incident_id,
            r.notified_user_id) as differs
    from unnest($3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
        $13::text[]) as r(observed_at, created_at, id, type, agent_type, agent_id,
        channel_type, incident_id, service_id, notified_user_id, notification_type)
    join log_entries l on l.org_id = $1 and l.connection_id = $2
        and l.created_at = r.created_at and l.id = r.id
    where r.observed_at > l.observed_at
    order by l.created_at, l.id
    for update of l
), replaced as (
    update log_entries l set type = s.type, agent_type = s.agent_type,
        agent_id = s.agent_id, channel_type = s.channel_type,
        incident_id = s.incident_id, service_id = s.service_id,
        notified_user_id = s.notified_user_id,
        notification_type = s.notification_type, observed_at = s.observed_at
    from stale s
    where l.org_id = $1 and l.connection_id = $2 and l.created_at = s.created_at
        and l.id = s.id
    returning l.created_at, s.differs
)
select distinct (created_at at time zone $14)::date as "day!"
from replaced where differs order by 1
