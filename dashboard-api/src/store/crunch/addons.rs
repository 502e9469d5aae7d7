//! What is known about add-ons of the whole account.

use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Tx};
use crate::{
    catalogue::addons::ADDONS,
    crunch::Facts,
    window::{HORIZON_DAYS, Window, days_from},
};

pub(super) async fn add_addons(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let abilities = sqlx::query_scalar!(
        "select id from resources where org_id = $1 and connection_id = $2
             and dataset = 'abilities' and deleted_at is null",
        org.0,
        facts.connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    facts.addons.abilities = abilities.into_iter().collect();
    add_objects(tx, org, facts).await?;
    add_activities(tx, org, facts).await?;
    add_advance(tx, org, facts).await
}

/// The add-on that a kind of thing belongs to, and whether it is one of its objects.
fn addon_of(dataset: &str, kind: &str) -> Option<(&'static str, bool)> {
    let (addon, is_object) = match dataset {
        "status_pages" => ("status_pages", true),
        "status_page_posts" => ("status_pages", false),
        "alert_grouping_settings" => ("aiops", true),
        "business_services" => ("business_services", true),
        "incident_workflows" => ("workflows", kind == "incident_workflow"),
        "automation_actions" => ("automation", true),
        "event_orchestrations" => ("orchestration", true),
        "priorities" => ("custom_priorities", true),
        _ => return None,
    };
    Some((addon, is_object))
}

fn note(facts: &mut Facts, addon: &'static str, at: Option<jiff_sqlx::Timestamp>) {
    if let Some(at) = at.map(jiff_sqlx::Timestamp::to_jiff) {
        let last = facts.addons.last.entry(addon).or_insert(at);
        *last = at.max(*last);
    }
}

async fn add_objects(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let rows = sqlx::query!(
        r#"select dataset, type as kind, count(*) filter (where deleted_at is null) as "objects!",
               max(created_at) filter (where created_at >= $3 and created_at < $4) as created,
               max(updated_at) filter (where updated_at >= $3 and updated_at < $4) as updated,
               max(starts_at) filter (where starts_at >= $3 and starts_at < $4) as started,
               max(last_used_at) filter (where last_used_at >= $3 and last_used_at < $4) as used
           from resources where org_id = $1 and connection_id = $2
           group by dataset, type"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let Some((addon, is_object)) = addon_of(&row.dataset, &row.kind) else {
            continue;
        };
        if is_object {
            *facts.addons.objects.entry(addon).or_default() += row.objects;
        }
        let tells = ADDONS.iter().any(|one| one.id == addon && one.tells_time);
        if !tells || row.kind == "incident_workflow_trigger" {
            continue;
        }
        let instants = match row.dataset.as_str() {
            "status_pages" | "incident_workflows" => [row.created, None, None, None],
            "status_page_posts" => [None, None, row.started, None],
            _ => [row.created, row.updated, None, row.used],
        };
        for at in instants {
            note(facts, addon, at);
        }
    }
    Ok(())
}

async fn add_activities(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let row = sqlx::query!(
        r#"select (select max(at) from activities where org_id = $1 and connection_id = $2
                   and dataset = 'automation_invocations' and at >= $3 and at < $4) as invoked,
               (select max(at) from activities where org_id = $1 and connection_id = $2
                   and dataset = 'webhooks' and type = 'incident.workflow.started'
                   and at >= $3 and at < $4) as started"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
    )
    .fetch_one(&mut **tx)
    .await?;
    note(facts, "automation", row.invoked);
    note(facts, "workflows", row.started);
    Ok(())
}

async fn add_advance(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    for window in Window::ALL {
        let row = sqlx::query!(
            r#"select count(distinct feature) filter (where starts_at >= $4) as "features!",
                   max(starts_at) as last
               from advance_usage
               where org_id = $1 and connection_id = $2 and credits > 0 and starts_at < $3
                   and starts_at >= $5"#,
            org.0,
            facts.connection,
            facts.t.to_sqlx() as _,
            window.start(facts.t).to_sqlx() as _,
            days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        )
        .fetch_one(&mut **tx)
        .await?;
        if let Some(count) = facts.addons.advance.get_mut(window.index()) {
            *count = row.features;
        }
        note(facts, "advance", row.last);
    }
    Ok(())
}
