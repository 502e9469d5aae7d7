//! Times to acknowledge and resolve.

use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Tx};
use crate::{
    crunch::{AckTime, Facts, IncidentWeek},
    usage::band_of,
    window::{HORIZON_DAYS, days_from, week_of},
};

/// How long each person took for the incidents that they were the first to acknowledge.
pub(super) async fn add_ack_times(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let rows = sqlx::query!(
        r#"select a.user_id, a.at, i.created_at from incident_acks a
           join incidents i using (org_id, connection_id)
           where a.org_id = $1 and a.connection_id = $2 and i.id = a.incident_id
               and i.created_at >= $3 and i.created_at < $4 and a.at < $4 and a.at >= $5"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
        crate::window::Window::Days180.start(facts.t).to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let (at, created) = (row.at.to_jiff(), row.created_at.to_jiff());
        let times = facts.ack_times.entry(row.user_id).or_default();
        if let Some(time) = times.get_mut(band_of(at, facts.t)) {
            time.incidents += 1;
            time.seconds += at.as_second() - created.as_second();
        }
    }
    Ok(())
}

/// Incidents by the week of their creation.
pub(super) async fn add_incident_weeks(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let rows = sqlx::query!(
        r#"select ((date_trunc('week', i.created_at at time zone $5))::date - date '1970-01-01')
                   as "monday!",
               count(*) as "incidents!",
               count(*) filter (where urgency = 'high') as "high!",
               count(a.at) as "acknowledged!",
               coalesce(sum(extract(epoch from a.at - i.created_at)), 0)::bigint as "ack!",
               count(resolved_at) as "resolved!",
               coalesce(sum(extract(epoch from resolved_at - i.created_at)), 0)::bigint
                   as "resolve!"
           from incidents i
           left join incident_acks a on a.org_id = i.org_id
               and a.connection_id = i.connection_id and a.incident_id = i.id and a.at < $4
           where i.org_id = $1 and i.connection_id = $2 and i.created_at >= $3
               and i.created_at < $4
           group by 1"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
        facts.rules.time_zone.clone(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let time = |incidents, seconds| AckTime { incidents, seconds };
    facts.incident_weeks = rows
        .into_iter()
        .map(|row| {
            let week = IncidentWeek {
                incidents: row.incidents,
                high_urgency: row.high,
                acknowledged: time(row.acknowledged, row.ack),
                resolved: time(row.resolved, row.resolve),
            };
            (week_of(i64::from(row.monday)), week)
        })
        .collect();
    Ok(())
}
